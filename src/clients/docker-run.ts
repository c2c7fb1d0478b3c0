import { PassThrough, type Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import type Dockerode from 'dockerode';
import { UserError, messageOf } from '../errors.ts';
import { engineReason } from './docker-failure.ts';
import type { Platform } from './docker-build.ts';
import { failureIn, readMessages } from './docker-stream.ts';

export interface ContainerRun {
  /** Pulled when the engine does not have it. */
  readonly image: string;
  readonly platform: Platform;
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly env: Readonly<Record<string, string>>;
  /** A tar of what the program works on, unpacked at `/` before it starts. No directory of this machine is mounted, so the engine may be elsewhere. */
  readonly input: () => Readable;
  /** What is taken out when the program has ended well. */
  readonly output: string;
  /** Gets `output` as a tar whose names begin with its last part. */
  readonly onOutput: (tar: Readable) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
  readonly onLine: (line: string) => void;
}

/** Answers the exit code of the program. */
export type RunEnd = { readonly exitCode: number; readonly lastLines: readonly string[] };

const KEPT_LINES = 30;

/**
 * Runs a program in a container of its own, which is gone afterwards, also when the signal is aborted. Throws UserError
 * BUILD_FAILED when the image cannot be pulled or the container cannot be made.
 */
export async function runContainer(docker: Dockerode, run: ContainerRun): Promise<RunEnd> {
  await ensureImage(docker, run);
  run.signal?.throwIfAborted();
  const container = await docker
    .createContainer({
      Image: run.image,
      platform: run.platform,
      Cmd: [...run.command],
      WorkingDir: run.workingDirectory,
      Env: Object.entries(run.env).map(([name, value]) => `${name}=${value}`),
    })
    .catch((error: unknown) => Promise.reject(notRun(run, error)));
  const stop = (): void => void container.kill().catch(() => undefined);
  run.signal?.addEventListener('abort', stop, { once: true });
  try {
    await container.putArchive(run.input(), { path: '/' });
    run.signal?.throwIfAborted();
    const end = await startAndWait(docker, container, run);
    run.signal?.throwIfAborted();
    if (end.exitCode === 0) await run.onOutput((await container.getArchive({ path: run.output })) as Readable);
    return end;
  } catch (error) {
    run.signal?.throwIfAborted();
    throw error instanceof UserError ? error : notRun(run, error);
  } finally {
    run.signal?.removeEventListener('abort', stop);
    await container.remove({ force: true, v: true });
  }
}

async function ensureImage(docker: Dockerode, { image, platform, signal, onLine }: ContainerRun): Promise<void> {
  const found = await docker
    .getImage(image)
    .inspect()
    .catch((error: { statusCode?: number }) => (error.statusCode === 404 ? undefined : Promise.reject(error)));
  if (found !== undefined && platform.endsWith(found.Architecture)) return;
  onLine(`pulling ${image} (${platform})`);
  let failure: string | undefined;
  try {
    const answer = (await docker.createImage({ fromImage: image, platform, abortSignal: signal })) as Readable;
    for await (const message of readMessages(answer, signal)) failure = failureIn(message) ?? failure;
  } catch (error) {
    signal?.throwIfAborted();
    failure = engineReason(error);
  }
  if (failure === undefined) return;
  throw new UserError('BUILD_FAILED', `The image ${image} cannot be pulled: ${failure}`, {
    hint: 'Name another with --container-image-for-build, or pull it by hand.',
  });
}

async function startAndWait(docker: Dockerode, container: Dockerode.Container, run: ContainerRun): Promise<RunEnd> {
  const stream = await container.attach({ stream: true, stdout: true, stderr: true });
  const lastLines: string[] = [];
  const text = new PassThrough();
  const lines = createInterface({ input: text });
  lines.on('line', (line) => {
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
    run.onLine(line);
  });
  const drained = new Promise((resolve) => lines.once('close', resolve));
  (docker.modem as { demuxStream(from: NodeJS.ReadableStream, out: PassThrough, error: PassThrough): void }).demuxStream(
    stream,
    text,
    text,
  );
  stream.once('end', () => text.end()).once('close', () => text.end());
  await container.start();
  const { StatusCode: exitCode } = (await container.wait()) as { StatusCode: number };
  await drained;
  return { exitCode, lastLines };
}

function notRun({ image, command }: ContainerRun, error: unknown): UserError {
  return new UserError('BUILD_FAILED', `${command.slice(0, 2).join(' ')} cannot be run in a container of ${image}: ${messageOf(error)}`, {
    hint: 'The image must be for Linux and bring the program along.',
    cause: error,
  });
}
