import type { ResourceProvider } from '../types.ts';
import { repositoryProvider } from './ecr/repository-provider.ts';
import { liveStorage, withLive } from './live/index.ts';
import type { ImageStore } from './registry/image-store.ts';
import { bucketPolicyProvider, bucketProvider } from './s3/bucket-provider.ts';
import type { S3State } from './s3/state.ts';

/** The resource types of CloudFormation whose home is S3 or ECR. */
export function storageProviders(s3: S3State, images: ImageStore, registryHost: string): readonly ResourceProvider[] {
  const providers = [bucketProvider(s3), bucketPolicyProvider(s3), repositoryProvider(images, registryHost)];
  return withLive(providers, liveStorage(s3, images, registryHost));
}
