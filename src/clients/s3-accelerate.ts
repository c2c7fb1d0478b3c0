import { GetBucketAccelerateConfigurationCommand, S3Client } from '@aws-sdk/client-s3';

import { serviceFailure } from './aws-errors.ts';
import { sendOptions } from './s3-errors.ts';
import type { S3Edge } from './s3-edge.ts';

/** For less than this the answer to the question takes longer than what could be won. */
const ASKED_FROM_BYTES = 16 * 1024 * 1024;

/**
 * The same edge with the accelerate endpoint, where the bucket has transfer acceleration switched on (its owner pays for that) and the upload is large;
 * otherwise the edge as it is. https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
 */
export async function acceleratedFor(edge: S3Edge, bucket: string, size: number, signal: AbortSignal | undefined): Promise<S3Edge> {
  // Other endpoints do not have it, and its host names have no room for the dots of a bucket's name.
  if (size < ASKED_FROM_BYTES || edge.config.endpoint !== undefined || bucket.includes('.')) return edge;
  const asked = edge.accelerated.get(bucket) ?? isAccelerated(edge, bucket, signal);
  edge.accelerated.set(bucket, asked);
  if (!(await asked)) return edge;
  return { ...edge, client: new S3Client({ ...edge.config, useAccelerateEndpoint: true }) };
}

async function isAccelerated(edge: S3Edge, bucket: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const input = { Bucket: bucket, ExpectedBucketOwner: edge.accountId };
    return (await edge.client.send(new GetBucketAccelerateConfigurationCommand(input), sendOptions(signal))).Status === 'Enabled';
  } catch (error) {
    // Not for us to see, or unknown in this Region: the usual way is always open.
    if (serviceFailure(error) !== undefined) return false;
    throw error;
  }
}
