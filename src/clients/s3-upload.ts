import { PutObjectCommand } from '@aws-sdk/client-s3';

import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError, messageOf } from '../errors.ts';
import { acceleratedFor } from './s3-accelerate.ts';
import type { S3Edge } from './s3-edge.ts';
import { asBucketEncrypts } from './s3-encryption.ts';
import { sendOptions, statusOf, translateS3Error } from './s3-errors.ts';
import { findObject } from './s3-objects.ts';
import { PART_BYTES, readPart, sleepOptions, type Destination } from './s3-parts.ts';

export interface UploadedObject {
  readonly versionId: string | undefined;
  /** False when an object with this key was there already and has been left alone. */
  readonly written: boolean;
}

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly contentType?: string | undefined;
  readonly onProgress?: ((sentBytes: number, totalBytes: number) => void) | undefined;
  /** Called when the file has been read and before there is an object; what it throws prevents the object. */
  readonly check?: (() => Promise<void>) | undefined;
  /** False: do not look up the version of an object that is there already. */
  readonly needsVersion?: boolean | undefined;
}

/** Up to this size a file is sent in one request. */
const WHOLE_BYTES = PART_BYTES;

const MOST_ATTEMPTS = 3;
const FIRST_PAUSE_MS = 200;

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
    if (size <= WHOLE_BYTES) {
      const body = await readPart(file, Buffer.allocUnsafeSlow(size), 0);
      await options.check?.();
      return await reported(edge, to, options, () => putObject(edge, to, body, options));
    }
    return await reported(edge, to, options, async () => {
      const { uploadInParts } = await import('./s3-multipart.ts');
      return uploadInParts(await acceleratedFor(edge, bucket, size, options.signal), to, { file, size }, options);
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
  upload: () => Promise<UploadedObject>,
): Promise<UploadedObject> {
  const { signal } = options;
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        signal?.throwIfAborted();
        return await upload();
      } catch (error) {
        // 409: somebody else writes the key right now; what became of that is known in a moment.
        if (statusOf(error) !== 409 || attempt === MOST_ATTEMPTS) throw error;
        await sleep(FIRST_PAUSE_MS * 2 ** attempt, undefined, sleepOptions(signal));
      }
    }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    // 412: the key has got its object meanwhile; keys are digests, so it is the same one.
    if (statusOf(error) === 412 && options.needsVersion === false) return { versionId: undefined, written: false };
    if (statusOf(error) === 412) return { versionId: (await findObject(edge, to.Bucket, to.Key, signal))?.versionId, written: false };
    throw uploadError(error, edge, to.Bucket, to.Key);
  }
}

async function putObject(edge: S3Edge, to: Destination, body: Uint8Array, options: UploadOptions): Promise<UploadedObject> {
  const answer = await asBucketEncrypts(edge, to.Bucket, options.signal, (encryption) => {
    const input = { ...to, ...encryption, Body: body, ContentType: options.contentType, IfNoneMatch: '*' };
    return edge.client.send(new PutObjectCommand(input), sendOptions(options.signal));
  });
  options.onProgress?.(body.length, body.length);
  return { versionId: answer.VersionId, written: true };
}

function uploadError(error: unknown, edge: S3Edge, bucket: string, key: string): Error {
  const translated = translateS3Error(error, edge, 'PutObject', bucket);
  if (!(translated instanceof UserError) || translated.code !== 'AWS_ERROR') return translated;
  return new UserError('UPLOAD_FAILED', `s3://${bucket}/${key} could not be uploaded: ${messageOf(error)}`, {
    hint: 'Run it again: what was uploaded before is not uploaded twice.',
    cause: error,
  });
}
