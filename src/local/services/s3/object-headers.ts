/** Between the headers of a request, the stored version and the headers of an answer. */
import { randomBytes } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { ServiceError } from '../../types.ts';
import type { BucketRecord, S3Request, VersionRecord } from './state.ts';

const SYSTEM_HEADERS: readonly string[] = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-amz-website-redirect-location',
  'x-amz-storage-class',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
];

const MAX_METADATA_BYTES = 2048;

/** The headers of a request that belong to the object. Throws ServiceError `MetadataTooLarge`. */
export function readObjectHeaders(request: S3Request): Record<string, string> {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream', 'x-amz-server-side-encryption': 'AES256' };
  let metadataBytes = 0;
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value !== 'string') continue;
    const isMetadata = name.startsWith('x-amz-meta-');
    if (isMetadata) metadataBytes += name.length - 'x-amz-meta-'.length + value.length;
    if (isMetadata || SYSTEM_HEADERS.includes(name)) kept[name] = value;
  }
  if (metadataBytes > MAX_METADATA_BYTES) {
    throw new ServiceError('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', 400);
  }
  const encoding = withoutAwsChunked(kept['content-encoding']);
  if (encoding === '') delete kept['content-encoding'];
  else if (encoding !== undefined) kept['content-encoding'] = encoding;
  if (kept['x-amz-storage-class'] === 'STANDARD') delete kept['x-amz-storage-class'];
  return kept;
}

function withoutAwsChunked(encoding: string | undefined): string | undefined {
  return encoding
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== 'aws-chunked')
    .join(',');
}

/** Tags of `x-amz-tagging`, written as a query. */
export function readTagsHeader(request: S3Request): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(String(request.headers['x-amz-tagging'] ?? '')));
}

/** The id for a new version in this bucket. */
export function newVersionId(bucket: BucketRecord): string {
  return bucket.versioning === 'Enabled' ? randomBytes(24).toString('base64url') : 'null';
}

/** `x-amz-version-id` where the bucket has or had versioning. */
export function versionHeaders(bucket: BucketRecord, versionId: string): OutgoingHttpHeaders {
  return bucket.versioning === undefined ? {} : { 'x-amz-version-id': versionId };
}

const OVERRIDES: readonly string[] = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
];

/** The headers that GET and HEAD answer, without those about the length. */
export function answerHeaders(request: S3Request, bucket: BucketRecord, version: VersionRecord): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ...version.headers,
    ...versionHeaders(bucket, version.versionId),
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
  };
  for (const name of OVERRIDES) {
    const override = request.query.get(`response-${name}`);
    if (override !== null) headers[name] = override;
  }
  const tagCount = Object.keys(version.tags).length;
  if (tagCount > 0) headers['x-amz-tagging-count'] = tagCount;
  if (version.partSizes !== undefined) headers['x-amz-mp-parts-count'] = version.partSizes.length;
  if (String(request.headers['x-amz-checksum-mode']).toUpperCase() === 'ENABLED') Object.assign(headers, version.checksums);
  return headers;
}
