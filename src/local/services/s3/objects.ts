/** Objects: put, get, head, delete, copy, and their tags. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type ByteRange, readRange } from '../../protocol/byte-range.ts';
import { readXmlBody, sendS3Document, sendS3Empty } from '../../protocol/rest-xml.ts';
import { xmlList, xmlObject, xmlText } from '../../protocol/xml.ts';
import { ServiceError } from '../../types.ts';
import { checkReadConditions, checkWriteConditions } from './conditions.ts';
import { answerHeaders, newVersionId, readObjectHeaders, readTagsHeader, versionHeaders } from './object-headers.ts';
import {
  addVersion,
  type BucketRecord,
  findVersion,
  getBucket,
  removeVersion,
  replaceVersion,
  type S3Request,
  type S3State,
  type VersionRecord,
} from './state.ts';
import { saveUploadedBody } from './upload-body.ts';

const MAX_KEY_BYTES = 1024;

export async function putObject(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  checkKey(request.key);
  const headers = readObjectHeaders(request);
  checkWriteConditions(request, findVersion(state, request.bucket, request.key));
  const body = await saveUploadedBody(state.content, request);
  try {
    const bucket = getBucket(state, request.bucket);
    // Another upload of the key may have ended while this one was running.
    checkWriteConditions(request, findVersion(state, request.bucket, request.key));
    const version: VersionRecord = {
      versionId: newVersionId(bucket),
      lastModified: new Date().toISOString(),
      etag: body.md5,
      size: body.size,
      sha256: body.sha256,
      file: body.file,
      headers,
      tags: readTagsHeader(request),
      checksums: body.checksums,
    };
    addVersion(state, bucket, request.key, version);
    sendS3Empty(response, 200, { etag: `"${version.etag}"`, ...body.checksums, ...writeHeaders(bucket, version) });
  } catch (error) {
    state.content.remove(body.file);
    throw error;
  }
}

/** Throws ServiceError `KeyTooLongError`. */
export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new ServiceError('KeyTooLongError', 'Your key is too long', 400);
}

/** What every answer to a write says about the new version. */
export function writeHeaders(bucket: BucketRecord, version: VersionRecord): OutgoingHttpHeaders {
  const encryption = version.headers['x-amz-server-side-encryption'];
  return {
    ...versionHeaders(bucket, version.versionId),
    ...(encryption === undefined ? {} : { 'x-amz-server-side-encryption': encryption }),
  };
}

/** The version that a read asks for. Throws ServiceError `NoSuchKey`, `NoSuchVersion` or, for a delete marker, `MethodNotAllowed`. */
export function getVersion(state: S3State, request: S3Request, response?: ServerResponse): VersionRecord {
  const versionId = request.query.get('versionId');
  const version = findVersion(state, request.bucket, request.key, versionId);
  if (version === undefined) throw versionId === null ? noSuchKey(request) : noSuchVersion(request, versionId);
  if (version.deleteMarker !== true) return version;
  response?.setHeader('x-amz-delete-marker', 'true').setHeader('x-amz-version-id', version.versionId);
  if (versionId === null) throw noSuchKey(request);
  throw new ServiceError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
}

function noSuchKey(request: S3Request): ServiceError {
  return new ServiceError('NoSuchKey', 'The specified key does not exist.', 404, { Key: request.key });
}

function noSuchVersion(request: S3Request, versionId: string): ServiceError {
  return new ServiceError('NoSuchVersion', 'The specified version does not exist.', 404, { Key: request.key, VersionId: versionId });
}

/** GET and HEAD. */
export async function getObject(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  const bucket = getBucket(state, request.bucket);
  const version = getVersion(state, request, response);
  checkReadConditions(request, version);
  const range = partRange(request, version) ?? readRange(request.headers.range, version.size);
  const headers = answerHeaders(request, bucket, version);
  headers['content-length'] = range === undefined ? version.size : range.end - range.start + 1;
  if (range !== undefined) {
    headers['content-range'] = `bytes ${range.start}-${range.end}/${version.size}`;
    // A checksum of the whole says nothing about a part.
    for (const name of Object.keys(version.checksums)) delete headers[name];
  }
  response.writeHead(range === undefined ? 200 : 206, headers);
  if (request.method === 'HEAD' || version.size === 0) response.end();
  else await pipeline(state.content.open(version.file, range), response);
}

/** The bytes of `?partNumber=`; undefined when it is not asked for or the whole is the one part. */
function partRange(request: S3Request, version: VersionRecord): ByteRange | undefined {
  const wanted = request.query.get('partNumber');
  if (wanted === null || version.size === 0) return undefined;
  const sizes = version.partSizes ?? [version.size];
  const size = sizes[Number(wanted) - 1];
  if (size === undefined) throw new ServiceError('InvalidPartNumber', 'The requested partnumber is not satisfiable', 416);
  const start = sizes.slice(0, Number(wanted) - 1).reduce((sum, item) => sum + item, 0);
  return { start, end: start + size - 1 };
}

/** What a deletion did, in the words of its answer. */
interface Deletion {
  readonly deleteMarker: boolean;
  readonly versionId: string | undefined;
}

export function deleteObject(state: S3State, request: S3Request, response: ServerResponse): void {
  const bucket = getBucket(state, request.bucket);
  const deletion = deleteKey(state, bucket, request.key, request.query.get('versionId') ?? undefined);
  sendS3Empty(response, 204, {
    ...(deletion.versionId === undefined ? {} : { 'x-amz-version-id': deletion.versionId }),
    ...(deletion.deleteMarker ? { 'x-amz-delete-marker': 'true' } : {}),
  });
}

function deleteKey(state: S3State, bucket: BucketRecord, key: string, versionId: string | undefined): Deletion {
  if (versionId !== undefined) {
    const removed = removeVersion(state, bucket.name, key, versionId);
    return { deleteMarker: removed?.deleteMarker === true, versionId };
  }
  if (bucket.versioning === undefined) {
    removeVersion(state, bucket.name, key, 'null');
    return { deleteMarker: false, versionId: undefined };
  }
  const marker: VersionRecord = {
    versionId: newVersionId(bucket),
    deleteMarker: true,
    lastModified: new Date().toISOString(),
    etag: '',
    size: 0,
    sha256: '',
    file: '',
    headers: {},
    tags: {},
    checksums: {},
  };
  addVersion(state, bucket, key, marker);
  return { deleteMarker: true, versionId: marker.versionId };
}

/** DeleteObjects: up to 1000 keys in one document. */
export async function deleteObjects(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  const document = await readXmlBody(request.body);
  const wanted = xmlList(document['Object']).map(xmlObject);
  if (wanted.length === 0 || wanted.length > 1000) {
    throw new ServiceError(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
      400,
    );
  }
  const bucket = getBucket(state, request.bucket);
  const deleted = wanted.map((item) => {
    const key = xmlText(item['Key']) ?? '';
    const versionId = xmlText(item['VersionId']);
    const deletion = deleteKey(state, bucket, key, versionId);
    return {
      Key: key,
      VersionId: versionId,
      DeleteMarker: deletion.deleteMarker || undefined,
      DeleteMarkerVersionId: deletion.deleteMarker ? deletion.versionId : undefined,
    };
  });
  sendS3Document(response, 'DeleteResult', { Deleted: xmlText(document['Quiet']) === 'true' ? [] : deleted });
}

export function getObjectTagging(state: S3State, request: S3Request, response: ServerResponse): void {
  const version = getVersion(state, request);
  const tags = Object.entries(version.tags).map(([Key, Value]) => ({ Key, Value }));
  sendS3Document(response, 'Tagging', { TagSet: { Tag: tags } }, versionHeaders(getBucket(state, request.bucket), version.versionId));
}

export async function putObjectTagging(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  const tags = readTagging(await readXmlBody(request.body));
  changeTags(state, request, tags);
  sendS3Empty(response, 200);
}

export function deleteObjectTagging(state: S3State, request: S3Request, response: ServerResponse): void {
  changeTags(state, request, {});
  sendS3Empty(response, 204);
}

function changeTags(state: S3State, request: S3Request, tags: Readonly<Record<string, string>>): void {
  replaceVersion(state, request.bucket, request.key, { ...getVersion(state, request), tags });
}

function readTagging(document: Readonly<Record<string, unknown>>): Record<string, string> {
  const pairs = xmlList(xmlObject(document['TagSet'])['Tag']).map(xmlObject);
  return Object.fromEntries(pairs.map((pair) => [xmlText(pair['Key']) ?? '', xmlText(pair['Value']) ?? '']));
}
