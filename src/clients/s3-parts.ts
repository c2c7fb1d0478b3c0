import { setMaxListeners } from 'node:events';
import { UploadPartCommand, type CompletedPart, type Part } from '@aws-sdk/client-s3';

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { combineCrc32 } from './crc32-combine.ts';
import { serviceFailure } from './aws-errors.ts';
import type { S3Edge } from './s3-edge.ts';

/** Where an object goes, as every request of its upload says it. */
export interface Destination {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner: string | undefined;
}

/** What is uploaded. */
export interface Source {
  readonly file: FileHandle;
  /** Bytes. */
  readonly size: number;
}

export interface PartUpload extends Source {
  readonly edge: S3Edge;
  readonly to: Destination & { readonly UploadId: string };
  /** Whether the checksum of every part goes with it. */
  readonly isChecked: boolean;
  /** What S3 has of it already, by part number. */
  readonly known: ReadonlyMap<number, Part>;
  readonly signal: AbortSignal | undefined;
  readonly onProgress?: ((sentBytes: number, totalBytes: number) => void) | undefined;
}

/** Parts of one file under way at a time. Four of 5 MiB keep memory flat and fill a usual line. */
const PARALLEL_PARTS = 4;
export const PART_BYTES = 5 * 1024 * 1024;
/** S3's limit on the number of parts; larger files get larger parts. */
const MAX_PARTS = 10_000;

/** After the attempts of the SDK: a line that was away for some seconds must not cost what was sent before. */
const MOST_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;

/**
 * Sends all parts that S3 does not have yet. Every lane reads and sends one part after the other out of memory of its own, so that memory
 * does not depend on the size. The first failure ends the requests of the other lanes; it is thrown when all have ended. Also answers the CRC-32 of all bytes.
 */
export async function sendParts(upload: PartUpload): Promise<{ readonly parts: CompletedPart[]; readonly crc: number }> {
  const { size, file, signal } = upload;
  const stop = new AbortController();
  const anySignal = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  // Every part that is under way listens to it.
  setMaxListeners(0, anySignal);
  const partBytes = Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS));
  const sent: { readonly part: CompletedPart; readonly crc: number; readonly bytes: number }[] = [];
  const failures: unknown[] = [];
  let begunParts = 0;
  let sentBytes = 0;
  const lane = async (): Promise<void> => {
    const space = Buffer.allocUnsafeSlow(Math.min(partBytes, size));
    while (begunParts * partBytes < size && !anySignal.aborted) {
      const index = begunParts;
      begunParts += 1;
      const body = await readPart(file, space.subarray(0, size - index * partBytes), index * partBytes);
      const crc = crc32(body);
      const part = knownPart(upload, index + 1, body, crc) ?? (await sendPart(upload, index + 1, body, crc, anySignal));
      sent[index] = { part, crc, bytes: body.length };
      upload.onProgress?.((sentBytes += body.length), size);
    }
  };
  const guarded = (): Promise<void> =>
    lane().catch((error: unknown) => {
      failures.push(error);
      stop.abort();
    });
  await Promise.all(Array.from({ length: PARALLEL_PARTS }, guarded));
  signal?.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return { parts: sent.map(({ part }) => part), crc: sent.reduce((crc, next) => combineCrc32(crc, next.crc, next.bytes), 0) };
}

/** A part that S3 has already with the same content: by its checksum, or where there is none by its tag, which then is the MD5 unless a KMS key is involved. */
function knownPart({ known, isChecked }: PartUpload, number: number, body: Buffer, crc: number): CompletedPart | undefined {
  const part = known.get(number);
  if (part?.Size !== body.length || part.ETag === undefined) return undefined;
  const checksum = base64Of(crc);
  if (isChecked) return part.ChecksumCRC32 === checksum ? { PartNumber: number, ETag: part.ETag, ChecksumCRC32: checksum } : undefined;
  return part.ETag.replaceAll('"', '') === createHash('md5').update(body).digest('hex')
    ? { PartNumber: number, ETag: part.ETag }
    : undefined;
}

async function sendPart(
  { edge, to, isChecked }: PartUpload,
  number: number,
  body: Buffer,
  crc: number,
  signal: AbortSignal,
): Promise<CompletedPart> {
  const checksum = isChecked ? { ChecksumCRC32: base64Of(crc) } : {};
  const command = new UploadPartCommand({ ...to, ...checksum, PartNumber: number, Body: body });
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { ETag } = await edge.client.send(command, { abortSignal: signal });
      return { PartNumber: number, ETag, ...checksum };
    } catch (error) {
      if (signal.aborted || attempt === MOST_ATTEMPTS || !isPassing(error)) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }
}

/** What S3 says of a body that came too slowly, or not as it was sent. */
const DAMAGED = new Set(['RequestTimeout', 'BadDigest', 'XAmzContentSHA256Mismatch', 'IncompleteBody']);

/** Whether it was the line or the service, and not the request. */
function isPassing(error: unknown): boolean {
  const failure = serviceFailure(error);
  if (failure === undefined) return error instanceof Error && ('code' in error || error.name === 'TimeoutError');
  return (failure.status ?? 0) >= 500 || DAMAGED.has(failure.name);
}

/** As S3 writes a CRC-32: the four bytes, the highest first, in Base64. */
export function base64Of(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

export function sleepOptions(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Fills the space from a file; throws when the file ends before. */
export async function readPart(file: FileHandle, space: Buffer, position: number): Promise<Buffer> {
  for (let done = 0; done < space.length;) {
    const { bytesRead } = await file.read(space, done, space.length - done, position + done);
    if (bytesRead === 0) throw new Error('the file became shorter while it was uploaded');
    done += bytesRead;
  }
  return space;
}
