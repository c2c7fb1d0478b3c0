import { basename } from 'node:path';
import { placeOfRepository } from '../clients/ecr-place.ts';
import { UserError } from '../errors.ts';

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
const REPOSITORY_NAME = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const LONGEST = 256;

export interface ImageName {
  /** Of the ECR repository; in full where the wish names a registry of ECR. */
  readonly repository: string;
  /** The tag that the name asked for; `latest` when it asked for none. */
  readonly tag: string;
}

/**
 * The name of an image: the wish (DockerTag, --image-tag), lower-cased as a whole, or one made of the directory's name.
 * Throws UserError REPOSITORY when ECR does not take it.
 */
export function imageNameOf(wish: string | undefined, directory: string): ImageName {
  const text = wish === undefined || wish.trim() === '' ? nameOfDirectory(directory) : wish.trim().toLowerCase();
  // The last colon, and only after the last slash: the first may belong to a registry's port.
  const colon = text.lastIndexOf(':');
  const hasTag = colon > text.lastIndexOf('/');
  const name = { repository: withoutRegistry(hasTag ? text.slice(0, colon) : text), tag: (hasTag && text.slice(colon + 1)) || 'latest' };
  const bare = placeOfRepository(name.repository).name;
  const isFine = REPOSITORY_NAME.test(bare) && bare.length >= 2 && bare.length <= LONGEST;
  if (isFine && /^\w[\w.-]{0,127}$/.test(name.tag)) return name;
  throw new UserError('REPOSITORY', `"${text}" cannot name an image in ECR.`, {
    hint: 'Give --image-tag, or in a template DockerTag in the Metadata of the function: name or name:tag, of lower-case letters, digits, and single . _ - / between them.',
  });
}

/** A registry of ECR that a wish names in full is the one that is pushed to; any other is left out. */
function withoutRegistry(name: string): string {
  if (placeOfRepository(name).registry !== undefined) return name;
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  return /[.:]/.test(first) && (first.includes(':') || /\.(com|cn|on\.aws)$/.test(first)) ? name.slice(slash + 1) : name;
}

/** Letters and digits stay, single `.` `_` `-` between them too, the rest goes. `lambda` when too little is left. */
function nameOfDirectory(directory: string): string {
  const kept = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '')
    .replace(/([._-])[._-]+/g, '$1')
    .slice(0, LONGEST)
    .replace(/^[._-]+|[._-]+$/g, '');
  return kept.length < 2 ? 'lambda' : kept;
}
