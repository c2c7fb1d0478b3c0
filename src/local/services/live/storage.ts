/** Buckets and repositories as they are. */
import type { LiveResources } from '../../types.ts';
import { repositoryOutcome } from '../ecr/repository-provider.ts';
import type { ImageStore } from '../registry/image-store.ts';
import { bucketOutcome } from '../s3/bucket-provider.ts';
import { objectsOf, type S3State } from '../s3/state.ts';

export function liveBuckets(state: S3State): LiveResources {
  return {
    nameProperty: 'BucketName',
    read(name, region) {
      const bucket = state.buckets.get(name);
      if (bucket === undefined) return undefined;
      const versioning = bucket.versioning === undefined ? undefined : { Status: bucket.versioning };
      return { attributes: bucketOutcome(name, region).attributes, properties: { BucketName: name, VersioningConfiguration: versioning } };
    },
    obstacle({ physicalId }) {
      for (const _object of objectsOf(state, physicalId)) {
        const reason = `The bucket '${physicalId}' is not empty. You must either delete all objects and versions or use the deletion policy to retain it, otherwise the delete operation will fail.`;
        return { validation: 'BUCKET_EMPTINESS_VALIDATION', reason };
      }
      return undefined;
    },
  };
}

export function liveRepositories(store: ImageStore, registryHost: string): LiveResources {
  return {
    nameProperty: 'RepositoryName',
    read(name, region) {
      const repository = store.repositories.get(name);
      if (repository === undefined) return undefined;
      const properties = {
        RepositoryName: name,
        ImageTagMutability: repository.tagMutability,
        ImageScanningConfiguration: { ScanOnPush: repository.scanOnPush },
      };
      return { attributes: repositoryOutcome(registryHost, name, region).attributes, properties };
    },
    obstacle({ physicalId, properties }) {
      if (String(properties['EmptyOnDelete']) === 'true' || store.imagesOf(physicalId).length === 0) return undefined;
      const reason = `The repository '${physicalId}' still contains images. Delete them, set EmptyOnDelete or use the deletion policy to retain it, otherwise the delete operation will fail.`;
      return { validation: 'ECR_REPOSITORY_DELETE_READINESS_VALIDATION', reason };
    },
  };
}
