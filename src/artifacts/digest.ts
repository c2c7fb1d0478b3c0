import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import { unreadable } from './file-tree.ts';
import type { ZipEntry } from './zip-contents.ts';

/**
 * Part of every digest. Goes up when the same inputs would be packed differently, so that nothing packed the old way
 * is taken for the new.
 */
export const PACKING_VERSION = '1';

/** Files read at one time; the hash itself runs on the main thread. */
const PARALLEL_FILES = 8;

/** Below this size one read is quicker than a stream, and eight of them still take little memory. */
const WHOLE_FILE_BYTES = 512 * 1024;

/** Hex SHA-256 of a file's bytes, streamed. Throws UserError ARTIFACT_UNREADABLE. */
export async function hashFile(path: string, size: number, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    if (size <= WHOLE_FILE_BYTES) hash.update(await readFile(path, { signal }));
    else await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw unreadable(path, error);
  }
  return hash.digest('hex');
}

/** Hashes files side by side; the answer is in the order of the input. */
export function hashFiles(files: readonly { absolute: string; size: number }[], signal?: AbortSignal): Promise<string[]> {
  const limit = pLimit(PARALLEL_FILES);
  return Promise.all(
    files.map((file) =>
      limit(() => {
        signal?.throwIfAborted();
        return hashFile(file.absolute, file.size, signal);
      }),
    ),
  );
}

/** One SHA-256 over values of which none can run into the next. */
export function hashValues(values: readonly (string | null | undefined)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(values.map((value) => value ?? null)))
    .digest('hex');
}

/** The identity of a zip: names, executable bits and contents. Times, owners and other mode bits do not count. */
export async function digestZipContents(entries: readonly ZipEntry[], signal?: AbortSignal): Promise<string> {
  const files = entries.filter((entry) => entry.target === undefined);
  const hashes = new Map<ZipEntry, string>();
  (await hashFiles(files, signal)).forEach((hash, index) => hashes.set(files[index] as ZipEntry, hash));
  return hashValues([
    'zip',
    PACKING_VERSION,
    ...entries.flatMap((entry) => [entry.path, entry.executable ? 'x' : '-', entry.target ?? null, hashes.get(entry) ?? null]),
  ]);
}
