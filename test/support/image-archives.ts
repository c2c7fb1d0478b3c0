import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

export const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export type Files = Record<string, Buffer>;

export async function tarOf(files: Files): Promise<Buffer> {
  const archive = pack();
  for (const [name, bytes] of Object.entries(files)) archive.entry({ name }, bytes);
  archive.finalize();
  return buffer(archive);
}

export function writeFolder(folder: string, files: Files): void {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

export interface LayoutWish {
  readonly layers: readonly Buffer[];
  readonly architecture?: string;
  readonly isCompressed?: boolean;
  /** As buildx makes it by default: an index with a second platform and an attestation. */
  readonly withAttestations?: boolean;
  /** The second platform is one of Windows, on the same architecture. */
  readonly withWindows?: boolean;
  /** What uncompressed image layers are called. */
  readonly plainType?: string;
}

/** The files of an OCI layout, and the digest of the manifest that Lambda would take. */
export function ociLayout({
  layers,
  architecture = 'amd64',
  isCompressed = true,
  withAttestations = false,
  withWindows = false,
  plainType = LAYER,
}: LayoutWish): {
  files: Files;
  digest: string;
} {
  const files: Files = { 'oci-layout': json({ imageLayoutVersion: '1.0.0' }) };
  const put = (bytes: Buffer, mediaType: string) => {
    files[`blobs/sha256/${sha256(bytes).slice(7)}`] = bytes;
    return { mediaType, digest: sha256(bytes), size: bytes.length };
  };
  const image = (arch: string, os = 'linux') => {
    const config = {
      architecture: arch,
      os,
      config: { Entrypoint: ['/app'] },
      rootfs: { type: 'layers', diff_ids: layers.map(sha256) },
    };
    const blobs = layers.map((bytes) => (isCompressed ? put(gzipSync(bytes), `${LAYER}+gzip`) : put(bytes, plainType)));
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: put(json(config), 'application/vnd.oci.image.config.v1+json'),
      layers: blobs,
    };
    return { ...put(json(manifest), MANIFEST), platform: { os, architecture: arch } };
  };
  const own = image(architecture);
  const windows = withWindows ? [image(architecture, 'windows')] : [];
  const other = withAttestations ? [image(architecture === 'amd64' ? 'arm64' : 'amd64')] : [];
  const attestation = withAttestations
    ? [
        {
          ...put(json({ schemaVersion: 2, layers: [] }), MANIFEST),
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
        },
      ]
    : [];
  const list = { schemaVersion: 2, mediaType: INDEX, manifests: [...windows, ...other, own, ...attestation] };
  files['index.json'] = withAttestations ? json({ schemaVersion: 2, manifests: [put(json(list), INDEX)] }) : json(list);
  return { files, digest: own.digest };
}

/** What `docker save` wrote before Docker 25. */
export function dockerArchive(layers: readonly Buffer[], architecture = 'amd64'): Files {
  const config = json({ architecture, os: 'linux', config: { Cmd: ['/app'] }, rootfs: { type: 'layers', diff_ids: layers.map(sha256) } });
  const name = `${sha256(config).slice(7)}.json`;
  const files: Files = { [name]: config };
  const Layers = layers.map((bytes, index) => {
    files[`${'0'.repeat(120)}${index}/layer.tar`] = bytes;
    return `${'0'.repeat(120)}${index}/layer.tar`;
  });
  files['manifest.json'] = json([{ Config: name, RepoTags: ['app:latest'], Layers }]);
  return files;
}
