/** What S3 keeps: buckets, objects with their versions, unfinished uploads. Content lies in files (`content.ts`). */
import { type Collection, LOCAL_ACCOUNT_ID, ServiceError, type ServiceRequest, type Store } from '../../types.ts';
import { createContentFolder, type ContentFolder } from './content.ts';

export interface BucketRecord {
  readonly name: string;
  readonly region: string;
  readonly createdAt: string;
  readonly versioning?: 'Enabled' | 'Suspended' | undefined;
  /** Sub-resources as they were put: XML, or JSON for the policy. An empty text is one that was deleted and has a default. */
  readonly documents: Readonly<Record<string, string>>;
}

/** One version of an object, or a delete marker. */
export interface VersionRecord {
  /** `null` for a version made while the bucket was not versioned. */
  readonly versionId: string;
  readonly deleteMarker?: true | undefined;
  readonly lastModified: string;
  /** Without quotes. */
  readonly etag: string;
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
  /** Name within the content folder; empty for a delete marker. */
  readonly file: string;
  /** System and user headers as they are answered: `content-type`, `x-amz-meta-…`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** `x-amz-checksum-…` headers as they are answered. */
  readonly checksums: Readonly<Record<string, string>>;
  /** Sizes of the parts of a multipart object. */
  readonly partSizes?: readonly number[] | undefined;
}

/** A key with all its versions, the newest first. There is at least one. */
export interface ObjectRecord {
  readonly bucket: string;
  readonly key: string;
  readonly versions: readonly VersionRecord[];
}

export interface PartRecord {
  readonly etag: string;
  readonly size: number;
  readonly file: string;
  readonly lastModified: string;
  readonly checksums: Readonly<Record<string, string>>;
}

export interface UploadRecord {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiated: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly checksumAlgorithm?: string | undefined;
  readonly checksumType?: string | undefined;
  readonly parts: Readonly<Record<string, PartRecord>>;
}

export interface S3State {
  readonly buckets: Collection<BucketRecord>;
  /** By `bucket/key`. */
  readonly objects: Collection<ObjectRecord>;
  /** By upload id. */
  readonly uploads: Collection<UploadRecord>;
  readonly content: ContentFolder;
}

/** A request to a bucket or an object. */
export interface S3Request extends ServiceRequest {
  readonly bucket: string;
  /** Decoded; empty for a request to the bucket. */
  readonly key: string;
}

/** Opens the state and removes content that no record refers to: the rest of a run that was killed. */
export function openS3State(store: Store): S3State {
  const state: S3State = {
    buckets: store.collection('s3-buckets'),
    objects: store.collection('s3-objects'),
    uploads: store.collection('s3-uploads'),
    content: createContentFolder(store.folder),
  };
  const used = new Set<string>();
  for (const [, object] of state.objects.entries()) for (const version of object.versions) used.add(version.file);
  for (const [, upload] of state.uploads.entries()) for (const part of Object.values(upload.parts)) used.add(part.file);
  state.content.keepOnly(used);
  return state;
}

export const OWNER = { ID: LOCAL_ACCOUNT_ID.padStart(64, '0'), DisplayName: 'local' } as const;

export function objectId(bucket: string, key: string): string {
  return `${bucket}/${key}`;
}

/** Throws ServiceError `NoSuchBucket`. */
export function getBucket(state: S3State, name: string): BucketRecord {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw new ServiceError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: name });
  return bucket;
}

/** The version asked for, or the newest; a delete marker counts as a version. Undefined when there is none. */
export function findVersion(state: S3State, bucket: string, key: string, versionId?: string | null): VersionRecord | undefined {
  const versions = state.objects.get(objectId(bucket, key))?.versions;
  if (versionId === undefined || versionId === null) return versions?.[0];
  return versions?.find((version) => version.versionId === versionId);
}

/** Objects of a bucket in the order of their keys. */
export function* objectsOf(state: S3State, bucket: string): Iterable<ObjectRecord> {
  for (const [id, object] of state.objects.entries()) {
    if (id.startsWith(`${bucket}/`)) yield object;
  }
}

/**
 * Adds a version on top, as the bucket's versioning has it: beside the others, or in place of the `null` version.
 * Content that nothing refers to any more is removed.
 */
export function addVersion(state: S3State, bucket: BucketRecord, key: string, version: VersionRecord): void {
  const known = state.objects.get(objectId(bucket.name, key))?.versions ?? [];
  const replaced = version.versionId === 'null' ? known.filter((other) => other.versionId === 'null') : [];
  const kept = known.filter((other) => !replaced.includes(other));
  state.objects.put(objectId(bucket.name, key), { bucket: bucket.name, key, versions: [version, ...kept] });
  for (const old of replaced) state.content.remove(old.file);
}

/** Removes one version for good. Answers it, or undefined when it was not there. */
export function removeVersion(state: S3State, bucket: string, key: string, versionId: string): VersionRecord | undefined {
  const id = objectId(bucket, key);
  const versions = state.objects.get(id)?.versions ?? [];
  const removed = versions.find((version) => version.versionId === versionId);
  if (removed === undefined) return undefined;
  const kept = versions.filter((version) => version !== removed);
  if (kept.length === 0) state.objects.delete(id);
  else state.objects.put(id, { bucket, key, versions: kept });
  state.content.remove(removed.file);
  return removed;
}

/** Changes one version in place (tags). */
export function replaceVersion(state: S3State, bucket: string, key: string, changed: VersionRecord): void {
  const id = objectId(bucket, key);
  const versions = state.objects.get(id)?.versions ?? [];
  state.objects.put(id, {
    bucket,
    key,
    versions: versions.map((version) => (version.versionId === changed.versionId ? changed : version)),
  });
}
