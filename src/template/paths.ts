import { readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

/** What a text in a property is, before the file system is asked. */
export type ReferenceKind = 'local' | 'remote';

/** S3 and web addresses and dynamic references are somewhere else already; everything else is a path. */
export function referenceKind(text: string): ReferenceKind {
  return /^(?:s3|https?):\/\//i.test(text) || text.includes('{{resolve:') ? 'remote' : 'local';
}

export type FoundPath =
  | { readonly type: 'directory'; readonly path: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'missing'; readonly path: string };

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

  /** Names of what lies right in a directory. */
  names(directory: string): Promise<readonly string[]> {
    const known = this.#names.get(directory);
    if (known !== undefined) return known;
    const names = readdir(directory).then((found) => found.toSorted());
    this.#names.set(directory, names);
    return names;
  }
}

async function look(path: string): Promise<FoundPath> {
  try {
    const stats = await stat(path);
    return { type: stats.isDirectory() ? 'directory' : 'file', path };
  } catch (error) {
    if (isMissing(error)) return { type: 'missing', path };
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE' || code === 'ELOOP';
}
