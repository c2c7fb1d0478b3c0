import { open, type FileHandle } from 'node:fs/promises';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { UserError, messageOf } from '../errors.ts';
import { sendOptions, statusOf, translateS3Error } from './s3-errors.ts';
import { findObject } from './s3-objects.ts';
import type { S3Edge } from './s3-edge.ts';

export interface UploadedObject {
  readonly versionId: string | undefined;
  /** False when an object with this key was there already and has been left alone. */
  readonly written: boolean;
}

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly contentType?: string | undefined;
  readonly onProgress?: ((sentBytes: number, totalBytes: number) => void) | undefined;
  /** False: do not look up the version of an object that is there already. */
  readonly needsVersion?: boolean | undefined;
}

/** Parts of one file under way at a time. Four of 5 MiB keep memory flat and fill a usual line. */
const PARALLEL_PARTS = 4;
const PART_BYTES = 5 * 1024 * 1024;
/** S3's limit on the number of parts; larger files get larger parts. */
const MAX_PARTS = 10_000;

/** Where an object goes, as every request of its upload says it. */
interface Destination {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner: string | undefined;
}

/**
 * Uploads a file, in parts when it is large. An object that is there already is left alone. Interrupted or failed,
 * nothing is left over. Throws UserError UPLOAD_FAILED, BUCKET_* or ACCESS_DENIED.
 */
export async function uploadFile(
  edge: S3Edge,
  bucket: string,
  key: string,
  path: string,
  options: UploadOptions = {},
): Promise<UploadedObject> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const to = { Bucket: bucket, Key: key, ExpectedBucketOwner: edge.accountId };
    return await reported(edge, to, options, async () => {
      if (size > PART_BYTES) return uploadInParts(edge, to, file, size, options);
      return putObject(edge, to, await readPart(file, Buffer.allocUnsafeSlow(size), 0), options);
    });
  } finally {
    await file.close();
  }
}

/** The same for what is in memory: a small zip, a template. */
export async function uploadBytes(
  edge: S3Edge,
  bucket: string,
  key: string,
  bytes: Uint8Array,
  options: UploadOptions = {},
): Promise<UploadedObject> {
  const to = { Bucket: bucket, Key: key, ExpectedBucketOwner: edge.accountId };
  return reported(edge, to, options, () => putObject(edge, to, bytes, options));
}

/** Does an upload; says what its failure means to the user. */
async function reported(
  edge: S3Edge,
  to: Destination,
  options: UploadOptions,
  upload: () => Promise<string | undefined>,
): Promise<UploadedObject> {
  try {
    options.signal?.throwIfAborted();
    return { versionId: await upload(), written: true };
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    // 412: the key has got its object meanwhile; keys are digests, so it is the same one.
    if (statusOf(error) === 412 && options.needsVersion === false) return { versionId: undefined, written: false };
    if (statusOf(error) === 412)
      return { versionId: (await findObject(edge, to.Bucket, to.Key, options.signal))?.versionId, written: false };
    throw uploadError(error, edge, to.Bucket, to.Key);
  }
}

/** Answers the version, if the bucket has versions. */
async function putObject(edge: S3Edge, to: Destination, body: Uint8Array, options: UploadOptions): Promise<string | undefined> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  const input = { ...to, Body: body, ContentType: options.contentType, IfNoneMatch: '*' };
  const answer = await edge.client.send(new PutObjectCommand(input), sendOptions(options.signal));
  options.onProgress?.(body.length, body.length);
  return answer.VersionId;
}

/** The same in parts. What was begun is taken back when it cannot be completed. */
async function uploadInParts(
  edge: S3Edge,
  to: Destination,
  file: FileHandle,
  size: number,
  options: UploadOptions,
): Promise<string | undefined> {
  const { AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand } = await import('@aws-sdk/client-s3');
  const isChecked = (await edge.client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
  const input = { ...to, ContentType: options.contentType, ...(isChecked ? { ChecksumAlgorithm: 'CRC32' as const } : {}) };
  const { UploadId: uploadId } = await edge.client.send(new CreateMultipartUploadCommand(input), sendOptions(options.signal));
  try {
    const parts = await sendParts(edge, { ...to, UploadId: uploadId }, file, size, options);
    const end = { ...to, UploadId: uploadId, MultipartUpload: { Parts: parts }, IfNoneMatch: '*' };
    const answer = await edge.client.send(new CompleteMultipartUploadCommand(end), sendOptions(options.signal));
    return answer.VersionId;
  } catch (error) {
    await edge.client.send(new AbortMultipartUploadCommand({ ...to, UploadId: uploadId })).catch((left: unknown) => {
      // Why it failed matters more than that its parts stay behind.
      if (error instanceof Error) error.cause ??= left;
    });
    throw error;
  }
}

/**
 * Every lane reads and sends one part after the other out of memory of its own, so that memory does not depend on the
 * size. The first failure ends the requests of the other lanes; it is thrown when all have ended.
 */
async function sendParts(
  edge: S3Edge,
  upload: Destination & { readonly UploadId: string | undefined },
  file: FileHandle,
  size: number,
  options: UploadOptions,
): Promise<CompletedPart[]> {
  const { UploadPartCommand } = await import('@aws-sdk/client-s3');
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const partBytes = Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS));
  const parts: CompletedPart[] = [];
  const failures: unknown[] = [];
  let begunParts = 0;
  let sentBytes = 0;
  const lane = async (): Promise<void> => {
    const space = Buffer.allocUnsafeSlow(partBytes);
    while (begunParts * partBytes < size && !signal.aborted) {
      const index = begunParts;
      begunParts += 1;
      const body = await readPart(file, space.subarray(0, size - index * partBytes), index * partBytes);
      const command = new UploadPartCommand({ ...upload, PartNumber: index + 1, Body: body });
      const { ETag, ChecksumCRC32 } = await edge.client.send(command, { abortSignal: signal });
      parts[index] = { PartNumber: index + 1, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) };
      options.onProgress?.((sentBytes += body.length), size);
    }
  };
  const guarded = (): Promise<void> =>
    lane().catch((error: unknown) => {
      failures.push(error);
      stop.abort();
    });
  await Promise.all(Array.from({ length: PARALLEL_PARTS }, guarded));
  options.signal?.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return parts;
}

/** Fills the space from a file; throws when the file ends before. */
async function readPart(file: FileHandle, space: Buffer, position: number): Promise<Buffer> {
  for (let done = 0; done < space.length;) {
    const { bytesRead } = await file.read(space, done, space.length - done, position + done);
    if (bytesRead === 0) throw new Error('the file became shorter while it was uploaded');
    done += bytesRead;
  }
  return space;
}

function uploadError(error: unknown, edge: S3Edge, bucket: string, key: string): Error {
  const translated = translateS3Error(error, edge, 'PutObject', bucket);
  if (!(translated instanceof UserError) || translated.code !== 'AWS_ERROR') return translated;
  return new UserError('UPLOAD_FAILED', `s3://${bucket}/${key} could not be uploaded: ${messageOf(error)}`, {
    hint: 'Run it again: what was uploaded before is not uploaded twice.',
    cause: error,
  });
}
