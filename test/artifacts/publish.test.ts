import { createRequire } from 'node:module';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { format, promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkPrerequisites } from '../../src/artifacts/prerequisites.ts';
import { publishArtifacts, type PublishDeps, type PublishOptions } from '../../src/artifacts/index.ts';
import type { Artifact, ArtifactUse, ImageArtifact, ZipArtifact } from '../../src/artifacts/types.ts';
import type { ContainerEngine } from '../../src/clients/docker.ts';
import { createRegistryClient } from '../../src/clients/registry-push.ts';
import { createObjectStore, type ObjectStore } from '../../src/clients/s3.ts';
import { UserError } from '../../src/errors.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { motoMissing, startMoto, type Moto } from '../support/moto.ts';
import { recordingReporter } from '../support/recording-reporter.ts';
import { startTinyRegistry, type TinyRegistry } from '../support/tiny-registry.ts';

const use = (logicalId: string, form: ArtifactUse['form'] = { type: 's3-uri' }): ArtifactUse => ({
  logicalId,
  resourceType: 'AWS::Serverless::Function',
  path: ['Resources', logicalId, 'Properties', 'CodeUri'],
  form,
});
const docker = (args: string[], options: { env?: NodeJS.ProcessEnv } = {}) => promisify(execFile)('docker', args, options);
const never = (what: string) => () => Promise.reject(new Error(`${what} must not be needed`));

let folder: string;
/** What lies here while a test runs is its own. */
let temporary: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'publish-test-'));
  temporary = join(folder, 'tmp');
  await mkdir(temporary);
  vi.stubEnv('TMPDIR', temporary);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function put(name: string, content = name): Promise<string> {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

const withoutMoto = motoMissing();
if (withoutMoto !== undefined) console.warn(`skipped: publishing zips: ${withoutMoto}`);

describe.skipIf(withoutMoto !== undefined)('publishing zips and files', () => {
  let moto: Moto;
  let store: ObjectStore;
  let bucket: string;
  let calls: string[];
  let reporter: ReturnType<typeof recordingReporter>;

  beforeAll(async () => {
    moto = await startMoto();
    const real = await createObjectStore(moto.config(), { accountId: '123456789012' });
    const counted = (name: string, call: unknown) =>
      typeof call === 'function'
        ? (...args: unknown[]) => {
            calls.push(name);
            return (call as (...all: unknown[]) => unknown)(...args);
          }
        : call;
    store = Object.fromEntries(Object.entries(real).map(([name, call]) => [name, counted(name, call)])) as unknown as ObjectStore;
  });
  afterAll(() => moto.close());
  beforeEach(async () => {
    calls = [];
    bucket = `publish-${randomBytes(5).toString('hex')}`;
    reporter = recordingReporter();
    await store.createBucket(bucket);
    calls.length = 0;
  });

  const options = (more: Partial<PublishOptions> = {}): PublishOptions => ({
    bucket,
    prefix: 'app/',
    region: 'eu-west-1',
    directory: folder,
    ...more,
  });
  const deps = (more: Partial<PublishDeps> = {}): PublishDeps => ({
    store: async () => store,
    repositories: never('ECR'),
    engine: never('an engine'),
    registry: never('a registry'),
    reporter,
    signal: new AbortController().signal,
    env: process.env,
    ...more,
  });
  const zip = (path: string, logicalId = 'Fn', more: Partial<ZipArtifact> = {}): ZipArtifact => ({
    kind: 'zip',
    path,
    source: 'directory',
    architecture: 'x86_64',
    uses: [use(logicalId)],
    ...more,
  });

  it('uploads what is new, and nothing the second time', async () => {
    await put('src/index.js');
    await put('api.yaml');
    const artifacts: Artifact[] = [zip(join(folder, 'src')), { kind: 'file', path: join(folder, 'api.yaml'), uses: [use('Api')] }];
    const first = await publishArtifacts(artifacts, options(), deps());
    expect(first).toMatchObject([
      { built: true, published: true, location: { type: 's3', bucket, key: expect.stringMatching(/^app\/[0-9a-f]{64}\.zip$/) } },
      { published: true, location: { key: expect.stringMatching(/^app\/[0-9a-f]{64}\.yaml$/) } },
    ]);
    calls.length = 0;
    const second = await publishArtifacts(artifacts, options(), deps());
    expect(second.map((item) => [item.location.type === 's3' && item.location.key, item.built, item.published])).toEqual(
      first.map((item) => [item.location.type === 's3' && item.location.key, false, false]),
    );
    expect(calls.filter((name) => name.startsWith('upload'))).toEqual([]);
    expect(reporter.lines).toContain('summary: zip src: 1 file · 12 B · unchanged');
  });

  it('finds 50 directories again with one call', async () => {
    const artifacts = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => zip(join(await put(`f${index}/index.js`), '..'), `Fn${index}`)),
    );
    await publishArtifacts(artifacts, options(), deps());
    calls.length = 0;
    await publishArtifacts(artifacts, options(), deps());
    expect(calls).toEqual(['listKeys']);
  });

  it('has many small uploads under way at a time, and few large ones', async () => {
    const most = { uploadBytes: 0, uploadFile: 0 };
    const running = { uploadBytes: 0, uploadFile: 0 };
    const watched = <Args extends unknown[], T>(name: keyof typeof most, call: (...args: Args) => Promise<T>) => {
      return async (...args: Args): Promise<T> => {
        most[name] = Math.max(most[name], (running[name] += 1));
        await sleep(50);
        return call(...args).finally(() => (running[name] -= 1));
      };
    };
    const slow = {
      ...store,
      uploadBytes: watched('uploadBytes', (...args: Parameters<ObjectStore['uploadBytes']>) => store.uploadBytes(...args)),
      uploadFile: watched('uploadFile', (...args: Parameters<ObjectStore['uploadFile']>) => store.uploadFile(...args)),
    };
    const small = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => zip(join(await put(`many${index}/index.js`, `${index}`), '..'), `Fn${index}`)),
    );
    const large = await Promise.all(
      Array.from({ length: 8 }, async (_, index): Promise<Artifact> => {
        const path = await put(`large${index}.yaml`, `${index}`.repeat(1_100_000));
        return { kind: 'file', path, uses: [use(`Api${index}`)] };
      }),
    );
    await publishArtifacts([...large, ...small], options(), deps({ store: async () => slow }));
    expect(most.uploadFile).toBe(4);
    expect(most.uploadBytes).toBeGreaterThan(7);
    expect(most.uploadBytes).toBeLessThanOrEqual(16);
  });

  it('looks at objects one by one where their versions are wanted', async () => {
    const versioned = (logicalId: string): Partial<ZipArtifact> => ({
      uses: [{ ...use(logicalId), form: { type: 's3-object', bucket: 'S3Bucket', key: 'S3Key', version: 'S3ObjectVersion' } }],
    });
    const artifacts = await Promise.all(
      Array.from({ length: 5 }, async (_, index) =>
        zip(join(await put(`v${index}/index.js`, `v${index}`), '..'), '', versioned(`V${index}`)),
      ),
    );
    await publishArtifacts(artifacts, options(), deps());
    calls.length = 0;
    await publishArtifacts(artifacts, options(), deps());
    expect(calls).toEqual(Array.from({ length: 5 }, () => 'findObject'));
  });

  it('publishes the same directory, and directories of the same content, once', async () => {
    await put('a/index.js', 'same');
    await put('b/index.js', 'same');
    const published = await publishArtifacts(
      [zip(join(folder, 'a')), zip(join(folder, 'a'), 'Fn2'), zip(join(folder, 'b'), 'Fn3')],
      options(),
      deps(),
    );
    expect(new Set(published.map((item) => JSON.stringify(item.location))).size).toBe(1);
    expect(calls.filter((name) => name === 'uploadBytes')).toHaveLength(1);
  });

  it('tells the version where the template has a place for it, also when nothing was uploaded', async () => {
    await put('a/index.js');
    const form = { type: 's3-object', bucket: 'S3Bucket', key: 'S3Key', version: 'S3ObjectVersion' } as const;
    const artifact = zip(join(folder, 'a'), 'Fn', { uses: [use('Fn', form)] });
    const [first] = await publishArtifacts([artifact], options(), deps());
    const [second] = await publishArtifacts([artifact], options(), deps());
    expect(first?.location).toMatchObject({ versionId: expect.any(String) });
    expect(second?.location).toEqual(first?.location);
  });

  it('stops the others when one fails, and says which', async () => {
    await put('good/index.js');
    await mkdir(join(folder, 'empty'));
    const publishing = publishArtifacts([zip(join(folder, 'empty')), zip(join(folder, 'good'))], options(), deps());
    await expect(publishing).rejects.toMatchObject({ code: 'ARTIFACT_EMPTY', message: expect.stringContaining('empty') });
  });

  it('leaves nothing in the temporary folder, not even when it is interrupted', async () => {
    await put('big/data.bin', randomBytes(20_000_000).toString('base64'));
    const controller = new AbortController();
    const running = publishArtifacts([zip(join(folder, 'big'))], options(), deps({ signal: controller.signal }));
    setTimeout(() => controller.abort(), 150);
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await publishArtifacts([zip(join(folder, 'big'))], options(), deps());
    expect(await readdir(temporary)).toEqual([]);
  });

  it('uploads nothing under the key of what was there before, when a file is written anew meanwhile', async () => {
    const path = await put('api.yaml', 'openapi: 3.0.1');
    const busy = async (): Promise<ObjectStore> => ({
      ...store,
      findObject: async (...args: Parameters<ObjectStore['findObject']>) => {
        const found = await store.findObject(...args);
        await writeFile(path, 'openapi: 3.0.2');
        return found;
      },
    });
    const publishing = publishArtifacts([{ kind: 'file', path, uses: [use('Api')] }], options(), deps({ store: busy }));
    await expect(publishing).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE', message: expect.stringContaining('it changed while') });
    expect(calls.filter((name) => name.startsWith('upload'))).toEqual([]);
    expect(await publishArtifacts([{ kind: 'file', path, uses: [use('Api')] }], options(), deps())).toMatchObject([{ published: true }]);
  });

  it('checks a ready zip and uploads it as it is', async () => {
    await put('x/index.js');
    execFileSync('zip', ['-q', '-r', join(folder, 'ready.zip'), '.'], { cwd: join(folder, 'x') });
    const [published] = await publishArtifacts([zip(join(folder, 'ready.zip'), 'Fn', { source: 'zip' })], options(), deps());
    expect(published).toMatchObject({ published: true });
    await put('broken.zip', 'no zip');
    await expect(publishArtifacts([zip(join(folder, 'broken.zip'), 'Fn', { source: 'zip' })], options(), deps())).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
    });
  });

  it.skipIf(spawnSync('dotnet', ['--version']).status !== 0)(
    'publishes a .NET project, and shows the compiler’s errors',
    async () => {
      await put(
        'app/app.csproj',
        '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup></Project>',
      );
      await put('app/Program.cs', 'System.Console.WriteLine("hello");');
      const artifact = zip(join(folder, 'app'), 'Fn', { source: 'dotnet', runtime: 'dotnet10' });
      await checkPrerequisites([artifact], options(), deps());
      const [first] = await publishArtifacts([artifact], options(), deps());
      const [second] = await publishArtifacts([artifact], options(), deps());
      expect([first?.published, second?.published, second?.location]).toEqual([true, false, first?.location]);
      expect((await readdir(temporary)).filter((file) => file.startsWith('MSBuild'))).toEqual([]);
      await put('app/Program.cs', 'this is wrong');
      await expect(publishArtifacts([artifact], options(), deps())).rejects.toMatchObject({
        code: 'BUILD_FAILED',
        details: expect.arrayContaining([expect.stringMatching(/Program\.cs\(1,\d+\): error CS\d+/)]),
      });
    },
    180_000,
  );

  it('says what to do when dotnet is missing', async () => {
    await put('app/app.csproj', '<Project />');
    const artifact = zip(join(folder, 'app'), 'Fn', { source: 'dotnet' });
    await expect(publishArtifacts([artifact], options(), deps({ env: { PATH: folder } }))).rejects.toMatchObject({
      code: 'BUILD_TOOL_NOT_FOUND',
      hint: expect.stringContaining('container image'),
    });
  });
});

const { engine: found, reason } = await engineOrReason();
if (found === undefined) console.warn(`skipped: publishing images: ${reason}`);

describe.skipIf(found === undefined)('publishing images', () => {
  const engine = found as ContainerEngine;
  const builtIds = new Set<string>();
  const real: ContainerEngine = {
    ...engine,
    async build(wanted) {
      const id = await engine.build(wanted);
      builtIds.add(id);
      return id;
    },
  };
  let registry: TinyRegistry;
  let reporter: ReturnType<typeof recordingReporter>;
  let name: string;

  beforeEach(async () => {
    registry = await startTinyRegistry();
    reporter = recordingReporter();
    name = uniqueName();
    await mkdir(join(folder, 'app'));
    await copyFile('/bin/busybox', join(folder, 'app/busybox'));
    await chmod(join(folder, 'app/busybox'), 0o755);
    await put('app/Dockerfile', 'FROM scratch\nARG WORD\nCOPY . /app/\nENV WORD=$WORD\nENTRYPOINT ["/app/busybox"]\n');
  });
  afterEach(async () => {
    await registry.close();
    await real.removeTag(`${name}:latest`);
    for (const id of builtIds) await real.removeTag(id);
    builtIds.clear();
  });

  const options = (more: Partial<PublishOptions> = {}): PublishOptions => ({
    bucket: undefined,
    prefix: '',
    region: 'eu-west-1',
    directory: folder,
    ...more,
  });
  const deps = (more: Partial<PublishDeps> = {}): PublishDeps => ({
    store: never('S3'),
    repositories: async () => registry.repositories,
    engine: async () => real,
    registry: async () => createRegistryClient(),
    reporter,
    signal: new AbortController().signal,
    env: process.env,
    ...more,
  });
  const image = (logicalId = 'Web', more: Partial<ImageArtifact> = {}): ImageArtifact => ({
    kind: 'image',
    context: join(folder, 'app'),
    dockerfile: join(folder, 'app/Dockerfile'),
    buildArgs: {},
    architecture: real.architecture === 'arm64' ? 'arm64' : 'x86_64',
    imageTag: name,
    uses: [use(logicalId, { type: 'image-uri' })],
    ...more,
  });
  /** The docker command's own settings, with the password of the registry, below the test's folder. */
  const dockerLogin = (): { DOCKER_CONFIG: string } => {
    const auth = Buffer.from(`AWS:${registry.password}`).toString('base64');
    mkdirSync(join(folder, 'docker'), { recursive: true });
    writeFileSync(join(folder, 'docker/config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    return { DOCKER_CONFIG: join(folder, 'docker') };
  };
  const inEngine = (): string => spawnSync('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}'], { encoding: 'utf8' }).stdout;

  it('builds and pushes once for several functions, and needs no engine the next time', async () => {
    const published = await publishArtifacts([image('A'), image('B')], options(), deps());
    expect(published).toHaveLength(2);
    expect(published[0]).toMatchObject({
      built: true,
      published: true,
      location: { type: 'image', repositoryUri: `${registry.host}/${name}`, digest: expect.stringMatching(/^sha256:/) },
    });
    expect(published[1]?.location).toEqual(published[0]?.location);
    expect(registry.requests.filter((line) => line.startsWith('PUT') && line.includes('/manifests/'))).toHaveLength(1);
    expect(registry.calls.filter((call) => call === 'getAuthorization')).toHaveLength(1);
    expect([...registry.tags.values()]).toEqual([published[0]?.digest]);

    registry.requests.length = 0;
    await checkPrerequisites([image('A')], options(), deps({ engine: never('an engine') }));
    const again = await publishArtifacts([image('A')], options(), deps({ engine: never('an engine') }));
    expect(again).toMatchObject([{ built: false, published: false, digest: published[0]?.digest }]);
    expect(registry.requests).toEqual([]);
  });

  it('leaves the token in no log, no file and no name behind in the engine', async () => {
    // docker-modem prints its requests when it is debugged; that must not print the token either.
    const debug = createRequire(createRequire(import.meta.url).resolve('docker-modem'))('debug') as {
      enable(names: string): void;
      disable(): void;
      log: unknown;
    };
    const printed: string[] = [];
    debug.log = (...args: unknown[]) => printed.push(format(...args));
    debug.enable('modem');
    await publishArtifacts([image()], options(), deps());
    debug.disable();
    const token = registry.password;
    const encoded = Buffer.from(`{"username":"AWS","password":"${token}`).toString('base64').slice(0, 60);
    expect(printed.join()).toContain('X-Registry-Auth');
    expect(printed.join()).not.toContain(token);
    expect(printed.join()).not.toContain(encoded);
    expect(reporter.lines.join('\n')).not.toContain(token);
    expect(reporter.lines.join('\n')).not.toContain(Buffer.from(`AWS:${token}`).toString('base64'));
    expect(inEngine()).not.toContain(registry.host);
    expect(inEngine()).toContain(`${name}:latest`);
    const home = spawnSync('grep', ['-rl', token, join(process.env['HOME'] ?? '/nonexistent', '.docker')], { encoding: 'utf8' });
    expect(home.stdout).toBe('');
  });

  it('gives another tag when a file, a mode, an argument or the target changes, and the same for a touched file', async () => {
    const digestOf = async (artifact: ImageArtifact) => {
      const [published] = await publishArtifacts([artifact], options(), deps({ env: { WORD: 'from the environment' } }));
      return published?.location.type === 'image' ? published.location.tag : '';
    };
    const seen = [await digestOf(image())];
    await put('app/Dockerfile', 'FROM scratch\nARG WORD\nCOPY . /app/\nENV WORD=$WORD\nENTRYPOINT ["/app/busybox"]\n');
    expect(await digestOf(image())).toBe(seen[0]);
    await put('app/new.txt');
    seen.push(await digestOf(image()));
    await chmod(join(folder, 'app/new.txt'), 0o600);
    seen.push(await digestOf(image()));
    seen.push(await digestOf(image('Web', { buildArgs: { WORD: 'x' } })));
    seen.push(await digestOf(image('Web', { buildArgs: { WORD: null } })));
    expect(new Set(seen).size).toBe(seen.length);
    expect(await digestOf(image('Web', { buildArgs: { WORD: 'from the environment' } }))).toBe(seen.at(-1));
    await put('app/.dockerignore', 'new.txt\n');
    const ignored = await digestOf(image());
    await put('app/new.txt', 'changed');
    expect(await digestOf(image())).toBe(ignored);
  });

  it('fails with the build’s last lines and pushes nothing', async () => {
    await put('app/Dockerfile', 'FROM scratch\nCOPY busybox /bin/sh\nRUN ["/bin/sh", "-c", "echo because >&2; exit 7"]\n');
    await expect(publishArtifacts([image()], options(), deps())).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      details: expect.arrayContaining([expect.stringContaining('because')]),
    });
    expect(registry.requests).toEqual([]);
    expect(registry.calls.join()).not.toContain('createRepository');
  });

  it('says what the registry said when it refuses, and takes an immutable tag that is there already', async () => {
    registry.refuseManifests = 'The image tag already exists and cannot be overwritten because the repository is immutable.';
    await expect(publishArtifacts([image()], options(), deps())).rejects.toMatchObject({
      code: 'PUSH_FAILED',
      message: expect.stringContaining('immutable'),
    });
    expect(inEngine()).not.toContain(registry.host);
  });

  it('builds with --force-build, and moves the tag, or takes another where tags cannot be moved', async () => {
    const [first] = await publishArtifacts([image()], options(), deps());
    const again = await publishArtifacts([image()], options({ forceBuild: true, dockerBuildOptions: '--no-cache' }), deps());
    expect(again).toMatchObject([{ built: true, published: true }]);
    registry.isImmutable = true;
    await put('app/Dockerfile', 'FROM scratch\nCOPY busybox /busybox\nENTRYPOINT ["/busybox"]\n');
    const [plain] = await publishArtifacts([image()], options(), deps());
    if (plain?.location.type !== 'image' || first?.location.type !== 'image') throw new Error('no image came out');
    expect(plain.location.tag).toMatch(/^[0-9a-f]{64}$/);
    const [forced] = await publishArtifacts([image()], options({ forceBuild: true }), deps());
    expect(forced).toMatchObject({
      built: true,
      location: { tag: expect.stringMatching(new RegExp(`^${plain.location.tag}-[0-9a-f]{12}$`)) },
    });
    expect(reporter.lines.join('\n')).toContain('lets no tag be moved');
  });

  it('says what is missing when nobody may make the repository, and goes on where ECR makes it at the push', async () => {
    registry.deniesCreation = true;
    const [published] = await publishArtifacts([image()], options(), deps());
    expect(published).toMatchObject({ published: true, location: { repositoryUri: `${registry.host}/${name}` } });
    registry.refuseManifests = `The repository with name '${name}' does not exist in the registry`;
    const other = image('Web', { imageTag: `${name}-other` });
    await expect(publishArtifacts([other], options(), deps())).rejects.toMatchObject({
      code: 'REPOSITORY',
      hint: expect.stringContaining('ecr:CreateRepository'),
    });
  });

  it('pushes from here when the engine does not get to the registry, and again when the connection broke', async () => {
    const failing = (message: string, times: number): ContainerEngine => ({
      ...real,
      push: (repository, tag, more) =>
        times-- > 0
          ? Promise.reject(new UserError('PUSH_FAILED', `${repository}:${tag} could not be pushed: ${message}`))
          : real.push(repository, tag, more),
    });
    const lost = failing('dial tcp: lookup registry on 10.0.0.1:53: no such host', 99);
    const [published] = await publishArtifacts([image()], options(), deps({ engine: async () => lost }));
    expect(published).toMatchObject({ built: true, digest: expect.stringMatching(/^sha256:/) });
    expect(reporter.lines.join('\n')).toContain('pushing from here');
    expect(inEngine()).not.toContain(registry.host);
    // The registry is in this process: a call that blocks would wait for itself.
    const reference = `${registry.host}/${name}@${published?.digest}`;
    await docker(['pull', '-q', reference], { env: { ...process.env, ...dockerLogin() } });
    expect((await docker(['run', '--rm', reference, 'echo', 'runs'])).stdout).toBe('runs\n');
    await docker(['rmi', reference]);

    const shaky = failing('write tcp 10.0.0.2:5000: connection reset by peer', 2);
    const other = image('Web', { imageTag: `${name}-two` });
    expect(await publishArtifacts([other], options(), deps({ engine: async () => shaky }))).toMatchObject([{ published: true }]);
    expect(reporter.lines.filter((line) => line.includes('trying again'))).toHaveLength(2);
    await real.removeTag(`${name}-two:latest`);
  });

  it('builds with --pull when a base image has changed, and only then', async () => {
    let base = 'sha256:1';
    const asked: string[] = [];
    const client = { ...createRegistryClient(), remoteDigest: async (image: { host: string }) => (asked.push(image.host), base) };
    const hub = deps({ registry: async () => client });
    await put('app/Dockerfile', `FROM scratch AS base\nFROM ${name}-base\nENTRYPOINT ["/app/busybox"]\n`);
    execFileSync('docker', ['build', '-q', '-t', `${name}-base`, '-'], { input: 'FROM scratch\nLABEL a=b\n' });
    // The base is of this machine; what an engine would do to renew it is not the matter here.
    const calm: ContainerEngine = { ...real, build: (wish) => real.build({ ...wish, pull: false }) };
    const engine = async () => calm;
    const pulled = options({ pull: true });
    expect(await publishArtifacts([image()], pulled, { ...hub, engine })).toMatchObject([{ built: true }]);
    expect(asked).toEqual(['registry-1.docker.io']);
    expect(await publishArtifacts([image()], pulled, { ...hub, engine: never('an engine') })).toMatchObject([{ built: false }]);
    // A deployment without --pull finds the same image, and asks no registry.
    expect(await publishArtifacts([image()], options(), deps({ engine: never('an engine'), registry: never('a registry') }))).toMatchObject(
      [{ built: false }],
    );
    base = 'sha256:2';
    expect(await publishArtifacts([image()], pulled, { ...hub, engine })).toMatchObject([{ built: true }]);
    execFileSync('docker', ['rmi', `${name}-base`]);
  });

  it('hands on what the check before the work has found', async () => {
    const artifacts = [image(), image('Other', { buildArgs: { WORD: 'x' } })];
    await publishArtifacts(artifacts, options(), deps());
    registry.calls.length = 0;
    const lookups = await checkPrerequisites(artifacts, options(), deps());
    await publishArtifacts(artifacts, options(), deps({ engine: never('an engine') }), lookups);
    expect(registry.calls.toSorted()).toEqual(['findImage', 'findImage', `findRepository ${name}`]);
  });

  it('refuses an image of another architecture', async () => {
    const other = real.architecture === 'arm64' ? 'x86_64' : 'arm64';
    await publishArtifacts([image()], options(), deps());
    const local: Artifact = {
      kind: 'local-image',
      reference: `${name}:latest`,
      architecture: other,
      uses: [use('Web', { type: 'image-uri' })],
    };
    await expect(publishArtifacts([local], options(), deps())).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      hint: expect.stringContaining('Architectures'),
    });
  });

  it('pushes an image that the engine has, also out of an archive, and tells when it has none', async () => {
    await publishArtifacts([image()], options(), deps());
    const architecture = image().architecture;
    const uses = [use('Web', { type: 'image-uri' })];
    const local: Artifact = { kind: 'local-image', reference: `${name}:latest`, architecture, imageTag: `${name}-copy:v1`, uses };
    const [first] = await publishArtifacts([local], options(), deps());
    expect(first).toMatchObject({ built: false, published: true, location: { repositoryUri: `${registry.host}/${name}-copy` } });
    expect(await publishArtifacts([local], options(), deps())).toMatchObject([{ published: false }]);
    const archive = join(folder, `${name}.tar`);
    execFileSync('docker', ['save', '-o', archive, `${name}:latest`]);
    const archived: Artifact = { ...local, reference: `${name}.tar`, archive, imageTag: undefined };
    const [pushed] = await publishArtifacts([archived], options(), deps({ engine: never('an engine') }));
    expect(pushed).toMatchObject({ built: false, published: true, location: { repositoryUri: `${registry.host}/${name}` } });
    const again = await publishArtifacts([archived], options(), deps({ engine: never('an engine'), registry: never('a registry') }));
    expect(again).toMatchObject([{ published: false, digest: pushed?.digest }]);
    await expect(publishArtifacts([{ ...local, reference: `${name}:none` }], options(), deps())).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
    });
  });

  it.skipIf(spawnSync('dotnet', ['--version']).status !== 0)(
    'publishes the .NET project on this machine first, where that is asked for',
    async () => {
      const project =
        '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup></Project>';
      await put('app/app.csproj', project);
      await put('app/Program.cs', 'System.Console.WriteLine("hello");');
      await put('app/Dockerfile', 'FROM scratch\nCOPY out/app.dll /app.dll\nCOPY busybox /\nENTRYPOINT ["/busybox"]\n');
      await put('app/.dockerignore', 'obj\nbin\n');
      const [first] = await publishArtifacts([image('Web', { hostBuildOutputDir: 'out' })], options(), deps());
      expect(first).toMatchObject({ built: true });
      const again = await publishArtifacts([image()], options({ hostBuildOutputDir: 'out' }), deps({ engine: never('an engine') }));
      expect(again).toMatchObject([{ built: false, location: first?.location }]);
      for (const wish of ['.', '..', '../elsewhere', 'a/..']) {
        const unsafe = publishArtifacts([image('Web', { hostBuildOutputDir: wish })], options(), deps());
        await expect(unsafe).rejects.toMatchObject({ code: 'USAGE' });
      }
      expect(await readdir(join(folder, 'app'))).toContain('Program.cs');
    },
  );

  it('looks for the Dockerfile before anything else', async () => {
    const lost = image('Web', { dockerfile: join(folder, 'app/Dockerfile.none') });
    await expect(checkPrerequisites([lost], options(), deps())).rejects.toMatchObject({ code: 'DOCKERFILE_NOT_FOUND' });
    await expect(publishArtifacts([lost], options(), deps())).rejects.toMatchObject({
      code: 'DOCKERFILE_NOT_FOUND',
      message: expect.stringContaining('Dockerfile.none'),
    });
  });
});
