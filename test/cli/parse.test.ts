import { describe, expect, it } from 'vitest';

import { parseCommandLine } from '../../src/cli/parse.ts';
import { COMMANDS } from '../../src/commands/index.ts';
import { UserError } from '../../src/errors.ts';

async function parse(line: string) {
  return parseCommandLine(line === '' ? [] : line.split(' '), COMMANDS);
}

async function flagsOf(line: string): Promise<Record<string, string>> {
  const request = await parse(line);
  if (request.kind !== 'run') throw new Error(`${line} is a ${request.kind}`);
  return Object.fromEntries(request.flags);
}

async function usageError(line: string): Promise<UserError> {
  try {
    await parse(line);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).code).toBe('USAGE');
    return error as UserError;
  }
  throw new Error(`${line} was accepted`);
}

describe('switches', () => {
  it.each([
    ['deploy-serverless -sn Shop -sb bucket', { 'stack-name': 'Shop', 's3-bucket': 'bucket' }],
    ['deploy-serverless -SN Shop --S3-Bucket bucket', { 'stack-name': 'Shop', 's3-bucket': 'bucket' }],
    ['DEPLOY-SERVERLESS --stack-name=Shop -sb=bucket', { 'stack-name': 'Shop', 's3-bucket': 'bucket' }],
    ['deploy-serverless Shop', { 'stack-name': 'Shop' }],
    ['deploy-serverless Other -sn Shop', { 'stack-name': 'Shop' }],
    ['deploy-serverless -sn One -sn Two', { 'stack-name': 'Two' }],
    ['deploy-serverless -tp A=1;B=2', { 'template-parameters': 'A=1;B=2' }],
    ['deploy-serverless -tp "A"="1"', { 'template-parameters': '"A"="1"' }],
    ["deploy-serverless -sn='x'", { 'stack-name': "'x'" }],
    ['deploy-serverless --region=', { region: '' }],
    ['deploy-serverless -sn 08', { 'stack-name': '08' }],
    ['--region eu-west-1 deploy-serverless -sn Shop', { region: 'eu-west-1', 'stack-name': 'Shop' }],
    ['deploy-serverless --local Shop', { local: 'true', 'stack-name': 'Shop' }],
    ['deploy-serverless --stack-wait false', { 'stack-wait': 'false' }],
    ['deploy-serverless -sw FALSE Shop', { 'stack-wait': 'FALSE', 'stack-name': 'Shop' }],
    ['deploy-serverless --no-recreate', { recreate: 'false' }],
    ['deploy-serverless --recreate=false', { recreate: 'false' }],
    ['deploy-serverless --disable-interactive -sn Shop', { 'disable-interactive': 'true', 'stack-name': 'Shop' }],
    ['deploy-serverless /p:A=1 -sn Shop /p:B=2', { 'stack-name': 'Shop', 'msbuild-parameters': '/p:A=1 /p:B=2' }],
    ['deploy-serverless --msbuild-parameters --no-restore /p:B=2', { 'msbuild-parameters': '--no-restore /p:B=2' }],
    ['deploy-serverless -dbo --no-cache', { 'docker-build-options': '--no-cache' }],
  ])('reads %s', async (line, flags) => {
    expect(await flagsOf(line)).toEqual(flags);
  });

  it.each([
    ['deploy-serverless --stack-wait maybe', '--stack-wait takes true or false, not "maybe"'],
    ['deploy-serverless -sn Shop --local Other', '--local takes true or false, not "Other"'],
    ['deploy-serverless Shop --local Other', '--local takes true or false, not "Other"'],
    ['deploy-serverless --local yes', '--local takes true or false, not "yes"'],
  ])('refuses %s, where the word cannot be meant as anything but a value', async (line, message) => {
    expect((await usageError(line)).message).toBe(message);
  });

  it('gives the words of a command with several of them in order', async () => {
    const request = await parse('delete-serverless A B --yes C');
    expect(request).toMatchObject({ kind: 'run', positionals: ['A', 'B', 'C'] });
  });

  it('takes two-word commands apart from their words', async () => {
    expect(await parse('bucket create my-bucket')).toMatchObject({
      kind: 'run',
      command: { name: 'bucket create' },
      positionals: ['my-bucket'],
    });
  });
});

describe('help and version', () => {
  it.each(['--help', '-h', '--h', 'help', '--HELP'])('shows the overview for %s', async (line) => {
    expect(await parse(line)).toMatchObject({ kind: 'help', command: undefined, family: undefined });
  });

  it.each([
    'deploy-serverless --help',
    'deploy-serverless Shop --help',
    'help deploy-serverless',
    '--help deploy-serverless',
    'deploy-serverless -sn --help',
  ])('shows the page of the command, and does nothing else, for %s', async (line) => {
    expect(await parse(line)).toMatchObject({ kind: 'help', command: { name: 'deploy-serverless' } });
  });

  it('shows the family for a first word alone', async () => {
    expect(await parse('bucket')).toEqual({ kind: 'help', command: undefined, family: 'bucket', asked: false });
  });

  it('answers --version', async () => {
    expect(await parse('--version')).toEqual({ kind: 'version' });
  });
});

describe('wrong usage', () => {
  it.each([
    ['deploy-serverles', 'deploy-serverles', 'deploy-serverless'],
    ['deploy-serverless --stack-nam X', '--stack-nam', '--stack-name'],
    ['deploy-serverless --stackname X', '--stackname', '--stack-name'],
    ['deploy-serverless -sm X', '-sm', '-s'],
    ['bucket creat x', 'bucket creat', 'bucket create'],
    ['new --s3-bucket x', '--s3-bucket', 'deploy-serverless'],
    ['validate app.yaml', 'app.yaml', '--template app.yaml'],
  ])('%s is refused with a suggestion', async (line, named, hint) => {
    const error = await usageError(line);
    expect(error.message).toContain(named);
    expect(error.hint).toContain(hint);
  });

  it.each([
    ['deploy-serverless -sn', '-sn needs a value'],
    ['deploy-serverless -sn -sb bucket', '-sn needs a value, but -sb follows'],
    ['deploy-serverless --no-recreate=true', 'takes no value'],
    ['deploy-serverless A B', 'does not know what to do with "B"'],
    ['bucket create', 'needs NAME'],
    ['--frobnicate', 'Unknown switch --frobnicate'],
  ])('%s says: %s', async (line, message) => {
    expect((await usageError(line)).message).toContain(message);
  });
});

describe('a line without a command', () => {
  it('prints the version wherever it is asked for', async () => {
    expect(await parse('--no-color --version')).toEqual({ kind: 'version' });
  });

  it('suggests a general switch', async () => {
    expect((await usageError('--verison')).hint).toBe('Did you mean --version?');
  });

  it('is no request for help', async () => {
    expect(await parse('--output json')).toMatchObject({ kind: 'help', asked: false });
    expect(await parse('bucket --help')).toMatchObject({ kind: 'help', family: 'bucket', asked: true });
  });

  it('leaves words behind -- alone', async () => {
    expect(await parse('deploy-serverless -- --help')).toMatchObject({ kind: 'run', positionals: ['--help'] });
  });
});
