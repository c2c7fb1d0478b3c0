import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identifyZip } from '../../src/artifacts/digest.ts';
import { listZipContents, type ZipEntry } from '../../src/artifacts/zip-contents.ts';
import type { ZipMemory } from '../../src/artifacts/zip-memory.ts';
import { writeZip } from '../../src/artifacts/zip.ts';

describe('a zip made with the one before', () => {
  let folder: string;
  let root: string;
  let zips: string;
  let env: Record<string, string>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zip-memory-test-'));
    root = join(folder, 'app');
    env = { XDG_CACHE_HOME: join(folder, 'cache') };
    zips = join(folder, 'cache', 'lambda-tool', 'zips');
    await mkdir(join(root, 'lib'), { recursive: true });
    for (let index = 0; index < 60; index += 1) await writeFile(join(root, 'lib', `ü${index}.js`), `text ${index} `.repeat(index * 7));
    await writeFile(join(root, 'large.bin'), Buffer.concat([randomBytes(900_000), Buffer.alloc(400_000, 'abc')]));
    await writeFile(join(root, 'bootstrap'), '#!/bin/sh\r\nexec x\r\n');
    await chmod(join(root, 'bootstrap'), 0o755);
    await symlink('lib', join(root, 'link'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const memoryOf = async (entries: readonly ZipEntry[]): Promise<ZipMemory> => ({
    place: { root, env },
    hashes: (await identifyZip(entries)).hashes,
  });
  /** What is zipped with and without a memory. */
  const both = async (change: (entries: ZipEntry[]) => ZipEntry[] = (entries) => entries): Promise<[Buffer, Buffer]> => {
    const entries = await listZipContents(root);
    const [remembered, fresh] = [join(folder, 'remembered.zip'), join(folder, 'fresh.zip')];
    const progress: number[] = [];
    const memory = await memoryOf(entries);
    const given = { place: memory.place, hashes: new Map<ZipEntry, string>() };
    const changed = change(entries);
    changed.forEach((entry, index) => {
      const hash = memory.hashes.get(entries[index] as ZipEntry);
      if (hash !== undefined) given.hashes.set(entry, hash);
    });
    await writeZip(changed, remembered, { memory: given, onProgress: (done) => progress.push(done) });
    await writeZip(entries, fresh);
    expect(progress.at(-1)).toBe(entries.reduce((sum, entry) => sum + entry.size, 0));
    return [await readFile(remembered), await readFile(fresh)];
  };
  /** The same entries in files that are not there. */
  const unreadable = (entries: ZipEntry[]): ZipEntry[] =>
    entries.map((entry) => (entry.target === undefined ? { ...entry, absolute: join(folder, 'gone', entry.path) } : entry));
  const expectSame = ([remembered, fresh]: [Buffer, Buffer]): void => expect(remembered.equals(fresh)).toBe(true);
  const cacheFile = async (): Promise<string> => join(zips, (await readdir(zips))[0] ?? '');

  it('has the same bytes after every kind of change', async () => {
    const changes: [string, () => Promise<unknown>][] = [
      ['nothing', async () => undefined],
      ['content', () => writeFile(join(root, 'lib', 'ü30.js'), 'new')],
      ['the first', () => writeFile(join(root, 'bootstrap'), '#!/bin/sh\r\n')],
      ['the last', () => writeFile(join(root, 'lib', 'ü9.js'), '')],
      ['large', () => writeFile(join(root, 'large.bin'), Buffer.alloc(1_400_000, 'x'))],
      ['mode', () => chmod(join(root, 'lib', 'ü12.js'), 0o755)],
      ['new', () => writeFile(join(root, 'lib', 'ü30a.js'), 'between')],
      ['gone', () => rm(join(root, 'lib', 'ü40.js'))],
      ['name', () => rename(join(root, 'lib', 'ü41.js'), join(root, 'zzz.js'))],
      ['link', () => rm(join(root, 'link')).then(() => symlink('lib/ü1.js', join(root, 'link')))],
      ['file for link', () => rm(join(root, 'link')).then(() => writeFile(join(root, 'link'), 'lib'))],
      ['most', () => Promise.all(Array.from({ length: 50 }, (_, index) => writeFile(join(root, 'lib', `ü${index}.js`), `v2 ${index}`)))],
      ['time', () => utimes(join(root, 'lib', 'ü1.js'), 1, 1)],
    ];
    for (const [name, change] of changes) {
      await change();
      const [remembered, fresh] = await both();
      expect([name, remembered.equals(fresh)]).toEqual([name, true]);
    }
    expect(await readdir(zips)).toHaveLength(1);
  });

  it('does not read what has not changed', async () => {
    await both();
    const [remembered, fresh] = await both(unreadable);
    expect(remembered.equals(fresh)).toBe(true);
  });

  it('reads everything where the memory is damaged, of another zlib, turned off or gone', async () => {
    await both();
    const whole = await readFile(await cacheFile());
    const version = whole.lastIndexOf(process.versions.zlib);
    for (const damage of [
      () => whole.subarray(0, -1),
      () => whole.subarray(0, 10),
      () => Buffer.from(whole.map((byte, index) => (index === 5000 ? byte ^ 1 : byte))),
      () => Buffer.from(whole.map((byte, index) => (index === version ? byte ^ 1 : byte))),
    ]) {
      await writeFile(await cacheFile(), damage());
      await expect(both(unreadable)).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE' });
      expectSame(await both());
      expect((await readFile(await cacheFile())).equals(whole)).toBe(true);
    }
    env['LAMBDA_TOOL_NO_HASH_CACHE'] = '1';
    await expect(both(unreadable)).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE' });
    delete env['LAMBDA_TOOL_NO_HASH_CACHE'];
    await rm(zips, { recursive: true });
    await expect(both(unreadable)).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE' });
  });

  it('is kept for this user only, and not when it is large', async () => {
    await both();
    expect((await stat(await cacheFile())).mode & 0o777).toBe(0o600);
    expect((await stat(zips)).mode & 0o777).toBe(0o700);
    const before = createHash('sha256')
      .update(await readFile(await cacheFile()))
      .digest('hex');
    await writeFile(join(root, 'huge.bin'), randomBytes(33 * 1024 * 1024));
    expectSame(await both());
    const after = createHash('sha256')
      .update(await readFile(await cacheFile()))
      .digest('hex');
    expect(after).toBe(before);
  });

  it('works where nothing can be kept', async () => {
    await writeFile(join(folder, 'cache'), 'a file where the folder should be');
    expectSame(await both());
    expectSame(await both());
  });
});
