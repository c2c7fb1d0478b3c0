/** ListObjects, ListObjectsV2 and ListObjectVersions. */
import type { ServerResponse } from 'node:http';
import { sendS3Document } from '../../protocol/rest-xml.ts';
import { encodeUri } from '../../protocol/uri.ts';
import { ServiceError } from '../../types.ts';
import { compareUtf8 } from '../../store.ts';
import { checksumMembers } from './checksums.ts';
import { getBucket, objectsOf, OWNER, type S3Request, type S3State, type VersionRecord } from './state.ts';

const MAX_KEYS = 1000;

interface Entry {
  readonly key: string;
  readonly version: VersionRecord;
  readonly isLatest: boolean;
}

interface Page {
  readonly entries: readonly Entry[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** Key or common prefix that ended the page. */
  readonly last: string;
  readonly lastVersionId: string | undefined;
}

interface PageOptions {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxKeys: number;
  /** Whether an entry lies after where the last page ended. */
  readonly isAfter: (key: string, entry: Entry) => boolean;
  /** A common prefix that the last page ended with. */
  readonly marker: string;
}

/** Entries come in order; those that share a part up to the delimiter are rolled up into one common prefix. */
function readPage(entries: Iterable<Entry>, options: PageOptions): Page {
  const found: Entry[] = [];
  const prefixes = new Set<string>();
  let last = '';
  let lastVersionId: string | undefined;
  for (const entry of entries) {
    if (!entry.key.startsWith(options.prefix) || !options.isAfter(entry.key, entry)) continue;
    const common = commonPrefix(entry.key, options);
    if (common !== undefined && (prefixes.has(common) || common === options.marker)) continue;
    if (found.length + prefixes.size >= options.maxKeys) {
      return { entries: found, commonPrefixes: [...prefixes], truncated: options.maxKeys > 0, last, lastVersionId };
    }
    if (common === undefined) found.push(entry);
    else prefixes.add(common);
    last = common ?? entry.key;
    lastVersionId = common === undefined ? entry.version.versionId : undefined;
  }
  return { entries: found, commonPrefixes: [...prefixes], truncated: false, last, lastVersionId };
}

function commonPrefix(key: string, options: PageOptions): string | undefined {
  if (options.delimiter === '') return undefined;
  const end = key.indexOf(options.delimiter, options.prefix.length);
  return end < 0 ? undefined : key.slice(0, end + options.delimiter.length);
}

function* currentEntries(state: S3State, bucket: string): Iterable<Entry> {
  for (const object of objectsOf(state, bucket)) {
    const version = object.versions[0];
    if (version !== undefined && version.deleteMarker !== true) yield { key: object.key, version, isLatest: true };
  }
}

function* allEntries(state: S3State, bucket: string): Iterable<Entry> {
  for (const object of objectsOf(state, bucket)) {
    for (const [index, version] of object.versions.entries()) yield { key: object.key, version, isLatest: index === 0 };
  }
}

function readMaxKeys(request: S3Request): number {
  const text = request.query.get('max-keys') ?? String(MAX_KEYS);
  if (!/^\d+$/.test(text)) throw new ServiceError('InvalidArgument', 'Provided max-keys not an integer or within integer range', 400);
  return Math.min(Number(text), MAX_KEYS);
}

/** Answers how keys are written: as they are, or percent-encoded but for slashes. */
function keyEncoder(request: S3Request): (key: string) => string {
  if (request.query.get('encoding-type') !== 'url') return (key) => key;
  return (key) => encodeUri(key).replaceAll('%2F', '/');
}

function contents(page: Page, encode: (key: string) => string, withOwner: boolean) {
  return page.entries.map(({ key, version }) => ({
    Key: encode(key),
    LastModified: version.lastModified,
    ETag: `"${version.etag}"`,
    ...checksumAlgorithms(version),
    Size: version.size,
    StorageClass: version.headers['x-amz-storage-class'] ?? 'STANDARD',
    Owner: withOwner ? OWNER : undefined,
  }));
}

/** Lists name the algorithms of an object, not the values. */
function checksumAlgorithms(version: VersionRecord): Record<string, unknown> {
  const { ChecksumType, ...values } = checksumMembers(version.checksums);
  return { ChecksumAlgorithm: Object.keys(values).map((name) => name.slice('Checksum'.length)), ChecksumType };
}

export function listObjectsV2(state: S3State, request: S3Request, response: ServerResponse): void {
  const { query } = request;
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after') ?? '';
  const after = token === null ? startAfter : readToken(token);
  const encode = keyEncoder(request);
  const options = readPageOptions(request, after, token === null ? '' : after);
  const page = readPage(currentEntries(state, request.bucket), options);
  sendS3Document(response, 'ListBucketResult', {
    Name: request.bucket,
    Prefix: encode(options.prefix),
    Delimiter: options.delimiter === '' ? undefined : encode(options.delimiter),
    MaxKeys: options.maxKeys,
    EncodingType: query.get('encoding-type') ?? undefined,
    KeyCount: page.entries.length + page.commonPrefixes.length,
    IsTruncated: page.truncated,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: page.truncated ? Buffer.from(page.last).toString('base64url') : undefined,
    StartAfter: startAfter === '' ? undefined : encode(startAfter),
    Contents: contents(page, encode, query.get('fetch-owner') === 'true'),
    CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  });
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (text === '') throw new ServiceError('InvalidArgument', 'The continuation token provided is incorrect', 400);
  return text;
}

function readPageOptions(request: S3Request, after: string, marker: string): PageOptions {
  return {
    prefix: request.query.get('prefix') ?? '',
    delimiter: request.query.get('delimiter') ?? '',
    maxKeys: readMaxKeys(request),
    isAfter: (key) => after === '' || compareUtf8(key, after) > 0,
    marker,
  };
}

export function listObjects(state: S3State, request: S3Request, response: ServerResponse): void {
  const { query } = request;
  const marker = query.get('marker') ?? '';
  const encode = keyEncoder(request);
  const options = readPageOptions(request, marker, marker);
  const page = readPage(currentEntries(state, request.bucket), options);
  sendS3Document(response, 'ListBucketResult', {
    Name: request.bucket,
    Prefix: encode(options.prefix),
    Marker: encode(marker),
    NextMarker: page.truncated && options.delimiter !== '' ? encode(page.last) : undefined,
    Delimiter: options.delimiter === '' ? undefined : encode(options.delimiter),
    MaxKeys: options.maxKeys,
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: page.truncated,
    Contents: contents(page, encode, true),
    CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  });
}

export function listObjectVersions(state: S3State, request: S3Request, response: ServerResponse): void {
  const { query } = request;
  const keyMarker = query.get('key-marker') ?? '';
  const versionMarker = query.get('version-id-marker') ?? '';
  const encode = keyEncoder(request);
  getBucket(state, request.bucket);
  const options = { ...readPageOptions(request, '', keyMarker), isAfter: isAfterVersion(state, request.bucket, keyMarker, versionMarker) };
  const page = readPage(allEntries(state, request.bucket), options);
  const describe = ({ key, version, isLatest }: Entry) => ({
    Key: encode(key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: version.lastModified,
    Owner: OWNER,
  });
  const withContent = ({ version }: Entry) => ({ ETag: `"${version.etag}"`, Size: version.size, StorageClass: 'STANDARD' });
  sendS3Document(response, 'ListVersionsResult', {
    Name: request.bucket,
    Prefix: encode(options.prefix),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionMarker,
    NextKeyMarker: page.truncated ? encode(page.last) : undefined,
    NextVersionIdMarker: page.truncated ? page.lastVersionId : undefined,
    Delimiter: options.delimiter === '' ? undefined : encode(options.delimiter),
    MaxKeys: options.maxKeys,
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: page.truncated,
    Version: page.entries
      .filter((entry) => entry.version.deleteMarker !== true)
      .map((entry) => ({ ...describe(entry), ...withContent(entry) })),
    DeleteMarker: page.entries.filter((entry) => entry.version.deleteMarker === true).map(describe),
    CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  });
}

/** With a version marker the list goes on inside the key, behind that version; without, behind the key. */
function isAfterVersion(state: S3State, bucket: string, keyMarker: string, versionMarker: string): PageOptions['isAfter'] {
  const versions = state.objects.get(`${bucket}/${keyMarker}`)?.versions ?? [];
  const markerIndex = versions.findIndex((version) => version.versionId === versionMarker);
  return (key, entry) => {
    if (keyMarker === '' || key !== keyMarker) return keyMarker === '' || compareUtf8(key, keyMarker) > 0;
    return versionMarker !== '' && markerIndex >= 0 && versions.indexOf(entry.version) > markerIndex;
  };
}
