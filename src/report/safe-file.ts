import { randomBytes } from 'node:crypto';
import { closeSync, constants, accessSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { UserError, messageOf } from '../errors.ts';
import { makeFolders } from '../make-folders.ts';

/** A file of ours may hold what nobody else on the machine should read. */
const OWNER_ONLY = 0o600;

/**
 * Makes sure that a file can be written later, and makes the directories above it: before long work, not after it. Throws UserError
 * FILE_NOT_WRITABLE. `what` is what the file is, for the message: "The report".
 */
export function checkWritable(path: string, what: string): void {
  try {
    makeFolders(dirname(path));
    const target = settle(path);
    if (target.kind === 'directory') throw new Error('it is a directory');
    if (target.kind !== 'missing') accessSync(target.path, constants.W_OK);
    if (target.kind === 'special') return;
    // Rights, read-only disks and full ones: only a real file finds out.
    const probe = besides(target.path);
    closeSync(openSync(probe, 'wx', OWNER_ONLY));
    rmSync(probe);
  } catch (error) {
    throw notWritable(path, what, error);
  }
}

/**
 * Writes a file at one stroke: a reader finds the old text or the new one. A file that was there keeps its mode, a new one is for its
 * owner only; links are followed. Throws UserError FILE_NOT_WRITABLE.
 */
export function writeAtomically(path: string, text: string, what: string): void {
  let temporary: string | undefined;
  try {
    makeFolders(dirname(path));
    const target = settle(path);
    // A pipe or a device is written to, not replaced.
    if (target.kind === 'special' || target.kind === 'directory') return writeFileSync(target.path, text);
    temporary = besides(target.path);
    writeFileSync(temporary, text, { flag: 'wx', mode: target.kind === 'file' ? target.mode : OWNER_ONLY });
    renameSync(temporary, target.path);
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw notWritable(path, what, error);
  }
}

type Target = { readonly path: string } & (
  | { readonly kind: 'missing' | 'directory' | 'special' }
  | { readonly kind: 'file'; readonly mode: number }
);

function settle(path: string): Target {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { kind: 'missing', path };
  const real = realpathSync(path);
  if (found.isFile()) return { kind: 'file', path: real, mode: found.mode & 0o755 };
  return { kind: found.isDirectory() ? 'directory' : 'special', path: real };
}

function besides(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

function notWritable(path: string, what: string, error: unknown): UserError {
  return new UserError('FILE_NOT_WRITABLE', `${what} cannot be written to ${path}: ${messageOf(error)}`, {
    hint: 'Choose another place, or check rights and free space',
    cause: error,
  });
}
