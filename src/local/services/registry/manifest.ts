/** Reading manifests: what they refer to and what image they describe. */
import type { BlobFiles } from './blob-files.ts';
import { RegistryError } from './registry-error.ts';

/** What is known of an image without reading its manifest again. */
export interface ManifestSummary {
  readonly mediaType: string;
  /** Media type of the configuration, which tells images from other artefacts. */
  readonly artifactMediaType: string | undefined;
  /** Digests of configuration and layers. */
  readonly blobs: readonly string[];
  /** Digests of the manifests that an index lists. */
  readonly manifests: readonly string[];
  /** Bytes of configuration and layers. */
  readonly size: number;
  readonly configDigest: string | undefined;
  readonly architecture: string | undefined;
  readonly os: string | undefined;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string | undefined;
  /** Layers that lie elsewhere are not pushed. */
  readonly isForeign: boolean;
}

const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** Reads a manifest or index of the kinds that Docker and OCI define. Throws RegistryError `MANIFEST_INVALID`. */
export function summarizeManifest(bytes: Buffer, contentType: string | undefined): ManifestSummary {
  const manifest = parseObject(bytes);
  const mediaType = textOf(manifest['mediaType']) ?? contentType?.split(';', 1)[0]?.trim();
  if (manifest['schemaVersion'] !== 2 || mediaType === undefined) throw invalid('only manifests of schema version 2 are accepted');
  const config = manifest['config'] === undefined ? undefined : readDescriptor(manifest['config']);
  const layers = listOf(manifest['layers']).map(readDescriptor);
  const manifests = listOf(manifest['manifests']).map(readDescriptor);
  if (config === undefined && !Array.isArray(manifest['manifests']))
    throw invalid('there is neither a configuration nor a list of manifests');
  const stored = [...(config === undefined ? [] : [config]), ...layers].filter((descriptor) => !descriptor.isForeign);
  return {
    mediaType,
    artifactMediaType: textOf(manifest['artifactType']) ?? config?.mediaType,
    blobs: stored.map((descriptor) => descriptor.digest),
    manifests: manifests.map((descriptor) => descriptor.digest),
    size: stored.reduce((sum, descriptor) => sum + descriptor.size, 0),
    configDigest: config?.digest,
    architecture: undefined,
    os: undefined,
  };
}

/** Adds the platform that the image's configuration names. The configuration has to be there. */
export async function withPlatform(summary: ManifestSummary, blobs: BlobFiles): Promise<ManifestSummary> {
  if (summary.configDigest === undefined || (blobs.findSize(summary.configDigest) ?? 0) > MAX_CONFIG_BYTES) return summary;
  const text = (await blobs.read(summary.configDigest)).toString('utf8');
  // Other artefacts (charts, signatures) have configurations that are no JSON.
  if (!text.trimStart().startsWith('{')) return summary;
  const config = parseObject(Buffer.from(text));
  return { ...summary, architecture: textOf(config['architecture']), os: textOf(config['os']) };
}

function readDescriptor(value: unknown): Descriptor {
  const descriptor = objectOf(value);
  const digest = textOf(descriptor['digest']);
  const size = descriptor['size'];
  if (digest === undefined || typeof size !== 'number') throw invalid('a descriptor has no digest or size');
  return { digest, size, mediaType: textOf(descriptor['mediaType']), isForeign: listOf(descriptor['urls']).length > 0 };
}

function parseObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(error.message);
    throw error;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('an object is expected');
  return value as Record<string, unknown>;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function invalid(reason: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', 400, `manifest invalid: ${reason}`);
}
