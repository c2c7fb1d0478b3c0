import type { ListMultipartUploadsCommandOutput, ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { UserError } from '../errors.ts';
import { sendOptions, translateS3Error } from './s3-errors.ts';
import type { S3Edge } from './s3-edge.ts';

export type EmptyProgress = (deletedObjects: number) => void;

interface ObjectVersion {
  readonly Key: string;
  readonly VersionId: string | undefined;
}

/** Calls under way at a time; each deletes up to 1000 versions, the most that one call takes. */
const PARALLEL_DELETES = 4;

/** What was written, or skipped by a listing that ran beside deletions, is found by another pass. */
const MAX_PASSES = 5;

export interface EmptyOptions {
  readonly prefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: EmptyProgress | undefined;
}

/** Deletes every version, delete marker and unfinished upload. Answers the number of versions and markers deleted. */
export async function emptyBucket(edge: S3Edge, bucket: string, options: EmptyOptions = {}): Promise<number> {
  let deleted = 0;
  try {
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      const before = deleted;
      deleted += await deleteListed(edge, bucket, options, before);
      if (deleted === before) break;
    }
    await abortUploads(edge, bucket, options.prefix, options.signal);
  } catch (error) {
    throw translateS3Error(error, edge, 'DeleteObjectVersion', bucket);
  }
  return deleted;
}

async function deleteListed(edge: S3Edge, bucket: string, options: EmptyOptions, before: number): Promise<number> {
  const pending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let deleted = 0;
  const remove = async (versions: ObjectVersion[]): Promise<void> => {
    try {
      await deleteVersions(edge, bucket, versions, options.signal);
      deleted += versions.length;
      options.onProgress?.(before + deleted);
    } catch (error) {
      failures.push(error);
    }
  };
  try {
    for await (const versions of versionPages(edge, bucket, options.prefix, options.signal)) {
      const work: Promise<void> = remove(versions).then(() => void pending.delete(work));
      pending.add(work);
      // Read ahead only as far as deletes are under way, so that a bucket of any size fits in memory.
      if (pending.size >= PARALLEL_DELETES) await Promise.race(pending);
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(pending);
  }
  if (failures.length > 0) throw failures[0];
  return deleted;
}

/** Pages of versions and delete markers, at most 1000 each. (The SDK has no paginator for this call.) */
async function* versionPages(
  edge: S3Edge,
  bucket: string,
  prefix: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectVersion[]> {
  const { ListObjectVersionsCommand } = await import('@aws-sdk/client-s3');
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (next !== undefined) {
    const input = { Bucket: bucket, Prefix: prefix, ExpectedBucketOwner: edge.accountId, ...next };
    const page: ListObjectVersionsCommandOutput = await edge.client.send(new ListObjectVersionsCommand(input), sendOptions(signal));
    const versions = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].flatMap(({ Key, VersionId }) =>
      Key === undefined ? [] : [{ Key, VersionId }],
    );
    if (versions.length > 0) yield versions;
    next = page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
}

async function deleteVersions(edge: S3Edge, bucket: string, versions: ObjectVersion[], signal: AbortSignal | undefined): Promise<void> {
  const { DeleteObjectsCommand } = await import('@aws-sdk/client-s3');
  const input = { Bucket: bucket, Delete: { Objects: versions, Quiet: true }, ExpectedBucketOwner: edge.accountId };
  const answer = await edge.client.send(new DeleteObjectsCommand(input), sendOptions(signal));
  const [first] = answer.Errors ?? [];
  if (first === undefined) return;
  throw new UserError(
    'BUCKET_NOT_EMPTY',
    `${first.Key ?? 'An object'} in the bucket ${bucket} could not be deleted: ${first.Message ?? first.Code ?? ''}`,
    {
      hint: 'Look for an object lock or a bucket policy that forbids it.',
    },
  );
}

/** Unfinished multipart uploads cost money, and a directory bucket with one cannot be deleted. */
async function abortUploads(edge: S3Edge, bucket: string, prefix: string | undefined, signal: AbortSignal | undefined): Promise<void> {
  const { AbortMultipartUploadCommand, ListMultipartUploadsCommand } = await import('@aws-sdk/client-s3');
  const limit = pLimit(PARALLEL_DELETES);
  let next: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (next !== undefined) {
    const input = { Bucket: bucket, Prefix: prefix, ExpectedBucketOwner: edge.accountId, ...next };
    const page: ListMultipartUploadsCommandOutput = await edge.client.send(new ListMultipartUploadsCommand(input), sendOptions(signal));
    await Promise.all(
      (page.Uploads ?? []).map(({ Key, UploadId }) =>
        limit(() => edge.client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }), sendOptions(signal))),
      ),
    );
    next = page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
  }
}
