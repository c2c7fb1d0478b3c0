import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';

let workspace: Workspace;
beforeAll(() => {
  workspace = openWorkspace();
  writeFileSync(join(workspace.folder, 'aws-config'), '[profile my_profile]\nregion = eu-west-1\n[profile other]\nregion = eu-west-2\n');
});
afterAll(() => workspace.close());

let count = 0;
/** A project folder with a template of its own. */
function project(template: string, name = 'serverless.template'): string {
  count += 1;
  const folder = join(workspace.folder, `p${count}`);
  mkdirSync(join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'src', 'index.js'), 'exports.handler = async () => 1;\n');
  writeFileSync(join(folder, name), template);
  return folder;
}

const FUNCTION = (code: string, more = '') => `Transform: AWS::Serverless-2016-10-31
${more}Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      CodeUri: ${code}
`;

const DEPLOY = ['deploy-serverless', '-sn', 'Bad', '-sb', 'bad-bucket', '--local'];

describe('a template', () => {
  it.each([
    ['is missing', undefined, 'TEMPLATE_NOT_FOUND', 'serverless.template'],
    ['is broken JSON', '{\n  "Resources": {\n    "A": 1,,\n  }\n}\n', 'TEMPLATE_SYNTAX', 'serverless.template:3:'],
    ['is broken YAML', 'Resources:\n  A:\n    Type: "AWS::S3::Bucket\n  B: [\n', 'TEMPLATE_SYNTAX', 'serverless.template:'],
    ['has no resources', 'Parameters: {}\n', 'TEMPLATE_INVALID', 'Resources'],
    ['names code that is not there', FUNCTION('./nowhere'), 'TEMPLATE_PATH_NOT_FOUND', 'nowhere'],
  ])('that %s fails by name, before anything is touched', async (_, text, code, named) => {
    const cwd = text === undefined ? workspace.folder : project(text);
    const { code: exit, stdout, stderr } = await workspace.run(DEPLOY, { cwd });
    expect(exit).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(`Error ${code}:`);
    expect(stderr).toContain(named);
    expect(stderr).not.toContain('[zip');
    expect(stderr).not.toContain('[stack');
  });

  it('says the line of a path that is not there', async () => {
    const { document } = await workspace.json(DEPLOY, { cwd: project(FUNCTION('./nowhere')) });
    expect(document.error?.message).toContain('serverless.template:8');
    expect(document).toMatchObject({ ok: false, command: 'deploy-serverless', error: { code: 'TEMPLATE_PATH_NOT_FOUND' } });
  });

  it('gets only the parameters that it declares, and asks for the ones without a value', async () => {
    const cwd = project(FUNCTION('./src', 'Parameters:\n  Stage: { Type: String }\n'));
    const missing = await workspace.json(DEPLOY, { cwd });
    expect(missing.code).toBe(2);
    expect(missing.document.error).toMatchObject({ code: 'MISSING_OPTION', message: expect.stringContaining('Stage') as string });
    const extra = await workspace.json([...DEPLOY, '-tp', 'Stage=dev;Typo=1'], { cwd });
    expect(extra.code, extra.stderr).toBe(0);
    expect(extra.document.warnings).toEqual(['The template declares no parameter Typo; it was left out']);
    expect((await workspace.run(['delete-serverless', 'Bad', '--local'])).code).toBe(0);
  });
});

describe('settings', () => {
  it('name the known profiles when one is unknown', async () => {
    const { code, stderr } = await workspace.run(['deploy-serverless', '-sn', 'Bad', '--profile', 'my_profil'], {
      cwd: project(FUNCTION('./src')),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('Error PROFILE_NOT_FOUND: There is no AWS profile "my_profil"');
    expect(stderr).toContain('my_profile, other');
  });

  it('that are broken are named with their line', async () => {
    const cwd = project(FUNCTION('./src'));
    writeFileSync(join(cwd, 'aws-lambda-tools-defaults.json'), '{\n  "region": "eu-west-1"\n  "profile": ""\n}\n');
    const { code, stderr } = await workspace.run(DEPLOY, { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('Error CONFIG_FILE_INVALID: aws-lambda-tools-defaults.json:3:3');
  });

  it('without a region or without credentials say what to type', async () => {
    const cwd = project(FUNCTION('./src'));
    const noRegion = await workspace.run(['deploy-serverless', '-sn', 'Bad'], { cwd });
    expect(noRegion.stderr).toContain('Error REGION_MISSING');
    const noKeys = await workspace.run(
      ['deploy-serverless', '-sn', 'Bad', '--region', 'eu-west-1', '--endpoint-url', 'http://127.0.0.1:9'],
      { cwd },
    );
    expect(noKeys.stderr).toContain('Error CREDENTIALS');
  });

  it('are usage errors when they do not fit, as a document too', async () => {
    const wrong = await workspace.json(['deploy-serverless', '-pd', 'soon']);
    expect(wrong.code).toBe(2);
    expect(wrong.document).toMatchObject({
      ok: false,
      command: 'deploy-serverless',
      error: { code: 'USAGE', message: expect.stringContaining('soon') as string },
    });
    const unknown = await workspace.json(['deploy-serverless', '--stack-nam', 'x']);
    expect(unknown.code).toBe(2);
    expect(unknown.document.error).toMatchObject({ code: 'USAGE', hint: 'Did you mean --stack-name?' });
    expect((await workspace.run(['deploy-serverless', '--output', 'xml'])).code).toBe(2);
  });

  it('can be explained without doing anything', async () => {
    const { code, document } = await workspace.json(['deploy-serverless', '-sn', 'X', '--aws-secret-key', 'hidden', '--explain-settings'], {
      env: { LAMBDA_TOOL_S3_PREFIX: 'p/' },
    });
    expect(code).toBe(0);
    const settings = document.result as { name: string; value: unknown; source: string; origin?: string }[];
    expect(settings).toContainEqual({ name: 'stack-name', value: 'X', source: 'command line', origin: '--stack-name' });
    expect(settings).toContainEqual({ name: 's3-prefix', value: 'p/', source: 'environment', origin: 'LAMBDA_TOOL_S3_PREFIX' });
    expect(JSON.stringify(document)).not.toContain('hidden');
  });
});

describe('places', () => {
  it('a bucket of somebody else, or in another region, is refused', async () => {
    const made = await workspace.run(['bucket', 'create', 'far-away', '--local', '--region', 'eu-west-1']);
    expect(made.code, made.stderr).toBe(0);
    const { code, document } = await workspace.json(['deploy-serverless', '-sn', 'Bad', '-sb', 'far-away', '--local'], {
      cwd: project(FUNCTION('./src')),
    });
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'BUCKET_REGION', message: expect.stringContaining('eu-west-1') as string });
  });

  it('a port that is taken is named', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const { code, document } = await workspace.json(['local', 'start', '--port', String(port)], {
      env: { LAMBDA_TOOL_LOCAL_HOME: join(workspace.folder, 'other-state') },
    });
    server.close();
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'LOCAL_PORT_TAKEN', message: expect.stringContaining(String(port)) as string });
  });

  it.skipIf(process.platform !== 'linux')('a directory that cannot be written is named', async () => {
    const { code, document } = await workspace.json(['new', 'node', '-o', '/sys/x']);
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'FILE_NOT_WRITABLE', message: expect.stringContaining('/sys/x') as string });
  });

  it.skipIf(process.platform !== 'linux')('a state folder or a report where no folder can be made is named', async () => {
    const nowhere = '/proc/nowhere/deep';
    const { code, document } = await workspace.json(['local', 'start'], { env: { LAMBDA_TOOL_LOCAL_HOME: nowhere } });
    expect([code, document.error?.code]).toEqual([1, 'LOCAL_START_FAILED']);
    expect(document.error).toMatchObject({
      message: expect.stringContaining(`The state folder ${nowhere} cannot be written: ENOENT`) as string,
      hint: 'Name another folder with LAMBDA_TOOL_LOCAL_HOME',
    });
    const report = await workspace.json([...DEPLOY, '--report', `${nowhere}/report.html`], { cwd: project(FUNCTION('src')) });
    expect(report.document.error?.code).toBe('FILE_NOT_WRITABLE');
  });

  it('a file where a directory is needed is named', async () => {
    writeFileSync(join(workspace.folder, 'a-file'), '');
    const { code, document } = await workspace.json(['new', 'node', '-o', 'a-file/x']);
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining('a-file') as string });
  });

  it('files that exist are not written over', async () => {
    expect((await workspace.run(['new', 'node', '-o', 'twice'])).code).toBe(0);
    const again = await workspace.json(['new', 'node', '-o', 'twice']);
    expect(again.code).toBe(1);
    expect(again.document.error?.code).toBe('FILE_EXISTS');
    expect((await workspace.run(['new', 'node', '-o', 'twice', '--force'])).code).toBe(0);
  });

  it('an unknown project template has a suggestion', async () => {
    const { document } = await workspace.json(['new', 'aspnetcore-imag']);
    expect(document.error).toMatchObject({
      code: 'PROJECT_TEMPLATE_NOT_FOUND',
      hint: expect.stringContaining('aspnetcore-image') as string,
    });
  });
});
