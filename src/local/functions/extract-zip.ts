/** Unpacks deployment packages, once per content, without ever leaving the folder they are unpacked into. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readlink, realpath, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, posix, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';

/** What a function and its layers may unpack to, in bytes. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_UNZIPPED_BYTES = 250 * 1024 * 1024;

/** A package that cannot be unpacked: it is no zip, too large, or an entry leads out of it. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
}

export interface ZipEntry {
  /** With `/` between its parts; a folder ends in `/`. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** The entries of a zip, from its directory. Throws PackageError when it is not a zip. */
export async function listZip(path: string): Promise<readonly ZipEntry[]> {
  const entries: ZipEntry[] = [];
  await eachEntry(path, (entry) => {
    entries.push({ name: entry.fileName, sizeBytes: entry.uncompressedSize });
  });
  return entries;
}

/**
 * Unpacks into `target`, modes and links kept. The folder appears complete or not at all; when it is there already, nothing
 * is done. `packages` are unpacked in order, a later one over an earlier one. Throws PackageError.
 */
export async function extractZips(packages: readonly string[], target: string): Promise<void> {
  if ((await statOrUndefined(target)) !== undefined) return;
  const partial = `${target}.${randomBytes(6).toString('hex')}.partial`;
  await mkdir(partial, { recursive: true });
  try {
    let budget = MAX_UNZIPPED_BYTES;
    const links: string[] = [];
    for (const path of packages) {
      budget = await extractInto(path, partial, budget, links);
      await refuseEscapes(partial, links);
    }
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another environment was quicker with the same content.
    if ((await statOrUndefined(target)) === undefined) throw error;
  }
}

/** Answers what is left of the budget, and adds the links it has made to `written`. */
async function extractInto(path: string, root: string, budget: number, written: string[]): Promise<number> {
  let left = budget;
  const links: { readonly at: string; readonly to: string }[] = [];
  await eachEntry(path, async (entry, zip) => {
    left -= entry.uncompressedSize;
    if (left < 0) throw new PackageError(`Unzipped size must be smaller than ${MAX_UNZIPPED_BYTES} bytes`);
    const at = join(root, ...entry.fileName.split('/'));
    if (entry.fileName.endsWith('/')) await mkdir(at, { recursive: true });
    else if (isLink(entry)) links.push({ at, to: (await readEntry(zip, entry)).toString('utf8') });
    else await writeEntry(zip, entry, at);
  });
  // Links come last, so that no file is ever written through one.
  for (const link of links) {
    await writeLink(root, link.at, link.to);
    written.push(link.at);
  }
  return left;
}

async function writeEntry(zip: ZipFile, entry: Entry, at: string): Promise<void> {
  await mkdir(dirname(at), { recursive: true });
  await rm(at, { force: true });
  const mode = (entry.externalFileAttributes >>> 16) & 0o777;
  await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(at, { flags: 'wx', mode: 0o600 }));
  await chmod(at, mode === 0 ? 0o644 : mode | 0o400);
}

async function writeLink(root: string, at: string, to: string): Promise<void> {
  const name = at
    .slice(root.length + 1)
    .split(sep)
    .join('/');
  const lands = posix.normalize(posix.join(posix.dirname(name), to));
  if (to.includes('\0') || posix.isAbsolute(to) || lands === '..' || lands.startsWith('../')) throw escapes(name);
  await mkdir(dirname(at), { recursive: true });
  await rm(at, { force: true });
  await symlink(to, at);
}

/** Each link looks right alone; together they may still lead out (`a -> .`, `b -> a/..`). Folders of links are real ones. */
async function refuseEscapes(root: string, links: readonly string[]): Promise<void> {
  const realRoot = await realpath(root);
  for (const link of links) {
    const lands = await realpath(link).catch(async (error: NodeJS.ErrnoException) => {
      // A dangling link is harmless: nothing is written after this.
      if (error.code !== 'ENOENT') throw new PackageError(`The link ${link.slice(root.length + 1)} cannot be followed: ${error.code}`);
      await readlink(link);
      return realRoot;
    });
    if (lands !== realRoot && !lands.startsWith(realRoot + sep)) throw escapes(link.slice(root.length + 1));
  }
}

function escapes(name: string): PackageError {
  return new PackageError(`The link ${name} leads out of the deployment package`);
}

function isLink(entry: Entry): boolean {
  return ((entry.externalFileAttributes >>> 16) & 0o170000) === 0o120000;
}

async function readEntry(zip: ZipFile, entry: Entry): Promise<Buffer> {
  if (entry.uncompressedSize > 4096) throw new PackageError(`The link ${entry.fileName} is longer than a path can be`);
  const chunks: Buffer[] = [];
  for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function eachEntry(path: string, visit: (entry: Entry, zip: ZipFile) => void | Promise<void>): Promise<void> {
  const zip = await openZip(path);
  try {
    for await (const entry of zip.eachEntry()) await visit(entry, zip);
  } catch (error) {
    // yauzl refuses absolute names and `..` by itself: https://github.com/thejoshwolfe/yauzl#validatefilenamefilename
    throw isSystemError(error) || error instanceof PackageError ? error : new PackageError((error as Error).message, { cause: error });
  } finally {
    zip.close();
  }
}

async function openZip(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    if (isSystemError(error)) throw error;
    throw new PackageError('Could not unzip uploaded file. Please check your file, then try to upload again.', { cause: error });
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

async function statOrUndefined(path: string): Promise<object | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
