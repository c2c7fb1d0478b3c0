import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readDefaultsFile, saveDefaults } from '../../src/settings/defaults-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lambda-tool-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (configFile?: string, environment?: string) => readDefaultsFile({ projectDirectory: folder, configFile, environment });
const write = (text: string, name = 'aws-lambda-tools-defaults.json') => writeFileSync(join(folder, name), text);

describe('reading', () => {
  it('takes a missing file as an empty one, but not one that was named', async () => {
    expect(await read()).toMatchObject({ exists: false, values: {} });
    await expect(read('other.json')).rejects.toMatchObject({
      code: 'CONFIG_FILE_NOT_FOUND',
      message: expect.stringContaining('other.json'),
    });
  });

  it('reads comments, trailing commas and a byte order mark', async () => {
    write('\uFEFF{\n  // where\n  "region": "eu-west-1", /* who */ "profile": "me",\n}');
    expect((await read()).values).toEqual({ region: 'eu-west-1', profile: 'me' });
  });

  it('names line and column of a mistake', async () => {
    write('{\n  "region": "eu-west-1"\n  "profile": "me"\n}');
    await expect(read()).rejects.toMatchObject({
      code: 'CONFIG_FILE_INVALID',
      message: expect.stringContaining('aws-lambda-tools-defaults.json:3:3'),
    });
  });

  it('refuses what is no object', async () => {
    write('[1]');
    await expect(read()).rejects.toMatchObject({ code: 'CONFIG_FILE_INVALID' });
  });

  it('puts the section of an environment on top', async () => {
    write('{ "region": "eu-west-1", "profile": "me", "environments": { "prod": { "profile": "ops" } } }');
    expect((await read(undefined, 'prod')).values).toEqual({ region: 'eu-west-1', profile: 'ops' });
    await expect(read(undefined, 'test')).rejects.toMatchObject({ hint: 'It has: prod' });
  });
});

describe('saving', () => {
  it('adds and replaces keys and keeps everything else, comments included', async () => {
    write('{\n  // keep me\n  "Information": ["a"],\n  "region": "eu-west-1"\n}\n');
    await saveDefaults(join(folder, 'aws-lambda-tools-defaults.json'), { region: 'us-east-1', 'stack-name': 'Shop' });
    const text = readFileSync(join(folder, 'aws-lambda-tools-defaults.json'), 'utf8');
    expect(text).toContain('// keep me');
    expect((await read()).values).toEqual({ Information: ['a'], region: 'us-east-1', 'stack-name': 'Shop' });
  });

  it('makes the file when there is none', async () => {
    await saveDefaults(join(folder, 'aws-lambda-tools-defaults.json'), { region: 'us-east-1' });
    expect((await read()).values).toEqual({ region: 'us-east-1' });
  });

  it('fails by name where it cannot write', async () => {
    await expect(saveDefaults(join(folder, 'missing', 'x.json'), { a: 'b' })).rejects.toMatchObject({ code: 'CONFIG_FILE_NOT_SAVED' });
  });
});
