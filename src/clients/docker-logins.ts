import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

type Environment = Readonly<Record<string, string | undefined>>;

/** What opens a registry. Lives in memory only: the secret comes out of a call, so that no log of this object holds it. */
export interface RegistryLogin {
  /** Empty where the secret is an identity token. */
  readonly username: string;
  secret(): string;
}

/** The login for a registry's host, or undefined where anybody may read, as far as is known here. */
export type FindLogin = (host: string) => Promise<RegistryLogin | undefined>;

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

/** Docker Hub has one name in configurations and others on the network. */
const HUB_KEY = 'https://index.docker.io/v1/';
const HUB_HOSTS = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
/** What credential helpers write for a token that stands for user and password. */
const IDENTITY_TOKEN = '<token>';
const HELPER_LIMIT_MS = 15_000;

/**
 * What `docker login` has stored for a registry: with the helper for that registry, in the store, or in the file itself.
 * https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export async function findStoredLogin(host: string, env: Environment, home = homedir()): Promise<RegistryLogin | undefined> {
  const config = await readConfig(join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'));
  const key = registryKey(host);
  const helper = config.credHelpers?.[key] ?? config.credsStore;
  const stored = helper === undefined || helper === '' ? undefined : await askHelper(helper, key, env);
  return stored ?? loginInFile(config, key);
}

/** The name that Docker's files and headers have for a registry. */
export function registryKey(host: string): string {
  return HUB_HOSTS.has(host) ? HUB_KEY : host;
}

/** A file that is missing or broken is as none: the docker command says so itself when it is used. */
async function readConfig(path: string): Promise<DockerConfig> {
  try {
    const config: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof config === 'object' && config !== null ? config : {};
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code !== undefined) return {};
    throw error;
  }
}

function loginInFile({ auths = {} }: DockerConfig, key: string): RegistryLogin | undefined {
  const entry = auths[key] ?? Object.entries(auths).find(([name]) => hostOf(name) === hostOf(key))?.[1];
  const [, username = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(entry?.auth ?? '', 'base64').toString('utf8')) ?? [];
  const token = entry?.identitytoken ?? '';
  if (token !== '') return { username: '', secret: () => token };
  // Written with NUL at its end by some versions.
  return username === '' ? undefined : { username, secret: () => password.replace(/\0+$/, '') };
}

function hostOf(name: string): string {
  return name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

/** https://github.com/docker/docker-credential-helpers#development */
async function askHelper(helper: string, key: string, env: Environment): Promise<RegistryLogin | undefined> {
  const answer = await runHelper(`docker-credential-${helper}`, key, env);
  if (answer === undefined) return undefined;
  const { Username: username = '', Secret: secret = '' } = parseAnswer(answer);
  return secret === '' ? undefined : { username: username === IDENTITY_TOKEN ? '' : username, secret: () => secret };
}

/** What went wrong with it would quote it, and a secret is in it. */
function parseAnswer(answer: string): { readonly Username?: string; readonly Secret?: string } {
  try {
    return (JSON.parse(answer) ?? {}) as { Username?: string; Secret?: string };
  } catch {
    return {};
  }
}

/** Undefined when the helper knows nothing of that registry, or is not there: then the registry is asked without a login. */
async function runHelper(program: string, key: string, env: Environment): Promise<string | undefined> {
  const child = spawn(program, ['get'], {
    env: { ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: HELPER_LIMIT_MS,
    windowsHide: true,
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  // A helper that ends before it has read leaves a broken pipe, and an exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${key}\n`);
  const [code, output] = await Promise.all([ended, text(child.stdout).catch(() => '')]);
  return code === 0 ? output : undefined;
}
