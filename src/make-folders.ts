import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and its missing parents; answers the first one that was made. Where a file system takes no folders and says so with
 * ENOENT, as Linux's /proc does, Node's own recursive mkdir tries for ever (seen with 20.20, 22.23 and 24.21): here that is an error.
 */
export function makeFolders(folder: string, mode?: number): string | undefined {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return undefined;
  const parent = dirname(folder);
  const first = parent === folder ? undefined : makeFolders(parent, mode);
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
    return first;
  }
  return first ?? folder;
}
