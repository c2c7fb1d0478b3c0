import { chmod, copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBucketUsable, resolveBucket } from '../../src/artifacts/bucket.ts';
import { checkPrerequisites } from '../../src/artifacts/prerequisites.ts';
import { publishArtifacts } from '../../src/artifacts/index.ts';
import type { Artifact } from '../../src/artifacts/types.ts';
import type { SdkClientConfig } from '../../src/clients/aws-config.ts';
import { createImageRepositories } from '../../src/clients/ecr.ts';
import { createObjectStore, type ObjectStore } from '../../src/clients/s3.ts';
import { startInProcessTarget, type InProcessTarget } from '../local/support/in-process-target.ts';
import { createRegistryClient } from '../../src/clients/registry-push.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { recordingReporter } from '../support/recording-reporter.ts';

const ACCOUNT = '000000000000';
const { engine, reason } = await engineOrReason();
if (engine === undefined) console.warn(`skipped: images to the local target: ${reason}`);

describe('publishing to the local target', () => {
  let target: InProcessTarget;
  let config: SdkClientConfig;
  let store: ObjectStore;
  let folder: string;

  beforeAll(async () => {
    target = await startInProcessTarget();
    const { credentials, ...rest } = target.clientOptions('eu-west-1');
    config = { ...rest, credentials: async () => credentials, retryMode: 'standard', customUserAgent: [] };
    store = await createObjectStore(config, { accountId: ACCOUNT });
    folder = await mkdtemp(join(tmpdir(), 'publish-test-'));
  });
  afterAll(async () => {
    await target.close();
    await rm(folder, { recursive: true });
  });

  const publish = async (artifacts: Artifact[], bucket?: string) => {
    const repositories = await createImageRepositories(config);
    return publishArtifacts(
      artifacts,
      { bucket, prefix: 'p/', region: 'eu-west-1', directory: folder },
      {
        store: async () => store,
        repositories: async () => repositories,
        engine: () => (engine === undefined ? Promise.reject(new Error(reason)) : Promise.resolve(engine)),
        registry: async () => createRegistryClient(),
        reporter: recordingReporter(),
        signal: new AbortController().signal,
        env: process.env,
      },
    );
  };

  it('makes its bucket and uploads a zip once', async () => {
    const { name } = await resolveBucket(store, ACCOUNT, 'eu-west-1');
    await ensureBucketUsable(store, name, 'eu-west-1');
    await mkdir(join(folder, 'src'));
    await writeFile(join(folder, 'src/index.js'), 'exports.handler = async () => 1;');
    const form = { type: 's3-object', bucket: 'S3Bucket', key: 'S3Key', version: 'S3ObjectVersion' } as const;
    const uses = [{ logicalId: 'Fn', resourceType: 'AWS::Lambda::Function', path: [], form }];
    const artifact: Artifact = { kind: 'zip', path: join(folder, 'src'), source: 'directory', architecture: 'x86_64', uses };
    const [first] = await publish([artifact], name);
    expect(first).toMatchObject({ published: true, location: { versionId: expect.any(String) } });
    expect(await publish([artifact], name)).toMatchObject([{ built: false, published: false, location: first?.location }]);
    expect(await store.empty(name)).toBe(1);
    expect(await store.deleteBucket(name)).toBe(true);
  });

  it('names a package that Lambda would not unpack before anything is uploaded', async () => {
    await mkdir(join(folder, 'huge'));
    await mkdir(join(folder, 'fine'));
    await writeFile(join(folder, 'fine/index.js'), '');
    await writeFile(join(folder, 'huge/model.bin'), '');
    // It takes no room on the disk.
    await truncate(join(folder, 'huge/model.bin'), 262_144_001);
    const uses = [{ logicalId: 'Fn', resourceType: 'AWS::Lambda::Function', path: [], form: { type: 's3-uri' } as const }];
    const artifacts = ['fine', 'huge'].map((name): Artifact => ({
      kind: 'zip',
      path: join(folder, name),
      source: 'directory',
      architecture: 'x86_64',
      uses,
    }));
    const deps = {
      store: () => Promise.reject(new Error('S3 was asked')),
      repositories: () => createImageRepositories(config),
      engine: () => Promise.reject(new Error('no engine is needed')),
      registry: async () => createRegistryClient(),
      reporter: recordingReporter(),
      signal: new AbortController().signal,
      env: {},
    };
    const checking = checkPrerequisites(artifacts, { bucket: 'b', prefix: '', region: 'eu-west-1', directory: folder }, deps);
    await expect(checking).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE', message: expect.stringContaining('huge is 250') });
  });

  it('uploads a large file in parts', async () => {
    await store.createBucket('large-files');
    await writeFile(join(folder, 'large.bin'), Buffer.alloc(23 * 1024 * 1024, 'x'));
    await store.uploadFile('large-files', 'k', join(folder, 'large.bin'));
    expect(await store.findObject('large-files', 'k')).toMatchObject({ sizeBytes: 23 * 1024 * 1024 });
    expect(await store.uploadFile('large-files', 'k', join(folder, 'large.bin'))).toMatchObject({ written: false });
  });

  it.skipIf(engine === undefined)('builds, pushes and finds an image again', async () => {
    const name = uniqueName();
    const context = join(folder, 'image');
    await mkdir(context);
    await copyFile('/bin/busybox', join(context, 'busybox'));
    await chmod(join(context, 'busybox'), 0o755);
    await writeFile(join(context, 'Dockerfile'), `FROM scratch\nLABEL test=${name}\nCOPY busybox /\nENTRYPOINT ["/busybox"]\n`);
    const artifact: Artifact = {
      kind: 'image',
      context,
      dockerfile: join(context, 'Dockerfile'),
      buildArgs: {},
      architecture: engine?.architecture === 'arm64' ? 'arm64' : 'x86_64',
      imageTag: name,
      uses: [{ logicalId: 'Web', resourceType: 'AWS::Serverless::Function', path: [], form: { type: 'image-uri' } }],
    };
    try {
      const [first] = await publish([artifact]);
      expect(first).toMatchObject({
        built: true,
        published: true,
        location: { repositoryUri: expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:\\d+/${name}$`)) },
      });
      const digest = first?.location.type === 'image' ? first.location.digest : '';
      expect(target.aws.images.find(name, digest)).toMatchObject({ digest, os: 'linux' });
      expect(await publish([artifact])).toMatchObject([{ built: false, published: false, digest }]);
    } finally {
      await engine?.removeTag(`${name}:latest`);
    }
  });
});
