import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import type { DockerOptions } from 'dockerode';
import { UserError, messageOf } from '../errors.ts';
import { buildImage, type BuildOptions, type Builder } from './docker-build.ts';
import { engineFailed } from './docker-failure.ts';
import { enginePlaces, type EnginePlace } from './docker-places.ts';
import { pushImage, type PushOptions } from './docker-push.ts';
import { sshComplaint } from './docker-ssh.ts';
import { runContainer, type ContainerRun, type RunEnd } from './docker-run.ts';

/** An image as the engine has it. */
export interface EngineImage {
  readonly id: string;
  /** `amd64`, `arm64`, as OCI spells them. */
  readonly architecture: string;
  readonly os: string;
  /** Bytes, unpacked. */
  readonly sizeBytes: number;
  /** Of its manifest, where the engine keeps manifests (containerd store). */
  readonly mediaType: string | undefined;
  readonly hasCommand: boolean;
}

/** What this tool does with a container engine: Docker, Podman, and whatever speaks their API. */
export interface ContainerEngine {
  /** For people: `Docker 28.2.2`. */
  readonly name: string;
  /** How it was found: `DOCKER_HOST`, `docker context "colima"`, `Docker`. */
  readonly source: string;
  readonly address: string;
  /** `linux`, or `windows` for Windows containers. */
  readonly os: string;
  /** `amd64`, `arm64`: what it runs without emulation. */
  readonly architecture: string;
  readonly apiVersion: string;
  /** The builder used unless a build says otherwise. */
  readonly builder: Builder;
  build(options: Omit<BuildOptions, 'builder'> & { readonly builder?: Builder }): Promise<string>;
  /** Runs a program in a container that is gone afterwards. */
  run(wish: ContainerRun): Promise<RunEnd>;
  /** The image as an archive (`docker save`). */
  save(image: string): Promise<Readable>;
  /** The digest that a registry has for a name, asked by the engine with its own credentials; nothing is pulled. */
  remoteDigest(reference: string): Promise<string>;
  /** Undefined when there is no such image. */
  inspect(reference: string): Promise<EngineImage | undefined>;
  tag(image: string, repository: string, tag: string): Promise<void>;
  /** Answers the digest of the manifest in the registry. */
  push(repository: string, tag: string, options: PushOptions): Promise<string>;
  /** Takes a name away from an image; the image goes with its last name. Nothing happens when it is gone already. */
  removeTag(reference: string): Promise<void>;
}

const PING_LIMIT_MS = 3_000;
const SSH_PING_LIMIT_MS = 20_000;

/** The newest API that this code was written for (Docker 28); engines speak older ones for years. */
const NEWEST_API = '1.48';

/**
 * Finds an engine that answers. Throws UserError ENGINE_NOT_FOUND with every place tried and what was wrong with it.
 */
export async function findContainerEngine(request: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}): Promise<ContainerEngine> {
  const { env, signal } = request;
  const { default: Docker } = await import('dockerode');
  const tried: string[] = [];
  let isDenied = false;
  let named: EnginePlace | undefined;
  for (const place of await enginePlaces(env)) {
    signal?.throwIfAborted();
    let options: DockerOptions | undefined;
    try {
      options = await place.connect();
      const headers = await ping(new Docker(options), place, signal);
      const apiVersion = olderOf(String(headers['api-version'] ?? NEWEST_API), NEWEST_API);
      const docker = new Docker({ ...options, version: `v${apiVersion}` });
      return await describe(docker, place, headers, apiVersion, env);
    } catch (error) {
      signal?.throwIfAborted();
      isDenied ||= (error as NodeJS.ErrnoException).code === 'EACCES';
      tried.push(
        `${place.source} (${place.address}): ${(await sshComplaint((options as { agent?: unknown } | undefined)?.agent)) || reasonOf(error)}`,
      );
      if (!place.isExplicit) continue;
      named = place;
      break;
    }
  }
  throw new UserError('ENGINE_NOT_FOUND', 'No container engine answers, and an image has to be built.', {
    hint: hintForPlace(named, isDenied),
    details: tried,
  });
}

/** What to do, by who said where the engine is; nobody did when there is no `named` place. */
function hintForPlace(named: EnginePlace | undefined, isDenied: boolean): string {
  if (isDenied) return 'This user may not use the engine: add it to the group "docker", or use a rootless engine.';
  if (named === undefined)
    return 'Start Docker, Podman, Finch, Colima or Rancher Desktop, or set DOCKER_HOST to where it listens; --builder podman needs no service.';
  if (named.source === 'DOCKER_HOST')
    return 'DOCKER_HOST is unix:///path, tcp://host:port or ssh://user@host: correct it, start the engine there, or unset it to have the usual places looked at.';
  return 'Start the engine of that context, choose another ("docker context ls", "docker context use NAME"), or unset DOCKER_CONTEXT.';
}

/** The headers of `/_ping`, which tell what an engine is before a version is agreed on. */
function ping(docker: Dockerode, place: EnginePlace, signal: AbortSignal | undefined): Promise<IncomingHttpHeaders> {
  const limitMs = place.address.startsWith('ssh:') ? SSH_PING_LIMIT_MS : PING_LIMIT_MS;
  const limit = AbortSignal.timeout(limitMs);
  const request = {
    path: '/_ping',
    method: 'GET',
    isStream: true,
    statusCodes: { 200: true },
    abortSignal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
  };
  const modem = docker.modem as { dial(options: object, callback: (error: Error | null, answer: IncomingMessage) => void): void };
  return new Promise((resolve, reject) => {
    modem.dial(request, (error, answer) => {
      if (error !== null) return reject(limit.aborted ? new Error(`no answer within ${limitMs / 1000} s`) : error);
      answer.resume();
      resolve(answer.headers);
    });
  });
}

async function describe(
  docker: Dockerode,
  place: EnginePlace,
  headers: IncomingHttpHeaders,
  apiVersion: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ContainerEngine> {
  const version = await docker.version();
  const isPodman = headers['libpod-api-version'] !== undefined;
  const builder = chooseBuilder(headers, apiVersion, isPodman, env);
  const name = `${isPodman ? 'Podman' : 'Docker'} ${version.Version}`;
  const asked = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw engineFailed(`${name} (${place.source})`, doing, error);
    }
  };
  return {
    name,
    source: place.source,
    address: place.address,
    os: version.Os.toLowerCase(),
    architecture: version.Arch === 'aarch64' ? 'arm64' : version.Arch === 'x86_64' ? 'amd64' : version.Arch,
    apiVersion,
    builder,
    build: (options) => buildImage(docker, { builder, ...options }),
    run: (wish) => runContainer(docker, wish),
    save: (image) => asked(`save ${image}`, async () => (await docker.getImage(image).get()) as Readable),
    remoteDigest: async (reference) => (await docker.getImage(reference).distribution()).Descriptor.digest,
    inspect: (reference) => asked(`look at ${reference}`, () => inspectImage(docker, reference)),
    tag: (image, repository, tag) =>
      asked(`name ${image} ${repository}:${tag}`, async () => void (await docker.getImage(image).tag({ repo: repository, tag }))),
    push: (repository, tag, options) => pushImage(docker, repository, tag, options),
    removeTag: (reference) => asked(`forget the name ${reference}`, () => removeTag(docker, reference)),
  };
}

/**
 * BuildKit wherever the engine has it: Docker since API 1.39, unless its settings or DOCKER_BUILDKIT=0 turn it off.
 * Podman builds with Buildah behind the classic call. https://docs.docker.com/reference/api/engine/version/v1.39/
 */
function chooseBuilder(
  headers: IncomingHttpHeaders,
  apiVersion: string,
  isPodman: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Builder {
  if (isPodman || headers['ostype'] === 'windows' || headers['builder-version'] === '1') return 'classic';
  if (env['DOCKER_BUILDKIT'] === '0' || env['DOCKER_BUILDKIT'] === 'false') return 'classic';
  return olderOf(apiVersion, '1.39') === '1.39' ? 'BuildKit' : 'classic';
}

/** Names and ids; what is none would be another address of the API. https://github.com/distribution/reference */
const REFERENCE = /^[A-Za-z0-9](?:[\w.:@+-]|\/(?!\/))*$/;

async function inspectImage(docker: Dockerode, reference: string): Promise<EngineImage | undefined> {
  if (!REFERENCE.test(reference)) return undefined;
  try {
    const image = await docker.getImage(reference).inspect();
    return {
      id: image.Id.startsWith('sha256:') ? image.Id : `sha256:${image.Id}`,
      architecture: image.Architecture,
      os: image.Os,
      sizeBytes: image.Size,
      mediaType: image.Descriptor?.mediaType,
      hasCommand: (image.Config?.Entrypoint?.length ?? 0) > 0 || (image.Config?.Cmd?.length ?? 0) > 0,
    };
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    // 400: engines refuse what cannot be a name, such as one with capital letters.
    if (statusCode === 404 || statusCode === 400) return undefined;
    throw error;
  }
}

async function removeTag(docker: Dockerode, reference: string): Promise<void> {
  try {
    await docker.getImage(reference).remove({ noprune: false });
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    // 404: gone. 409: a container still uses the image by this name.
    if (statusCode !== 404 && statusCode !== 409) throw error;
  }
}

/** Versions `1.41`: the one with the smaller number after the dot. */
function olderOf(a: string, b: string): string {
  return Number(a.split('.')[1] ?? 0) <= Number(b.split('.')[1] ?? 0) ? a : b;
}

function reasonOf(error: unknown): string {
  const { code, statusCode } = error as NodeJS.ErrnoException & { statusCode?: number };
  switch (code) {
    case 'ENOENT':
      return 'there is no such socket';
    case 'EACCES':
      return 'permission denied';
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no such host';
    case 'EPROTO':
      return 'it does not speak TLS';
  }
  if (statusCode === undefined) return messageOf(error);
  const isTls = /HTTP request to an HTTPS server/i.test(messageOf(error));
  return isTls ? 'it wants TLS: set DOCKER_TLS_VERIFY=1' : `it is no container engine (status ${statusCode})`;
}
