import { readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readable } from '../artifacts/file-tree.ts';

/** What a text in a property is, before the file system is asked. */
export type ReferenceKind = 'local' | 'remote';

/** S3 and web addresses and dynamic references are somewhere else already; everything else is a path. */
export function referenceKind(text: string): ReferenceKind {
  return /^(?:s3|https?):\/\//i.test(text) || text.includes('{{resolve:') ? 'remote' : 'local';
}

export type FoundPath =
  | { readonly type: 'directory'; readonly path: string }
  | { readonly type: 'file'; readonly path: string }
  /** `what`: why nothing can be made of it, where it is not simply missing. */
  | { readonly type: 'missing'; readonly path: string; readonly what?: string };

/** Looks at paths of one template; every answer is remembered, since many resources name one directory. */
export class PathLookup {
  readonly #base: string;
  readonly #found = new Map<string, Promise<FoundPath>>();
  readonly #names = new Map<string, Promise<readonly string[]>>();

  /** `base` is absolute: the directory of the template. */
  constructor(base: string) {
    this.#base = base;
  }

  /** Backslashes are separators too: templates written on Windows are packaged in CI on Linux. */
  find(text: string, base = this.#base): Promise<FoundPath> {
    const path = resolve(base, text.replaceAll('\\', '/'));
    const known = this.#found.get(path);
    if (known !== undefined) return known;
    const found = look(path);
    this.#found.set(path, found);
    return found;
  }

  /** Names of what lies right in a directory. Throws UserError ARTIFACT_UNREADABLE. */
  names(directory: string): Promise<readonly string[]> {
    const known = this.#names.get(directory);
    if (known !== undefined) return known;
    const names = readable(directory, (path) => readdir(path)).then((found) => found.toSorted());
    this.#names.set(directory, names);
    return names;
  }
}

async function look(path: string): Promise<FoundPath> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return { type: 'directory', path };
    // Reading a pipe or a terminal would wait for ever.
    return stats.isFile() ? { type: 'file', path } : { type: 'missing', path, what: 'which is neither a file nor a directory' };
  } catch (error) {
    if (isMissing(error)) return { type: 'missing', path };
    if (isForbidden(error)) return { type: 'missing', path, what: 'which this user may not look at' };
    throw error;
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE' || code === 'ELOOP';
}
