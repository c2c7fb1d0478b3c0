import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Whose a temporary folder is, as its name says it. */
export interface TempOwner {
  /** Process ids count on one machine only, and there in one namespace: containers may share a temporary folder. */
  readonly machine: string;
  readonly pid: number;
  /** Two processes with the same id have different ones; `0` where the system does not tell. */
  readonly start: string;
}

const NAME = /^lambda-tool-([0-9a-z]+)\.([0-9a-f]+)\.([0-9a-f]{4})-\w{6}$/;
const UNKNOWN_START = '0';

/** This process. */
export async function ownOwner(): Promise<TempOwner> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  const identity = await identityOf(process.pid);
  return { machine: digest(`${hostname()}/${namespace}`, 4), pid: process.pid, start: identity ?? UNKNOWN_START };
}

/** What the name of a folder begins with; six random characters follow. */
export function prefixOf({ machine, pid, start }: TempOwner): string {
  return `lambda-tool-${pid.toString(36)}.${start}.${machine}-`;
}

/** Undefined for what is no temporary folder of ours. */
export function ownerIn(name: string): TempOwner | undefined {
  const [, pid = '', start = '', machine = ''] = NAME.exec(name) ?? [];
  return pid === '' ? undefined : { machine, pid: Number.parseInt(pid, 36), start };
}

/** Whether the process that `owner` was is no more, as far as that can be known for certain. */
export async function isGone(owner: TempOwner): Promise<boolean> {
  const state = stateOf(owner.pid);
  if (state === 'none') return true;
  if (process.platform !== 'linux' || owner.start === UNKNOWN_START) return false;
  const identity = await identityOf(owner.pid);
  // One that has ended, and whose parent has not asked for it yet, has no identity any more. Others' processes may be hidden.
  return identity === undefined ? state === 'ours' : identity !== owner.start;
}

function stateOf(pid: number): 'none' | 'ours' | 'others' {
  try {
    process.kill(pid, 0);
    return 'ours';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'none' : 'others';
  }
}

/**
 * Boot and start of a process: field 22 of its stat, counted after the name, which may hold spaces. Neither depends on the clock.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
async function identityOf(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile('/proc/sys/kernel/random/boot_id', 'utf8')]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' || fields[19] === undefined ? undefined : digest(`${boot}/${fields[19]}`, 6);
  } catch {
    // No such process, no such system, or nothing that we may see.
    return undefined;
  }
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
