import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { publishArtifacts, type PublishDeps } from '../../src/artifacts/index.ts';
import { indexTar } from '../../src/artifacts/tar-index.ts';
import type { LocalImageArtifact } from '../../src/artifacts/types.ts';
import { createRegistryClient } from '../../src/clients/registry-push.ts';
import { dockerArchive, ociLayout, sha256, tarOf, writeFolder, type Files } from '../support/image-archives.ts';
import { recordingReporter } from '../support/recording-reporter.ts';
import { startTinyRegistry, type TinyRegistry } from '../support/tiny-registry.ts';

let folder: string;
let registry: TinyRegistry;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'archive-test-'));
  registry = await startTinyRegistry();
});
afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true });
});

const never = (what: string) => () => Promise.reject(new Error(`${what} must not be needed`));
const LAYERS = [randomBytes(300_000), Buffer.from('a small layer'), Buffer.alloc(200_000, 7)];

const publish = async (archive: string, more: Partial<LocalImageArtifact> = {}, deps: Partial<PublishDeps> = {}) => {
  const artifact: LocalImageArtifact = {
    kind: 'local-image',
    reference: 'app.tar',
    archive,
    architecture: 'x86_64',
    imageTag: 'shop/app',
    uses: [{ logicalId: 'Fn', resourceType: 'AWS::Serverless::Function', path: ['Resources', 'Fn'], form: { type: 'image-uri' } }],
    ...more,
  };
  const [published] = await publishArtifacts(
    [artifact],
    { bucket: undefined, prefix: '', region: 'eu-west-1', directory: folder },
    {
      store: never('S3'),
      engine: never('an engine'),
      repositories: async () => registry.repositories,
      registry: async () => createRegistryClient(),
      reporter: recordingReporter(),
      signal: new AbortController().signal,
      env: {},
      ...deps,
    },
  );
  if (published?.location.type !== 'image') throw new Error('no image came out');
  return { ...published, location: published.location };
};

/** Digests of the image layers that the registry has, unpacked, in order. */
async function layersOf(digest: string): Promise<string[]> {
  const headers = { authorization: `Basic ${Buffer.from(`AWS:${registry.password}`).toString('base64')}` };
  const get = async (path: string) =>
    Buffer.from(await (await fetch(`http://${registry.host}/v2/shop/app/${path}`, { headers })).arrayBuffer());
  const manifest = JSON.parse((await get(`manifests/${digest}`)).toString()) as { layers: { digest: string }[] };
  const blobs = await Promise.all(manifest.layers.map((layer) => get(`blobs/${layer.digest}`)));
  return blobs.map((bytes) => sha256(gunzipSync(bytes)));
}

async function archive(files: Files, name = 'app.tar'): Promise<string> {
  const bytes = await tarOf(files);
  writeFileSync(join(folder, name), name.endsWith('gz') ? gzipSync(bytes) : bytes);
  return join(folder, name);
}

describe('an image archive', () => {
  it('keeps its manifest byte for byte when its layers are compressed, as tar, tar.gz and directory', async () => {
    const { files, digest } = ociLayout({ layers: LAYERS });
    writeFolder(join(folder, 'layout'), files);
    for (const path of [await archive(files), await archive(files, 'app.tar.gz'), join(folder, 'layout')]) {
      registry.tags.clear();
      expect(await publish(path)).toMatchObject({ digest, built: false, published: true });
    }
    expect(await layersOf(digest)).toEqual(LAYERS.map(sha256));
  });

  it('is reduced to the one manifest for the function’s architecture, without attestations', async () => {
    const amd = ociLayout({ layers: LAYERS, withAttestations: true });
    const path = await archive(amd.files);
    expect((await publish(path)).digest).toBe(amd.digest);
    const arm = await publish(path, { architecture: 'arm64' });
    expect(arm.digest).toBe(ociLayout({ layers: LAYERS, architecture: 'arm64' }).digest);
  });

  it('is the one for Linux where there is one for Windows on the same architecture', async () => {
    const both = ociLayout({ layers: LAYERS, withWindows: true });
    expect((await publish(await archive(both.files))).digest).toBe(both.digest);
    expect(both.digest).toBe(ociLayout({ layers: LAYERS }).digest);
  });

  it('has its layers compressed here also when it calls them gzip', async () => {
    const plainType = 'application/vnd.oci.image.layer.v1.tar+gzip';
    const { digest } = await publish(await archive(ociLayout({ layers: LAYERS, isCompressed: false, plainType }).files));
    expect(await layersOf(digest)).toEqual(LAYERS.map(sha256));
  });

  it('has its layers compressed here when they are not, the same each time', async () => {
    const first = await publish(await archive(ociLayout({ layers: LAYERS, isCompressed: false }).files));
    expect(await layersOf(first.digest)).toEqual(LAYERS.map(sha256));
    registry.tags.clear();
    const again = await publish(await archive(ociLayout({ layers: LAYERS, isCompressed: false }).files, 'b.tar'));
    expect(again.digest).toBe(first.digest);
  });

  it('may be one of an older docker save, also with links and long names', async () => {
    const published = await publish(await archive(dockerArchive(LAYERS), 'app.tgz'));
    expect(await layersOf(published.digest)).toEqual(LAYERS.map(sha256));
    expect(published.location.tag).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is neither read to its end nor sent again when ECR has it', async () => {
    const path = await archive(ociLayout({ layers: LAYERS }).files);
    const first = await publish(path);
    registry.requests.length = 0;
    expect(await publish(path, {}, { registry: never('the registry') })).toMatchObject({ digest: first.digest, published: false });
    expect(registry.requests).toEqual([]);
  });

  it('sends only what is new of another image', async () => {
    await publish(await archive(ociLayout({ layers: LAYERS }).files));
    registry.requests.length = 0;
    await publish(await archive(ociLayout({ layers: [...LAYERS, Buffer.from('more')] }).files));
    const count = (method: string) => registry.requests.filter((request) => request.startsWith(method)).length;
    // One image layer and the configuration.
    expect({
      heads: count('HEAD'),
      uploads: count('PATCH'),
      manifests: registry.requests.filter((r) => /^PUT .*manifests/.test(r)).length,
    }).toEqual({
      heads: 5,
      uploads: 2,
      manifests: 1,
    });
  });

  it('is refused with the reason when it is damaged, or no image, or for another architecture', async () => {
    const { files } = ociLayout({ layers: LAYERS });
    const layer = Object.entries(files).find(([, bytes]) => bytes.length > 200_000) ?? ['', Buffer.alloc(0)];
    const broken = Buffer.from(layer[1]);
    broken[1000] = (broken[1000] ?? 0) ^ 1;
    const cases: [string, RegExp][] = [
      [await archive({ ...files, [layer[0]]: broken }, 'broken.tar'), /has other content than its digest says/],
      [await archive({ readme: Buffer.from('x') }, 'none.tar'), /neither an index\.json nor a manifest\.json/],
      [await archive(ociLayout({ layers: LAYERS, architecture: 'arm64' }).files, 'arm.tar'), /is for linux\/arm64/],
      [await archive({ ...dockerArchive(LAYERS), 'manifest.json': Buffer.from('[{') }, 'json.tar'), /is no JSON/],
    ];
    writeFileSync(join(folder, 'noise.tar'), randomBytes(5_000));
    writeFileSync(join(folder, 'cut.tar'), (await tarOf(files)).subarray(0, 250_000));
    writeFileSync(join(folder, 'cut.tar.gz'), gzipSync(await tarOf(files)).subarray(0, 100_000));
    cases.push(
      [join(folder, 'noise.tar'), /no tar/],
      [join(folder, 'cut.tar'), /ends in the middle/],
      [join(folder, 'cut.tar.gz'), /unexpected end/],
    );
    for (const [path, reason] of cases)
      await expect(publish(path)).rejects.toMatchObject({ code: 'IMAGE_INVALID', message: expect.stringMatching(reason) });
    expect([...registry.tags.keys()]).toEqual([]);
  });

  it('leaves nothing in the temporary folder', async () => {
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    vi.stubEnv('TMPDIR', temporary);
    await publish(await archive(dockerArchive(LAYERS), 'app.tar.gz'));
    expect(readdirSync(temporary)).toEqual([]);
    vi.unstubAllEnvs();
  });
});

describe('the index of a tar', () => {
  it('finds what GNU tar and pax write: long names, links, sparse folders', async () => {
    const deep = join(folder, 'src', 'd'.repeat(120), 'e'.repeat(120));
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'file'), 'deep');
    writeFileSync(join(folder, 'src', 'plain'), 'plain');
    symlinkSync('plain', join(folder, 'src', 'link'));
    for (const format of ['gnu', 'pax']) {
      const path = join(folder, `${format}.tar`);
      execFileSync('tar', [`--format=${format}`, '-cf', path, '-C', join(folder, 'src'), '.']);
      const places = await indexTar(path);
      expect(Object.fromEntries([...places].map(([name, { size }]) => [name, size]))).toEqual({
        [`${'d'.repeat(120)}/${'e'.repeat(120)}/file`]: 4,
        link: 5,
        plain: 5,
      });
    }
    expect(sha256(Buffer.from(''))).toMatch(/^sha256:e3b0c442/);
  });
});
