import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { publishArtifacts } from '../../src/artifacts/index.ts';
import type { LocalImageArtifact } from '../../src/artifacts/types.ts';
import type { ContainerEngine } from '../../src/clients/docker.ts';
import { createRegistryClient } from '../../src/clients/registry-push.ts';
import { ociLayout, tarOf } from '../support/image-archives.ts';
import { recordingReporter } from '../support/recording-reporter.ts';
import { startTinyRegistry, type TinyRegistry } from '../support/tiny-registry.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';

/** No engine of this kind runs here: one that keeps an image as an index, as Docker with the store of containerd does. */
describe('an engine that makes an index of an image', () => {
  let folder: string;
  let registry: TinyRegistry;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'index-test-'));
    registry = await startTinyRegistry();
  });
  afterEach(async () => {
    await registry.close();
    rmSync(folder, { recursive: true });
  });

  const layout = ociLayout({ layers: [Buffer.from('layer')], withAttestations: true });
  const index = layout.files['index.json'] ?? Buffer.alloc(0);
  const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

  const engineWith = (mediaType: string | undefined): ContainerEngine => ({
    name: 'Docker 29.1.5',
    source: 'Docker',
    address: 'unix:///nowhere',
    os: 'linux',
    architecture: 'amd64',
    apiVersion: '1.48',
    builder: 'BuildKit',
    build: () => Promise.reject(new Error('nothing is built')),
    save: async () => Readable.from([await tarOf(layout.files)]),
    remoteDigest: () => Promise.reject(new Error('nothing is asked')),
    inspect: () => Promise.resolve({ id: digestOf(index), architecture: 'amd64', os: 'linux', sizeBytes: 1, mediaType, hasCommand: true }),
    tag: () => Promise.resolve(),
    async push(repository, tag, { auth }) {
      const name = repository.slice(repository.indexOf('/') + 1);
      const authorization = `Basic ${Buffer.from(`${auth.username}:${auth.password()}`).toString('base64')}`;
      const headers = { authorization, 'content-type': INDEX };
      const answer = await fetch(`http://${registry.host}/v2/${name}/manifests/${tag}`, {
        method: 'PUT',
        headers,
        body: new Uint8Array(index),
      });
      expect(answer.status).toBe(201);
      return digestOf(index);
    },
    removeTag: () => Promise.resolve(),
    run: () => Promise.reject(new Error('nothing is run')),
  });

  const publish = async (engine: ContainerEngine) => {
    const artifact: LocalImageArtifact = {
      kind: 'local-image',
      reference: 'shop:v1',
      architecture: 'x86_64',
      imageTag: 'shop',
      uses: [{ logicalId: 'Fn', resourceType: 'AWS::Serverless::Function', path: [], form: { type: 'image-uri' } }],
    };
    const reporter = recordingReporter();
    const never = () => Promise.reject(new Error('S3 must not be needed'));
    const [published] = await publishArtifacts(
      [artifact],
      { bucket: undefined, prefix: '', region: 'eu-west-1', directory: folder },
      {
        store: never,
        engine: () => Promise.resolve(engine),
        repositories: () => Promise.resolve(registry.repositories),
        registry: () => Promise.resolve(createRegistryClient()),
        reporter,
        signal: new AbortController().signal,
        env: {},
      },
    );
    return { published, reporter };
  };

  it('and says so: the one manifest for the function is pushed, and no attestation', async () => {
    const { published } = await publish(engineWith(INDEX));
    expect(published?.digest).toBe(layout.digest);
    expect([...registry.tags.values()]).toEqual([layout.digest]);
    expect(registry.requests.filter((request) => request.startsWith('PUT') && request.includes('/manifests/'))).toHaveLength(1);
  });

  it('and tells only when it is pushed: the tag is moved to the one manifest', async () => {
    const { published } = await publish(engineWith(undefined));
    expect(published?.digest).toBe(layout.digest);
    expect([...registry.tags.values()]).toEqual([layout.digest]);
  });

  it('and tells only when it is pushed, to a repository whose tags cannot be moved: the manifest gets another', async () => {
    registry.isImmutable = true;
    const { published } = await publish(engineWith(undefined));
    expect(published?.digest).toBe(layout.digest);
    const tag = digestOf(index).slice(7);
    expect([...registry.tags]).toEqual([
      [`shop:${tag}`, digestOf(index)],
      [`shop:${tag}-manifest`, layout.digest],
    ]);
  });
});
