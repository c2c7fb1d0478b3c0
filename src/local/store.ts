/**
 * The state of the local target: named collections of JSON records, one file each, so that whatever moment the process
 * is killed at, the last complete state is what the next one finds.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Collection, Store } from './types.ts';

const TEMPORARY_SUFFIX = '.tmp';
const LEFTOVER_AGE_MS = 60_000;

/** Opens the state folder, making it (mode 0700) when it is not there. `onDamage` hears of records that cannot be read. */
export function createStore(folder: string, onDamage: (message: string) => void = () => {}): Store {
  makePrivateFolder(folder);
  const collections = new Map<string, Collection<unknown>>();
  return {
    folder,
    collection<T>(name: string): Collection<T> {
      const known = collections.get(name) ?? openCollection(path.join(folder, 'records', name), onDamage);
      collections.set(name, known);
      return known as Collection<T>;
    },
  };
}

/**
 * Makes a folder and its missing parents, readable by this user only. Not with Node's own recursive mkdir: in a file system that answers
 * ENOENT, as Linux's /proc does, it tries for ever.
 */
export function makePrivateFolder(folder: string): void {
  if (isFolder(folder)) return;
  if (path.dirname(folder) !== folder) makePrivateFolder(path.dirname(folder));
  try {
    mkdirSync(folder, 0o700);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Writes a file so that readers see the old content or the new, never a part. Mode 0600. */
export function writeFileAtomically(file: string, content: string): void {
  const temporary = `${file}.${process.pid}${TEMPORARY_SUFFIX}`;
  writeFileSync(temporary, content, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  replaceFile(temporary, file);
}

/** On Windows a virus scanner or indexer may hold the old file for a moment: the rename is tried again for half a second. */
function replaceFile(from: string, to: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (process.platform !== 'win32' || attempt >= 50 || !['EPERM', 'EACCES', 'EBUSY'].includes(code)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function openCollection(folder: string, onDamage: (message: string) => void): Collection<unknown> {
  makePrivateFolder(folder);
  const records = loadRecords(folder, onDamage);
  let sortedKeys: string[] | undefined;
  return {
    get: (key) => records.get(key),
    put(key, value) {
      const text = JSON.stringify({ key, value });
      writeFileAtomically(path.join(folder, recordFileName(key)), text);
      if (!records.has(key)) sortedKeys = undefined;
      // Parsed again, so that a record reads the same now as after a restart, and later changes to `value` stay outside.
      records.set(key, (JSON.parse(text) as { value: unknown }).value);
    },
    delete(key) {
      rmSync(path.join(folder, recordFileName(key)), { force: true });
      if (records.delete(key)) sortedKeys = undefined;
    },
    *entries() {
      sortedKeys ??= [...records.keys()].toSorted(compareUtf8);
      for (const key of sortedKeys) {
        // A consumer may delete while it walks.
        if (records.has(key)) yield [key, records.get(key)] as const;
      }
    },
  };
}

function loadRecords(folder: string, onDamage: (message: string) => void): Map<string, unknown> {
  const records = new Map<string, unknown>();
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    if (name.endsWith(TEMPORARY_SUFFIX)) removeIfOld(file);
    if (!name.endsWith('.json')) continue;
    try {
      const record = JSON.parse(readFileSync(file, 'utf8')) as { key: string; value: unknown };
      records.set(record.key, record.value);
    } catch (error) {
      onDamage(`record ${file} cannot be read and is left aside: ${(error as Error).message}`);
    }
  }
  return records;
}

/** What a killed process left. A young one may be in the making: logs are read while the daemon runs. */
function removeIfOld(file: string): void {
  const changedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  if (Date.now() - changedMs > LEFTOVER_AGE_MS) rmSync(file, { force: true });
}

/**
 * A file name for any key: readable beginning, then a hash. Never longer than 80 characters, distinct also where the
 * file system ignores case, and none of the names that Windows reserves.
 */
export function recordFileName(key: string): string {
  const readable = key
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  return `${readable}.${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`;
}

/** The order of the UTF-8 bytes, which is what S3 sorts by; JavaScript's own order differs above U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = utf8Rank(a.charCodeAt(index)) - utf8Rank(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function utf8Rank(codeUnit: number): number {
  if (codeUnit < 0xd800) return codeUnit;
  return codeUnit >= 0xe000 ? codeUnit - 0x800 : codeUnit + 0x2000;
}
