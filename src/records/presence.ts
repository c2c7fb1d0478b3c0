import pLimit from 'p-limit';

import type { Context } from '../context.ts';
import { isOwnRegistry, repositoryName } from './images.ts';
import { referenceKey } from './references.ts';
import type { ArtifactReference, RegistryArtifact, StoredArtifact } from './types.ts';

const PARALLEL_LOOKS = 8;

/** Answers which of the artefacts a deployment can no longer be made with; each distinct one is asked for once. */
export interface Presence {
  missing(artifacts: readonly ArtifactReference[]): Promise<ArtifactReference[]>;
}

/** Objects by key and version, images that ECR has as active. What lies in other registries cannot be looked at and counts as present. */
export function createPresence(context: Context): Presence {
  const { clients, signal } = context;
  const limit = pLimit(PARALLEL_LOOKS);
  const looks = new Map<string, Promise<boolean>>();

  const hasObject = async ({ bucket, key, versionId }: StoredArtifact): Promise<boolean> =>
    (await (await clients.objects()).findObject(bucket, key, signal, versionId)) !== undefined;

  const hasImage = async ({ repositoryUri, digest, tag }: RegistryArtifact): Promise<boolean> => {
    if (!(await isOwnRegistry({ repositoryUri }, context))) return true;
    const image = await (await clients.repositories()).findImage(repositoryName({ repositoryUri }), digest ?? tag ?? '');
    return image?.status === 'ACTIVE';
  };

  const has = (artifact: ArtifactReference): Promise<boolean> => {
    const key = `${referenceKey(artifact)} ${artifact.type === 's3' ? (artifact.versionId ?? '') : ''}`;
    const look = looks.get(key) ?? limit(() => (artifact.type === 's3' ? hasObject(artifact) : hasImage(artifact)));
    looks.set(key, look);
    return look;
  };

  return {
    async missing(artifacts) {
      const found = await Promise.all(artifacts.map(has));
      return artifacts.filter((_, index) => found[index] !== true);
    },
  };
}
