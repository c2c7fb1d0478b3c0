/** Where a copy comes from, and CopyObject. */
import type { ServerResponse } from 'node:http';
import { sendS3Document } from '../../protocol/rest-xml.ts';
import { decodeUri } from '../../protocol/uri.ts';
import { LOCAL_ACCOUNT_ID, ServiceError } from '../../types.ts';
import { CHECKSUM_ALGORITHMS, checksumMembers, settleChecksums, wantedAlgorithms } from './checksums.ts';
import { checkCopyConditions, checkWriteConditions } from './conditions.ts';
import { newVersionId, readObjectHeaders, readTagsHeader } from './object-headers.ts';
import { checkKey, writeHeaders } from './objects.ts';
import { addVersion, findVersion, getBucket, type S3Request, type S3State, type VersionRecord } from './state.ts';

/** The version that `x-amz-copy-source` names. Throws ServiceError when it is missing or not what the request expects. */
export function getCopySource(
  state: S3State,
  request: S3Request,
): { readonly bucket: string; readonly key: string; readonly version: VersionRecord } {
  const owner = request.headers['x-amz-source-expected-bucket-owner'];
  if (owner !== undefined && owner !== LOCAL_ACCOUNT_ID) throw new ServiceError('AccessDenied', 'Access Denied', 403);
  const header = String(request.headers['x-amz-copy-source']);
  const [pathText = '', queryText] = header.replace(/^\//, '').split('?', 2);
  const source = decodeUri(pathText);
  const slash = source.indexOf('/');
  if (slash <= 0) throw new ServiceError('InvalidArgument', 'Invalid copy source object key', 400);
  const bucket = source.slice(0, slash);
  const key = source.slice(slash + 1);
  getBucket(state, bucket);
  const version = findVersion(state, bucket, key, new URLSearchParams(queryText ?? '').get('versionId'));
  if (version === undefined || version.deleteMarker === true) {
    throw new ServiceError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
  }
  checkCopyConditions(request, version);
  return { bucket, key, version };
}

export async function copyObject(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  checkKey(request.key);
  const source = getCopySource(state, request);
  const replacesHeaders = request.headers['x-amz-metadata-directive'] === 'REPLACE';
  const replacesTags = request.headers['x-amz-tagging-directive'] === 'REPLACE';
  if (source.bucket === request.bucket && source.key === request.key && !replacesHeaders && !replacesTags) {
    const storage = request.headers['x-amz-storage-class'] ?? request.headers['x-amz-server-side-encryption'];
    if (storage === undefined) {
      throw new ServiceError(
        'InvalidRequest',
        'This copy request is illegal because it is trying to copy an object to itself without changing it.',
        400,
      );
    }
  }
  checkWriteConditions(request, findVersion(state, request.bucket, request.key));
  const kept = Object.keys(source.version.checksums).map((name) => name.slice('x-amz-checksum-'.length));
  const algorithms = [...wantedAlgorithms(request.headers), ...kept.filter((name) => CHECKSUM_ALGORITHMS.includes(name))];
  const saved = await state.content.save([state.content.open(source.version.file)], algorithms);
  const bucket = getBucket(state, request.bucket);
  const version: VersionRecord = {
    versionId: newVersionId(bucket),
    lastModified: new Date().toISOString(),
    etag: saved.md5,
    size: saved.size,
    sha256: saved.sha256,
    file: saved.file,
    headers: replacesHeaders ? readObjectHeaders(request) : source.version.headers,
    tags: replacesTags ? readTagsHeader(request) : source.version.tags,
    checksums: settleChecksums({}, saved.checksums),
  };
  addVersion(state, bucket, request.key, version);
  sendS3Document(
    response,
    'CopyObjectResult',
    { ETag: `"${version.etag}"`, LastModified: version.lastModified, ...checksumMembers(version.checksums) },
    { ...writeHeaders(bucket, version), 'x-amz-copy-source-version-id': source.version.versionId },
  );
}
