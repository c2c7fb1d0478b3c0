import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PACKING_VERSION } from './digest.ts';
import { cacheFolder, cacheName, type HashCachePlace } from './hash-cache.ts';
import { forgetUnused, isOwn, replaceFile } from './hash-cache-file.ts';
import type { ZipEntry } from './zip-contents.ts';
import { modeIn, offsetIn, recordsOf, setOffset } from './zip-format.ts';
import { modeOf } from './zip-jobs.ts';

/** Hex SHA-256 of the files of a zip; links have none. */
export type EntryHashes = ReadonlyMap<ZipEntry, string>;

/** Where the zip of a directory is remembered, and what its files are now. */
export interface ZipMemory {
  readonly place: HashCachePlace;
  readonly hashes: EntryHashes;
}

/** The zip that was made of a directory the last time: what has not changed since is taken from it as it is. */
export interface KnownZip {
  /** Its entry of the same name with the same content and mode. */
  find(entry: ZipEntry): number | undefined;
  /** Where the entry with its header begins; of the one behind the last: where the directory does. */
  begin(index: number): number;
  /** The lines of entries from `first` up to and without `end`, with places counted from the beginning of the first. */
  directory(first: number, end: number): Buffer;
  /** Reads as much as there is room for. */
  read(space: Buffer, position: number): void;
  close(): void;
}

/** How long a zip is, and where its directory. */
export interface WrittenZip {
  readonly sizeBytes: number;
  readonly directoryAt: number;
  readonly directoryBytes: number;
}

/** What is larger is zipped anew: disk is not free either. All of them together may take `MOST_BYTES`. */
const LARGEST_BYTES = 32 * 1024 * 1024;
const MOST_BYTES = 256 * 1024 * 1024;

/** Zips of another packing, or of another zlib, have other bytes. */
const MAGIC = Buffer.from(`lambda-tool zip 1 ${PACKING_VERSION} ${process.versions.zlib}\n`);
const HASH_BYTES = 32;
const NO_HASH = Buffer.alloc(HASH_BYTES);
/** Where the directory of the zip begins, how many bytes and entries it has; the checksum of all before; the magic. */
const TAIL_BYTES = 3 * 8 + HASH_BYTES + MAGIC.length;
const CHUNK_BYTES = 512 * 1024;

/** The zip of the same directory, if there is one that can be trusted: whole, packed in the same way, and written by this user. */
export function openKnownZip({ place, hashes }: ZipMemory): KnownZip | undefined {
  const folder = cacheFolder(place.env, 'zips');
  if (folder === undefined) return undefined;
  let file: number | undefined;
  try {
    file = openSync(join(folder, cacheName(place.root)), 'r');
    const known = isOwn(fstatSync(file)) ? readKnown(file, fstatSync(file).size, hashes) : undefined;
    if (known === undefined) closeSync(file);
    return known;
  } catch {
    // Not there, or not to be read: then everything is packed.
    if (file !== undefined) closeSync(file);
    return undefined;
  }
}

function readKnown(file: number, sizeBytes: number, hashes: EntryHashes): KnownZip | undefined {
  const tailAt = sizeBytes - TAIL_BYTES;
  if (tailAt < 0 || sizeBytes > LARGEST_BYTES * 2) return undefined;
  const tail = readAt(file, TAIL_BYTES, tailAt);
  const [directoryAt, directoryBytes, count] = [0, 8, 16].map((at) => tail.readDoubleLE(at)) as [number, number, number];
  if (!tail.subarray(3 * 8 + HASH_BYTES).equals(MAGIC)) return undefined;
  if (!checksum(file, tailAt + 3 * 8).equals(tail.subarray(3 * 8, 3 * 8 + HASH_BYTES))) return undefined;
  const directory = readAt(file, directoryBytes, directoryAt);
  const known = readAt(file, count * HASH_BYTES, tailAt - count * HASH_BYTES);
  const records = recordsOf(directory);
  const places = new Map(records.map(({ path }, index) => [path, index]));
  const begin = (index: number): number => (index === records.length ? directoryAt : offsetIn(directory, records[index]?.at ?? 0));
  const lineAt = (index: number): number => records[index]?.at ?? directory.length;
  return {
    begin,
    find(entry) {
      const [hash, index] = [hashes.get(entry), places.get(entry.path)];
      if (hash === undefined || index === undefined || modeIn(directory, lineAt(index)) !== modeOf(entry)) return undefined;
      return known.toString('hex', index * HASH_BYTES, (index + 1) * HASH_BYTES) === hash ? index : undefined;
    },
    directory(first, end) {
      const lines = Buffer.from(directory.subarray(lineAt(first), lineAt(end)));
      for (const { at } of recordsOf(lines)) setOffset(lines, at, offsetIn(lines, at) - begin(first));
      return lines;
    },
    read: (space, position) => readFully(file, space, position),
    close: () => closeSync(file),
  };
}

/** Keeps a zip that was just made. */
export function keepZip({ place, hashes }: ZipMemory, zip: WrittenZip & { readonly file: string }, entries: readonly ZipEntry[]): void {
  const folder = cacheFolder(place.env, 'zips');
  if (folder === undefined || zip.sizeBytes > LARGEST_BYTES) return;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    replaceFile(join(folder, cacheName(place.root)), (draft) => {
      copyFileSync(zip.file, draft, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      appendTail(draft, zip, entries, hashes);
    });
    forgetUnused(folder, MOST_BYTES);
  } catch {
    // A home that cannot be written to, or is full, is no reason to fail: everything is packed again next time.
  }
}

function appendTail(
  path: string,
  { sizeBytes, directoryAt, directoryBytes }: WrittenZip,
  entries: readonly ZipEntry[],
  hashes: EntryHashes,
): void {
  const file = openSync(path, 'r+');
  try {
    ftruncateSync(file, sizeBytes);
    const numbers = Buffer.alloc(3 * 8);
    [directoryAt, directoryBytes, entries.length].forEach((value, index) => numbers.writeDoubleLE(value, index * 8));
    const known = entries.map((entry) => (hashes.has(entry) ? Buffer.from(hashes.get(entry) ?? '', 'hex') : NO_HASH));
    const head = Buffer.concat([...known, numbers]);
    writeFully(file, head, sizeBytes);
    writeFully(file, Buffer.concat([checksum(file, sizeBytes + head.length), MAGIC]), sizeBytes + head.length);
  } finally {
    closeSync(file);
  }
}

/** SHA-256 of the first bytes of a file. */
function checksum(file: number, length: number): Buffer {
  const hash = createHash('sha256');
  const space = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, length));
  for (let done = 0; done < length;) {
    const part = space.subarray(0, Math.min(space.length, length - done));
    readFully(file, part, done);
    hash.update(part);
    done += part.length;
  }
  return hash.digest();
}

function readAt(file: number, length: number, position: number): Buffer {
  const space = Buffer.allocUnsafe(length);
  readFully(file, space, position);
  return space;
}

function readFully(file: number, space: Buffer, position: number): void {
  for (let done = 0; done < space.length;) {
    const read = readSync(file, space, done, space.length - done, position + done);
    if (read === 0) throw new Error('A zip in the cache folder became shorter while it was read');
    done += read;
  }
}

function writeFully(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, position + done);
}
