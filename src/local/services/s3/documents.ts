/**
 * Settings of a bucket that are kept and given back, without effect on what the local target does: encryption, policy,
 * tags, lifecycle and the like. Everything that a client reads back after creating a bucket has its default here.
 */
import type { ServerResponse } from 'node:http';
import { readBody } from '../../protocol/body.ts';
import { renderS3Document, sendS3Empty } from '../../protocol/rest-xml.ts';
import { parseXml } from '../../protocol/xml.ts';
import { ServiceError } from '../../types.ts';
import { getBucket, OWNER, type S3Request, type S3State } from './state.ts';

interface DocumentKind {
  /** Root element; `json` for the policy. */
  readonly root: string;
  /** What a bucket has before anything was put. */
  readonly initial?: string | undefined;
  /** What it has after the setting was deleted; with neither, reading is this error. */
  readonly missing?: readonly [code: string, message: string] | undefined;
  /** HTTP status of a successful put. */
  readonly putStatus?: number | undefined;
}

/** New buckets are encrypted, owned by their account and closed to the public, as in AWS since 2023. */
const ENCRYPTED = renderS3Document('ServerSideEncryptionConfiguration', {
  Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false },
});
const PRIVATE = renderS3Document('PublicAccessBlockConfiguration', {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
});
const OWNED = renderS3Document('OwnershipControls', { Rule: { ObjectOwnership: 'BucketOwnerEnforced' } });
const OWNER_ACL = renderS3Document('AccessControlPolicy', {
  Owner: OWNER,
  AccessControlList: {
    Grant: {
      'Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"': OWNER,
      Permission: 'FULL_CONTROL',
    },
  },
});

/** By the name of the sub-resource in the query. */
const KINDS: Readonly<Record<string, DocumentKind>> = {
  accelerate: { root: 'AccelerateConfiguration', initial: renderS3Document('AccelerateConfiguration', {}) },
  acl: { root: 'AccessControlPolicy', initial: OWNER_ACL },
  cors: { root: 'CORSConfiguration', missing: ['NoSuchCORSConfiguration', 'The CORS configuration does not exist'] },
  encryption: {
    root: 'ServerSideEncryptionConfiguration',
    initial: ENCRYPTED,
    missing: ['ServerSideEncryptionConfigurationNotFoundError', 'The server side encryption configuration was not found'],
  },
  lifecycle: { root: 'LifecycleConfiguration', missing: ['NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'] },
  logging: { root: 'BucketLoggingStatus', initial: renderS3Document('BucketLoggingStatus', {}) },
  notification: { root: 'NotificationConfiguration', initial: renderS3Document('NotificationConfiguration', {}) },
  'object-lock': {
    root: 'ObjectLockConfiguration',
    missing: ['ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist for this bucket'],
  },
  ownershipControls: {
    root: 'OwnershipControls',
    initial: OWNED,
    missing: ['OwnershipControlsNotFoundError', 'The bucket ownership controls were not found'],
  },
  policy: { root: 'json', missing: ['NoSuchBucketPolicy', 'The bucket policy does not exist'], putStatus: 204 },
  publicAccessBlock: {
    root: 'PublicAccessBlockConfiguration',
    initial: PRIVATE,
    missing: ['NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found'],
  },
  replication: {
    root: 'ReplicationConfiguration',
    missing: ['ReplicationConfigurationNotFoundError', 'The replication configuration was not found'],
  },
  requestPayment: {
    root: 'RequestPaymentConfiguration',
    initial: renderS3Document('RequestPaymentConfiguration', { Payer: 'BucketOwner' }),
  },
  tagging: { root: 'Tagging', missing: ['NoSuchTagSet', 'The TagSet does not exist'], putStatus: 204 },
  website: {
    root: 'WebsiteConfiguration',
    missing: ['NoSuchWebsiteConfiguration', 'The specified bucket does not have a website configuration'],
  },
};

/** The sub-resources of a bucket that are such documents. */
export const DOCUMENT_NAMES: readonly string[] = Object.keys(KINDS);

export function getDocument(state: S3State, request: S3Request, response: ServerResponse, name: string): void {
  const kind = KINDS[name];
  const stored = getBucket(state, request.bucket).documents[name];
  const text = stored ?? kind?.initial ?? '';
  if (text === '') {
    const [code, message] = kind?.missing ?? ['NoSuchConfiguration', 'The specified configuration does not exist.'];
    throw new ServiceError(code, message, 404, { BucketName: request.bucket });
  }
  const body = Buffer.from(text);
  const type = kind?.root === 'json' ? 'application/json' : 'application/xml';
  response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
}

export async function putDocument(state: S3State, request: S3Request, response: ServerResponse, name: string): Promise<void> {
  const text = (await readBody(request.body)).toString('utf8');
  // An ACL may also come in headers; BucketOwnerEnforced leaves it without effect.
  if (text !== '' || name !== 'acl') storeDocument(state, request.bucket, name, text);
  sendS3Empty(response, KINDS[name]?.putStatus ?? 200);
}

/** Throws ServiceError `MalformedXML` or `MalformedPolicy` for a document of another kind. */
export function storeDocument(state: S3State, bucketName: string, name: string, text: string): void {
  const root = KINDS[name]?.root;
  if (root === 'json') checkPolicy(text);
  else if (root === undefined || !Object.hasOwn(parseXml(text), root)) {
    throw new ServiceError(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
      400,
    );
  }
  const bucket = getBucket(state, bucketName);
  state.buckets.put(bucketName, { ...bucket, documents: { ...bucket.documents, [name]: text } });
}

function checkPolicy(text: string): void {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch (error) {
    throw new ServiceError('MalformedPolicy', `Policies must be valid JSON: ${(error as Error).message}`, 400);
  }
  if (typeof policy !== 'object' || policy === null || !('Statement' in policy)) {
    throw new ServiceError('MalformedPolicy', 'Missing required field Statement', 400);
  }
}

export function deleteDocument(state: S3State, request: S3Request, response: ServerResponse, name: string): void {
  removeDocument(state, request.bucket, name);
  sendS3Empty(response, 204);
}

/** Leaves an empty text, so that the setting a new bucket begins with does not come back. */
export function removeDocument(state: S3State, bucketName: string, name: string): void {
  const bucket = getBucket(state, bucketName);
  state.buckets.put(bucketName, { ...bucket, documents: { ...bucket.documents, [name]: '' } });
}
