import { createReadStream } from 'node:fs';
import { lstat, readFile, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';
import { UserError } from '../errors.ts';
import { hashFiles, hashValues } from './digest.ts';
import { parseDockerIgnore } from './dockerignore.ts';
import { listTree, readable, unreadable, type TreeEntry } from './file-tree.ts';

/** What is sent to the engine for a build. */
export interface BuildContext {
  readonly entries: readonly TreeEntry[];
  /** Name of the Dockerfile among the entries; empty where none is wanted. */
  readonly dockerfile: string;
}

/** Under this name a Dockerfile from outside of the context is sent. */
const FOREIGN_DOCKERFILE = '.lambda-tool.Dockerfile';

/**
 * Lists what .dockerignore leaves of a directory, which may be one without a Dockerfile (a named context); `<Dockerfile>.dockerignore` beside the Dockerfile goes before it. The
 * Dockerfile is always among it. Throws UserError DOCKERFILE_NOT_FOUND, TEMPLATE_PATH_NOT_FOUND, ARTIFACT_UNREADABLE.
 */
export async function listBuildContext(context: string, dockerfile: string | undefined, signal?: AbortSignal): Promise<BuildContext> {
  if (dockerfile !== undefined) await ensureBuildable(context, dockerfile);
  const ignoreFile = (await readIfThere(`${dockerfile ?? context}.dockerignore`)) ?? (await readIfThere(`${context}${sep}.dockerignore`));
  const rules = parseDockerIgnore(ignoreFile ?? '', '.dockerignore');
  const entries = await listTree(context, { judge: rules.judge, signal });
  if (dockerfile === undefined) return { entries, dockerfile: '' };
  const place = relative(context, dockerfile).split(sep).join('/');
  // What a link leads to is read here: an engine would look for it below the context that it gets.
  const [real, root] = await Promise.all([realpath(dockerfile), realpath(context)]);
  const isInside = place !== '' && !place.startsWith('../') && !/^[A-Za-z]:|^\//.test(place) && real === join(root, place);
  if (isInside && entries.some((entry) => entry.path === place)) return { entries, dockerfile: place };
  const name = isInside ? place : FOREIGN_DOCKERFILE;
  const status = await stat(dockerfile);
  const own: TreeEntry = { path: name, absolute: real, type: 'file', mode: 0o644, size: status.size, mtimeMs: status.mtimeMs };
  return { entries: [...entries.filter((entry) => entry.path !== name), own], dockerfile: name };
}

/** Throws when the context directory or the Dockerfile is missing. */
export async function ensureBuildable(context: string, dockerfile: string): Promise<void> {
  const [directory, file] = await Promise.all([stat(context).catch(() => undefined), stat(dockerfile).catch(() => undefined)]);
  if (directory?.isDirectory() !== true) {
    throw new UserError('TEMPLATE_PATH_NOT_FOUND', `The build context ${context} is not a directory.`, {
      hint: 'Check --docker-build-working-dir, relative to the project, or in a template DockerContext (or ImageUri), relative to that.',
    });
  }
  if (file?.isFile() !== true) {
    const others = (await readdir(dirname(dockerfile)).catch((): string[] => [])).filter((name) => /dockerfile|containerfile/i.test(name));
    const found = others.length === 0 ? '' : ` ${shortList(others.toSorted())} ${others.length === 1 ? 'is' : 'are'} there.`;
    throw new UserError('DOCKERFILE_NOT_FOUND', `There is no Dockerfile at ${dockerfile}.${found}`, {
      hint: 'Name it with --dockerfile, relative to the project, or in a template with Dockerfile in the Metadata of the function, relative to the context.',
    });
  }
}

const MOST_NAMES = 5;

function shortList(names: readonly string[]): string {
  return names.length <= MOST_NAMES ? names.join(', ') : `${names.slice(0, MOST_NAMES).join(', ')}, …`;
}

/** Whether a context still is what it was when it was listed; looks at names, sizes, times and modes only. */
export function isSameContext(before: BuildContext, now: BuildContext): boolean {
  const stamps = ({ entries }: BuildContext): string =>
    JSON.stringify(
      entries.map(({ path, type, mode, size, mtimeMs, target }) => [path, type, mode, size, type === 'file' ? mtimeMs : 0, target]),
    );
  return before.dockerfile === now.dockerfile && stamps(before) === stamps(now);
}

const CHANGED = new Error('The context was changed while it was sent');

/** Whether a build has failed because of somebody who wrote into its context. */
export function isChangedContext(error: unknown): boolean {
  return error instanceof Error && error.cause === CHANGED;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(path, error);
  }
}

/** Bytes of all files that are sent. */
export function sizeOfContext({ entries }: BuildContext): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}

/** The identity of a context: names, kinds, permissions, link targets and contents. Times and owners do not count. */
export async function digestBuildContext(context: BuildContext, signal?: AbortSignal): Promise<string> {
  const files = context.entries.filter((entry) => entry.type === 'file');
  const hashes = new Map(files.map((entry): [TreeEntry, string] => [entry, '']));
  (await hashFiles(files, signal)).forEach((hash, index) => hashes.set(files[index] as TreeEntry, hash));
  return hashValues([
    context.dockerfile,
    ...context.entries.flatMap((entry) => [entry.path, entry.type, modeOf(entry).toString(8), entry.target, hashes.get(entry)]),
  ]);
}

/** The tar that a build is given: owned by root, as the docker command sends it. Streamed; `onSent` is told the bytes of files so far. */
export function packBuildContext(context: BuildContext, onSent?: (bytes: number) => void): Readable {
  const archive = pack();
  let sent = 0;
  void (async () => {
    try {
      for (const entry of context.entries) {
        await addEntry(archive, entry);
        sent += entry.size;
        onSent?.(sent);
      }
      archive.finalize();
    } catch (error) {
      archive.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  })();
  // tar-stream brings its own stream class, which pipes like Node's.
  return archive as unknown as Readable;
}

async function addEntry(archive: Pack, entry: TreeEntry): Promise<void> {
  const common = { mode: modeOf(entry), mtime: new Date(entry.mtimeMs), uid: 0, gid: 0 };
  if (entry.type === 'directory') return void archive.entry({ ...common, name: entry.path, type: 'directory' });
  if (entry.type === 'link') return void archive.entry({ ...common, name: entry.path, type: 'symlink', linkname: entry.target ?? '' });
  const { size, mtimeMs } = await readable(entry.absolute, (path) => lstat(path));
  // What is built would have another content than its identity says.
  if (size !== entry.size || mtimeMs !== entry.mtimeMs) {
    throw new UserError('ARTIFACT_UNREADABLE', `${entry.absolute} has changed since it was looked at.`, {
      hint: 'Run it again when nothing writes there any more, or keep the file out of the build (.dockerignore).',
      cause: CHANGED,
    });
  }
  await readable(entry.absolute, async (path) => {
    const target = archive.entry({ ...common, name: entry.path, type: 'file', size: entry.size });
    await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), target);
  });
}

/** Windows has no permission bits: everything is executable there, as the docker command has it. Links have no own mode. */
function modeOf(entry: TreeEntry): number {
  if (entry.type === 'link') return 0o777;
  return process.platform === 'win32' ? 0o755 : entry.mode;
}
