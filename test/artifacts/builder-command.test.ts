import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { builderArguments, chooseCommand, type BuilderCommand, type CommandRequest } from '../../src/artifacts/builder-command.ts';
import { ensureSecrets, identityOfExtras, parseSecret, switchForCommand } from '../../src/artifacts/build-extras.ts';
import { buildSettings } from '../../src/artifacts/docker-options.ts';
import type { ImageArtifact } from '../../src/artifacts/types.ts';

const artifact: ImageArtifact = {
  kind: 'image',
  context: '/app',
  dockerfile: '/app/Dockerfile',
  buildArgs: {},
  architecture: 'arm64',
  uses: [],
};
const settingsOf = (text: string, env: Record<string, string> = {}) => buildSettings(artifact, text, env);

const argumentsOf = (command: BuilderCommand, text: string, more: Partial<CommandRequest> = {}) =>
  builderArguments(command, {
    context: '/app',
    dockerfile: '/app/Dockerfile',
    platform: 'linux/arm64',
    settings: settingsOf(text, more.env as Record<string, string>),
    tag: 'shop:v1',
    idFile: '/tmp/id',
    engine: undefined,
    env: {},
    secretFiles: new Map(),
    ...more,
  });

describe('the arguments of a build', () => {
  it('ask buildx for one manifest of one platform, without attestations, in the engine', () => {
    expect(argumentsOf('docker', '--target prod --no-cache --pull')).toEqual([
      'buildx',
      'build',
      '--platform=linux/arm64',
      '--provenance=false',
      '--sbom=false',
      '--progress=plain',
      '--load',
      '--file=/app/Dockerfile',
      '--tag=shop:v1',
      '--iidfile=/tmp/id',
      '--target=prod',
      '--no-cache',
      '--pull',
      '/app',
    ]);
  });

  it('hand on what the API does not carry', () => {
    const text =
      '--ssh default --build-context "shared=../my shared" --cache-from type=gha --cache-to type=gha,mode=max --network=host --label a=b --label "c=d e"';
    for (const command of ['docker', 'finch', 'nerdctl', 'podman'] as const) {
      expect(argumentsOf(command, text).slice(-8)).toEqual([
        '--ssh=default',
        '--build-context=shared=../my shared',
        '--cache-from=type=gha',
        '--cache-to=type=gha,mode=max',
        '--label=a=b',
        '--label=c=d e',
        '--network=host',
        '/app',
      ]);
    }
  });

  it('speak to the service of Podman, and ask it for nothing that it does not know', () => {
    const given = argumentsOf('podman', '', { engine: { address: 'unix:///run/p.sock' } });
    expect(given.slice(0, 4)).toEqual(['--url', 'unix:///run/p.sock', 'build', '--platform=linux/arm64']);
    expect(given.join(' ')).not.toMatch(/provenance|sbom|load|progress/);
    expect(argumentsOf('podman', '')[0]).toBe('build');
  });

  it('name secrets by their place, and arguments of the environment by their name', () => {
    const env = { TOKEN: 'much-too-secret', COMMIT: 'abc', NPM: 'also-secret' };
    const text = '--secret id=token,env=TOKEN --secret id=npm,src=conf/.npmrc --secret id=NPM --build-arg COMMIT --build-arg A=1';
    const given = argumentsOf('docker', text, { env });
    expect(given).toEqual(
      expect.arrayContaining(['--secret=id=token,env=TOKEN', '--secret=id=npm,src=/app/conf/.npmrc', '--secret=id=NPM,env=NPM']),
    );
    expect(given.join(' ')).toContain('--build-arg A=1 --build-arg COMMIT --secret');
    expect(given.join(' ')).not.toMatch(/secret-?too|much|also-secret|abc/);
    const files = new Map([['token', '/tmp/x,y/secret']]);
    expect(argumentsOf('podman', text, { env, secretFiles: files })).toContain('--secret=id=token,"src=/tmp/x,y/secret"');
  });
});

describe('the builder', () => {
  const docker = { name: 'Docker 28.2.2', source: 'Docker', builder: 'BuildKit' as 'BuildKit' | 'classic' };
  const classic = { ...docker, builder: 'classic' as const };
  const choose = (wish: Parameters<typeof chooseCommand>[0], text: string, engine = docker) =>
    chooseCommand(wish, settingsOf(text).extras, engine);

  it('is the API of the engine, and its own command where that is needed', () => {
    expect(choose(undefined, '--build-arg A=1 --target b --provenance=false')).toBeUndefined();
    expect(choose(undefined, '--ssh default')).toEqual({ command: 'docker', reason: '--ssh' });
    expect(choose(undefined, '--cache-to x', { ...classic, name: 'Podman 5.1' })).toEqual({
      command: 'podman',
      reason: '--cache-to',
    });
    expect(choose(undefined, '--network host', { ...classic, source: 'Finch' })).toEqual({ command: 'finch', reason: '--network' });
  });

  it('is the one that is insisted on', () => {
    expect(choose('cli', '')).toEqual({ command: 'docker', reason: '--builder cli' });
    expect(choose('nerdctl', '--ssh default')).toEqual({ command: 'nerdctl', reason: '--builder nerdctl' });
    expect(choose('engine', '')).toBeUndefined();
    expect(choose('engine', '--secret id=a')).toBeUndefined();
    expect(choose(undefined, '--secret id=a --cache-from b')?.reason).toBe('--cache-from');
    expect(() => choose('engine', '--secret id=a', classic)).toThrow(/--builder engine cannot build with --secret/);
    expect(() => choose('engine', '--build-context a=b')).toThrow(/--builder engine cannot build with --build-context/);
  });
});

describe('secrets of a build', () => {
  it.each([
    ['id=a,src=f', {}, { file: 'f' }],
    ['id=a,source=f,type=file', {}, { file: 'f' }],
    ['id=a,env=E', {}, { variable: 'E' }],
    ['type=env,id=a,src=E', {}, { variable: 'E' }],
    ['id=a', { a: '1' }, { variable: 'a' }],
    ['id=a', {}, { file: 'a' }],
    ['id=a,type=file', { a: '1' }, { file: 'a' }],
  ])('%s', (text, env, from) => {
    expect(parseSecret(text, env)).toEqual({ id: 'a', from });
  });

  it('are not repeated when they cannot be read', () => {
    for (const text of ['hunter2', 'src=hunter2', 'id=a,value=hunter2']) {
      expect(() => parseSecret(text, {})).toThrow(/^A --secret of the image build (?:has no id|cannot be read)\.$/);
    }
  });

  it('have to be there', async () => {
    await expect(ensureSecrets([{ id: 'a', from: { variable: 'E' } }], '/', {})).rejects.toThrow('E, which is not set');
    await expect(ensureSecrets([{ id: 'a', from: { file: 'nothing/here' } }], '/', {})).rejects.toThrow('/nothing/here, which is no file');
  });
});

describe('the identity of a build', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'extras-test-'));
    mkdirSync(join(folder, 'shared'));
    writeFileSync(join(folder, 'shared', 'file'), 'one');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const identity = (text: string, env: Record<string, string> = {}) =>
    identityOfExtras(settingsOf(text, env).extras, folder, new AbortController().signal);

  it('has nothing of what is not there, nor of caches', async () => {
    expect(await identity('--cache-from a --cache-to b --build-arg A=1')).toEqual([]);
  });

  it('has secrets and keys by id, whatever they are and wherever they come from', async () => {
    const one = await identity('--secret id=a,env=A --ssh k=/home/me/key', { A: '1' });
    expect(await identity('--ssh k=/else --secret id=a,src=f', { A: '2' })).toEqual(one);
    expect(await identity('--secret id=b,env=A --ssh k')).not.toEqual(one);
    expect(JSON.stringify(one)).not.toMatch(/home|"1"/);
  });

  it('has the files of named contexts, and addresses as they are', async () => {
    const one = await identity('--build-context s=shared');
    expect(await identity('--build-context s=shared')).toEqual(one);
    writeFileSync(join(folder, 'shared', 'file'), 'two');
    expect(await identity('--build-context s=shared')).not.toEqual(one);
    expect((await identity('--build-context s=docker-image://alpine:3'))[0]).toContain('docker-image://alpine:3');
    await expect(identity('--build-context s=missing')).rejects.toThrow('is no directory');
  });
});

it('options of a template go before those of the command line', () => {
  const own = { ...artifact, buildOptions: '--secret id=a,src=b --build-arg X=1' };
  const settings = buildSettings(own, '--network host --build-arg Y=2', {});
  expect(settings.buildArgs).toEqual({ X: '1' });
  expect(switchForCommand(settings.extras)).toBe('--secret');
  expect(settings.extras.further).toEqual([]);
  expect(() => buildSettings({ ...own, buildOptions: '--squash' }, undefined, {})).toThrow(
    /The build options of \/app\/Dockerfile cannot be used/,
  );
});
