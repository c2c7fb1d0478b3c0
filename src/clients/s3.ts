import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

import type { SdkClientConfig } from './aws-config.ts';
import { createBucket, deleteBucket, findBucket, type Bucket } from './s3-buckets.ts';
import type { S3Edge } from './s3-edge.ts';
import { emptyBucket, type EmptyOptions } from './s3-empty.ts';
import { measureBucket, type BucketContent, type MeasureOptions } from './s3-measure.ts';
import { findObject, listKeys, readText, type KeyListing, type StoredObject } from './s3-objects.ts';
import { presignGet } from './s3-presign.ts';
import { uploadBytes, uploadFile, type UploadedObject, type UploadOptions } from './s3-upload.ts';
import {
  abortUploads,
  deleteVersions,
  listUploads,
  listVersions,
  type FailedDeletion,
  type ObjectVersion,
  type UnfinishedUpload,
  type VersionId,
} from './s3-versions.ts';

/** What this tool does with S3. Names are of buckets in the account; every call checks the owner when the account is known. */
export interface ObjectStore {
  readonly region: string;
  /** Undefined when there is no such bucket. */
  findBucket(name: string): Promise<Bucket | undefined>;
  /** Private, encrypted, versioned, TLS only. One that is ours already is brought to the same settings. */
  createBucket(name: string): Promise<{ readonly created: boolean }>;
  /** The keys below a prefix, or the first of them when there are more pages than `maxPages`. */
  listKeys(bucket: string, prefix: string, options?: { readonly maxPages?: number; readonly signal?: AbortSignal }): Promise<KeyListing>;
  findObject(bucket: string, key: string, signal?: AbortSignal, versionId?: string): Promise<StoredObject | undefined>;
  /** Undefined when there is no such object. */
  readText(bucket: string, key: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<string | undefined>;
  /** All versions and delete markers below a prefix. */
  listVersions(bucket: string, prefix: string, signal?: AbortSignal): Promise<ObjectVersion[]>;
  /** Answers what S3 refused to delete. */
  deleteVersions(bucket: string, versions: readonly VersionId[], signal?: AbortSignal): Promise<FailedDeletion[]>;
  /** Unfinished multipart uploads below a prefix. */
  listUploads(bucket: string, prefix: string, signal?: AbortSignal): Promise<UnfinishedUpload[]>;
  abortUploads(bucket: string, uploads: readonly UnfinishedUpload[], signal?: AbortSignal): Promise<void>;
  uploadFile(bucket: string, key: string, path: string, options?: UploadOptions): Promise<UploadedObject>;
  uploadBytes(bucket: string, key: string, bytes: Uint8Array, options?: UploadOptions): Promise<UploadedObject>;
  uploadText(bucket: string, key: string, text: string, options?: UploadOptions): Promise<UploadedObject>;
  /** Deletes every version, delete marker and unfinished upload below the prefix (default: all). Answers how many. */
  empty(bucket: string, options?: EmptyOptions): Promise<number>;
  /** How much it holds, delete markers included; undefined when there is no such bucket. */
  measure(bucket: string, options: MeasureOptions): Promise<BucketContent | undefined>;
  /** False when it was gone already. */
  deleteBucket(name: string): Promise<boolean>;
  /** An https address under which the object can be read without credentials until it expires. */
  presignedUrl(bucket: string, key: string, expiresInSeconds: number): Promise<string>;
}

/** Loads the SDK. `accountId`: the account that must own every bucket used. */
export async function createObjectStore(
  config: SdkClientConfig,
  options: { readonly accountId?: string | undefined } = {},
): Promise<ObjectStore> {
  const isCustom = config.endpoint !== undefined;
  const client = new S3Client({
    ...config,
    // Emulators know buckets by path, and the older ones no trailing checksums.
    ...(isCustom ? { forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' } : {}),
  } satisfies S3ClientConfig);
  // It makes a copy of every request and answer for a logger that is not there.
  client.middlewareStack.remove('loggerMiddleware');
  const edge: S3Edge = { client, config, accountId: options.accountId, encryption: new Map(), accelerated: new Map() };
  return {
    region: config.region,
    findBucket: (name) => findBucket(edge, name),
    createBucket: (name) => createBucket(edge, name),
    listKeys: (bucket, prefix, listOptions) => listKeys(edge, bucket, prefix, listOptions),
    findObject: (bucket, key, signal, versionId) => findObject(edge, bucket, key, signal, versionId),
    readText: (bucket, key, textOptions) => readText(edge, bucket, key, textOptions),
    listVersions: (bucket, prefix, signal) => listVersions(edge, bucket, prefix, signal),
    deleteVersions: (bucket, versions, signal) => deleteVersions(edge, bucket, versions, signal),
    listUploads: (bucket, prefix, signal) => listUploads(edge, bucket, prefix, signal),
    abortUploads: (bucket, uploads, signal) => abortUploads(edge, bucket, uploads, signal),
    uploadFile: (bucket, key, path, uploadOptions) => uploadFile(edge, bucket, key, path, uploadOptions),
    uploadBytes: (bucket, key, bytes, uploadOptions) => uploadBytes(edge, bucket, key, bytes, uploadOptions),
    uploadText: (bucket, key, text, uploadOptions) => uploadBytes(edge, bucket, key, Buffer.from(text), uploadOptions),
    empty: (bucket, emptyOptions) => emptyBucket(edge, bucket, emptyOptions),
    measure: (bucket, measureOptions) => measureBucket(edge, bucket, measureOptions),
    deleteBucket: (name) => deleteBucket(edge, name),
    presignedUrl: (bucket, key, expiresInSeconds) => presignGet(edge, bucket, key, expiresInSeconds),
  };
}
