import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pLimit from 'p-limit';
import type { PushBlob, PushedManifest } from '../clients/registry-push.ts';
import { sha256, type ArchivedImage, type ArchivedLayer } from './archived-image.ts';
import { notAnImage, type ImageFiles } from './image-files.ts';

export interface PushableImage {
  /** Image layers, the configuration last. */
  readonly blobs: readonly PushBlob[];
  readonly manifest: PushedManifest;
}

const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

const MOST_PARALLEL = 4;

/**
 * What a registry is to be sent for an image of an archive. Where all image layers are compressed already, that is the archive's own
 * manifest, byte for byte; otherwise they are compressed into `folder`, and a manifest is made for them.
 */
export async function makePushable(
  archived: ArchivedImage,
  files: ImageFiles,
  folder: string,
  signal: AbortSignal,
): Promise<PushableImage> {
  const limit = pLimit(Math.min(availableParallelism(), MOST_PARALLEL));
  const layers = await Promise.all(archived.layers.map((layer, index) => limit(() => makeLayer(layer, index, files, folder, signal))));
  const { bytes, digest } = archived.config;
  const config: PushBlob = { digest, sizeBytes: bytes.length, open: () => Promise.resolve(Readable.from([bytes])) };
  const isAsItWas = archived.manifest !== undefined && layers.every((layer) => !layer.isMade);
  const manifest = isAsItWas && archived.manifest !== undefined ? archived.manifest : newManifest(archived, layers);
  return { blobs: [...layers, config], manifest: { ...manifest, digest: sha256(manifest.bytes) } };
}

interface MadeLayer extends PushBlob {
  readonly isMade: boolean;
}

async function makeLayer(layer: ArchivedLayer, index: number, files: ImageFiles, folder: string, signal: AbortSignal): Promise<MadeLayer> {
  const open = (): Promise<Readable> => files.open(layer.name);
  if (await isCompressed(layer, files)) {
    const digest = layer.digest ?? (await digestOf(await open(), signal));
    return { digest, sizeBytes: layer.sizeBytes, open, isMade: false };
  }
  const file = join(folder, `${index}.tar.gz`);
  const content = createHash('sha256');
  const hash = createHash('sha256');
  // Without a time in it, gzip gives the same bytes for the same content.
  await pipeline(await open(), hashing(content), createGzip(), hashing(hash), createWriteStream(file), { signal });
  const found = `sha256:${content.digest('hex')}`;
  if (layer.diffId !== undefined && layer.diffId !== found)
    throw notAnImage(files.source, `${layer.name} has other content (${found}) than the configuration of the image says`);
  return {
    digest: `sha256:${hash.digest('hex')}`,
    sizeBytes: (await stat(file)).size,
    open: () => Promise.resolve(createReadStream(file, { highWaterMark: 256 * 1024 })),
    isMade: true,
  };
}

/** Gzip by the first bytes: older versions of skopeo call image layers gzip that they have left as they were. */
async function isCompressed(layer: ArchivedLayer, files: ImageFiles): Promise<boolean> {
  if (/zstd/.test(layer.mediaType)) return true;
  for await (const chunk of (await files.open(layer.name)) as AsyncIterable<Buffer>) return chunk[0] === 0x1f && chunk[1] === 0x8b;
  return false;
}

async function digestOf(source: Readable, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(source, hash, { signal });
  return `sha256:${hash.digest('hex')}`;
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}

function newManifest(
  { config, layers: before, manifest }: ArchivedImage,
  layers: readonly MadeLayer[],
): { bytes: Buffer; mediaType: string } {
  const isOci = manifest !== undefined && manifest.mediaType.includes('.oci.');
  const mediaType = isOci ? manifest.mediaType : DOCKER.manifest;
  const document = {
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: isOci ? 'application/vnd.oci.image.config.v1+json' : DOCKER.config,
      digest: config.digest,
      size: config.bytes.length,
    },
    layers: layers.map((layer, index) => ({
      mediaType: layer.isMade ? (isOci ? OCI_LAYER : DOCKER.layer) : before[index]?.mediaType || DOCKER.layer,
      digest: layer.digest,
      size: layer.sizeBytes,
    })),
  };
  return { bytes: Buffer.from(JSON.stringify(document)), mediaType };
}
