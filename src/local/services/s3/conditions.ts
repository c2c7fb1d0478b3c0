/** Conditional requests. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html */
import { ServiceError } from '../../types.ts';
import type { S3Request, VersionRecord } from './state.ts';

/** For GET and HEAD. Throws ServiceError `PreconditionFailed` (412) or `NotModified` (304). */
export function checkReadConditions(request: S3Request, version: VersionRecord): void {
  const { headers } = request;
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  const modified = Math.floor(Date.parse(version.lastModified) / 1000) * 1000;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version.etag)) throw preconditionFailed('If-Match');
  } else if (headers['if-unmodified-since'] !== undefined && modified > Date.parse(headers['if-unmodified-since'])) {
    throw preconditionFailed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, version.etag)) throw new ServiceError('NotModified', 'Not Modified', 304);
  } else if (headers['if-modified-since'] !== undefined && modified <= Date.parse(headers['if-modified-since'])) {
    throw new ServiceError('NotModified', 'Not Modified', 304);
  }
}

/** For PUT and CompleteMultipartUpload, against the object that is there now (a delete marker is none). */
export function checkWriteConditions(request: S3Request, current: VersionRecord | undefined): void {
  const { headers } = request;
  const exists = current !== undefined && current.deleteMarker !== true;
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== '*')
      throw new ServiceError('NotImplemented', 'A header you provided implies functionality that is not implemented', 501);
    if (exists) throw preconditionFailed('If-None-Match');
  }
  const ifMatch = headers['if-match'];
  if (ifMatch === undefined) return;
  if (!exists) throw new ServiceError('NoSuchKey', 'The specified key does not exist.', 404, { Key: request.key });
  if (!matches(ifMatch, current.etag)) throw preconditionFailed('If-Match');
}

/** For the source of a copy. */
export function checkCopyConditions(request: S3Request, source: VersionRecord): void {
  const ifMatch = request.headers['x-amz-copy-source-if-match'];
  const ifNoneMatch = request.headers['x-amz-copy-source-if-none-match'];
  if (typeof ifMatch === 'string' && !matches(ifMatch, source.etag)) throw preconditionFailed('x-amz-copy-source-If-Match');
  if (typeof ifNoneMatch === 'string' && matches(ifNoneMatch, source.etag)) throw preconditionFailed('x-amz-copy-source-If-None-Match');
}

function matches(header: string, etag: string): boolean {
  return header.split(',').some((item) => {
    const text = item.trim().replace(/^W\//, '');
    return text === '*' || text.replace(/^"|"$/g, '') === etag;
  });
}

function preconditionFailed(condition: string): ServiceError {
  return new ServiceError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
    Condition: condition,
  });
}
