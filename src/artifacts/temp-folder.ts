import { chmod, lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError, messageOf } from '../errors.ts';
import { isGone, ownOwner, ownerIn, prefixOf, type TempOwner } from './temp-owner.ts';

let own: Promise<TempOwner> | undefined;
let sweeping: Promise<void> | undefined;

/**
 * Gives `work` an empty folder that only this user can read, and removes it whatever happens. The first of a run also removes what
 * killed runs have left, while `work` goes on. Throws UserError FILE_NOT_WRITABLE when there is no room for it.
 */
export async function withTempFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const owner = await (own ??= ownOwner());
  const folder = await mkdtemp(join(tmpdir(), prefixOf(owner))).catch((error: unknown) => Promise.reject(unusable(error)));
  sweeping ??= sweepTempFolders(tmpdir(), owner);
  try {
    return await work(folder);
  } catch (error) {
    throw isOutOfRoom(error) ? unusable(error) : error;
  } finally {
    await Promise.all([removeFolder(folder), sweeping]);
  }
}

/**
 * Removes the temporary folders in `parent` of processes of this user that are no more. What belongs to anybody else, to another machine
 * or container, or to a process that may still run stays, and so do links.
 */
export async function sweepTempFolders(parent: string, { machine }: TempOwner): Promise<void> {
  // It is in nobody's way: what cannot be removed now is tried by the next run again.
  const names = await readdir(parent).catch(() => []);
  const abandoned = names.filter((name) => ownerIn(name)?.machine === machine);
  await Promise.all(
    abandoned.map(async (name) => {
      const owner = ownerIn(name);
      const path = join(parent, name);
      if (owner !== undefined && (await isGone(owner)) && (await isOurFolder(path))) await removeFolder(path).catch(() => undefined);
    }),
  );
}

async function isOurFolder(path: string): Promise<boolean> {
  const status = await lstat(path).catch(() => undefined);
  return status?.isDirectory() === true && (process.geteuid === undefined || status.uid === process.geteuid());
}

const MOST_REMOVALS = 5;
const PAUSE_MS = 20;

/** A removal that failed goes on beside the next one for a moment, in folders that were locked when it came to them. */
async function removeFolder(path: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rm(path, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      const isLocked = ['EACCES', 'EPERM', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '');
      if (!isLocked || attempt === MOST_REMOVALS) throw error;
      await unlock(path);
      await sleep(PAUSE_MS * attempt);
    }
  }
}

/** Programs such as go leave folders that nothing can be removed from. */
async function unlock(folder: string): Promise<void> {
  try {
    await chmod(folder, 0o700);
    for (const entry of await readdir(folder, { withFileTypes: true })) if (entry.isDirectory()) await unlock(join(folder, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Whether a disk, or what this user may have of it, is full. */
export function isOutOfRoom(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function unusable(cause: unknown): UserError {
  const reason = isOutOfRoom(cause) ? 'there is no room left in it' : messageOf(cause);
  return new UserError('FILE_NOT_WRITABLE', `The temporary folder ${tmpdir()} cannot be used: ${reason}`, {
    hint: 'Free some room there, or name another folder with TMPDIR.',
    cause,
  });
}
