import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';

import { serviceFailure } from './aws-errors.ts';
import { takeKeys } from './s3-keys.ts';
import { sendOptions, statusOf, translateS3Error } from './s3-errors.ts';
import type { S3Edge } from './s3-edge.ts';

export interface StoredObject {
  readonly sizeBytes: number;
  readonly versionId: string | undefined;
}

/** What a listing has seen. */
export interface KeyListing {
  has(key: string): boolean;
  /** Whether the listing went far enough to know about this key. */
  covers(key: string): boolean;
}

/** Lists at most `maxPages` × 1000 keys, and less when there seem to be far more. S3 lists in the order of the keys' UTF-8 bytes, so a listing cut short knows all up to its last key. */
export async function listKeys(
  edge: S3Edge,
  bucket: string,
  prefix: string,
  options: { readonly maxPages?: number; readonly signal?: AbortSignal } = {},
): Promise<KeyListing> {
  const keys = new Set<string>();
  let token: string | undefined;
  let last: string | undefined;
  const { maxPages = Infinity } = options;
  for (let page = 1; page <= maxPages; page += 1) {
    const input = { Bucket: bucket, Prefix: prefix, ContinuationToken: token, ExpectedBucketOwner: edge.accountId };
    const command = new ListObjectsV2Command(input);
    const found = takeKeys(command);
    const answer = await edge.client.send(command, sendOptions(options.signal)).catch((error: unknown) => {
      throw translateS3Error(error, edge, 'ListBucket', bucket);
    });
    for (const key of found) keys.add((last = key));
    token = answer.NextContinuationToken;
    if (token === undefined) return { has: (key) => keys.has(key), covers: (key) => key.startsWith(prefix) };
    if (page / listedPart(prefix, last) > maxPages * 2) break;
  }
  const end = Buffer.from(last ?? '');
  return { has: (key) => keys.has(key), covers: (key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), end) <= 0 };
}

/** How much of a prefix has been listed up to a key, where keys are digests and so lie evenly; 1 where they are something else. */
function listedPart(prefix: string, last = ''): number {
  const digits = last.slice(prefix.length, prefix.length + 4);
  return /^[0-9a-f]{4}$/.test(digits) ? (Number.parseInt(digits, 16) + 1) / 0x10000 : 1;
}

/** Size and version of an object, or undefined. Without s3:ListBucket S3 answers 403 for a missing object: undefined too. */
export async function findObject(
  edge: S3Edge,
  bucket: string,
  key: string,
  signal?: AbortSignal,
  versionId?: string,
): Promise<StoredObject | undefined> {
  try {
    const input = { Bucket: bucket, Key: key, ExpectedBucketOwner: edge.accountId, VersionId: versionId };
    const answer = await edge.client.send(new HeadObjectCommand(input), sendOptions(signal));
    return { sizeBytes: answer.ContentLength ?? 0, versionId: answer.VersionId };
  } catch (error) {
    // A HEAD has no body, so a missing bucket looks like a missing object: the upload will tell.
    const status = statusOf(error);
    if (status === 404 || status === 403) return undefined;
    throw translateS3Error(error, edge, 'GetObject', bucket);
  }
}

/** The text of an object, or undefined when there is none. */
export async function readText(
  edge: S3Edge,
  bucket: string,
  key: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<string | undefined> {
  try {
    const input = { Bucket: bucket, Key: key, ExpectedBucketOwner: edge.accountId };
    const answer = await edge.client.send(new GetObjectCommand(input), sendOptions(options.signal));
    return await answer.Body?.transformToString('utf8');
  } catch (error) {
    if (serviceFailure(error)?.name === 'NoSuchKey') return undefined;
    throw translateS3Error(error, edge, 'GetObject', bucket);
  }
}
