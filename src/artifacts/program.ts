import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { UserError, messageOf } from '../errors.ts';

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
  /** Called when the signal is aborted: ends what the program runs, and answers whether it will then end, and clear up, by itself. */
  readonly beforeStop?: ((pid: number) => boolean) | undefined;
  /** What to do when the program is not installed. */
  readonly missingHint: string;
}

export interface ProgramEnd {
  readonly exitCode: number;
  /** The last lines of both its outputs. */
  readonly lastLines: readonly string[];
}

const KEPT_LINES = 30;
/** After a polite end of the program that long, it is killed. */
const GRACE_MS = 3_000;
/** Helpers that a program leaves running may hold its outputs open; they are not waited for longer than this. */
const DRAIN_MS = 1_000;

/**
 * Runs a program without a shell, in a process group of its own, which is ended as a whole when the signal is aborted.
 * Throws UserError BUILD_TOOL_NOT_FOUND, or the signal's reason.
 */
export async function runProgram(options: ProgramOptions): Promise<ProgramEnd> {
  options.signal?.throwIfAborted();
  const isWindows = process.platform === 'win32';
  const child = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    env: { ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: !isWindows,
    windowsHide: true,
  });
  const lastLines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > KEPT_LINES) lastLines.shift();
      options.onLine?.(line);
    });
  }
  const stop = (): void => endGroup(child, isWindows, options.beforeStop);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    const exitCode = await ended(child, options);
    options.signal?.throwIfAborted();
    return { exitCode, lastLines };
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

function ended(child: ChildProcess, options: ProgramOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(startFailed(options, error)));
    child.once('exit', (code, signalName) => {
      const exitCode = code ?? (signalName === null ? 1 : 128);
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
      child.once('close', () => {
        clearTimeout(timer);
        resolve(exitCode);
      });
    });
  });
}

function startFailed(options: ProgramOptions, error: Error): UserError {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  const message = isMissing
    ? `${options.command} is not installed, or not on the PATH.`
    : `${options.command} cannot be started: ${messageOf(error)}`;
  return new UserError('BUILD_TOOL_NOT_FOUND', message, { hint: options.missingHint, cause: error });
}

function endGroup(child: ChildProcess, isWindows: boolean, beforeStop: ProgramOptions['beforeStop']): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (isWindows) {
    spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    return;
  }
  const isEnding = beforeStop?.(pid) === true;
  if (!isEnding) signalGroup(pid, 'SIGTERM');
  const timers = [
    setTimeout(() => signalGroup(pid, isEnding ? 'SIGTERM' : 'SIGKILL'), GRACE_MS),
    ...(isEnding ? [setTimeout(() => signalGroup(pid, 'SIGKILL'), 2 * GRACE_MS)] : []),
  ];
  child.once('exit', () => {
    for (const timer of timers) clearTimeout(timer);
    // Members of the group that ignored the polite signal.
    signalGroup(pid, 'SIGKILL');
  });
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
