import { chmod, copyFile, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';

import { describeProject, findProjectFile, PROJECT_FILE } from '../artifacts/dotnet-project.ts';
import { readable } from '../artifacts/file-tree.ts';
import { quoted, splitArguments } from '../artifacts/split-arguments.ts';
import type { ZipArtifact } from '../artifacts/types.ts';
import type { Context } from '../context.ts';
import { UserError, messageOf } from '../errors.ts';
import { makeFolders } from '../make-folders.ts';

interface OutputWish {
  readonly configuration: string | undefined;
  readonly framework: string | undefined;
  readonly msbuildParameters: string | undefined;
}

/**
 * Where `dotnet lambda` puts it, for .NET; for other directories where the user is, and never inside of what is packaged: the next
 * package, or a deployment, would have it in itself.
 */
export async function defaultOutput(
  { path, source }: Pick<ZipArtifact, 'path' | 'source'>,
  wish: OutputWish,
  context: Pick<Context, 'cwd' | 'env' | 'signal'>,
): Promise<string> {
  if (/\.cs$/i.test(path)) return join(dirname(path), 'artifacts', `${basename(dirname(path))}.zip`);
  const directory = PROJECT_FILE.test(path) ? dirname(path) : path;
  const name = `${basename(directory) || 'package'}.zip`;
  if (source === 'dotnet')
    return join(directory, 'bin', wish.configuration ?? 'Release', (await frameworkOf(path, directory, wish, context)) ?? '', name);
  const way = relative(path, context.cwd);
  const isInside = way === '' || (!way.startsWith('..') && resolve(path, way) === context.cwd);
  return join(isInside ? dirname(path) : context.cwd, name);
}

/** MSBuild, which takes a second, is asked only where the project file itself does not say it. */
async function frameworkOf(
  path: string,
  directory: string,
  { framework, configuration = 'Release', msbuildParameters }: OutputWish,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<string | undefined> {
  if (framework !== undefined) return framework;
  const file = path === directory ? await findProjectFile(directory) : path;
  const written = /<TargetFramework>\s*([\w.-]+)\s*</.exec(await readable(file, (name) => readFile(name, 'utf8')))?.[1];
  if (written !== undefined) return written;
  const { frameworks } = await describeProject(file, {
    configuration,
    furtherArguments: splitArguments(msbuildParameters ?? ''),
    env,
    signal,
  });
  return frameworks[0];
}

/** A zip of before is replaced; nothing else is: a slip after `-o` must not cost a source file. Throws UserError FILE_EXISTS. */
export async function ensureReplaceable(output: string, shown: string): Promise<void> {
  const found = await stat(output).catch(() => undefined);
  if (found === undefined || (found.isFile() && (found.size === 0 || (await isZip(output))))) return;
  const what = found.isDirectory() ? 'a directory' : 'no zip, and would be written over';
  throw new UserError('FILE_EXISTS', `${shown} is ${what}. Nothing was written.`, {
    hint: `Name the zip to write, for example: lambda-tool package -o ${quoted(found.isDirectory() ? join(shown, 'package.zip') : `${shown}.zip`)}`,
  });
}

async function isZip(path: string): Promise<boolean> {
  const file = await readable(path, (name) => open(name));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    // An entry, or the end of a zip without any.
    return bytesRead === 4 && ['PK\x03\x04', 'PK\x05\x06'].includes(buffer.toString('latin1'));
  } finally {
    await file.close();
  }
}

/** The path of a file without links on the way to it; it need not be there yet. */
export async function realPlace(path: string): Promise<string> {
  const directory = await realpath(dirname(path)).catch(() => dirname(path));
  return join(directory, basename(path));
}

/** In place of S3: has nothing, and puts what it is given where the package is to be, whole or not at all. */
export function folderStore(output: string) {
  const place = async (write: (beside: string) => Promise<void>) => {
    const beside = `${output}.${process.pid}.tmp`;
    try {
      makeFolders(dirname(output));
      await write(beside);
      // The zips that are uploaded are for this user only; one that is kept is a file like any other.
      await chmod(beside, 0o666 & ~process.umask());
      await rename(beside, output);
    } catch (error) {
      // Node repeats the paths.
      const why = messageOf(error).replace(/, \w+ '.*'$/s, '');
      throw new UserError('FILE_NOT_WRITABLE', `The zip cannot be written to ${output}: ${why}`, {
        hint: 'Check the rights and the free space there, or name another place with -o.',
        cause: error,
      });
    } finally {
      // Below something that is no directory there is nothing to remove, and no error worth telling.
      await rm(beside, { force: true }).catch(() => undefined);
    }
    return { versionId: undefined, written: true };
  };
  return {
    findObject: () => Promise.resolve(undefined),
    listKeys: () => Promise.resolve({ has: () => false, covers: () => true }),
    uploadFile: (_bucket: string, _key: string, file: string) => place((beside) => copyFile(file, beside)),
    uploadBytes: (_bucket: string, _key: string, bytes: Uint8Array) => place((beside) => writeFile(beside, bytes, { mode: 0o600 })),
  };
}

/** The shorter one of the path as it is, and as it is from where the user is. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.length < path.length ? short : path;
}
