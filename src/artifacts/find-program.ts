import { access, constants } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

/** The first file of that name that may be run, in the directories of PATH. */
export function findOnPath(name: string, env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
  const path = env['PATH'] ?? env['Path'] ?? '';
  const names = process.platform === 'win32' ? [`${name}.exe`] : [name];
  return firstRunnable(
    path
      .split(delimiter)
      .filter((directory) => directory !== '')
      .flatMap((directory) => names.map((file) => join(directory, file))),
  );
}

/** The first of the files that exists and may be run. */
export async function firstRunnable(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/** A directory and those above it, the nearest first. */
export function directoryAndAbove(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...directoryAndAbove(parent)];
}
