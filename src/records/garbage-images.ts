import type { Context } from '../context.ts';
import { isOwnRegistry, repositoryName, viewRepository } from './images.ts';
import { isContentTag } from './keys.ts';
import { mentionsImage } from './mentions.ts';
import { referenceText } from './references.ts';
import type { DeploymentRecord, RegistryArtifact } from './types.ts';
import type { UserText } from './users.ts';

/** An image that may go. */
export interface ImageGarbage {
  readonly repositoryUri: string;
  readonly digest: string;
  readonly tags: readonly string[];
  readonly sizeBytes: number;
  readonly pushedAt: Date | undefined;
}

export interface ImageSearch {
  /** All records that are known: they name the repositories that are looked at. */
  readonly records: readonly DeploymentRecord[];
  readonly users: readonly UserText[];
  readonly before: Date;
  readonly context: Context;
}

/**
 * Images that this tool has pushed and nothing needs, in the repositories that recorded deployments name. Other repositories are left
 * alone: other tools use digests as tags, too.
 */
export async function findImageGarbage({ records, users, before, context }: ImageSearch): Promise<{
  images: ImageGarbage[];
  keptImages: { location: string; reason: string }[];
}> {
  const named = records.flatMap(({ artifacts }) => artifacts.filter((item): item is RegistryArtifact => item.type === 'image'));
  const uris = [...new Set(named.filter(({ tag }) => tag !== undefined && isContentTag(tag)).map(({ repositoryUri }) => repositoryUri))];
  const images: ImageGarbage[] = [];
  const keptImages: { location: string; reason: string }[] = [];
  for (const repositoryUri of uris) {
    if (!(await isOwnRegistry({ repositoryUri }, context))) continue;
    const view = await viewRepository(repositoryName({ repositoryUri }), await context.clients.repositories(), context.signal);
    for (const image of view.images) {
      const { digest, tags, sizeBytes, pushedAt } = image;
      const ours = tags.filter(isContentTag);
      if (ours.length === 0 || pushedAt === undefined || pushedAt > before) continue;
      if (users.some(({ text }) => mentionsImage(text, [digest.replace('sha256:', ''), ...ours]))) continue;
      const reason = await view.whyKeep(image);
      if (reason === undefined) images.push({ repositoryUri, digest, tags, sizeBytes, pushedAt });
      else keptImages.push({ location: referenceText({ type: 'image', repositoryUri, digest }), reason });
    }
  }
  return { images, keptImages };
}
