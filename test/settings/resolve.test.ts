import { describe, expect, it } from 'vitest';

import type { OptionName } from '../../src/commands/options.ts';
import type { UserError } from '../../src/errors.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';

interface Given {
  flags?: Partial<Record<OptionName, string>>;
  env?: Record<string, string>;
  file?: Record<string, unknown>;
}

const NAMES: readonly OptionName[] = [
  'stack-name',
  's3-bucket',
  'stack-wait',
  'port',
  'tags',
  'disable-capabilities',
  'output',
  'disable-interactive',
  'name',
];

function resolve({ flags = {}, env = {}, file = {} }: Given) {
  return resolveSettings({
    names: NAMES,
    flags: new Map(Object.entries(flags)) as ReadonlyMap<OptionName, string>,
    env,
    file: {
      path: '/p/aws-lambda-tools-defaults.json',
      displayName: 'aws-lambda-tools-defaults.json',
      exists: true,
      values: file,
      fromEnvironment: new Set(),
    },
  });
}

describe('precedence', () => {
  it('goes from the command line over the environment and the defaults file to the default', () => {
    const all: Given = { flags: { 's3-bucket': 'flag' }, env: { LAMBDA_TOOL_S3_BUCKET: 'env' }, file: { 's3-bucket': 'file' } };
    expect(resolve(all).values['s3Bucket']).toBe('flag');
    expect(resolve({ ...all, flags: {} }).values['s3Bucket']).toBe('env');
    expect(resolve({ file: { 's3-bucket': 'file' } }).values['s3Bucket']).toBe('file');
    expect(resolve({}).values['s3Bucket']).toBeUndefined();
    expect(resolve({}).values['stackWait']).toBe(true);
  });

  it('says where a value came from', () => {
    expect(resolve({ env: { LAMBDA_TOOL_PORT: '4000' } }).get('port')).toMatchObject({
      value: 4000,
      source: 'environment',
      origin: 'LAMBDA_TOOL_PORT',
    });
    expect(resolve({ file: { port: 4000 } }).get('port')).toMatchObject({
      source: 'defaults file',
      origin: 'aws-lambda-tools-defaults.json',
    });
  });

  it('takes an empty text as not set, and an empty map on the command line as an empty map', () => {
    expect(resolve({ flags: { 's3-bucket': '' }, file: { 's3-bucket': 'file' } }).values['s3Bucket']).toBe('file');
    expect(resolve({ flags: { tags: '' }, file: { tags: 'A=1' } }).values['tags']).toEqual({});
  });

  it('never reads some switches from the defaults file', () => {
    expect(resolve({ file: { 'disable-interactive': true, name: 'x' } }).values).toMatchObject({
      disableInteractive: undefined,
      name: undefined,
    });
    expect(resolve({ env: { LAMBDA_TOOL_DISABLE_INTERACTIVE: 'true' } }).values['disableInteractive']).toBe(true);
  });

  it('replaces $(NAME) in texts and keeps what was written for saving', () => {
    const setting = resolve({ file: { 's3-bucket': 'b-$(STAGE)' }, env: { STAGE: 'prod' } }).get('s3-bucket');
    expect(setting).toMatchObject({ value: 'b-prod', written: 'b-$(STAGE)' });
  });
});

describe('values of the defaults file', () => {
  it.each([
    [{ tags: 'A=1;B=2' }, 'tags', { A: '1', B: '2' }],
    [{ tags: { A: 1, B: true } }, 'tags', { A: '1', B: 'true' }],
    [{ tags: '' }, 'tags', undefined],
    [{ 'disable-capabilities': 'X,Y' }, 'disableCapabilities', ['X', 'Y']],
    [{ 'disable-capabilities': ['X', 'Y'] }, 'disableCapabilities', ['X', 'Y']],
    [{ 'stack-wait': false }, 'stackWait', false],
    [{ 'stack-wait': 'false' }, 'stackWait', false],
    [{ port: '4000' }, 'port', 4000],
    [{ 'stack-name': 123 }, 'stackName', '123'],
    [{ 'stack-name': null }, 'stackName', undefined],
    [{ Information: ['…'], unknown: {} }, 'stackName', undefined],
  ])('%j gives %s', (file, name, value) => {
    expect(resolve({ file }).values[name]).toEqual(value);
  });

  it.each([
    [{ 'stack-name': {} }, '"stack-name"'],
    [{ 'stack-wait': 1 }, '"stack-wait"'],
    [{ port: 1.5 }, '"port"'],
    [{ port: true }, '"port"'],
    [{ tags: ['A'] }, '"tags"'],
    [{ tags: { A: {} } }, '"A"'],
    [{ output: 'xml' }, '"output"'],
  ])('%j is refused and named', (file, named) => {
    expect(() => resolve({ file })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_FILE_INVALID',
        message: expect.stringContaining(named) as string,
      } satisfies Partial<UserError>),
    );
  });
});
