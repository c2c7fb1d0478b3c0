import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type Part,
} from '@aws-sdk/client-s3';

import { UserError } from '../errors.ts';
import { serviceFailure } from './aws-errors.ts';
import type { S3Edge } from './s3-edge.ts';
import { asBucketEncrypts } from './s3-encryption.ts';
import { sendOptions } from './s3-errors.ts';
import { findObject } from './s3-objects.ts';
import { base64Of, sendParts, type Destination, type Source } from './s3-parts.ts';
import type { UploadedObject, UploadOptions } from './s3-upload.ts';
import { listUploads } from './s3-versions.ts';

/** An upload in parts, new or left behind by a run that was killed. */
interface Begun {
  readonly id: string;
  readonly known: ReadonlyMap<number, Part>;
}

const MOST_ATTEMPTS = 3;
/** Errors that say no more than that S3 does not show its unfinished uploads. */
const UNTOLD = new Set(['ACCESS_DENIED', 'ENDPOINT_NOT_IMPLEMENTED', 'AWS_ERROR']);

/**
 * Uploads a file in parts. Keys are digests, so an upload to the same key that was never completed is one of the same file: it is taken up, and only what it lacks
 * is sent. What cannot be completed is aborted. S3 compares the checksum of every part and that of the whole with what was read here.
 */
export async function uploadInParts(edge: S3Edge, to: Destination, source: Source, options: UploadOptions): Promise<UploadedObject> {
  const isChecked = (await edge.client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
  let begun = (await findLeftover(edge, to, isChecked, options)) ?? (await begin(edge, to, isChecked, options));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await finish(edge, to, source, begun, isChecked, options);
    } catch (error) {
      // Another run was at the same upload, and has completed or aborted it.
      if (serviceFailure(error)?.name !== 'NoSuchUpload' || attempt === MOST_ATTEMPTS) throw error;
      const found = await findObject(edge, to.Bucket, to.Key, options.signal);
      if (found !== undefined) return { versionId: found.versionId, written: false };
      begun = await begin(edge, to, isChecked, options);
    }
  }
}

async function begin(edge: S3Edge, to: Destination, isChecked: boolean, options: UploadOptions): Promise<Begun> {
  const checksum = isChecked ? ({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const) : {};
  const { UploadId } = await asBucketEncrypts(edge, to.Bucket, options.signal, (encryption) => {
    const input = { ...to, ...encryption, ...checksum, ContentType: options.contentType };
    return edge.client.send(new CreateMultipartUploadCommand(input), sendOptions(options.signal));
  });
  if (UploadId === undefined) throw new Error('S3 gave no id for the upload');
  return { id: UploadId, known: new Map() };
}

async function finish(
  edge: S3Edge,
  to: Destination,
  source: Source,
  { id, known }: Begun,
  isChecked: boolean,
  options: UploadOptions,
): Promise<UploadedObject> {
  const upload = { ...to, UploadId: id };
  try {
    const { signal, onProgress } = options;
    const { parts, crc } = await sendParts({ ...source, edge, to: upload, isChecked, known, signal, onProgress });
    await options.check?.();
    const checksum = isChecked ? ({ ChecksumCRC32: base64Of(crc), ChecksumType: 'FULL_OBJECT', MpuObjectSize: source.size } as const) : {};
    const input = { ...upload, ...checksum, MultipartUpload: { Parts: parts }, IfNoneMatch: '*' };
    const answer = await edge.client.send(new CompleteMultipartUploadCommand(input), sendOptions(signal));
    return { versionId: answer.VersionId, written: true };
  } catch (error) {
    await edge.client.send(new AbortMultipartUploadCommand(upload)).catch((trouble: unknown) => {
      // Why it failed matters more than that its parts stay behind, for the next run to take up.
      if (error instanceof Error) error.cause ??= trouble;
    });
    throw error;
  }
}

/** The newest upload to the key that can be gone on with. Undefined when there is none, and where we may not look for one. */
async function findLeftover(edge: S3Edge, to: Destination, isChecked: boolean, { signal }: UploadOptions): Promise<Begun | undefined> {
  try {
    const uploads = (await listUploads(edge, to.Bucket, to.Key, signal)).filter(({ key }) => key === to.Key);
    const newest = uploads.toSorted((a, b) => Number(b.begunAt ?? 0) - Number(a.begunAt ?? 0))[0];
    return newest === undefined ? undefined : await readLeftover(edge, to, newest.uploadId, isChecked, signal);
  } catch (error) {
    // Not allowed, or unknown to an emulator: then there is nothing to take up. The rest would also stop the upload.
    if (serviceFailure(error) !== undefined || (error instanceof UserError && UNTOLD.has(error.code))) return undefined;
    throw error;
  }
}

async function readLeftover(
  edge: S3Edge,
  to: Destination,
  id: string,
  isChecked: boolean,
  signal: AbortSignal | undefined,
): Promise<Begun | undefined> {
  const known = new Map<number, Part>();
  let marker: string | undefined;
  do {
    const input = { ...to, UploadId: id, PartNumberMarker: marker };
    const page = await edge.client.send(new ListPartsCommand(input), sendOptions(signal));
    // One that was begun with other checksums cannot be completed with ours.
    if (isChecked && (page.ChecksumAlgorithm !== 'CRC32' || page.ChecksumType !== 'FULL_OBJECT')) return undefined;
    for (const part of page.Parts ?? []) if (part.PartNumber !== undefined) known.set(part.PartNumber, part);
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return { id, known };
}
