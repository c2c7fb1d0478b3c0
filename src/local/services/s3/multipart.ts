/** Multipart uploads. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { readRange } from '../../protocol/byte-range.ts';
import { readXmlBody, sendS3Document, sendS3Empty } from '../../protocol/rest-xml.ts';
import { xmlList, xmlObject, xmlText } from '../../protocol/xml.ts';
import { ServiceError } from '../../types.ts';
import { checksumMembers, compositeChecksum, givenChecksums, settleChecksums } from './checksums.ts';
import { checkWriteConditions } from './conditions.ts';
import type { SavedContent } from './content.ts';
import { getCopySource } from './copy.ts';
import { newVersionId, readObjectHeaders, readTagsHeader } from './object-headers.ts';
import { checkKey, writeHeaders } from './objects.ts';
import {
  addVersion,
  findVersion,
  getBucket,
  type PartRecord,
  type S3Request,
  type S3State,
  type UploadRecord,
  type VersionRecord,
} from './state.ts';
import { saveUploadedBody } from './upload-body.ts';

const MIN_PART_BYTES = 5 * 1024 * 1024;
const MAX_PART_NUMBER = 10_000;

export function createMultipartUpload(state: S3State, request: S3Request, response: ServerResponse): void {
  checkKey(request.key);
  const algorithm = request.headers['x-amz-checksum-algorithm'];
  const type = request.headers['x-amz-checksum-type'];
  const upload: UploadRecord = {
    uploadId: randomBytes(24).toString('base64url'),
    bucket: request.bucket,
    key: request.key,
    initiated: new Date().toISOString(),
    headers: readObjectHeaders(request),
    tags: readTagsHeader(request),
    checksumAlgorithm: typeof algorithm === 'string' ? algorithm.toLowerCase() : undefined,
    checksumType: typeof type === 'string' ? type : undefined,
    parts: {},
  };
  state.uploads.put(upload.uploadId, upload);
  const headers = {
    ...(upload.checksumAlgorithm === undefined ? {} : { 'x-amz-checksum-algorithm': upload.checksumAlgorithm.toUpperCase() }),
    ...(upload.checksumType === undefined ? {} : { 'x-amz-checksum-type': upload.checksumType }),
  };
  const members = { Bucket: upload.bucket, Key: upload.key, UploadId: upload.uploadId };
  sendS3Document(response, 'InitiateMultipartUploadResult', members, headers);
}

/** Throws ServiceError `NoSuchUpload`. */
function getUpload(state: S3State, request: S3Request): UploadRecord {
  const upload = state.uploads.get(request.query.get('uploadId') ?? '');
  if (upload === undefined || upload.bucket !== request.bucket || upload.key !== request.key) {
    throw new ServiceError(
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      404,
    );
  }
  return upload;
}

export async function uploadPart(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  const number = readPartNumber(request);
  const { checksumAlgorithm } = getUpload(state, request);
  const body = await saveUploadedBody(state.content, request, checksumAlgorithm === undefined ? [] : [checksumAlgorithm]);
  const { 'x-amz-checksum-type': _type, ...checksums } = body.checksums;
  keepPart(state, request, number, body, checksums);
  sendS3Empty(response, 200, { etag: `"${body.md5}"`, ...checksums });
}

export async function uploadPartCopy(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  const number = readPartNumber(request);
  getUpload(state, request);
  const { version } = getCopySource(state, request);
  const rangeHeader = request.headers['x-amz-copy-source-range'];
  const range = readRange(typeof rangeHeader === 'string' ? rangeHeader : undefined, version.size);
  const saved = await state.content.save([state.content.open(version.file, range)]);
  const part = keepPart(state, request, number, saved, {});
  sendS3Document(response, 'CopyPartResult', { ETag: `"${part.etag}"`, LastModified: part.lastModified });
}

function readPartNumber(request: S3Request): number {
  const number = Number(request.query.get('partNumber'));
  if (Number.isInteger(number) && number >= 1 && number <= MAX_PART_NUMBER) return number;
  throw new ServiceError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive', 400);
}

function keepPart(
  state: S3State,
  request: S3Request,
  number: number,
  saved: Omit<SavedContent, 'checksums'>,
  checksums: Readonly<Record<string, string>>,
): PartRecord {
  const upload = getUploadOrDiscard(state, request, saved.file);
  const part: PartRecord = { etag: saved.md5, size: saved.size, file: saved.file, lastModified: new Date().toISOString(), checksums };
  const replaced = upload.parts[number];
  state.uploads.put(upload.uploadId, { ...upload, parts: { ...upload.parts, [number]: part } });
  if (replaced !== undefined) state.content.remove(replaced.file);
  return part;
}

/** The upload may have been completed or aborted while its part came in. */
function getUploadOrDiscard(state: S3State, request: S3Request, file: string): UploadRecord {
  try {
    return getUpload(state, request);
  } catch (error) {
    state.content.remove(file);
    throw error;
  }
}

export async function completeMultipartUpload(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  const document = await readXmlBody(request.body);
  const upload = getUpload(state, request);
  const parts = chooseParts(upload, xmlList(document['Part']).map(xmlObject));
  checkWriteConditions(request, findVersion(state, request.bucket, request.key));
  const algorithm = upload.checksumAlgorithm;
  const sources = (function* () {
    for (const part of parts) yield state.content.open(part.file);
  })();
  const saved = await state.content.save(sources, algorithm === undefined ? [] : [algorithm]);
  const bucket = getBucket(state, request.bucket);
  try {
    // Another completion may have come to its end meanwhile.
    getUpload(state, request);
    checkWriteConditions(request, findVersion(state, request.bucket, request.key));
  } catch (error) {
    state.content.remove(saved.file);
    throw error;
  }
  const version: VersionRecord = {
    versionId: newVersionId(bucket),
    lastModified: new Date().toISOString(),
    etag: multipartEtag(parts),
    size: saved.size,
    sha256: saved.sha256,
    file: saved.file,
    headers: upload.headers,
    tags: upload.tags,
    checksums: multipartChecksums(upload, parts, saved, request),
    partSizes: parts.map((part) => part.size),
  };
  addVersion(state, bucket, request.key, version);
  state.uploads.delete(upload.uploadId);
  for (const part of Object.values(upload.parts)) state.content.remove(part.file);
  const members = { Location: `/${bucket.name}/${request.key}`, Bucket: bucket.name, Key: request.key, ETag: `"${version.etag}"` };
  const answer = { ...members, ...checksumMembers(version.checksums) };
  sendS3Document(response, 'CompleteMultipartUploadResult', answer, writeHeaders(bucket, version));
}

function chooseParts(upload: UploadRecord, wanted: readonly Readonly<Record<string, unknown>>[]): readonly PartRecord[] {
  let previous = 0;
  const parts = wanted.map((item) => {
    const number = Number(xmlText(item['PartNumber']));
    const part = upload.parts[number];
    if (part === undefined || xmlText(item['ETag'])?.replaceAll('"', '') !== part.etag) {
      throw new ServiceError(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        400,
      );
    }
    if (number <= previous) throw new ServiceError('InvalidPartOrder', 'The list of parts was not in ascending order.', 400);
    previous = number;
    return part;
  });
  if (parts.length === 0) throw new ServiceError('MalformedXML', 'You must specify at least one part', 400);
  if (parts.slice(0, -1).some((part) => part.size < MIN_PART_BYTES)) {
    throw new ServiceError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', 400);
  }
  return parts;
}

function multipartEtag(parts: readonly PartRecord[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(Buffer.from(part.etag, 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}

/** A checksum of all bytes when that is asked for, else the checksum of the parts' checksums. */
function multipartChecksums(
  upload: UploadRecord,
  parts: readonly PartRecord[],
  saved: SavedContent,
  request: S3Request,
): Record<string, string> {
  const algorithm = upload.checksumAlgorithm;
  if (algorithm === undefined) return {};
  if (upload.checksumType === 'FULL_OBJECT' || algorithm === 'crc64nvme') {
    return settleChecksums(givenChecksums(request.headers, new Map()), saved.checksums);
  }
  const name = `x-amz-checksum-${algorithm}`;
  const composite = compositeChecksum(
    algorithm,
    parts.map((part) => part.checksums[name] ?? ''),
  );
  return composite === undefined ? {} : { [name]: composite, 'x-amz-checksum-type': 'COMPOSITE' };
}

export function abortMultipartUpload(state: S3State, request: S3Request, response: ServerResponse): void {
  const upload = getUpload(state, request);
  state.uploads.delete(upload.uploadId);
  for (const part of Object.values(upload.parts)) state.content.remove(part.file);
  sendS3Empty(response, 204);
}

export function listParts(state: S3State, request: S3Request, response: ServerResponse): void {
  const upload = getUpload(state, request);
  const marker = Number(request.query.get('part-number-marker') ?? 0);
  const maxParts = Math.min(Number(request.query.get('max-parts') ?? 1000), 1000);
  const all = Object.entries(upload.parts)
    .map(([number, part]) => ({ number: Number(number), part }))
    .filter(({ number }) => number > marker)
    .toSorted((a, b) => a.number - b.number);
  const page = all.slice(0, maxParts);
  sendS3Document(response, 'ListPartsResult', {
    Bucket: upload.bucket,
    Key: upload.key,
    UploadId: upload.uploadId,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: maxParts,
    IsTruncated: all.length > page.length,
    Part: page.map(({ number, part }) => ({
      PartNumber: number,
      LastModified: part.lastModified,
      ETag: `"${part.etag}"`,
      Size: part.size,
      ...checksumMembers(part.checksums),
    })),
    StorageClass: 'STANDARD',
    ...(upload.checksumAlgorithm === undefined ? {} : { ChecksumAlgorithm: upload.checksumAlgorithm.toUpperCase() }),
    ...(upload.checksumType === undefined ? {} : { ChecksumType: upload.checksumType }),
  });
}

export function listMultipartUploads(state: S3State, request: S3Request, response: ServerResponse): void {
  const prefix = request.query.get('prefix') ?? '';
  const uploads = [...state.uploads.entries()]
    .map(([, upload]) => upload)
    .filter((upload) => upload.bucket === request.bucket && upload.key.startsWith(prefix))
    .toSorted((a, b) => (a.key === b.key ? a.initiated.localeCompare(b.initiated) : a.key < b.key ? -1 : 1));
  sendS3Document(response, 'ListMultipartUploadsResult', {
    Bucket: request.bucket,
    Prefix: prefix,
    MaxUploads: uploads.length,
    IsTruncated: false,
    Upload: uploads.map((upload) => ({
      Key: upload.key,
      UploadId: upload.uploadId,
      Initiated: upload.initiated,
      StorageClass: 'STANDARD',
    })),
  });
}
