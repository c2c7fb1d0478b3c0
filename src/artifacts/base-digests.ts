import { readFile } from 'node:fs/promises';
import { parseImageName } from '../clients/registry-read.ts';
import { messageOf } from '../errors.ts';
import { baseImagesOf } from './dockerfile-bases.ts';
import type { Publishing } from './publishing.ts';
import { loginsFor } from './registry-logins.ts';

/** What the base images of a Dockerfile are now, in their registries. */
export type BaseDigests =
  | { readonly kind: 'known'; readonly digests: readonly string[] }
  /** Some registry does not tell; only a build finds out. */
  | { readonly kind: 'unknown'; readonly reason: string };

type Asking = Pick<Publishing, 'registry' | 'repositories' | 'engine' | 'signal' | 'env'>;

/**
 * Asks the registries for the digest of every base image that the Dockerfile does not name by digest. Straight over HTTP first, without
 * an engine; where that fails, an engine that answers is asked, which may stand elsewhere in the network or know a mirror.
 */
export async function findBaseDigests(
  dockerfile: string,
  buildArgs: Readonly<Record<string, string>>,
  publishing: Asking,
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

async function remoteDigest(image: string, publishing: Asking): Promise<string> {
  const name = parseImageName(image);
  try {
    const login = await loginsFor(publishing)(name.host);
    return await (await publishing.registry()).remoteDigest(name, { login, signal: publishing.signal });
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
