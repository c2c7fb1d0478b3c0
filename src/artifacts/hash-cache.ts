import { hash as sha256 } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { encodeHashes, readHashes, writeHashes } from './hash-cache-file.ts';

/** What the file system says about a file: whoever changes its contents changes this as well. */
export interface FileStamp {
  readonly mtimeMs: number;
  /** Nobody can set it: it gives away a change whose author put the other time back. */
  readonly ctimeMs: number;
  readonly inode: number;
}

/** A file as the cache knows it. */
export interface StampedFile {
  /** Relative to the root. */
  readonly path: string;
  readonly size: number;
  readonly stamp?: FileStamp | undefined;
}

/** Where hashes are remembered. */
export interface HashCachePlace {
  /** The directory that paths are relative to, absolute. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Hashes of the files of one directory, as of the last time they were read. */
export interface HashCache {
  /** The hex SHA-256, if the file has not changed since. Quickest when asked in the order in which they were kept. */
  find(file: StampedFile): string | undefined;
  /** Remembers the files of the directory; `hashes` is in their order. */
  keep(files: readonly StampedFile[], hashes: readonly string[]): void;
}

/** Any value turns the cache off. */
const OFF_VARIABLE = 'LAMBDA_TOOL_NO_HASH_CACHE';
/** Reading less than this takes no longer than reading what is remembered of it. */
const WORTHWHILE_FILES = 64;
const WORTHWHILE_BYTES = 2 * 1024 * 1024;
/**
 * A file that was written so shortly before it was read may be written once more within the same tick of the file
 * system's clock, which lasts up to two seconds (FAT): nothing would give that away.
 */
const RACY_MS = 3_000;

/**
 * The cache for the files of a directory; undefined where it would not pay, or is turned off. One that is damaged or
 * somebody else's counts as empty: the worst that a cache can lead to is that all files are read.
 */
export function openHashCache({ root, env }: HashCachePlace, files: readonly StampedFile[]): HashCache | undefined {
  const folder = cacheFolder(env, 'hashes');
  if (folder === undefined) return undefined;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (files.length < WORTHWHILE_FILES && bytes < WORTHWHILE_BYTES) return undefined;
  const openedAt = Date.now();
  const file = join(folder, cacheName(root));
  const known = readHashes(file);
  let found = 0;
  return {
    find(wanted) {
      const hash = known?.find(wanted);
      if (hash !== undefined) found += 1;
      return hash;
    },
    keep(current, hashes) {
      const settled = current.flatMap((one, index) => (isSettled(one, openedAt) ? [{ ...one, hash: hashes[index] ?? '' }] : []));
      if (settled.length > 0 && (settled.length > found || known?.isOld === true)) writeHashes(folder, file, encodeHashes(settled));
    },
  };
}

function isSettled({ stamp }: StampedFile, now: number): boolean {
  return stamp !== undefined && Math.max(stamp.mtimeMs, stamp.ctimeMs) < now - RACY_MS;
}

/** Beside Node's compiled code, which the program itself keeps there. Undefined where nothing is to be remembered. */
export function cacheFolder(env: HashCachePlace['env'], name: 'hashes' | 'zips'): string | undefined {
  return (env[OFF_VARIABLE] ?? '') === '' ? join(cacheHome(env), 'lambda-tool', name) : undefined;
}

/** The file for a directory. */
export function cacheName(root: string): string {
  return sha256('sha256', root).slice(0, 32);
}

/** The folder of this user for what can be made again. */
export function cacheHome(env: HashCachePlace['env']): string {
  if (process.platform === 'win32') return env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  const chosen = env['XDG_CACHE_HOME'] ?? '';
  return isAbsolute(chosen) ? chosen : join(homedir(), '.cache');
}
