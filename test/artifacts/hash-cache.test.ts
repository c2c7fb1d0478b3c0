import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestZipContents } from '../../src/artifacts/digest.ts';
import { forgetUnused } from '../../src/artifacts/hash-cache-file.ts';
import { openHashCache, type HashCache, type StampedFile } from '../../src/artifacts/hash-cache.ts';
import { listZipContents } from '../../src/artifacts/zip-contents.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hash-cache-test-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const HASH = 'ab'.repeat(32);
const cacheFolder = () => join(folder, 'cache', 'lambda-tool', 'hashes');
const env = () => ({ XDG_CACHE_HOME: join(folder, 'cache'), LOCALAPPDATA: join(folder, 'cache') });

/** Files as a listing would show them, last changed so many milliseconds ago. */
function filesOf(age: number, count = 100): StampedFile[] {
  const at = Date.now() - age;
  return Array.from({ length: count }, (_, index) => ({
    path: `lib/ü${index}.js`,
    size: 10 + index,
    stamp: { mtimeMs: at, ctimeMs: at + 0.25, inode: 1000 + index },
  }));
}

function open(files: readonly StampedFile[], more: Record<string, string> = {}, root = '/app'): HashCache | undefined {
  return openHashCache({ root, env: { ...env(), ...more } }, files);
}

const found = (files: readonly StampedFile[], asked = files) => asked.map((file) => open(files)?.find(file));
const remember = (files: readonly StampedFile[]) =>
  open(files)?.keep(
    files,
    files.map(() => HASH),
  );

describe('remembered hashes', () => {
  it('are given for files that have not changed, in any order, and for no other directory', () => {
    const files = filesOf(60_000);
    expect(found(files).every((hash) => hash === undefined)).toBe(true);
    remember(files);
    expect(found(files).every((hash) => hash === HASH)).toBe(true);
    const cache = open(files);
    expect(files.toReversed().map((file) => cache?.find(file))).toEqual(files.map(() => HASH));
    expect(open(files, {}, '/other')?.find(files[0] as StampedFile)).toBeUndefined();
  });

  it('are not given when size, either time or the inode is another, or the file is a new one', () => {
    const files = filesOf(60_000);
    remember(files);
    const first = files[0] as StampedFile & { stamp: object };
    const others = [
      { ...first, size: first.size + 1 },
      { ...first, path: 'new.js' },
      { ...first, stamp: undefined },
      ...(['mtimeMs', 'ctimeMs', 'inode'] as const).map((name) => ({ ...first, stamp: { ...files[0]?.stamp, [name]: 1 } as never })),
    ];
    expect(found(files, others)).toEqual(others.map(() => undefined));
  });

  it('are not kept of files that were written just before', () => {
    const files = [...filesOf(60_000, 80), ...filesOf(1_000, 20).map((file) => ({ ...file, path: `new/${file.path}` }))];
    remember(files);
    expect(found(files).map((hash) => hash !== undefined)).toEqual([...Array<boolean>(80).fill(true), ...Array<boolean>(20).fill(false)]);
  });

  it('are not for others to read, and are forgotten after a month without use', async () => {
    const files = filesOf(60_000);
    remember(files);
    const [name = ''] = await readdir(cacheFolder());
    if (process.platform !== 'win32') {
      expect((await stat(join(cacheFolder(), name))).mode & 0o777).toBe(0o600);
      expect((await stat(cacheFolder())).mode & 0o777).toBe(0o700);
    }
    const month = Date.now() / 1000 - 31 * 24 * 3600;
    await utimes(join(cacheFolder(), name), month, month);
    open(files, {}, '/other')?.keep(
      files,
      files.map(() => HASH),
    );
    expect(await readdir(cacheFolder())).toHaveLength(1);
    expect(await readdir(cacheFolder())).not.toContain(name);
  });

  it('count as none when the file is cut short, changed or something else, and are then written anew', async () => {
    const files = filesOf(60_000);
    remember(files);
    const [name = ''] = await readdir(cacheFolder());
    const path = join(cacheFolder(), name);
    const whole = await readFile(path);
    const changed = Buffer.from(whole);
    changed[whole.length - 2000] = (changed[whole.length - 2000] ?? 0) ^ 1;
    for (const damaged of [Buffer.alloc(0), whole.subarray(0, 40), whole.subarray(0, -1), changed, Buffer.from('{}')]) {
      await writeFile(path, damaged);
      expect(found(files).every((hash) => hash === undefined)).toBe(true);
    }
    remember(files);
    expect(found(files).every((hash) => hash === HASH)).toBe(true);
  });

  it('are neither read nor written when they are turned off, would not pay, or have no place', async () => {
    const files = filesOf(60_000);
    expect(open(files, { LAMBDA_TOOL_NO_HASH_CACHE: '1' })).toBeUndefined();
    expect(open(files.slice(0, 3))).toBeUndefined();
    await writeFile(join(folder, 'cache'), 'a file where the folder would be');
    remember(files);
    expect(found(files).every((hash) => hash === undefined)).toBe(true);
  });
});

describe('the digest of a directory', () => {
  it('is the same with remembered hashes, and another after a change that keeps size and time', async () => {
    const root = join(folder, 'app');
    await mkdir(root);
    for (let index = 0; index < 80; index += 1) await writeFile(join(root, `f${index}.js`), `export const n = ${index + 100};`);
    const digest = async (variables: Record<string, string>) =>
      digestZipContents(await listZipContents(root), undefined, { root, env: variables });
    const honest = await digest({ LAMBDA_TOOL_NO_HASH_CACHE: '1' });
    // Only what has been there for a while is remembered.
    await sleep(3_200);
    expect(await digest(env())).toBe(honest);
    expect(await readdir(cacheFolder())).toHaveLength(1);
    expect(await digest(env())).toBe(honest);

    const before = await stat(join(root, 'f7.js'));
    await writeFile(join(root, 'f7.js'), 'export const n = 999;');
    await utimes(join(root, 'f7.js'), before.atime, before.mtime);
    const changed = await digest(env());
    expect(changed).not.toBe(honest);
    expect(changed).toBe(await digest({ LAMBDA_TOOL_NO_HASH_CACHE: '1' }));
  });
});

describe('a cache folder', () => {
  it('loses the oldest files when it holds too much', async () => {
    const now = Date.now() / 1000;
    for (const [index, name] of ['new', 'older', 'oldest'].entries()) {
      await writeFile(join(folder, name), 'x'.repeat(100));
      await utimes(join(folder, name), now - index * 3600, now - index * 3600);
    }
    forgetUnused(folder, 200);
    expect((await readdir(folder)).toSorted()).toEqual(['new', 'older']);
    forgetUnused(folder);
    expect(await readdir(folder)).toHaveLength(2);
  });
});
