import type { S3Client } from '@aws-sdk/client-s3';
import type { SdkClientConfig } from './aws-config.ts';

/** What every function of this adapter needs. */
export interface S3Edge {
  readonly client: S3Client;
  readonly config: SdkClientConfig;
  /** `ExpectedBucketOwner` of every call, when known. */
  readonly accountId: string | undefined;
}
