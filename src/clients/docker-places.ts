import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DockerOptions } from 'dockerode';
import { messageOf } from '../errors.ts';
import { createSshAgent } from './docker-ssh.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Somewhere a container engine may listen. */
export interface EnginePlace {
  /** How we came to it: `DOCKER_HOST`, `docker context "colima"`, `Docker Desktop`. */
  readonly source: string;
  /** As a URL: `unix:///var/run/docker.sock`. */
  readonly address: string;
  /** Whoever named it wants this one: when it does not answer, no other is tried. */
  readonly isExplicit: boolean;
  /** Arguments for dockerode. May throw: certificates are read here. */
  connect(): Promise<DockerOptions>;
}

/** Every place to look at, in order: what the environment says, the current docker context, then known sockets. */
export async function enginePlaces(env: Environment, home = homedir(), platform = process.platform): Promise<EnginePlace[]> {
  const host = env['DOCKER_HOST']?.trim();
  if (host !== undefined && host !== '') return [environmentPlace(host, env, home)];
  const context = await contextPlace(env, home);
  return [...(context === undefined ? [] : [context]), ...knownPlaces(env, home, platform)];
}

function environmentPlace(host: string, env: Environment, home: string): EnginePlace {
  const isVerified = (env['DOCKER_TLS_VERIFY'] ?? '') !== '';
  const folder = env['DOCKER_CERT_PATH'] || configFolder(env, home);
  const wantsTls = isVerified || (env['DOCKER_TLS'] ?? '') !== '' || (env['DOCKER_CERT_PATH'] ?? '') !== '';
  const isPath = /^(?:[/.~]|unix:\/(?!\/))/.test(host);
  const address = host.includes('://') || isPath ? host : `tcp://${host}`;
  return {
    source: 'DOCKER_HOST',
    address,
    isExplicit: true,
    connect: () => connectTo(address, wantsTls ? { folder, isVerified } : undefined),
  };
}

/** The context that `docker context use` or DOCKER_CONTEXT chose; undefined for `default`. */
async function contextPlace(env: Environment, home: string): Promise<EnginePlace | undefined> {
  const folder = configFolder(env, home);
  const fromEnvironment = env['DOCKER_CONTEXT'] || undefined;
  const name = fromEnvironment ?? (await readJson(join(folder, 'config.json')))?.['currentContext'];
  if (typeof name !== 'string' || name === '' || name === 'default') return undefined;
  const key = createHash('sha256').update(name).digest('hex');
  const meta = await readJson(join(folder, 'contexts', 'meta', key, 'meta.json'));
  const endpoint = (meta?.['Endpoints'] as { docker?: { Host?: string; SkipTLSVerify?: boolean } } | undefined)?.docker;
  const source = `docker context "${name}"`;
  const address = endpoint?.Host;
  if (address === undefined || address === '') {
    const connect = () => Promise.reject(new Error('there is no such context'));
    return { source, address: name, isExplicit: fromEnvironment !== undefined, connect };
  }
  const tls = { folder: join(folder, 'contexts', 'tls', key, 'docker'), isVerified: endpoint?.SkipTLSVerify !== true };
  const hasTls = await readFile(join(tls.folder, 'ca.pem')).then(
    () => true,
    () => false,
  );
  return { source, address, isExplicit: fromEnvironment !== undefined, connect: () => connectTo(address, hasTls ? tls : undefined) };
}

function configFolder(env: Environment, home: string): string {
  return env['DOCKER_CONFIG'] || join(home, '.docker');
}

/** A JSON object, or undefined when the file is missing or broken: the docker command then falls back, too. */
async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}

function knownPlaces(env: Environment, home: string, platform: NodeJS.Platform): EnginePlace[] {
  const runtime = env['XDG_RUNTIME_DIR'];
  const onWindows: [string, string][] = [
    ['Docker', 'npipe:////./pipe/docker_engine'],
    ['Docker Desktop', 'npipe:////./pipe/dockerDesktopLinuxEngine'],
    ['Podman', 'npipe:////./pipe/podman-machine-default'],
  ];
  const sockets: [string, string][] = [
    ['Docker', '/var/run/docker.sock'],
    ['Docker Desktop', join(home, '.docker/run/docker.sock')],
    ['Docker Desktop for Linux', join(home, '.docker/desktop/docker.sock')],
    ['Colima', join(home, '.colima/default/docker.sock')],
    ['Rancher Desktop', join(home, '.rd/docker.sock')],
    ['OrbStack', join(home, '.orbstack/run/docker.sock')],
    ...(runtime === undefined
      ? []
      : ([
          ['rootless Docker', join(runtime, 'docker.sock')],
          ['Podman', join(runtime, 'podman/podman.sock')],
        ] as [string, string][])),
    ['Podman', '/run/podman/podman.sock'],
    ['Podman machine', join(home, '.local/share/containers/podman/machine/podman.sock')],
    ['Finch', platform === 'darwin' ? '/Applications/Finch/lima/data/finch/sock/finch.sock' : '/run/finch.sock'],
  ];
  const places = platform === 'win32' ? onWindows : sockets.map(([source, path]): [string, string] => [source, `unix://${path}`]);
  return places.map(([source, address]) => ({ source, address, isExplicit: false, connect: () => connectTo(address, undefined) }));
}

interface TlsFiles {
  readonly folder: string;
  readonly isVerified: boolean;
}

/** docker-modem mixes DOCKER_HOST of the process into what is not given, so everything is given. */
const NOTHING: Record<string, undefined> = {
  host: undefined,
  port: undefined,
  username: undefined,
  agent: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
};

async function connectTo(address: string, tls: TlsFiles | undefined): Promise<DockerOptions> {
  const common = { ...NOTHING, protocol: 'http', pathPrefix: '/' };
  const path = /^(?:unix|npipe):\/\/(.*)$/.exec(address)?.[1];
  if (path !== undefined) return { ...common, socketPath: path === '' ? '/var/run/docker.sock' : path } as unknown as DockerOptions;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['tcp:', 'http:', 'https:', 'ssh:'].includes(url.protocol)) {
    const socket = /^(?:unix:)?(\/.*)$/.exec(address)?.[1];
    throw new Error(socket === undefined ? 'that is no address of a container engine' : `a socket is written unix://${socket}`);
  }
  if (url.protocol === 'ssh:') return { ...common, host: 'localhost', agent: createSshAgent(url) } as unknown as DockerOptions;
  const isTls = tls !== undefined || url.protocol === 'https:' || url.port === '2376';
  const port = url.port || (isTls ? '2376' : '2375');
  const secure = isTls ? { protocol: 'https', ...(tls === undefined ? {} : await readCertificates(tls)) } : {};
  return { ...common, host: url.hostname, port, ...secure } as unknown as DockerOptions;
}

async function readCertificates({ folder, isVerified }: TlsFiles): Promise<object> {
  const read = async (name: string): Promise<Buffer> => {
    try {
      return await readFile(join(folder, name));
    } catch (error) {
      throw new Error(`its certificate cannot be read: ${messageOf(error)}`, { cause: error });
    }
  };
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')]);
  return { ca, cert, key, ...(isVerified ? {} : { checkServerIdentity: () => undefined }) };
}
