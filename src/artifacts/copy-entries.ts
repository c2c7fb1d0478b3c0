import { constants, copyFile, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readable } from './file-tree.ts';
import type { ZipEntry } from './zip-contents.ts';

/** Copies files and links below `directory`, which is made; where the file system can, without copying their bytes. */
export async function copyEntries(entries: readonly ZipEntry[], directory: string, signal: AbortSignal): Promise<void> {
  const made = new Set<string>();
  for (const entry of entries) {
    signal.throwIfAborted();
    const path = join(directory, entry.path);
    const parent = dirname(path);
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    const { target } = entry;
    await readable(entry.absolute, (source) =>
      target === undefined ? copyFile(source, path, constants.COPYFILE_FICLONE) : symlink(target, path),
    );
  }
}
