import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  type ListMultipartUploadsCommandOutput,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3';

import pLimit from 'p-limit';
import { sendOptions, statusOf, translateS3Error } from './s3-errors.ts';
import type { S3Edge } from './s3-edge.ts';

/** One version of an object, or a delete marker. */
export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string | undefined;
  /** 0 for a delete marker. */
  readonly sizeBytes: number;
  readonly modifiedAt: Date | undefined;
  /** Whether a request without a version means this one. */
  readonly isLatest: boolean;
  readonly isMarker: boolean;
}

export type VersionId = Pick<ObjectVersion, 'key' | 'versionId'>;

/** A version that S3 did not delete, and why. */
export interface FailedDeletion extends VersionId {
  readonly reason: string;
}

/** The most that one call deletes. */
const MOST_PER_CALL = 1000;

/** Pages of versions and delete markers, at most 1000 each. (The SDK has no paginator for this call.) */
export async function* versionPages(
  edge: S3Edge,
  bucket: string,
  prefix: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectVersion[]> {
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (next !== undefined) {
    const input = { Bucket: bucket, Prefix: prefix, ExpectedBucketOwner: edge.accountId, ...next };
    const page: ListObjectVersionsCommandOutput = await edge.client.send(new ListObjectVersionsCommand(input), sendOptions(signal));
    const versions = readPage(page);
    if (versions.length > 0) yield versions;
    next = page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
}

function readPage(page: ListObjectVersionsCommandOutput): ObjectVersion[] {
  const objects = (page.Versions ?? []).map((entry) => ({ ...entry, isMarker: false }));
  const markers = (page.DeleteMarkers ?? []).map((entry) => ({ ...entry, Size: 0, isMarker: true }));
  return [...objects, ...markers].flatMap(({ Key: key, VersionId, Size, LastModified, IsLatest, isMarker }) =>
    key === undefined
      ? []
      : [{ key, versionId: VersionId, sizeBytes: Size ?? 0, modifiedAt: LastModified, isLatest: IsLatest ?? true, isMarker }],
  );
}

/** All versions and delete markers below a prefix. Throws UserError BUCKET_NOT_FOUND, ACCESS_DENIED, …. */
export async function listVersions(edge: S3Edge, bucket: string, prefix: string, signal?: AbortSignal): Promise<ObjectVersion[]> {
  const found: ObjectVersion[] = [];
  try {
    for await (const page of versionPages(edge, bucket, prefix, signal)) found.push(...page);
  } catch (error) {
    throw translateS3Error(error, edge, 'ListBucketVersions', bucket);
  }
  return found;
}

/** Deletes versions; one that is gone already counts as deleted. Answers those that S3 refused to delete. */
export async function deleteVersions(
  edge: S3Edge,
  bucket: string,
  versions: readonly VersionId[],
  signal?: AbortSignal,
): Promise<FailedDeletion[]> {
  const failed: FailedDeletion[] = [];
  for (let start = 0; start < versions.length; start += MOST_PER_CALL) {
    const objects = versions.slice(start, start + MOST_PER_CALL).map(({ key, versionId }) => ({ Key: key, VersionId: versionId }));
    const input = { Bucket: bucket, Delete: { Objects: objects, Quiet: true }, ExpectedBucketOwner: edge.accountId };
    const answer = await edge.client.send(new DeleteObjectsCommand(input), sendOptions(signal)).catch((error: unknown) => {
      throw translateS3Error(error, edge, 'DeleteObjectVersion', bucket);
    });
    for (const { Key, VersionId, Message, Code } of answer.Errors ?? [])
      failed.push({ key: Key ?? 'An object', versionId: VersionId, reason: Message ?? Code ?? '' });
  }
  return failed;
}

/** A multipart upload that was begun and neither completed nor aborted. */
export interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly begunAt: Date | undefined;
}

const PARALLEL_ABORTS = 4;

export async function listUploads(
  edge: S3Edge,
  bucket: string,
  prefix: string | undefined,
  signal: AbortSignal | undefined,
): Promise<UnfinishedUpload[]> {
  const found: UnfinishedUpload[] = [];
  let next: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (next !== undefined) {
    const input = { Bucket: bucket, Prefix: prefix, ExpectedBucketOwner: edge.accountId, ...next };
    const page: ListMultipartUploadsCommandOutput = await edge.client
      .send(new ListMultipartUploadsCommand(input), sendOptions(signal))
      .catch((error: unknown) => {
        throw translateS3Error(error, edge, 'ListBucketMultipartUploads', bucket);
      });
    for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
      if (Key !== undefined && UploadId !== undefined) found.push({ key: Key, uploadId: UploadId, begunAt: Initiated });
    next = page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
  }
  return found;
}

/** Aborts uploads, whose parts cost money; one that has ended meanwhile is fine. */
export async function abortUploads(
  edge: S3Edge,
  bucket: string,
  uploads: readonly Pick<UnfinishedUpload, 'key' | 'uploadId'>[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const limit = pLimit(PARALLEL_ABORTS);
  const abort = async ({ key, uploadId }: Pick<UnfinishedUpload, 'key' | 'uploadId'>): Promise<void> => {
    try {
      const input = { Bucket: bucket, Key: key, UploadId: uploadId, ExpectedBucketOwner: edge.accountId };
      await edge.client.send(new AbortMultipartUploadCommand(input), sendOptions(signal));
    } catch (error) {
      if (statusOf(error) !== 404) throw translateS3Error(error, edge, 'AbortMultipartUpload', bucket);
    }
  };
  await Promise.all(uploads.map((upload) => limit(() => abort(upload))));
}
