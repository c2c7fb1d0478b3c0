import { lstat, open, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { makeFolders } from '../make-folders.ts';

export interface ProjectFile {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly content: string;
}

/** Nobody but the owner may write, even under a umask that would let everybody. */
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
const MOST_NAMED = 10;

/**
 * Writes the files of a project below `directory`. All or nothing: obstacles are looked for first, and files and
 * directories that this call has made are removed again when one fails. Throws UserError `FILE_EXISTS` or `FILE_NOT_WRITABLE`.
 */
export async function writeProjectFiles(directory: string, files: readonly ProjectFile[], force: boolean): Promise<void> {
  await refuseObstacles(directory, files, force);

  const undo: Undo[] = [];
  try {
    for (const file of files) await writeOne(join(directory, file.path), file.content, undo);
  } catch (error) {
    throw asUserError(error, directory, await takeBack(undo));
  }
}

async function refuseObstacles(directory: string, files: readonly ProjectFile[], force: boolean): Promise<void> {
  await refuseFilesOnTheWay(directory, files);

  const found = await Promise.all(files.map(async (file) => ({ path: file.path, kind: await kindOf(join(directory, file.path)) })));
  const taken = found.filter(({ kind }) => kind === 'directory' || (kind !== undefined && !force)).map(({ path }) => path);
  if (taken.length === 0) return;

  const onlyFiles = found.every(({ kind }) => kind !== 'directory');
  throw new UserError('FILE_EXISTS', `${directory} already holds ${listed(taken)}. Nothing was written.`, {
    hint: onlyFiles ? 'Choose another directory with -o, or write over them with --force.' : 'Choose another directory with -o.',
  });
}

/** A file where a directory has to be stands in the way with --force too. */
async function refuseFilesOnTheWay(directory: string, files: readonly ProjectFile[]): Promise<void> {
  const folders = new Set(files.map((file) => dirname(join(directory, file.path))));
  for (const path of new Set([...folders].flatMap(ancestorsDownTo))) {
    if ((await throughLinks(path)) !== 'file') continue;
    throw new UserError('FILE_EXISTS', `${path} is a file, and a directory is needed there. Nothing was written.`, {
      hint: 'Choose another directory with -o.',
    });
  }
}

function ancestorsDownTo(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...ancestorsDownTo(parent), path];
}

type Undo = () => Promise<void>;

/** Answers with what could not be taken back. */
async function takeBack(undo: readonly Undo[]): Promise<string[]> {
  const left: string[] = [];
  for (const step of undo.toReversed()) await step().catch((error: unknown) => left.push(messageOf(error)));
  return left;
}

async function writeOne(path: string, content: string, undo: Undo[]): Promise<void> {
  const firstMade = makeFolders(dirname(path), DIRECTORY_MODE);
  if (firstMade !== undefined) undo.push(() => removeEmpty(dirname(path), firstMade));

  const replaces = (await kindOf(path)) !== undefined;
  // Removed first, so that a link is replaced and not written through.
  if (replaces) await rm(path);
  const file = await open(path, 'wx', FILE_MODE);
  if (!replaces) undo.push(() => rm(path));
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

/** Removes the directories from `from` up to and including `upTo`. */
async function removeEmpty(from: string, upTo: string): Promise<void> {
  await rmdir(from);
  if (from !== upTo) await removeEmpty(dirname(from), upTo);
}

type Kind = 'file' | 'directory' | undefined;

async function kindOf(path: string): Promise<Kind> {
  const found = await lstat(path).catch(undefinedWhenMissing);
  return found && (found.isDirectory() ? 'directory' : 'file');
}

async function throughLinks(path: string): Promise<Kind> {
  const found = await stat(path).catch(undefinedWhenMissing);
  return found && (found.isDirectory() ? 'directory' : 'file');
}

function undefinedWhenMissing(error: NodeJS.ErrnoException): undefined {
  // EACCES: the directory above may not be looked into; writing will say so.
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EACCES') return undefined;
  throw asUserError(error, error.path ?? '', []);
}

function listed(paths: readonly string[]): string {
  const rest = paths.length - MOST_NAMED;
  return paths.slice(0, MOST_NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function asUserError(error: unknown, directory: string, left: readonly string[]): UserError {
  const path = (error as NodeJS.ErrnoException).path ?? directory;
  return new UserError('FILE_NOT_WRITABLE', `${path} cannot be written: ${messageOf(error)}`, {
    cause: error,
    hint: 'Choose a directory that you may write to with -o.',
    details: left.map((problem) => `Not removed again: ${problem}`),
  });
}
