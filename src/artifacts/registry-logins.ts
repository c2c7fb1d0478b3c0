import { readFile } from 'node:fs/promises';
import { findStoredLogin, type FindLogin, type RegistryLogin } from '../clients/docker-logins.ts';
import type { RegistryAuthorization } from '../clients/registry-authorization.ts';
import { parseImageName } from '../clients/registry-read.ts';
import { allBaseImagesOf } from './dockerfile-bases.ts';
import type { Publishing } from './publishing.ts';

/** How base images are read: with the token of this run where ECR has them, otherwise with what `docker login` has stored. */
export function loginsFor(publishing: Pick<Publishing, 'repositories' | 'env'>): FindLogin {
  return async (host) => (await ecrLogin(host, publishing)) ?? findStoredLogin(host, publishing.env);
}

/**
 * The token of ECR opens every registry of its region that the identity may read, of other accounts too; another region has its own.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
 */
async function ecrLogin(host: string, { repositories }: Pick<Publishing, 'repositories'>): Promise<RegistryLogin | undefined> {
  if (!isLikeEcr(host)) return undefined;
  let authorization: RegistryAuthorization;
  try {
    authorization = await (await repositories()).getAuthorization({ repository: `${host}/base` });
  } catch {
    // No account, as `package` has none to have; the registry says what it makes of that.
    return undefined;
  }
  const { registryHost, username } = authorization;
  return host === registryHost || regionOf(host) === regionOf(registryHost)
    ? { username, secret: () => authorization.password() }
    : undefined;
}

/** Of AWS, or on this machine where the local target has it. */
function isLikeEcr(host: string): boolean {
  return regionOf(host) !== host || /^(?:localhost|127\.0\.0\.1|\[::1\]):/.test(host);
}

/** `123456789012.dkr.ecr.eu-west-1.amazonaws.com` without the account; another host as it is. */
function regionOf(host: string): string {
  return host.replace(
    /^\d{12}(\.dkr[.-]ecr[.-][\w.-]+\.(?:amazonaws\.com|amazonaws\.com\.cn|on\.aws|on\.amazonwebservices\.com\.cn))$/,
    '$1',
  );
}

/** The hosts that the images of a Dockerfile come from, as far as it says so. */
export async function baseHostsOf(dockerfile: string, buildArgs: Readonly<Record<string, string>>): Promise<string[]> {
  const images = allBaseImagesOf(await readFile(dockerfile, 'utf8'), buildArgs) ?? [];
  return [...new Set(images.map((image) => parseImageName(image).host))];
}
