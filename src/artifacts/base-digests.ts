import { readFile } from 'node:fs/promises';
import { basicAuthorization } from '../clients/registry-authorization.ts';
import { parseImageName, type ImageName } from '../clients/registry-read.ts';
import { messageOf } from '../errors.ts';
import { baseImagesOf } from './dockerfile-bases.ts';
import type { Publishing } from './publishing.ts';

/** What the base images of a Dockerfile are now, in their registries. */
export type BaseDigests =
  | { readonly kind: 'known'; readonly digests: readonly string[] }
  /** Some registry does not tell; only a build finds out. */
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * Asks the registries for the digest of every base image that the Dockerfile does not name by digest. Straight over HTTP first, without
 * an engine; where that fails, an engine that answers is asked, which may stand elsewhere in the network or know a mirror.
 */
export async function findBaseDigests(
  dockerfile: string,
  buildArgs: Readonly<Record<string, string>>,
  publishing: Pick<Publishing, 'registry' | 'repositories' | 'engine' | 'signal'>,
): Promise<BaseDigests> {
  const images = baseImagesOf(await readFile(dockerfile, 'utf8'), buildArgs);
  if (images === undefined) return { kind: 'unknown', reason: 'its Dockerfile names a base image by what only the build knows' };
  try {
    const digests = await Promise.all(images.map(async (image) => `${image}@${await remoteDigest(image, publishing)}`));
    return { kind: 'known', digests };
  } catch (error) {
    publishing.signal.throwIfAborted();
    return { kind: 'unknown', reason: messageOf(error) };
  }
}

async function remoteDigest(
  image: string,
  publishing: Pick<Publishing, 'registry' | 'repositories' | 'engine' | 'signal'>,
): Promise<string> {
  const name = parseImageName(image);
  try {
    return await (await publishing.registry()).remoteDigest(name, { basic: await ownToken(name, publishing), signal: publishing.signal });
  } catch (error) {
    publishing.signal.throwIfAborted();
    const asked = `the digest of ${image} cannot be had: ${messageOf(error)}`;
    try {
      return await (await publishing.engine()).remoteDigest(image);
    } catch (engineError) {
      throw new Error(`${asked}; ${messageOf(engineError)}`, { cause: engineError });
    }
  }
}

/** The token of ECR, for base images in the very registry that is pushed to. */
async function ownToken(name: ImageName, publishing: Pick<Publishing, 'repositories'>): Promise<string | undefined> {
  const isLikeEcr = /\.dkr[.-]ecr[.-]/.test(name.host) || name.host.includes(':');
  if (!isLikeEcr) return undefined;
  const authorization = await (await publishing.repositories()).getAuthorization();
  return authorization.registryHost === name.host ? basicAuthorization(authorization) : undefined;
}
