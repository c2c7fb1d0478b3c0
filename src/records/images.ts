import type { ImageRepositories } from '../clients/ecr.ts';
import type { ListedImage } from '../clients/ecr-images.ts';
import type { Context } from '../context.ts';
import { isContentTag } from './keys.ts';
import type { RegistryArtifact } from './types.ts';

/** The name of a repository in its registry: what follows the host. */
export function repositoryName({ repositoryUri }: Pick<RegistryArtifact, 'repositoryUri'>): string {
  return repositoryUri.slice(repositoryUri.indexOf('/') + 1);
}

/** Whether an image lies in the registry of the account and region; what lies elsewhere is nobody's to look at or remove from here. */
export async function isOwnRegistry({ repositoryUri }: Pick<RegistryArtifact, 'repositoryUri'>, { clients }: Context): Promise<boolean> {
  const [edge, { account }] = await Promise.all([clients.edge(), clients.caller()]);
  if (edge.endpointFor('ecr') !== undefined) return true;
  const host = repositoryUri.slice(0, repositoryUri.indexOf('/'));
  return host.startsWith(`${account}.dkr`) && host.split('.').includes(edge.region);
}

/** A repository, as far as removing images from it is concerned. */
export interface RepositoryView {
  readonly name: string;
  readonly images: readonly ListedImage[];
  find(reference: Pick<RegistryArtifact, 'digest' | 'tag'>): ListedImage | undefined;
  /** Why an image has to stay, or undefined when nothing refers to it within the registry. */
  whyKeep(image: ListedImage): Promise<string | undefined>;
}

/** Lists a repository once. */
export async function viewRepository(name: string, repositories: ImageRepositories, signal: AbortSignal): Promise<RepositoryView> {
  const images = await repositories.listImages(name, signal);
  let manifests: Promise<string[]> | undefined;
  const indexManifests = (): Promise<string[]> => {
    const indexes = images.filter(({ mediaType }) => /manifest\.list|image\.index/.test(mediaType ?? '')).map(({ digest }) => digest);
    manifests ??= indexes.length === 0 ? Promise.resolve([]) : repositories.manifests(name, indexes, signal);
    return manifests;
  };
  return {
    name,
    images,
    find: ({ digest, tag }) => images.find((image) => (digest === undefined ? image.tags.includes(tag ?? '') : image.digest === digest)),
    async whyKeep(image) {
      const hex = image.digest.replace(':', '-');
      for (const { digest, subject, tags } of images) {
        const signature = tags.find((tag) => tag.startsWith(hex)) ?? (subject === image.digest ? (tags[0] ?? digest) : undefined);
        if (signature !== undefined) return `${signature} refers to it`;
      }
      const foreign = image.tags.find((tag) => !isContentTag(tag));
      if (foreign !== undefined) return `it is tagged ${foreign} as well`;
      if (image.tags.length === 0) return 'it has no tag of this tool';
      if ((await indexManifests()).some((text) => text.includes(image.digest))) return 'an index of several images refers to it';
      const [referrer] = await repositories.referrers(name, image.digest, signal);
      return referrer === undefined ? undefined : `${referrer.slice(0, 19)} refers to it (a signature or an attestation)`;
    },
  };
}
