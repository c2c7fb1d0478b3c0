import { closeSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import ignore from 'ignore';
import { UserError } from '../errors.ts';
import { listTree, readableNow, type TreeEntry } from './file-tree.ts';
import type { FileStamp } from './hash-cache.ts';

/** One entry of a zip that is made here. */
export interface ZipEntry {
  /** Name in the zip, with `/`. */
  readonly path: string;
  readonly absolute: string;
  /** Bytes on disk. */
  readonly size: number;
  readonly executable: boolean;
  /** Of files, as they were listed. */
  readonly stamp?: FileStamp | undefined;
  /** Set for a link, relative to its place; it is stored as a link. */
  readonly target?: string | undefined;
}

type ListedFile = Pick<TreeEntry, 'path' | 'absolute' | 'size' | 'mode' | 'stamp'>;

/** Never part of a function: version control, Finder's files, and the list of what to leave out. */
const ALWAYS_IGNORED = ['.git', '.DS_Store', '.lambdaignore'];

/**
 * What goes into the zip of a directory, sorted by name. `.lambdaignore` in the directory has `.gitignore`'s syntax.
 * Links that stay inside the directory are stored as links; one that leads out is refused: UserError
 * ARTIFACT_UNSAFE_LINK. A directory with nothing in it: UserError ARTIFACT_EMPTY. `leaveOut`: real paths of files that are not taken.
 */
export async function listZipContents(directory: string, signal?: AbortSignal, leaveOut: readonly string[] = []): Promise<ZipEntry[]> {
  const root = readableNow(directory, (path) => realpathSync.native(path));
  const rules = ignoreRules(readIgnoreFile(root));
  const unwanted = leaveOut.filter((path) => isInside(root, path)).map((path) => relative(root, path).split(sep).join('/'));
  const isIgnored =
    unwanted.length === 0 ? rules : (path: string, isDirectory: boolean) => unwanted.includes(path) || rules(path, isDirectory);
  const entries = await listTree(root, { judge: (path, isDirectory) => (isIgnored(path, isDirectory) ? 'drop' : 'keep'), signal });
  const contents = entries.filter((entry) => entry.type !== 'directory');
  if (contents.length === 0) throw nothingToZip(directory);
  return contents.map((entry) => (entry.type === 'link' ? linkEntry(root, entry) : fileEntry(entry)));
}

/** The contents of the zip of one file. */
export function singleFileContents(file: string): ZipEntry[] {
  const status = readableNow(file, (path) => statSync(path));
  const stamp = { mtimeMs: status.mtimeMs, ctimeMs: status.ctimeMs, inode: status.ino };
  return [fileEntry({ path: basename(file), absolute: file, size: status.size, mode: status.mode & 0o777, stamp })];
}

/** Without rules of the user's, comparing names is a fraction of the work. */
function ignoreRules(text: string): (path: string, isDirectory: boolean) => boolean {
  if (text.trim() === '') return (path) => ALWAYS_IGNORED.includes(path.slice(path.lastIndexOf('/') + 1));
  const rules = ignore({ ignorecase: false }).add(ALWAYS_IGNORED).add(text);
  return (path, isDirectory) => rules.ignores(isDirectory ? `${path}/` : path);
}

function readIgnoreFile(root: string): string {
  const path = join(root, '.lambdaignore');
  // Most directories have none, and to ask is a fraction of an error that is thrown.
  if (readableNow(path, (name) => statSync(name, { throwIfNoEntry: false })) === undefined) return '';
  const bytes = readableNow(path, (name) => readFileSync(name));
  // What PowerShell 5 writes with `>` is UTF-16; read as UTF-8 it would leave out nothing, without a word.
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return bytes.toString(isUtf16 ? 'utf16le' : 'utf8').replace(/^\uFEFF/, '');
}

function fileEntry({ path, absolute, size, mode, stamp }: ListedFile): ZipEntry {
  const executable = process.platform === 'win32' ? looksExecutable(absolute) : (mode & 0o111) !== 0;
  return { path, absolute, size, stamp, executable };
}

/** Windows has no executable bit: a script with `#!` and a Linux binary have to get one all the same. */
function looksExecutable(path: string): boolean {
  return readableNow(path, (name) => {
    const file = openSync(name, 'r');
    try {
      const space = Buffer.alloc(4);
      const head = space.toString('latin1', 0, readSync(file, space, 0, 4, 0));
      return head.startsWith('#!') || head === '\x7fELF';
    } finally {
      closeSync(file);
    }
  });
}

function linkEntry(root: string, entry: TreeEntry): ZipEntry {
  const place = dirname(entry.absolute);
  const destination = resolve(place, entry.target ?? '');
  if (!isInside(root, destination)) throw leadsOut(entry, destination);
  const real = realPathOf(entry.absolute);
  // A link that points at nothing has no real path; where it would point to has been checked.
  if (real !== undefined && !isInside(root, real)) throw leadsOut(entry, real);
  const target = (relative(place, destination) || '.').split(sep).join('/');
  return { path: entry.path, absolute: entry.absolute, size: 0, executable: false, target };
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function leadsOut(entry: TreeEntry, destination: string): UserError {
  const isPackage = /(?:^|\/)node_modules\//.test(entry.path);
  const copied = isPackage ? ' (npm install --install-links copies local packages), bundle the code (BuildMethod esbuild)' : '';
  return new UserError('ARTIFACT_UNSAFE_LINK', `The link ${entry.path} leads out of the directory that is packaged, to ${destination}.`, {
    hint: `Replace it by a copy of what it points to${copied}, or name it in .lambdaignore.`,
  });
}

function nothingToZip(directory: string): UserError {
  return new UserError('ARTIFACT_EMPTY', `There is nothing to zip in ${directory}.`, {
    hint: 'Build the project first, or check the path in the template and the rules in .lambdaignore.',
  });
}
