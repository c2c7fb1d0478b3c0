import type { S3Client } from '@aws-sdk/client-s3';
import type { SdkClientConfig } from './aws-config.ts';
import type { Encryption } from './s3-encryption.ts';

/** What every function of this adapter needs. */
export interface S3Edge {
  readonly client: S3Client;
  readonly config: SdkClientConfig;
  /** `ExpectedBucketOwner` of every call, when known. */
  readonly accountId: string | undefined;
  /** What objects of a bucket have to say of their encryption, where that was found out. */
  readonly encryption: Map<string, Encryption>;
  /** Whether buckets have transfer acceleration, as far as that was asked. */
  readonly accelerated: Map<string, Promise<boolean>>;
}
