/** Runs image functions, and zip functions that need AWS's image of their runtime, in containers. */
import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import type { CodeStore } from './code-store.ts';
import { ensureFunctionImage, ensureRuntimeImage } from './container-image.ts';
import { type Engine, EngineNotFoundError, findEngine } from './engine.ts';
import { lambdaEnv } from './function-env.ts';
import { splitLines } from './log-lines.ts';
import {
  type FunctionHost,
  type FunctionSpec,
  type Sandbox,
  type SandboxExit,
  SandboxStartError,
  type StartSandbox,
  type ZipPackage,
} from './types.ts';

/** On every container of the local target; the value tells one state folder from another. */
export const CONTAINER_LABEL = 'lambda-tool.local';

/** The name that containers on an engine in a virtual machine have for this machine. */
const GATEWAY_HOST = 'host.docker.internal';

export interface ContainerDeps {
  readonly host: FunctionHost;
  readonly code: CodeStore;
}

export interface Containers {
  start(source: { readonly image: string; readonly zip: ZipPackage } | undefined, options: Parameters<StartSandbox>[0]): Promise<Sandbox>;
  /** Removes containers that an earlier daemon of this state folder has left behind; answers how many. No engine, no containers. */
  removeLeftovers(): Promise<number>;
}

/** The value of the label for a state folder. */
export function containerLabel(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 16);
}

export function createContainers(deps: ContainerDeps): Containers {
  const label = containerLabel(deps.host.folder);
  let found: Promise<Engine> | undefined;
  const engine = (): Promise<Engine> => {
    found ??= findEngine(deps.host.env).catch((error: unknown) => {
      // An engine that is started later is found by the next call.
      found = undefined;
      throw error;
    });
    return found;
  };
  return {
    async start(source, options) {
      const { spec } = options;
      const current = await engine().catch((error: Error) => {
        throw new SandboxStartError('LocalTarget.NoContainerEngine', error.message, { cause: error });
      });
      const image =
        source === undefined ? await functionImage(current, spec, deps.host) : await ensureRuntimeImage(current.docker, source.image);
      const mounts = source === undefined ? [] : await codeMounts(deps.code, source.zip, spec);
      return await runContainer(current, containerOptions(current, spec, image, mounts, label, deps.host, options), options.onLine);
    },
    async removeLeftovers() {
      try {
        const { docker } = await engine();
        const left = await docker.listContainers({ all: true, filters: { label: [`${CONTAINER_LABEL}=${label}`] } });
        await Promise.all(left.map(({ Id }) => remove(docker.getContainer(Id))));
        return left.length;
      } catch (error) {
        if (error instanceof EngineNotFoundError) return 0;
        throw error;
      }
    },
  };
}

async function functionImage(engine: Engine, spec: FunctionSpec, host: FunctionHost): Promise<string> {
  if (spec.package.kind !== 'image') throw new Error(`${spec.functionName} is not an image function`);
  return await ensureFunctionImage(engine.docker, spec.package, host);
}

async function codeMounts(code: CodeStore, zip: ZipPackage, spec: FunctionSpec): Promise<readonly string[]> {
  const [taskRoot, layers] = await Promise.all([code.unpack(zip), code.unpackLayers(spec.layers)]);
  return [`${taskRoot}:/var/task:ro`, ...(layers === undefined ? [] : [`${layers}:/opt:ro`])];
}

function containerOptions(
  engine: Engine,
  spec: FunctionSpec,
  image: string,
  mounts: readonly string[],
  label: string,
  host: FunctionHost,
  options: Parameters<StartSandbox>[0],
): Docker.ContainerCreateOptions {
  const shared = engine.reach === 'host-network';
  const loopback = shared ? '127.0.0.1' : GATEWAY_HOST;
  const env = lambdaEnv({
    spec,
    host,
    runtimeApi: `${loopback}:${options.runtimeApiPort}`,
    endpoint: host.endpoint.replace('127.0.0.1', loopback),
    taskRoot: '/var/task',
    logStream: options.logStream,
  });
  const memory = spec.memorySizeMb * 1024 * 1024;
  const own = spec.package.kind === 'image' ? spec.package : undefined;
  return {
    Image: image,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: { [CONTAINER_LABEL]: label, 'lambda-tool.function': spec.functionName },
    ...(own === undefined ? { Cmd: [spec.handler] } : {}),
    ...(own?.command === undefined ? {} : { Cmd: [...own.command] }),
    ...(own?.entryPoint === undefined ? {} : { Entrypoint: [...own.entryPoint] }),
    ...(own?.workingDirectory === undefined ? {} : { WorkingDir: own.workingDirectory }),
    HostConfig: {
      ...(shared ? { NetworkMode: 'host' } : { ExtraHosts: [`${GATEWAY_HOST}:host-gateway`] }),
      Memory: memory,
      MemorySwap: memory,
      Binds: [...mounts],
      Init: false,
      SecurityOpt: ['no-new-privileges'],
    },
  };
}

async function runContainer(engine: Engine, create: Docker.ContainerCreateOptions, onLine: (line: string) => void): Promise<Sandbox> {
  const container = await refused(engine, () => engine.docker.createContainer(create));
  try {
    const output = await attach(engine.docker, container, onLine);
    const ended = container.wait({ condition: 'next-exit' });
    const exited = exitOf(ended, output.ended).finally(() => remove(container));
    await refused(engine, () => container.start());
    return {
      exited,
      async kill() {
        await remove(container);
        await exited;
      },
      memoryUsedMb: () => undefined,
      // The engine reads the container's output and passes it on, a few milliseconds later.
      outputDelayMs: 10,
    };
  } catch (error) {
    await remove(container);
    throw error;
  }
}

/** Passes on what the container prints; `ended` settles when it has printed all. */
async function attach(
  docker: Docker,
  container: Docker.Container,
  onLine: (line: string) => void,
): Promise<{ readonly ended: Promise<void> }> {
  const stream = await container.attach({ stream: true, stdout: true, stderr: true });
  const outputs = [new PassThrough(), new PassThrough()] as const;
  docker.modem.demuxStream(stream, ...outputs);
  outputs.forEach((output) => splitLines(output, onLine));
  const ended = new Promise<void>((resolve) => {
    const finish = (): void => {
      outputs.forEach((output) => output.end());
      setImmediate(resolve);
    };
    for (const event of ['end', 'close', 'error']) stream.on(event, finish);
  });
  return { ended };
}

async function exitOf(ended: Promise<unknown>, printed: Promise<void>): Promise<SandboxExit> {
  let answer: unknown;
  try {
    answer = await ended;
  } catch (error) {
    // The engine went away, or the container was removed before it started; either way it is over.
    return { code: null, signal: `lost (${(error as Error).message})` };
  }
  await printed;
  const { StatusCode } = answer as { StatusCode: number };
  // 128 + signal number; 137 is what the kernel's and our own SIGKILL leave.
  return StatusCode === 137 ? { code: null, signal: 'SIGKILL' } : { code: StatusCode, signal: null };
}

async function remove(container: Docker.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    const status = (error as { statusCode?: number }).statusCode;
    // 404: gone. 409: its removal is under way.
    if (status !== 404 && status !== 409) throw error;
  }
}

/** Turns the engine's refusals into an error of the function, with what can be said about them. */
async function refused<T>(engine: Engine, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = (error as Error).message;
    const hint = /exec format error/i.test(message)
      ? ` (the engine runs on ${engine.architecture}; the image is for another architecture)`
      : '';
    throw new SandboxStartError('Runtime.InvalidEntrypoint', `The container cannot be started: ${message}${hint}`, { cause: error });
  }
}
