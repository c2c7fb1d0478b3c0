import { createHash, hash as sha256 } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { readable, readableNow } from './file-tree.ts';
import { openHashCache, type HashCachePlace, type StampedFile } from './hash-cache.ts';
import { pauses } from './pauses.ts';
import type { ZipEntry } from './zip-contents.ts';

/**
 * Part of every digest. Goes up when the same inputs would be packed differently, so that nothing packed the old way
 * is taken for the new.
 */
export const PACKING_VERSION = '3';

/** Up to this size a file is read in one piece. */
const WHOLE_FILE_BYTES = 512 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** Hex SHA-256 of a file's bytes, streamed. Throws UserError ARTIFACT_UNREADABLE. */
export async function hashFile(path: string, size: number, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  if (size <= WHOLE_FILE_BYTES) return readableNow(path, (name) => sha256('sha256', readFileSync(name)));
  return readable(path, (name) => hashLarge(name, signal)).catch((error: unknown) => {
    throw signal?.aborted === true ? signal.reason : error;
  });
}

/** Reads into the same memory again and again: what a stream leaves behind adds up before it is collected. */
async function hashLarge(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  const space = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const file = await open(path);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(space, 0, CHUNK_BYTES);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(space.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** Hashes files; the answer is in the order of the input. With `remembered`, only those are read that have changed since the last time. */
export async function hashFiles(
  files: readonly (StampedFile & { readonly absolute: string })[],
  signal?: AbortSignal,
  remembered?: HashCachePlace,
): Promise<string[]> {
  const cache = remembered === undefined ? undefined : openHashCache(remembered, files);
  const pause = pauses(signal);
  const hashes: string[] = [];
  for (const file of files) {
    hashes.push(cache?.find(file) ?? (await hashFile(file.absolute, file.size, signal)));
    await pause();
  }
  cache?.keep(files, hashes);
  return hashes;
}

/** One SHA-256 over values of which none can run into the next. */
export function hashValues(values: readonly (string | null | undefined)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(values.map((value) => value ?? null)))
    .digest('hex');
}

/** The identity of a zip: names, executable bits and contents. Times, owners and other mode bits do not count. */
export async function digestZipContents(entries: readonly ZipEntry[], signal?: AbortSignal, remembered?: HashCachePlace): Promise<string> {
  return (await identifyZip(entries, signal, remembered)).digest;
}

/** The same, and the hashes of its files. */
export async function identifyZip(
  entries: readonly ZipEntry[],
  signal?: AbortSignal,
  remembered?: HashCachePlace,
): Promise<{ readonly digest: string; readonly hashes: ReadonlyMap<ZipEntry, string> }> {
  const files = entries.filter((entry) => entry.target === undefined);
  const hashes = new Map<ZipEntry, string>();
  (await hashFiles(files, signal, remembered)).forEach((hash, index) => hashes.set(files[index] as ZipEntry, hash));
  const digest = hashValues([
    'zip',
    PACKING_VERSION,
    ...entries.flatMap((entry) => [entry.path, entry.executable ? 'x' : '-', entry.target ?? null, hashes.get(entry) ?? null]),
  ]);
  return { digest, hashes };
}
