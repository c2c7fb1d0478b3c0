/** A sandbox that is a process group of this machine. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { splitLines } from './log-lines.ts';
import type { ProcessRecords } from './process-records.ts';
import { type Sandbox, type SandboxExit, SandboxStartError } from './types.ts';

/** The file descriptor whose other end the daemon holds: it closes however the daemon ends. */
export const LIFELINE_FD = 3;

/** How long the output of a process that has ended is waited for; something that left its group may hold it open. */
const LAST_WORDS_MS = 250;

const run = promisify(execFile);

export interface ProcessPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  readonly records: ProcessRecords;
}

/** Starts the process. Throws SandboxStartError `Runtime.InvalidEntrypoint` when the system cannot run it. */
export async function startProcess(plan: ProcessPlan): Promise<Sandbox> {
  const child = spawn(plan.command, [...plan.args], {
    cwd: plan.folder,
    env: { ...plan.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const exited = watch(child, plan);
  const lifeline = child.stdio[LIFELINE_FD] as Socket | undefined;
  // A lifeline that its process closes early is no matter of ours; it is read so that its end is noticed.
  lifeline?.on('error', () => undefined).resume();
  const pid = await started(child, plan.command);
  await plan.records.remember(pid);
  return {
    exited,
    async kill() {
      await killProcessGroup(pid);
      await exited;
    },
    memoryUsedMb: () => peakMemoryMb(pid),
    // A pipe: what is in it is read in the next turn of the event loop.
    outputDelayMs: 0,
  };
}

function watch(child: ChildProcess, plan: ProcessPlan): Promise<SandboxExit> {
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) splitLines(stream, plan.onLine);
  const closed = new Promise((resolve) => child.once('close', resolve));
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      void (async () => {
        // What it has started may still run, and may hold the pipes open.
        if (child.pid !== undefined) await killProcessGroup(child.pid);
        if (child.pid !== undefined) plan.records.forget(child.pid);
        await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
        child.stdio.forEach((stream) => stream?.destroy());
        resolve({ code, signal });
      })();
    });
  });
}

function started(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Readonly<Record<string, string>> = {
        ENOENT: 'no such file or directory',
        EACCES: 'permission denied',
        ENOEXEC: 'exec format error',
        EFTYPE: 'exec format error',
      };
      reject(
        new SandboxStartError('Runtime.InvalidEntrypoint', `fork/exec ${command}: ${reasons[error.code ?? ''] ?? error.message}`, {
          cause: error,
        }),
      );
    });
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
}

/** Kills a process and all that it has started. One that is gone already is fine. */
export async function killProcessGroup(pid: number): Promise<void> {
  if (process.platform === 'win32') {
    await run('taskkill', ['/PID', String(pid), '/T', '/F']).catch(() => undefined); // exits 128 when it is gone
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // EPERM: on macOS what a group of zombies answers.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function peakMemoryMb(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return peak === undefined ? undefined : Math.ceil(Number(peak) / 1024);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
