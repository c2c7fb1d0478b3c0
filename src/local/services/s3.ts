/** S3: from a request to the operation that it means. */
import type { ServerResponse } from 'node:http';
import { splitHost } from '../http-guard.ts';
import { notImplemented } from '../protocol/query-xml.ts';
import { sendS3Error } from '../protocol/rest-xml.ts';
import { decodeUri } from '../protocol/uri.ts';
import { LOCAL_ACCOUNT_ID, type ObjectReader, type Service, ServiceError, type ServiceRequest, type Store } from '../types.ts';
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  listBuckets,
  putBucketVersioning,
} from './s3/buckets.ts';
import { copyObject } from './s3/copy.ts';
import { deleteDocument, DOCUMENT_NAMES, getDocument, putDocument } from './s3/documents.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './s3/listing.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
  uploadPartCopy,
} from './s3/multipart.ts';
import {
  deleteObject,
  deleteObjects,
  deleteObjectTagging,
  getObject,
  getObjectTagging,
  putObject,
  putObjectTagging,
} from './s3/objects.ts';
import { findVersion, getBucket, openS3State, type S3Request, type S3State } from './s3/state.ts';

type Operation = (state: S3State, request: S3Request, response: ServerResponse) => void | Promise<void>;

/** Query parameters that choose an operation; others (`prefix`, `response-content-type`) only change it. */
const SUB_RESOURCES: readonly string[] = DOCUMENT_NAMES.concat(
  ['analytics', 'attributes', 'delete', 'intelligent-tiering', 'inventory', 'legal-hold', 'location', 'metadataTable', 'metrics'],
  ['policyStatus', 'renameObject', 'restore', 'retention', 'select', 'session', 'torrent', 'uploadId', 'uploads', 'versioning', 'versions'],
);

const BUCKET_OPERATIONS: Readonly<Record<string, Operation>> = {
  'PUT ': createBucket,
  'HEAD ': headBucket,
  'DELETE ': deleteBucket,
  'GET ': (state, request, response) =>
    request.query.get('list-type') === '2' ? listObjectsV2(state, request, response) : listObjects(state, request, response),
  'GET location': getBucketLocation,
  'GET versioning': getBucketVersioning,
  'PUT versioning': putBucketVersioning,
  'GET versions': listObjectVersions,
  'GET uploads': listMultipartUploads,
  'POST delete': deleteObjects,
};

const OBJECT_OPERATIONS: Readonly<Record<string, Operation>> = {
  'PUT ': (state, request, response) =>
    request.headers['x-amz-copy-source'] === undefined ? putObject(state, request, response) : copyObject(state, request, response),
  'GET ': getObject,
  'HEAD ': getObject,
  'DELETE ': deleteObject,
  'GET tagging': getObjectTagging,
  'PUT tagging': putObjectTagging,
  'DELETE tagging': deleteObjectTagging,
  'POST uploads': createMultipartUpload,
  'PUT uploadId': (state, request, response) =>
    request.headers['x-amz-copy-source'] === undefined ? uploadPart(state, request, response) : uploadPartCopy(state, request, response),
  'POST uploadId': completeMultipartUpload,
  'DELETE uploadId': abortMultipartUpload,
  'GET uploadId': listParts,
};

/** S3 over a state folder, and the view of it that other services have. */
export function createS3(store: Store): { readonly service: Service; readonly objects: ObjectReader; readonly state: S3State } {
  const state = openS3State(store);
  const service: Service = {
    name: 's3',
    bodyLimit: 'stream',
    async handle(request, response) {
      response.setHeader('x-amz-request-id', request.requestId).setHeader('x-amz-id-2', Buffer.from(request.requestId).toString('base64'));
      const { bucket, key } = readTarget(request);
      if (bucket === '') return answerForService(state, request, response);
      checkAccess(state, request, bucket, response);
      await findOperation({ ...request, bucket, key })(state, { ...request, bucket, key }, response);
    },
    renderError: (error, request, response) => sendS3Error(response, error, request),
  };
  return { service, objects: createObjectReader(state), state };
}

function answerForService(state: S3State, request: ServiceRequest, response: ServerResponse): void {
  if (request.method !== 'GET') throw notImplemented('s3', `${request.method} /`);
  listBuckets(state, request, response);
}

/** Bucket and key: from the path, or the bucket from a host name `<bucket>.localhost` or `<bucket>.s3.localhost`. */
function readTarget(request: ServiceRequest): { bucket: string; key: string } {
  const host = splitHost(request.headers.host ?? '')?.name ?? '';
  const path = decodeUri(request.rawPath.slice(1));
  const hostBucket = /^(.+?)(?:\.s3(?:[.-][a-z0-9-]+)?)?\.localhost$/.exec(host)?.[1];
  if (hostBucket !== undefined && hostBucket !== 's3') return { bucket: hostBucket, key: path };
  const slash = path.indexOf('/');
  return slash < 0 ? { bucket: path, key: '' } : { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

function findOperation(request: S3Request): Operation {
  const subResource = SUB_RESOURCES.find((name) => request.query.has(name)) ?? '';
  const { method } = request;
  const operations = request.key === '' ? BUCKET_OPERATIONS : OBJECT_OPERATIONS;
  const operation = operations[`${method} ${subResource}`];
  if (operation !== undefined) return operation;
  if (request.key === '' && DOCUMENT_NAMES.includes(subResource)) {
    if (method === 'GET') return (state, from, response) => getDocument(state, from, response, subResource);
    if (method === 'PUT') return (state, from, response) => putDocument(state, from, response, subResource);
    if (method === 'DELETE') return (state, from, response) => deleteDocument(state, from, response, subResource);
  }
  const level = request.key === '' ? 'bucket' : 'object';
  throw notImplemented('s3', `${method} ${level}${subResource === '' ? '' : ` ?${subResource}`}`);
}

/** The bucket has to exist, belong to whom the client says, and lie in the region that the request is signed for. */
function checkAccess(state: S3State, request: ServiceRequest, name: string, response: ServerResponse): void {
  const creates = request.method === 'PUT' && !SUB_RESOURCES.some((sub) => request.query.has(sub)) && readTarget(request).key === '';
  const owner = request.headers['x-amz-expected-bucket-owner'];
  if (creates) return;
  const bucket = getBucket(state, name);
  response.setHeader('x-amz-bucket-region', bucket.region);
  if (owner !== undefined && owner !== LOCAL_ACCOUNT_ID) throw new ServiceError('AccessDenied', 'Access Denied', 403);
  if (request.region === bucket.region || request.query.has('location')) return;
  throw new ServiceError(
    'PermanentRedirect',
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    301,
    { Endpoint: request.headers.host ?? '', Bucket: name, Region: bucket.region },
  );
}

function createObjectReader(state: S3State): ObjectReader {
  return {
    bucketExists: (bucket) => state.buckets.get(bucket) !== undefined,
    find(bucket, key, versionId) {
      if (state.buckets.get(bucket) === undefined) return undefined;
      const version = findVersion(state, bucket, key, versionId);
      if (version === undefined || version.deleteMarker === true) return undefined;
      const found = { path: state.content.pathOf(version.file), size: version.size, sha256: version.sha256 };
      return version.versionId === 'null' ? found : { ...found, versionId: version.versionId };
    },
  };
}
