/** Repositories, their images and the layers that were uploaded to them: what ECR describes and the registry serves. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Collection, Store } from '../../types.ts';
import { type BlobFiles, openBlobFiles } from './blob-files.ts';
import type { ManifestSummary } from './manifest.ts';

export interface RepositoryRecord {
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly tagMutability: string;
  /** Wildcards of tags to which the mutability does not apply. */
  readonly mutabilityExclusions: readonly string[];
  readonly scanOnPush: boolean;
  readonly encryption: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** JSON. */
  readonly lifecyclePolicy?: string | undefined;
  /** JSON. */
  readonly policy?: string | undefined;
}

export interface ImageRecord {
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  /** The bytes as they were pushed, in base64. */
  readonly manifest: string;
  readonly tags: readonly string[];
  readonly pushedAt: string;
  readonly lastPulledAt?: string | undefined;
  readonly summary: ManifestSummary;
}

export interface ImageStore {
  readonly repositories: Collection<RepositoryRecord>;
  readonly blobs: BlobFiles;
  /** By tag or digest. */
  findImage(repository: string, reference: string): ImageRecord | undefined;
  imagesOf(repository: string): readonly ImageRecord[];
  /** Keeps an image under its digest, and moves the tag to it. */
  putImage(repository: string, manifest: Buffer, summary: ManifestSummary, tag: string | undefined): ImageRecord;
  untag(image: ImageRecord, tag: string): void;
  markPulled(image: ImageRecord): void;
  /** Removes the image and those of its layers that no other image of the repository has. */
  deleteImage(image: ImageRecord): void;
  hasLayer(repository: string, digest: string): boolean;
  addLayer(repository: string, digest: string): void;
  /** With its images and layers. */
  deleteRepository(name: string): void;
}

/** The digest under which bytes are known. */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function openImageStore(store: Store): ImageStore {
  const repositories = store.collection<RepositoryRecord>('ecr-repositories');
  const images = store.collection<ImageRecord>('ecr-images');
  /** Which repository has which layer. */
  const layers = store.collection<{ readonly digest: string }>('ecr-layers');
  const blobs = openBlobFiles(path.join(store.folder, 'registry'));
  blobs.keepOnly(new Set([...layers.entries()].map(([, layer]) => layer.digest)));

  const imagesOf = (repository: string) => valuesUnder(images, `${repository}@`);
  const save = (image: ImageRecord) => images.put(`${image.repository}@${image.digest}`, image);
  const dropLayer = (repository: string, digest: string) => {
    layers.delete(`${repository}@${digest}`);
    for (const [, layer] of layers.entries()) if (layer.digest === digest) return;
    blobs.remove(digest);
  };
  const deleteImage = (image: ImageRecord) => {
    images.delete(`${image.repository}@${image.digest}`);
    const stillUsed = new Set(imagesOf(image.repository).flatMap((other) => other.summary.blobs));
    for (const digest of image.summary.blobs) if (!stillUsed.has(digest)) dropLayer(image.repository, digest);
  };
  const untag = (image: ImageRecord, tag: string) => save({ ...image, tags: image.tags.filter((other) => other !== tag) });
  const findImage = (repository: string, reference: string) =>
    reference.includes(':')
      ? images.get(`${repository}@${reference}`)
      : imagesOf(repository).find((image) => image.tags.includes(reference));

  return {
    repositories,
    blobs,
    findImage,
    imagesOf,
    untag,
    deleteImage,
    putImage(repository, manifest, summary, tag) {
      const digest = digestOf(manifest);
      const tagged = tag === undefined ? undefined : findImage(repository, tag);
      if (tag !== undefined && tagged !== undefined && tagged.digest !== digest) untag(tagged, tag);
      const known = images.get(`${repository}@${digest}`);
      const tags = [...new Set([...(known?.tags ?? []), ...(tag === undefined ? [] : [tag])])];
      const pushedAt = known?.pushedAt ?? new Date().toISOString();
      const image: ImageRecord = {
        repository,
        digest,
        mediaType: summary.mediaType,
        manifest: manifest.toString('base64'),
        tags,
        pushedAt,
        lastPulledAt: known?.lastPulledAt,
        summary,
      };
      save(image);
      return image;
    },
    markPulled: (image) => save({ ...image, lastPulledAt: new Date().toISOString() }),
    hasLayer: (repository, digest) => layers.get(`${repository}@${digest}`) !== undefined,
    addLayer: (repository, digest) => layers.put(`${repository}@${digest}`, { digest }),
    deleteRepository(name) {
      for (const image of imagesOf(name)) deleteImage(image);
      for (const { digest } of valuesUnder(layers, `${name}@`)) dropLayer(name, digest);
      repositories.delete(name);
    },
  };
}

function valuesUnder<T>(collection: Collection<T>, prefix: string): T[] {
  return [...collection.entries()].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value);
}
