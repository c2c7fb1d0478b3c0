import type { RegistryLogin } from './docker-logins.ts';
import { askRegistry, type AgentFor, type RegistryAnswer } from './registry-http.ts';

/** Manifests of images and of indexes; without the header, registries answer with something older. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Base images are looked up beside other work; a registry that is silent must not hold it up for long. */
const LIMIT_MS = 15_000;

/** Registries on this machine speak plain http. */
const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::|$)/;

export interface ImageName {
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/** `node:24` → Docker Hub's `library/node`, tag 24. https://github.com/distribution/reference */
export function parseImageName(text: string): ImageName {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const name = isHost ? text.slice(slash + 1) : text;
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const repository = hasTag ? name.slice(0, colon) : name;
  const isHub = !isHost || first === 'docker.io' || first === 'index.docker.io';
  return {
    host: isHub ? 'registry-1.docker.io' : first,
    repository: isHub && !repository.includes('/') ? `library/${repository}` : repository,
    tag: (hasTag && name.slice(colon + 1)) || 'latest',
  };
}

/**
 * The digest that a registry has for an image, without pulling it: as anybody, or with a login.
 * Throws Error with the registry's reason.
 */
export async function readRemoteDigest(
  image: ImageName,
  options: { readonly agentFor: AgentFor; readonly login?: RegistryLogin | undefined; readonly signal: AbortSignal },
): Promise<string> {
  const { agentFor, login } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(LIMIT_MS)]);
  const scheme = LOOPBACK.test(image.host) ? 'http' : 'https';
  const url = new URL(`${scheme}://${image.host}/v2/${image.repository}/manifests/${image.tag}`);
  const head = (authorization: string | undefined): Promise<RegistryAnswer> =>
    askRegistry(
      { method: 'HEAD', url, headers: { accept: MANIFEST_TYPES }, signal },
      (target) => Promise.resolve(target.origin === url.origin ? authorization : undefined),
      agentFor,
    );
  const first = await head(undefined);
  const challenge = first.status === 401 ? (first.headers['www-authenticate'] ?? '') : undefined;
  const answer = challenge === undefined ? first : await head(await authorizationFor(challenge, image, { login, agentFor, signal }));
  const digest = answer.headers['docker-content-digest'];
  if (answer.status !== 200 || typeof digest !== 'string') throw new Error(`${image.host} answered with status ${answer.status}`);
  return digest;
}

/** What a registry that has refused wants to see: the login itself, or a token that it is exchanged for. */
async function authorizationFor(
  challenge: string,
  image: ImageName,
  { login, agentFor, signal }: { readonly login: RegistryLogin | undefined; readonly agentFor: AgentFor; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const basic = login === undefined || login.username === '' ? undefined : basicOf(login);
  return /^bearer\s/i.test(challenge) ? bearerToken(challenge, image, basic, agentFor, signal) : basic;
}

function basicOf(login: RegistryLogin): string {
  return `Basic ${Buffer.from(`${login.username}:${login.secret()}`).toString('base64')}`;
}

/** https://distribution.github.io/distribution/spec/auth/token/ */
async function bearerToken(
  challenge: string,
  image: ImageName,
  basic: string | undefined,
  agentFor: AgentFor,
  signal: AbortSignal,
): Promise<string | undefined> {
  const said = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
  if (said['realm'] === undefined) return undefined;
  const url = new URL(said['realm']);
  if (said['service'] !== undefined) url.searchParams.set('service', said['service']);
  url.searchParams.set('scope', said['scope'] ?? `repository:${image.repository}:pull`);
  // The realm is where the registry sends everybody who signs in; from there on the login goes nowhere else.
  const isSafe = url.protocol === 'https:' || LOOPBACK.test(url.host);
  const authorize = (to: URL): Promise<string | undefined> => Promise.resolve(to.origin === url.origin && isSafe ? basic : undefined);
  const { status, text } = await askRegistry({ method: 'GET', url, signal }, authorize, agentFor);
  if (status !== 200) return undefined;
  const { token, access_token: accessToken } = JSON.parse(text) as { token?: string; access_token?: string };
  const value = token ?? accessToken;
  return value === undefined ? undefined : `Bearer ${value}`;
}
