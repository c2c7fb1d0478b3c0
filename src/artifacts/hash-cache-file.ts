import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../make-folders.ts';
import type { StampedFile } from './hash-cache.ts';

/** What was read from disk. */
export interface KnownHashes {
  find(file: StampedFile): string | undefined;
  /** Whether it should be written again, so that it is not taken for one that nobody needs. */
  readonly isOld: boolean;
}

const MAGIC = Buffer.from('lambda-tool hashes 1\n');
const CHECKSUM_BYTES = 32;
const HEAD_BYTES = MAGIC.length + CHECKSUM_BYTES;
const HASH_BYTES = 32;
/** Size, both times, inode: doubles, as Node gives them. */
const STAMP_BYTES = 4 * 8;

const OLD_MS = 24 * 3_600_000;
/** What was not used for a month belongs to a directory that is gone. */
const KEPT_MS = 30 * OLD_MS;

/** Undefined when there is none that can be trusted: whole, and written by this user. */
export function readHashes(file: string): KnownHashes | undefined {
  try {
    const handle = openSync(file, 'r');
    try {
      const status = fstatSync(handle);
      if (!isOwn(status)) return undefined;
      const bytes = readFileSync(handle);
      return isWhole(bytes) ? decode(bytes.subarray(HEAD_BYTES), Date.now() - status.mtimeMs > OLD_MS) : undefined;
    } finally {
      closeSync(handle);
    }
  } catch {
    // Not there, or not to be read: then the files themselves are.
    return undefined;
  }
}

/** Whether this user has written it. Windows does not say. */
export function isOwn({ uid }: { readonly uid: number }): boolean {
  return process.getuid === undefined || uid === process.getuid();
}

function isWhole(bytes: Buffer): boolean {
  if (bytes.length < HEAD_BYTES + 4 || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return false;
  return checksum(bytes.subarray(HEAD_BYTES)).equals(bytes.subarray(MAGIC.length, HEAD_BYTES));
}

function checksum(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The number of files, their stamps, their hashes, their paths with a zero between them. */
export function encodeHashes(files: readonly (StampedFile & { readonly hash: string })[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(files.length);
  const stamps = Buffer.alloc(files.length * STAMP_BYTES);
  files.forEach(({ size, stamp }, index) => {
    [size, stamp?.mtimeMs ?? 0, stamp?.ctimeMs ?? 0, stamp?.inode ?? 0].forEach((value, column) =>
      stamps.writeDoubleLE(value, index * STAMP_BYTES + column * 8),
    );
  });
  const hashes = Buffer.from(files.map(({ hash }) => hash).join(''), 'hex');
  const content = Buffer.concat([count, stamps, hashes, Buffer.from(files.map(({ path }) => path).join('\0'))]);
  return Buffer.concat([MAGIC, checksum(content), content]);
}

function decode(content: Buffer, isOld: boolean): KnownHashes {
  const count = content.readUInt32LE();
  const [hashesAt, pathsAt] = [4 + count * STAMP_BYTES, 4 + count * (STAMP_BYTES + HASH_BYTES)];
  const hashes = content.toString('hex', hashesAt, pathsAt);
  const paths = content.toString('utf8', pathsAt).split('\0');
  let places: Map<string, number> | undefined;
  let next = 0;
  const placeOf = (path: string): number | undefined => {
    if (paths[next] === path) return next;
    places ??= new Map(paths.map((known, index) => [known, index]));
    return places.get(path);
  };
  return {
    isOld,
    find({ path, size, stamp }) {
      const place = placeOf(path);
      if (place === undefined || stamp === undefined) return undefined;
      next = place + 1;
      const at = 4 + place * STAMP_BYTES;
      const isSame =
        content.readDoubleLE(at) === size &&
        content.readDoubleLE(at + 8) === stamp.mtimeMs &&
        content.readDoubleLE(at + 16) === stamp.ctimeMs &&
        content.readDoubleLE(at + 24) === stamp.inode;
      return isSame ? hashes.slice(place * HASH_BYTES * 2, (place + 1) * HASH_BYTES * 2) : undefined;
    },
  };
}

/** In one step, so that a run beside this one reads the old or the new. Other users cannot read names and hashes. */
export function writeHashes(folder: string, file: string, bytes: Buffer): void {
  try {
    makeFolders(folder, 0o700);
    replaceFile(file, (draft) => writeFileSync(draft, bytes, { mode: 0o600, flag: 'wx' }));
    forgetUnused(folder);
  } catch {
    // A home that cannot be written to (CI, containers) is no reason to fail: the files are read again next time.
  }
}

/** `write` makes a new file under the name it is given. */
export function replaceFile(file: string, write: (draft: string) => void): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    write(draft);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Removes what is old, and of the rest the oldest beyond so many bytes. */
export function forgetUnused(folder: string, mostBytes = Infinity): void {
  const files = readdirSync(folder).flatMap((name) => {
    const status = statSync(join(folder, name), { throwIfNoEntry: false });
    return status === undefined ? [] : [{ path: join(folder, name), mtimeMs: status.mtimeMs, size: status.size }];
  });
  let bytes = 0;
  for (const { path, mtimeMs, size } of files.toSorted((a, b) => b.mtimeMs - a.mtimeMs)) {
    bytes += size;
    if (Date.now() - mtimeMs > KEPT_MS || bytes > mostBytes) rmSync(path, { force: true });
  }
}
