import type { Entry } from 'yauzl';
import { UserError, messageOf } from '../errors.ts';
import { readZipEntries } from './zip-entries.ts';

/** A file in a zip that somebody else made. */
export interface ReadyEntry {
  readonly path: string;
  /** Bytes unpacked. */
  readonly size: number;
  /** Undefined where the program that made the zip knows no modes. */
  readonly executable?: boolean | undefined;
}

export interface ReadyZip {
  readonly entries: readonly ReadyEntry[];
  /** What Lambda will trip over, each a sentence without its subject. */
  readonly problems: readonly string[];
}

const UNIX = 3;
/** Names that a problem lists. */
const LISTED = 3;

/**
 * Reads the directory of a zip that somebody else made. Throws UserError PACKAGE_INVALID when it is none, when it is empty or
 * encrypted, or when an entry would be unpacked outside of its folder.
 */
export async function readReadyZip(path: string): Promise<ReadyZip> {
  let all: Entry[];
  try {
    all = await readZipEntries(path);
  } catch (error) {
    throw new UserError('PACKAGE_INVALID', `${path} cannot be used as a zip: ${messageOf(error)}`, {
      hint: 'Make it again, with "zip -r" or the like, or name the directory instead and let lambda-tool zip it.',
      cause: error,
    });
  }
  const files = all.filter((entry) => !entry.fileName.endsWith('/'));
  if (files.length === 0) throw new UserError('PACKAGE_INVALID', `${path} is a zip without files.`, { hint: 'Check how it was made.' });
  const secret = files.find((entry) => entry.isEncrypted());
  if (secret !== undefined)
    throw new UserError('PACKAGE_INVALID', `${path} is encrypted (${secret.fileName}), and Lambda has no password for it.`, {
      hint: 'Make it again without a password.',
    });
  return { entries: files.map(describe), problems: problemsOf(all) };
}

/** Names and unpacked sizes. Throws what `readReadyZip` throws. */
export async function listReadyZip(path: string): Promise<readonly ReadyEntry[]> {
  return (await readReadyZip(path)).entries;
}

function describe(entry: Entry): ReadyEntry {
  const mode = modeOf(entry);
  return { path: entry.fileName, size: entry.uncompressedSize, ...(mode === undefined ? {} : { executable: (mode & 0o111) !== 0 }) };
}

/** Permission bits; undefined where there are none. */
function modeOf(entry: Entry): number | undefined {
  const mode = (entry.externalFileAttributes >>> 16) & 0o777;
  return entry.versionMadeBy >>> 8 === UNIX && mode !== 0 ? mode : undefined;
}

/** https://repost.aws/knowledge-center/lambda-deployment-package-errors: the function runs as a user to whom nothing belongs. */
function problemsOf(all: readonly Entry[]): string[] {
  const isHidden = (entry: Entry): boolean => {
    const needed = entry.fileName.endsWith('/') ? 0o005 : 0o004;
    return ((modeOf(entry) ?? needed) & needed) !== needed;
  };
  const problem = (found: readonly Entry[], text: string): string[] =>
    found.length === 0 ? [] : [`${text}: ${listed(found.map((entry) => entry.fileName))}`];
  return [
    ...problem(all.filter(isHidden), 'holds what the function may not read ("chmod -R a+rX" before zipping helps)'),
    ...problem(
      all.filter((entry) => entry.fileNameRaw.includes('\\')),
      'has names with backslashes, as some programs on Windows write them; on Linux they make no directories',
    ),
  ];
}

function listed(names: readonly string[]): string {
  const more = names.length - LISTED;
  return [...names.slice(0, LISTED), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
