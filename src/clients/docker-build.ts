import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { UserError, messageOf } from '../errors.ts';
import { createBuildLog, type BuildLog } from './docker-build-log.ts';
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
  /** The engine's own command, for the hint of a build that failed. Default: docker. */
  readonly command?: string | undefined;
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
  const context = options.context();
  let contextError: unknown;
  context.on('error', (error) => (contextError = error));
  const session = options.builder === 'BuildKit' ? await openBuildSession(docker, options.signal, options.secrets) : undefined;
  try {
    const answer = (await docker.buildImage(context, buildQuery(options, session?.id))) as unknown as Readable;
    for await (const message of readMessages(answer, options.signal)) log.read(message);
    log.flush();
  } catch (error) {
    options.signal?.throwIfAborted();
    throw contextError instanceof UserError ? contextError : buildFailed(options, log, messageOf(error), error);
  } finally {
    session?.close();
    context.destroy();
  }
  const failure = log.failure();
  if (failure !== undefined) throw buildFailed(options, log, failure);
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

function buildFailed(options: BuildOptions, log: BuildLog, reason: string, cause?: unknown): UserError {
  log.flush();
  const step = log.failedStep();
  const text = cleanReason(reason);
  return new UserError(
    'BUILD_FAILED',
    `The image ${options.tag} could not be built${step === undefined ? '' : `, at "${step}"`}: ${text}`,
    {
      hint: `The last lines of the build are above. "${options.command ?? 'docker'} build" in the same directory shows the same failure.`,
      details: log.lastLines(),
      cause,
    },
  );
}

/** Without what docker-modem and BuildKit put before the reason. */
function cleanReason(reason: string): string {
  return reason
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .replace(/^failed to solve with frontend \S+: /, '')
    .replace(/^failed to (solve|build LLB): /, '')
    .replace(/^rpc error: code = \w+ desc = /, '')
    .trim();
}
