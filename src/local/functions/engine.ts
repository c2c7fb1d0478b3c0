/** Finds the container engine: DOCKER_HOST, the docker context, then the sockets that the usual engines open. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';

export interface Engine {
  readonly docker: Docker;
  /** How containers reach what listens on the loopback of this machine. */
  readonly reach: 'host-network' | 'host-gateway';
  /** `x86_64`, `aarch64`, … as the engine says it. */
  readonly architecture: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** No engine answers; the message names what was tried. */
export class EngineNotFoundError extends Error {
  override readonly name = 'EngineNotFoundError';
}

/** Connects to the first engine that answers. Throws EngineNotFoundError. */
export async function findEngine(env: Env, only?: string): Promise<Engine> {
  const { default: DockerClient } = await import('dockerode');
  const tried: string[] = [];
  for (const address of only === undefined ? engineAddresses(env) : [only]) {
    try {
      const docker = new DockerClient(connection(address, env));
      const info = (await docker.info()) as EngineInfo;
      return { docker, reach: reachOf(info, address), architecture: info.Architecture ?? 'unknown' };
    } catch (error) {
      tried.push(`${address} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
    }
  }
  throw new EngineNotFoundError(
    `No container engine answers. Tried: ${tried.length === 0 ? 'nothing, no address is known' : tried.join(', ')}`,
  );
}

interface EngineInfo {
  readonly OperatingSystem?: string;
  readonly Name?: string;
  readonly Architecture?: string;
  readonly SecurityOptions?: readonly string[] | null;
}

/**
 * An engine of this very machine shares its loopback with containers on the host network. One in a virtual machine
 * (Docker Desktop, Colima, Rancher Desktop, podman machine) forwards `host.docker.internal` to the loopback of the machine;
 * so does, where it is set up for it, a rootless Docker, whose host network is a namespace of its own.
 */
function reachOf(info: EngineInfo, address: string): Engine['reach'] {
  const local = process.platform === 'linux' && address.startsWith('unix://') && info.Name === hostname();
  const desktop = /docker desktop/i.test(info.OperatingSystem ?? '');
  const rootless = (info.SecurityOptions ?? []).some((option) => option.includes('rootless'));
  return local && !desktop && !rootless ? 'host-network' : 'host-gateway';
}

/** Addresses to try, best first. An address that was asked for is the only one. */
export function engineAddresses(env: Env): readonly string[] {
  const asked = env['DOCKER_HOST'] ?? contextAddress(env);
  if (asked !== undefined && asked !== '') return [asked];
  if (process.platform === 'win32') return ['npipe:////./pipe/docker_engine', 'npipe:////./pipe/podman-machine-default'];
  const home = env['HOME'] ?? homedir();
  const runtimeDir = env['XDG_RUNTIME_DIR'];
  const sockets = [
    '/var/run/docker.sock',
    join(home, '.docker/run/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.rd/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
    ...(runtimeDir === undefined ? [] : [join(runtimeDir, 'docker.sock'), join(runtimeDir, 'podman/podman.sock')]),
    join(home, '.local/share/containers/podman/machine/podman.sock'),
  ];
  const present = sockets.filter((socket) => existsSync(socket));
  return (present.length === 0 ? sockets.slice(0, 1) : present).map((socket) => `unix://${socket}`);
}

/** The address of the docker CLI's current context. Its meta file lies in a folder named by the SHA-256 of the context's name. */
function contextAddress(env: Env): string | undefined {
  const folder = env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker');
  const config = readJson(join(folder, 'config.json')) as { currentContext?: unknown } | undefined;
  const name = env['DOCKER_CONTEXT'] ?? config?.currentContext;
  if (typeof name !== 'string' || name === '' || name === 'default') return undefined;
  const key = createHash('sha256').update(name).digest('hex');
  const meta = readJson(join(folder, 'contexts/meta', key, 'meta.json')) as { Endpoints?: { docker?: { Host?: unknown } } } | undefined;
  const host = meta?.Endpoints?.docker?.Host;
  return typeof host === 'string' ? host : undefined;
}

function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // The docker CLI complains about such a file by itself; here it only means that no context is chosen.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function connection(address: string, env: Env): Docker.DockerOptions {
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length) };
  if (address.startsWith('npipe://')) return { socketPath: address.slice('npipe://'.length) };
  const url = new URL(address.includes('://') ? address : `tcp://${address}`);
  const verify = env['DOCKER_TLS_VERIFY'] !== undefined && env['DOCKER_TLS_VERIFY'] !== '';
  if (url.protocol === 'ssh:') return { protocol: 'ssh', host: url.hostname, port: url.port || 22, username: url.username };
  const folder = env['DOCKER_CERT_PATH'] ?? join(env['HOME'] ?? homedir(), '.docker');
  const port = url.port || (verify ? 2376 : 2375);
  if (!verify) return { protocol: 'http', host: url.hostname, port };
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name)));
  return { protocol: 'https', host: url.hostname, port, ca, cert, key };
}
