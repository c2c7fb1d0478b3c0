import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { sep } from 'node:path';
import { UserError, messageOf } from '../errors.ts';
import type { FileStamp } from './hash-cache.ts';
import { pauses } from './pauses.ts';

/** One thing below a root directory. */
export interface TreeEntry {
  /** Relative to the root, with `/` on every system. */
  readonly path: string;
  readonly absolute: string;
  readonly type: 'file' | 'directory' | 'link';
  /** Permission bits, without the type. */
  readonly mode: number;
  /** Bytes; 0 for directories and links. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly stamp?: FileStamp | undefined;
  /** Where a link points to, as it is stored. */
  readonly target?: string | undefined;
}

/** `drop`: neither it nor what is below; `descend`: not itself, but look below. */
export type Verdict = 'keep' | 'drop' | 'descend';

export interface TreeOptions {
  readonly judge: (path: string, isDirectory: boolean) => Verdict;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Everything below `root` that the judge keeps, sorted by the bytes of its path. Links are not followed. Sockets, pipes
 * and devices are left out, as `docker build` and `zip` do. Throws UserError ARTIFACT_UNREADABLE with the name.
 */
export async function listTree(root: string, options: TreeOptions): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const pause = pauses(options.signal);
  const waiting = [{ absolute: root, prefix: '' }];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const item of readableNow(directory.absolute, (name) => readdirSync(name, { withFileTypes: true }))) {
      const path = directory.prefix + item.name;
      const absolute = directory.absolute.endsWith(sep) ? directory.absolute + item.name : directory.absolute + sep + item.name;
      const isDirectory = item.isDirectory();
      const verdict = options.judge(path, isDirectory);
      const entry = verdict === 'keep' ? describe(path, absolute) : undefined;
      if (entry !== undefined) entries.push(entry);
      if (isDirectory && verdict !== 'drop') waiting.push({ absolute, prefix: `${path}/` });
      await pause();
    }
  }
  options.signal?.throwIfAborted();
  return sortByPath(entries);
}

function describe(path: string, absolute: string): TreeEntry | undefined {
  const status = readableNow(absolute, (name) => lstatSync(name));
  const common = { path, absolute, mode: status.mode & 0o7777, mtimeMs: status.mtimeMs };
  if (status.isFile()) {
    const stamp = { mtimeMs: status.mtimeMs, ctimeMs: status.ctimeMs, inode: status.ino };
    return { ...common, type: 'file', size: status.size, stamp };
  }
  if (status.isDirectory()) return { ...common, type: 'directory', size: 0 };
  if (status.isSymbolicLink()) return { ...common, type: 'link', size: 0, target: readableNow(absolute, (name) => readlinkSync(name)) };
  return undefined;
}

/** Does a file operation; its failure becomes an error that names the file. */
export async function readable<T>(path: string, operation: (path: string) => Promise<T>): Promise<T> {
  try {
    return await operation(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The same for an operation that does not wait. */
export function readableNow<T>(path: string, operation: (path: string) => T): T {
  try {
    return operation(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** What the failure of a file says that is not any more what was looked at before. */
export const CHANGED = 'it changed while it was packaged';

/** The error for a file that cannot be read, with what to do about that cause. */
export function unreadable(path: string, cause: unknown): UserError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  // What is no UTF-8 in a name comes as this character, under which the file is not found.
  if (path.includes('\uFFFD') && code === 'ENOENT')
    return new UserError('ARTIFACT_UNREADABLE', `${path} has a name that is not valid UTF-8, which a zip or an image cannot carry.`, {
      hint: 'Rename it, for example with "convmv -f latin1 -t utf8 --notest FILE", or keep it out of the package (.lambdaignore, .dockerignore).',
      cause,
    });
  // Node repeats the path.
  const why = messageOf(cause).replace(/, \w+ '.*'$/s, '');
  return new UserError('ARTIFACT_UNREADABLE', `${path} cannot be read: ${why}`, { hint: hintFor(code, why), cause });
}

function hintFor(code: string | undefined, why: string): string {
  if (code === 'ENOENT' || why === CHANGED)
    return 'Where something writes at the same time, a build perhaps, run this again when that has ended, or keep the file out of the package (.lambdaignore, .dockerignore).';
  return 'Check its permissions, or keep it out of the package (.lambdaignore, or .dockerignore for images).';
}

/** By the bytes of the UTF-8 path, which is the same on every system and in every locale. */
function sortByPath(entries: readonly TreeEntry[]): TreeEntry[] {
  // Strings compare like their UTF-8 but for the halves of characters beyond 16 bits, which few names have.
  if (!entries.some(({ path }) => /[\ud800-\udfff]/.test(path))) return entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return entries
    .map((entry) => ({ entry, bytes: Buffer.from(entry.path) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ entry }) => entry);
}
