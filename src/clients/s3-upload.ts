import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
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
}

/** Parts of one file under way at a time. Four of 5 MiB keep memory flat and fill a usual line. */
const PARALLEL_PARTS = 4;
const PART_BYTES = 5 * 1024 * 1024;
/** S3's limit on the number of parts; larger files get larger parts. */
const MAX_PARTS = 10_000;

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
  const { size } = await stat(path);
  const body = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    return await upload(edge, bucket, key, body, size, options);
  } finally {
    body.destroy();
  }
}

/** The same for a text, such as a template. */
export async function uploadText(
  edge: S3Edge,
  bucket: string,
  key: string,
  text: string,
  options: UploadOptions = {},
): Promise<UploadedObject> {
  const body = Buffer.from(text);
  return upload(edge, bucket, key, body, body.length, options);
}

async function upload(
  edge: S3Edge,
  bucket: string,
  key: string,
  body: Readable | Buffer,
  size: number,
  options: UploadOptions,
): Promise<UploadedObject> {
  const { Upload } = await import('@aws-sdk/lib-storage');
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const transfer = new Upload({
    client: await interruptible(edge.client, signal, stop),
    params: {
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentLength: size,
      ContentType: options.contentType,
      IfNoneMatch: '*',
      ExpectedBucketOwner: edge.accountId,
    },
    queueSize: PARALLEL_PARTS,
    partSize: Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS)),
  });
  transfer.on('httpUploadProgress', ({ loaded }) => options.onProgress?.(loaded ?? 0, size));
  try {
    options.signal?.throwIfAborted();
    const answer = await transfer.done();
    return { versionId: answer.VersionId, written: true };
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    // 412: the key has got its object meanwhile; keys are digests, so it is the same one.
    if (statusOf(error) === 412) return { versionId: (await findObject(edge, bucket, key, options.signal))?.versionId, written: false };
    throw uploadError(error, edge, bucket, key);
  }
}

/**
 * The client as the uploader sees it: every request ends with the signal, and the first that fails ends the others,
 * except the one that takes the begun upload back. (lib-storage by itself lets other parts go on to the end.)
 */
async function interruptible(client: S3Client, signal: AbortSignal, stop: AbortController): Promise<S3Client> {
  const { AbortMultipartUploadCommand } = await import('@aws-sdk/client-s3');
  let firstFailure: unknown;
  const send = async (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
    if (command instanceof AbortMultipartUploadCommand) return client.send(command);
    try {
      return await client.send(command, sendOptions(signal));
    } catch (error) {
      firstFailure ??= error;
      stop.abort();
      throw firstFailure;
    }
  };
  return Object.create(client, { send: { value: send } }) as S3Client;
}

function uploadError(error: unknown, edge: S3Edge, bucket: string, key: string): Error {
  const translated = translateS3Error(error, edge, 'PutObject', bucket);
  if (!(translated instanceof UserError) || translated.code !== 'AWS_ERROR') return translated;
  return new UserError('UPLOAD_FAILED', `s3://${bucket}/${key} could not be uploaded: ${messageOf(error)}`, {
    hint: 'Run it again: what was uploaded before is not uploaded twice.',
    cause: error,
  });
}
