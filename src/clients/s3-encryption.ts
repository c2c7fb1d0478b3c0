import { GetBucketEncryptionCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';

import { serviceFailure } from './aws-errors.ts';
import { sendOptions } from './s3-errors.ts';
import type { S3Edge } from './s3-edge.ts';

/** What a request says of the encryption of its object. */
export type Encryption = Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId' | 'BucketKeyEnabled'>;

/**
 * Sends a request that makes an object. It says nothing of encryption at first: S3 then encrypts as the bucket is set up. Where a
 * policy refuses requests that say nothing, it is sent once more with what the bucket is set up for, and so are the next ones.
 */
export async function asBucketEncrypts<T>(
  edge: S3Edge,
  bucket: string,
  signal: AbortSignal | undefined,
  send: (encryption: Encryption) => Promise<T>,
): Promise<T> {
  const known = edge.encryption.get(bucket);
  try {
    return await send(known ?? {});
  } catch (error) {
    if (known !== undefined || serviceFailure(error)?.name !== 'AccessDenied') throw error;
    const wanted = await bucketEncryption(edge, bucket, signal);
    if (wanted === undefined) throw error;
    const answer = await send(wanted);
    edge.encryption.set(bucket, wanted);
    return answer;
  }
}

/** The bucket's default, or undefined when it cannot be read. */
async function bucketEncryption(edge: S3Edge, bucket: string, signal: AbortSignal | undefined): Promise<Encryption | undefined> {
  try {
    const input = { Bucket: bucket, ExpectedBucketOwner: edge.accountId };
    const { ServerSideEncryptionConfiguration: settings } = await edge.client.send(
      new GetBucketEncryptionCommand(input),
      sendOptions(signal),
    );
    const rule = settings?.Rules?.[0];
    const byDefault = rule?.ApplyServerSideEncryptionByDefault;
    if (byDefault?.SSEAlgorithm === undefined) return undefined;
    const { SSEAlgorithm, KMSMasterKeyID } = byDefault;
    return {
      ServerSideEncryption: SSEAlgorithm,
      ...(KMSMasterKeyID === undefined ? {} : { SSEKMSKeyId: KMSMasterKeyID }),
      ...(rule?.BucketKeyEnabled === true ? { BucketKeyEnabled: true } : {}),
    };
  } catch (error) {
    // Not set up, or not for us to see: then the refusal was about something else, as far as we can tell.
    if (serviceFailure(error) !== undefined) return undefined;
    throw error;
  }
}
