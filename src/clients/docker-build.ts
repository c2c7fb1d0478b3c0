import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { UserError } from '../errors.ts';
import { buildFailed } from './docker-build-failure.ts';
import { createBuildLog } from './docker-build-log.ts';
import { engineReason } from './docker-failure.ts';
import { hiddenHeader } from './docker-hidden.ts';
import { registryKey, type FindLogin } from './docker-logins.ts';
import { openBuildSession, type SecretValues } from './docker-session.ts';
import { readMessages } from './docker-stream.ts';

export type Platform = 'linux/amd64' | 'linux/arm64';

export interface BuildOptions {
  /** Makes the tar of the build context. */
  readonly context: () => Readable;
  /** Name of the Dockerfile in that tar. */
  readonly dockerfile: string;
  readonly platform: Platform;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
  /** `name:tag` that the image gets in the engine. */
  readonly tag: string;
  readonly builder: Builder;
  /** The command line that shows the same failure, for the hint. Default: `docker build .` */
  readonly byHand?: string | undefined;
  /** Opens the registries of base images. */
  readonly findLogin?: FindLogin | undefined;
  /** The hosts of those registries, for builders that want every login beforehand. */
  readonly baseHosts?: readonly string[] | undefined;
  /** For BuildKit only. */
  readonly secrets?: SecretValues | undefined;
  readonly noCache?: boolean | undefined;
  /** Look for a newer base image. */
  readonly pull?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** One line of the build log. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export type Builder = 'BuildKit' | 'classic';

/**
 * Builds an image and answers its id. No attestations are asked for, so the result is one manifest, as Lambda needs it.
 * Throws UserError BUILD_FAILED with the failing step and the last lines; the signal's reason when interrupted.
 */
export async function buildImage(docker: Dockerode, options: BuildOptions): Promise<string> {
  const log = createBuildLog(options.onLine ?? (() => undefined));
  const failed = (reason: string, cause?: unknown): UserError => {
    const { tag, platform, byHand = 'docker build .' } = options;
    return buildFailed({ tag, platform, byHand, reason, step: log.failedStep(), lastLines: log.lastLines(), cause });
  };
  const context = options.context();
  let contextError: unknown;
  context.on('error', (error) => (contextError = error));
  const session = options.builder === 'BuildKit' ? await openBuildSession(docker, options.signal, options) : undefined;
  try {
    const logins = session === undefined ? await loginsOf(options) : {};
    const answer = (await docker.buildImage(context, { ...buildQuery(options, session?.id), ...logins })) as unknown as Readable;
    for await (const message of readMessages(answer, options.signal)) log.read(message);
    log.flush();
  } catch (error) {
    options.signal?.throwIfAborted();
    if (contextError instanceof UserError) throw contextError;
    log.flush();
    throw failed(engineReason(error), error);
  } finally {
    session?.close();
    context.destroy();
  }
  const failure = log.failure();
  if (failure !== undefined) throw failed(failure);
  const id = log.imageId() ?? (await docker.getImage(options.tag).inspect()).Id;
  return id.startsWith('sha256:') ? id : `sha256:${id}`;
}

function buildQuery(options: BuildOptions, session: string | undefined): Dockerode.ImageBuildOptions {
  const query = {
    dockerfile: options.dockerfile,
    t: options.tag,
    buildargs: options.buildArgs,
    rm: true,
    forcerm: true,
    platform: options.platform,
    ...(options.noCache === true ? { nocache: true } : {}),
    ...(options.pull === true ? { pull: true } : {}),
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(options.signal === undefined ? {} : { abortSignal: options.signal }),
    // As a number: for the text '2' dockerode would open a session of its own and leave it open when the build fails.
    ...(session === undefined ? {} : { version: 2, session }),
  };
  return query as unknown as Dockerode.ImageBuildOptions;
}

/** What the classic builders want: every login in a header of this one request. */
async function loginsOf({ baseHosts = [], findLogin }: BuildOptions): Promise<object> {
  const found = await Promise.all(baseHosts.map(async (host) => [host, await findLogin?.(host).catch(() => undefined)] as const));
  const known = found.flatMap(([host, login]) => (login === undefined ? [] : [[host, login] as const]));
  if (known.length === 0) return {};
  const value = (): object =>
    Object.fromEntries(
      known.map(([host, login]) => {
        const { username } = login;
        const serveraddress = registryKey(host);
        return [
          serveraddress,
          username === '' ? { identitytoken: login.secret(), serveraddress } : { username, password: login.secret(), serveraddress },
        ];
      }),
    );
  return { registryconfig: hiddenHeader(value) };
}
