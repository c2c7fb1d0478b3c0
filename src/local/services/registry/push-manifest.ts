/** Taking in a manifest, whether it comes over `/v2/` or through ECR's PutImage. */
import { type ImageRecord, type ImageStore, type RepositoryRecord, digestOf } from './image-store.ts';
import { summarizeManifest, withPlatform } from './manifest.ts';
import { RegistryError } from './registry-error.ts';

export interface PushedManifest {
  readonly repository: RepositoryRecord;
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
  /** Undefined when it is pushed by its digest alone. */
  readonly tag: string | undefined;
}

/**
 * Checks that everything the manifest refers to has been pushed before, and keeps it. Throws RegistryError `MANIFEST_INVALID`,
 * `MANIFEST_BLOB_UNKNOWN`, or `TAG_INVALID` for a tag that may not be moved.
 */
export async function pushManifest(store: ImageStore, pushed: PushedManifest): Promise<ImageRecord> {
  const { repository, tag } = pushed;
  const summary = summarizeManifest(pushed.bytes, pushed.contentType);
  const missing = [
    ...summary.blobs.filter((digest) => !store.hasLayer(repository.name, digest)),
    ...summary.manifests.filter((digest) => store.findImage(repository.name, digest) === undefined),
  ];
  if (missing.length > 0) throw new RegistryError('MANIFEST_BLOB_UNKNOWN', 400, `blob unknown to registry: ${missing.join(', ')}`);
  if (tag !== undefined) checkTagMayMove(store, repository, tag, digestOf(pushed.bytes));
  const complete = await withPlatform(summary, store.blobs);
  return store.putImage(repository.name, pushed.bytes, complete, tag);
}

function checkTagMayMove(store: ImageStore, repository: RepositoryRecord, tag: string, digest: string): void {
  const current = store.findImage(repository.name, tag);
  if (current === undefined || current.digest === digest || !isImmutable(repository, tag)) return;
  throw new RegistryError(
    'TAG_INVALID',
    400,
    `The image tag '${tag}' already exists in the '${repository.name}' repository and cannot be overwritten because the tag is immutable.`,
  );
}

function isImmutable(repository: RepositoryRecord, tag: string): boolean {
  const excluded = repository.mutabilityExclusions.some((wildcard) => matchesWildcard(tag, wildcard));
  return repository.tagMutability.startsWith('IMMUTABLE') !== excluded;
}

function matchesWildcard(text: string, wildcard: string): boolean {
  const pattern = wildcard.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`).test(text);
}
