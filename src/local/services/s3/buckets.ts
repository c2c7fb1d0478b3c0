/** Buckets: create, head, list, delete, location, versioning. */
import type { ServerResponse } from 'node:http';
import { readXmlBody, sendS3Document, sendS3Empty } from '../../protocol/rest-xml.ts';
import { xmlText } from '../../protocol/xml.ts';
import { LOCAL_ACCOUNT_ID, ServiceError, type ServiceRequest } from '../../types.ts';
import { type BucketRecord, getBucket, objectsOf, OWNER, type S3Request, type S3State } from './state.ts';

/** Throws ServiceError `InvalidBucketName`. */
export function checkBucketName(name: string): void {
  const wellFormed = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
  if (!wellFormed) throw new ServiceError('InvalidBucketName', 'The specified bucket is not valid.', 400, { BucketName: name });
}

/**
 * Names of the account's own regional namespace end in `-<account>-<region>-an` and are only given with the header.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
 */
export function checkNamespace(name: string, region: string, namespace: string | undefined): void {
  if (namespace !== undefined && namespace !== 'account-regional' && namespace !== 'global') {
    throw new ServiceError('InvalidArgument', `Invalid bucket namespace: ${namespace}`, 400);
  }
  const looksRegional = name.endsWith('-an');
  if (namespace === 'account-regional' && !name.endsWith(`-${LOCAL_ACCOUNT_ID}-${region}-an`)) {
    throw new ServiceError('InvalidBucketName', 'The name does not fit the account regional namespace.', 400, { BucketName: name });
  }
  if (namespace !== 'account-regional' && looksRegional) {
    throw new ServiceError(
      'MissingNamespaceHeader',
      'The bucket name belongs to an account regional namespace; the namespace header is missing.',
      400,
    );
  }
}

/** Makes a bucket. Throws ServiceError `BucketAlreadyOwnedByYou`, but for us-east-1, where AWS answers as if it had been made. */
export function addBucket(state: S3State, name: string, region: string): BucketRecord {
  const known = state.buckets.get(name);
  if (known !== undefined) {
    if (region === 'us-east-1' && known.region === region) return known;
    throw new ServiceError(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      409,
      { BucketName: name },
    );
  }
  const bucket: BucketRecord = { name, region, createdAt: new Date().toISOString(), documents: {} };
  state.buckets.put(name, bucket);
  return bucket;
}

export async function createBucket(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  checkBucketName(request.bucket);
  const region = await readBucketRegion(request);
  const namespace = request.headers['x-amz-bucket-namespace'];
  checkNamespace(request.bucket, region, typeof namespace === 'string' ? namespace : undefined);
  addBucket(state, request.bucket, region);
  sendS3Empty(response, 200, { location: `/${request.bucket}` });
}

async function readBucketRegion(request: S3Request): Promise<string> {
  const length = request.headers['content-length'] ?? (request.headers['transfer-encoding'] === undefined ? '0' : 'unknown');
  const document = length === '0' ? {} : await readXmlBody(request.body);
  const constraint = xmlText(document['LocationConstraint']);
  if (constraint === undefined || constraint === '') {
    if (request.region === 'us-east-1') return request.region;
    throw illegalLocation('The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.');
  }
  const region = constraint === 'EU' ? 'eu-west-1' : constraint;
  if (request.region !== 'us-east-1' && request.region !== region) {
    throw illegalLocation(`The ${region} location constraint is incompatible for the region specific endpoint this request was sent to.`);
  }
  return region;
}

function illegalLocation(message: string): ServiceError {
  return new ServiceError('IllegalLocationConstraintException', message, 400);
}

export function headBucket(state: S3State, request: S3Request, response: ServerResponse): void {
  const bucket = getBucket(state, request.bucket);
  sendS3Empty(response, 200, {
    'x-amz-bucket-region': bucket.region,
    'x-amz-bucket-arn': `arn:aws:s3:::${bucket.name}`,
    'x-amz-access-point-alias': 'false',
  });
}

/** Throws ServiceError `BucketNotEmpty` while there is a version or delete marker of anything. */
export function removeBucket(state: S3State, name: string): void {
  for (const _object of objectsOf(state, name)) {
    throw new ServiceError(
      'BucketNotEmpty',
      'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
      409,
      {
        BucketName: name,
      },
    );
  }
  for (const [id, upload] of state.uploads.entries()) {
    if (upload.bucket !== name) continue;
    state.uploads.delete(id);
    for (const part of Object.values(upload.parts)) state.content.remove(part.file);
  }
  state.buckets.delete(name);
}

export function deleteBucket(state: S3State, request: S3Request, response: ServerResponse): void {
  removeBucket(state, request.bucket);
  sendS3Empty(response, 204);
}

export function listBuckets(state: S3State, request: ServiceRequest, response: ServerResponse): void {
  const prefix = request.query.get('prefix') ?? '';
  const region = request.query.get('bucket-region');
  const after = Buffer.from(request.query.get('continuation-token') ?? '', 'base64url').toString('utf8');
  const max = Number(request.query.get('max-buckets') ?? 10_000);
  const all = [...state.buckets.entries()]
    .map(([, bucket]) => bucket)
    .filter((bucket) => bucket.name.startsWith(prefix) && (region === null || bucket.region === region) && bucket.name > after);
  const page = all.slice(0, max);
  sendS3Document(response, 'ListAllMyBucketsResult', {
    Owner: OWNER,
    Buckets: {
      Bucket: page.map((bucket) => ({
        Name: bucket.name,
        CreationDate: bucket.createdAt,
        BucketRegion: bucket.region,
        BucketArn: `arn:aws:s3:::${bucket.name}`,
      })),
    },
    Prefix: prefix === '' ? undefined : prefix,
    ContinuationToken: all.length > page.length ? Buffer.from(page.at(-1)?.name ?? '').toString('base64url') : undefined,
  });
}

export function getBucketLocation(state: S3State, request: S3Request, response: ServerResponse): void {
  const { region } = getBucket(state, request.bucket);
  sendS3Document(response, 'LocationConstraint', region === 'us-east-1' ? '' : region);
}

export function getBucketVersioning(state: S3State, request: S3Request, response: ServerResponse): void {
  sendS3Document(response, 'VersioningConfiguration', { Status: getBucket(state, request.bucket).versioning });
}

export async function putBucketVersioning(state: S3State, request: S3Request, response: ServerResponse): Promise<void> {
  const status = xmlText((await readXmlBody(request.body))['Status']);
  setVersioning(state, getBucket(state, request.bucket), status);
  sendS3Empty(response, 200);
}

/** Throws ServiceError `IllegalVersioningConfigurationException` for anything but Enabled and Suspended. */
export function setVersioning(state: S3State, bucket: BucketRecord, status: string | undefined): void {
  if (status !== 'Enabled' && status !== 'Suspended') {
    throw new ServiceError('IllegalVersioningConfigurationException', 'The Versioning element must be specified', 400);
  }
  state.buckets.put(bucket.name, { ...bucket, versioning: status });
}
