import { createHash } from 'node:crypto';
import type { EngineImage } from '../clients/docker.ts';
import { notAnImage, type ImageFiles } from './image-files.ts';
import type { Architecture } from './types.ts';

/** One image layer of an archive. */
export interface ArchivedLayer {
  /** Of the file in the archive. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Of the file as it is; undefined where the archive does not say. */
  readonly digest: string | undefined;
  /** Digest of the uncompressed content, as the configuration has it. */
  readonly diffId: string | undefined;
  /** Empty where the archive does not say. */
  readonly mediaType: string;
}

/** One image of an archive: what a manifest for it needs. */
export interface ArchivedImage {
  readonly image: EngineImage;
  readonly config: { readonly bytes: Buffer; readonly digest: string };
  readonly layers: readonly ArchivedLayer[];
  /** As the archive has it; undefined in those of older engines, which have none. */
  readonly manifest: { readonly bytes: Buffer; readonly mediaType: string } | undefined;
}

interface Descriptor {
  readonly mediaType?: string;
  readonly digest?: string;
  readonly size?: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly mediaType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

interface Config {
  readonly architecture?: string;
  readonly os?: string;
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
  readonly config?: { readonly Entrypoint?: readonly string[] | null; readonly Cmd?: readonly string[] | null };
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const DEEPEST_INDEX = 4;

/**
 * The image for an architecture in an archive: out of an index, the one manifest for it; attestations do not count. Reads OCI layouts
 * (https://github.com/opencontainers/image-spec/blob/main/image-layout.md) and what `docker save` wrote before it wrote those. Throws
 * UserError IMAGE_INVALID.
 */
export async function readArchivedImage(files: ImageFiles, architecture: Architecture): Promise<ArchivedImage> {
  const wanted = architecture === 'x86_64' ? 'amd64' : architecture;
  if ((await files.size('index.json')) !== undefined) return readLayout(files, wanted);
  if ((await files.size('manifest.json')) !== undefined) return readDockerArchive(files);
  throw notAnImage(files.source, 'it has neither an index.json nor a manifest.json');
}

async function readLayout(files: ImageFiles, architecture: string): Promise<ArchivedImage> {
  const found = await findManifests(files, parse(files, 'index.json', await files.text('index.json')) as Manifest, DEEPEST_INDEX);
  const isFitting = ({ platform }: Descriptor): boolean =>
    platform === undefined || ((platform.os ?? 'linux') === 'linux' && platform.architecture === architecture);
  const fitting = found.filter(isFitting);
  // Without a platform beside the manifest, the image's own configuration says it.
  const images = await Promise.all((fitting.length > 0 ? fitting : found.slice(0, 1)).map((one) => readManifest(files, one)));
  const chosen = images.find(({ image }) => image.architecture === architecture) ?? images[0];
  if (chosen === undefined) throw notAnImage(files.source, 'there is no image in it');
  return chosen;
}

/** The manifests of images below an index, which may hold further indexes. */
async function findManifests(files: ImageFiles, index: Manifest, depth: number): Promise<Descriptor[]> {
  if (depth === 0) throw notAnImage(files.source, 'its indexes lead nowhere');
  const lists = await Promise.all(
    (index.manifests ?? []).map(async (entry): Promise<Descriptor[]> => {
      if (entry.platform?.os === 'unknown' || entry.annotations?.['vnd.docker.reference.type'] !== undefined) return [];
      if (!/image\.index|manifest\.list/.test(entry.mediaType ?? '')) return [entry];
      return findManifests(files, parse(files, 'an index', await verifiedText(files, entry)) as Manifest, depth - 1);
    }),
  );
  return lists.flat();
}

async function readManifest(files: ImageFiles, entry: Descriptor): Promise<ArchivedImage> {
  const text = await verifiedText(files, entry);
  const manifest = parse(files, 'a manifest', text) as Manifest;
  if (manifest.config === undefined || manifest.layers === undefined)
    throw notAnImage(files.source, 'it holds a manifest that is none of an image');
  const config = await verifiedText(files, manifest.config);
  const diffIds = (parse(files, 'a configuration', config) as Config).rootfs?.diff_ids ?? [];
  const layers = await Promise.all(
    manifest.layers.map(async ({ digest = '', size, mediaType = '' }, index): Promise<ArchivedLayer> => {
      const name = blobName(files, digest);
      const present = await files.size(name);
      if (present === undefined || (size !== undefined && present !== size))
        throw notAnImage(files.source, `the image layer ${digest} is ${present === undefined ? 'missing' : 'cut off'}`);
      return { name, sizeBytes: present, digest, diffId: diffIds[index], mediaType };
    }),
  );
  const mediaType = manifest.mediaType ?? entry.mediaType ?? OCI_MANIFEST;
  return describe(files, config, layers, { bytes: Buffer.from(text), mediaType });
}

interface SavedImage {
  readonly Config?: string;
  readonly Layers?: readonly string[];
}

/** `docker save` before Docker 25, podman and others: https://github.com/moby/docker-image-spec/blob/main/v1.2.md */
async function readDockerArchive(files: ImageFiles): Promise<ArchivedImage> {
  const [saved] = parse(files, 'manifest.json', await files.text('manifest.json')) as readonly SavedImage[];
  if (saved?.Config === undefined || saved.Layers === undefined) throw notAnImage(files.source, 'its manifest.json names no image');
  const config = await files.text(saved.Config);
  const diffIds = (parse(files, saved.Config, config) as Config).rootfs?.diff_ids ?? [];
  if (diffIds.length !== saved.Layers.length) throw notAnImage(files.source, 'its configuration and its manifest.json do not fit');
  const layers = await Promise.all(
    saved.Layers.map(async (name, index): Promise<ArchivedLayer> => {
      const sizeBytes = await files.size(name);
      if (sizeBytes === undefined) throw notAnImage(files.source, `${name} is missing in it`);
      return { name, sizeBytes, digest: undefined, diffId: diffIds[index], mediaType: '' };
    }),
  );
  return describe(files, config, layers, undefined);
}

function describe(
  files: ImageFiles,
  configText: string,
  layers: readonly ArchivedLayer[],
  manifest: ArchivedImage['manifest'],
): ArchivedImage {
  const { architecture = '', os = '', config } = parse(files, 'a configuration', configText) as Config;
  const bytes = Buffer.from(configText);
  const digest = sha256(bytes);
  return {
    image: {
      id: digest,
      architecture,
      os,
      // What is compressed here is larger in the end; nobody can tell before it is unpacked.
      sizeBytes: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
      mediaType: manifest?.mediaType,
      hasCommand: (config?.Entrypoint?.length ?? 0) > 0 || (config?.Cmd?.length ?? 0) > 0,
    },
    config: { bytes, digest },
    layers,
    manifest,
  };
}

async function verifiedText(files: ImageFiles, { digest = '' }: Descriptor): Promise<string> {
  const text = await files.text(blobName(files, digest));
  if (sha256(Buffer.from(text)) !== digest) throw notAnImage(files.source, `${digest} has other content than its name says`);
  return text;
}

function blobName(files: ImageFiles, digest: string): string {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  if (hex === undefined) throw notAnImage(files.source, `it names content by ${JSON.stringify(digest)}, which is no SHA-256 digest`);
  return `blobs/sha256/${hex}`;
}

export function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function parse(files: ImageFiles, name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notAnImage(files.source, `${name} in it is no JSON`, error);
  }
}
