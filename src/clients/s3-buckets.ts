import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type BucketLocationConstraint,
  type CreateBucketCommandInput,
} from '@aws-sdk/client-s3';

import { serviceFailure } from './aws-errors.ts';
import { bucketRegionOf, statusOf, translateS3Error } from './s3-errors.ts';
import type { S3Edge } from './s3-edge.ts';

/** A bucket, as far as this identity can see it. */
export interface Bucket {
  readonly name: string;
  /** Undefined when the endpoint does not tell. */
  readonly region: string | undefined;
  /** Whether it belongs to the expected account; `unknown` when we may not look, or know no account. */
  readonly owned: boolean | 'unknown';
  /** S3 refused to show it. */
  readonly denied: boolean;
}

/**
 * A bucket as one HEAD request shows it. S3 tells the region even where it refuses the rest. A refusal can mean a
 * foreign bucket or a missing permission: a second look without the owner tells them apart where that is possible.
 */
export async function findBucket(edge: S3Edge, name: string): Promise<Bucket | undefined> {
  const first = await headBucket(edge, name, edge.accountId);
  if (first.status === 404) return undefined;
  if (first.status === 200) return { name, region: first.region, owned: edge.accountId === undefined ? 'unknown' : true, denied: false };
  if (first.status !== 403 || edge.accountId === undefined)
    return { name, region: first.region, owned: 'unknown', denied: first.status === 403 };
  const second = await headBucket(edge, name, undefined);
  return { name, region: first.region ?? second.region, owned: second.status === 200 ? false : 'unknown', denied: true };
}

async function headBucket(
  edge: S3Edge,
  name: string,
  accountId: string | undefined,
): Promise<{ status: number; region: string | undefined }> {
  try {
    const answer = await edge.client.send(new HeadBucketCommand({ Bucket: name, ExpectedBucketOwner: accountId }));
    return { status: 200, region: answer.BucketRegion };
  } catch (error) {
    const status = statusOf(error);
    const region = bucketRegionOf(error);
    // 301: another region. 400 with a region: signed for a region that is not the bucket's.
    const isAnswer = status === 404 || status === 403 || status === 301 || (status === 400 && region !== undefined);
    if (!isAnswer) throw translateS3Error(error, edge, 'HeadBucket', name);
    return { status, region };
  }
}

/** A name in the account's own namespace of a region, which nobody else can take. */
const REGIONAL_NAME = /-\d{12}-[a-z0-9-]+-an$/;

/**
 * Creates a bucket that is private, encrypted with S3's keys, versioned, and reached over TLS only. One that is ours
 * already gets the same settings. Throws UserError BUCKET_EXISTS when the name is taken, ACCESS_DENIED.
 */
export async function createBucket(edge: S3Edge, name: string): Promise<{ created: boolean }> {
  let created = true;
  try {
    await edge.client.send(new CreateBucketCommand(creationInput(edge, name)));
  } catch (error) {
    // us-east-1 answers 200 for a bucket that is ours, the other regions 409 with this code.
    if (serviceFailure(error)?.name !== 'BucketAlreadyOwnedByYou') throw translateS3Error(error, edge, 'CreateBucket', name);
    created = false;
  }
  await secureBucket(edge, name);
  return { created };
}

function creationInput(edge: S3Edge, name: string): CreateBucketCommandInput {
  const { region } = edge.config;
  return {
    Bucket: name,
    ObjectOwnership: 'BucketOwnerEnforced',
    ...(region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }),
    ...(REGIONAL_NAME.test(name) ? { BucketNamespace: 'account-regional' as const } : {}),
  };
}

/** Every setting by itself, so that a run that was killed in between is completed by the next. */
async function secureBucket(edge: S3Edge, name: string): Promise<void> {
  const common = { Bucket: name, ExpectedBucketOwner: edge.accountId };
  const allTrue = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  const encryption = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }] };
  const steps: readonly [string, () => Promise<unknown>][] = [
    [
      'PutBucketPublicAccessBlock',
      () => edge.client.send(new PutPublicAccessBlockCommand({ ...common, PublicAccessBlockConfiguration: allTrue })),
    ],
    [
      'PutEncryptionConfiguration',
      () => edge.client.send(new PutBucketEncryptionCommand({ ...common, ServerSideEncryptionConfiguration: encryption })),
    ],
    [
      'PutBucketVersioning',
      () => edge.client.send(new PutBucketVersioningCommand({ ...common, VersioningConfiguration: { Status: 'Enabled' } })),
    ],
    ['PutBucketPolicy', () => edge.client.send(new PutBucketPolicyCommand({ ...common, Policy: tlsOnlyPolicy(name, edge.config.region) }))],
  ];
  for (const [operation, apply] of steps) {
    try {
      await apply();
    } catch (error) {
      // An emulator that lacks a setting cannot hold what the setting protects either.
      if (edge.config.endpoint !== undefined && statusOf(error) === 501) continue;
      throw translateS3Error(error, edge, operation, name);
    }
  }
  await keepUsableOverHttp(edge, name);
}

/** An emulator without TLS that applies the rule would lock us out of our own bucket: there the rule is taken back. */
async function keepUsableOverHttp(edge: S3Edge, name: string): Promise<void> {
  if (edge.config.endpoint?.startsWith('http:') !== true) return;
  const status = await edge.client.send(new HeadObjectCommand({ Bucket: name, Key: 'lambda-tool-probe' })).then(() => 200, statusOf);
  if (status === 403) await edge.client.send(new DeleteBucketPolicyCommand({ Bucket: name, ExpectedBucketOwner: edge.accountId }));
}

/** Refuses every request over plain http, as AWS Config's rule `s3-bucket-ssl-requests-only` wants it. */
function tlsOnlyPolicy(bucket: string, region: string): string {
  const arn = `arn:${partitionOf(region)}:s3:::${bucket}`;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [arn, `${arn}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  });
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return 'aws';
}

/** Deletes an empty bucket. False when there was none. Throws UserError BUCKET_NOT_EMPTY, BUCKET_FOREIGN, ACCESS_DENIED. */
export async function deleteBucket(edge: S3Edge, name: string): Promise<boolean> {
  try {
    await edge.client.send(new DeleteBucketCommand({ Bucket: name, ExpectedBucketOwner: edge.accountId }));
    return true;
  } catch (error) {
    if (serviceFailure(error)?.name === 'NoSuchBucket') return false;
    throw translateS3Error(error, edge, 'DeleteBucket', name);
  }
}
