import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { makeFolders } from '../src/make-folders.ts';

const folder = mkdtempSync(join(tmpdir(), 'make-folders-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('folders', () => {
  it('are made with their parents, and the first one that was made is told', () => {
    expect(makeFolders(join(folder, 'a', 'b', 'c'), 0o700)).toBe(join(folder, 'a'));
    expect(statSync(join(folder, 'a', 'b')).mode & 0o777).toBe(0o700);
    expect(makeFolders(join(folder, 'a', 'b', 'd'))).toBe(join(folder, 'a', 'b', 'd'));
    expect(makeFolders(join(folder, 'a', 'b'))).toBeUndefined();
  });

  it('are not made below a file', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => makeFolders(join(folder, 'file'))).toThrow(/EEXIST/);
    expect(() => makeFolders(join(folder, 'file', 'x'))).toThrow(/EEXIST|ENOTDIR/);
  });

  it.skipIf(!existsSync('/proc/self'))('are an error, and no endless loop, where a file system takes none', () => {
    expect(() => makeFolders('/proc/nowhere/deep')).toThrow(/^ENOENT.*mkdir '\/proc\/nowhere'$/);
  });
});
