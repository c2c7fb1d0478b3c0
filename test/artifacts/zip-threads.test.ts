import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listReadyZip } from '../../src/artifacts/ready-zip.ts';
import { listZipContents } from '../../src/artifacts/zip-contents.ts';
import { BLOCK_BYTES } from '../../src/artifacts/zip-jobs.ts';
import { writeZip } from '../../src/artifacts/zip.ts';

/** Says of every entry what Python's zipfile, which is not ours, reads: name → [method, SHA-256 of the content]. */
const PYTHON = `
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(json.dumps({i.filename: [i.compress_type, hashlib.sha256(z.read(i)).hexdigest()] for i in z.infolist()}))`;

describe('zips made by several threads', () => {
  let folder: string;
  let root: string;
  let threadFile: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zip-threads-test-'));
    threadFile = join(folder, 'zip-worker.mjs');
    const source = fileURLToPath(new URL('../../src/artifacts/zip-worker.ts', import.meta.url));
    await build({ entryPoints: [source], outfile: threadFile, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' });
    root = join(folder, 'app');
    await mkdir(join(root, 'many'), { recursive: true });
    const text = Array.from({ length: 400_000 }, (_, index) => `line ${index % 7919} `).join('');
    await writeFile(join(root, 'text.txt'), text);
    await writeFile(join(root, 'random.bin'), randomBytes(3 * BLOCK_BYTES + 17));
    await writeFile(join(root, 'mixed.bin'), Buffer.concat([randomBytes(BLOCK_BYTES), Buffer.from(text), randomBytes(BLOCK_BYTES)]));
    for (const [name, bytes] of Object.entries({ less: -1, exact: 0, more: 1, twice: BLOCK_BYTES })) {
      await writeFile(join(root, `${name}.bin`), text.slice(0, BLOCK_BYTES + bytes));
    }
    await writeFile(join(root, 'empty'), '');
    await writeFile(join(root, 'one'), '1');
    await writeFile(join(root, 'small.bin'), randomBytes(2000));
    await writeFile(join(root, 'bootstrap'), '#!/bin/sh\r\n');
    await chmod(join(root, 'bootstrap'), 0o755);
    await symlink('text.txt', join(root, 'link'));
    for (let index = 0; index < 700; index += 1) await writeFile(join(root, 'many', `ü${index}.js`), text.slice(0, index * 5));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are the same bytes as those of one thread, and others read them', async () => {
    const contents = await listZipContents(root);
    const [alone, together] = [join(folder, 'alone.zip'), join(folder, 'together.zip')];
    await writeZip(contents, alone);
    const progress: number[] = [];
    const { sizeBytes } = await writeZip(contents, together, { threadFile, onProgress: (done) => progress.push(done) });
    expect((await readFile(alone)).equals(await readFile(together))).toBe(true);
    expect(sizeBytes).toBe((await readFile(together)).length);
    expect(progress.at(-1)).toBe(contents.reduce((sum, entry) => sum + entry.size, 0));
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));

    const seen = JSON.parse(execFileSync('python3', ['-c', PYTHON, together], { encoding: 'utf8' })) as Record<string, [number, string]>;
    expect(Object.keys(seen)).toEqual(contents.map((entry) => entry.path));
    for (const entry of contents) {
      const content = entry.target ?? (entry.path === 'bootstrap' ? '#!/bin/sh\n' : await readFile(entry.absolute));
      expect([entry.path, seen[entry.path]?.[1]]).toEqual([entry.path, createHash('sha256').update(content).digest('hex')]);
    }
    const methods = ['text.txt', 'random.bin', 'small.bin', 'one', 'empty', 'link'].map((name) => seen[name]?.[0]);
    expect(methods).toEqual([8, 8, 0, 0, 0, 0]);
    expect(await listReadyZip(together)).toHaveLength(contents.length);
    expect(execFileSync('unzip', ['-tq', together], { encoding: 'utf8' })).toContain('No errors');
  });

  it('grow hardly at all where nothing can be compressed, and as small as usual where it can', async () => {
    const sizeOf = async (name: string) => {
      const contents = (await listZipContents(root)).filter((entry) => entry.path === name);
      return (await writeZip(contents, join(folder, 'size.zip'), { threadFile })).sizeBytes;
    };
    expect(await sizeOf('random.bin')).toBeLessThan(3 * BLOCK_BYTES + 17 + 1000);
    const usual = execFileSync('zip', ['-6', '-q', '-', 'text.txt'], { cwd: root }).length;
    expect(await sizeOf('text.txt')).toBeLessThan(usual * 1.02);
  });

  it('end with the name of a file that is gone, or has changed since it was listed', async () => {
    const contents = await listZipContents(root);
    const damaged = (path: string, change: object) =>
      writeZip(
        contents.map((entry) => (entry.path === path ? { ...entry, ...change } : entry)),
        join(folder, 'damaged.zip'),
        { threadFile },
      );
    for (const [path, change] of [
      ['many/ü300.js', { absolute: join(root, 'gone.js') }],
      ['many/ü300.js', { size: 1501 }],
      ['many/ü300.js', { size: 1499 }],
      ['text.txt', { absolute: join(root, 'gone.js') }],
      ['text.txt', { size: 700_000 }],
      ['text.txt', { size: 70_000_000 }],
    ] as const) {
      await expect(damaged(path, change)).rejects.toMatchObject({
        code: 'ARTIFACT_UNREADABLE',
        message: expect.stringContaining('absolute' in change ? change.absolute : join(root, path)),
      });
    }
  });

  it('stop when they are interrupted, also while another one goes on', async () => {
    const contents = await listZipContents(root);
    const controller = new AbortController();
    const stopped = writeZip(contents, join(folder, 'stopped.zip'), {
      threadFile,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    const other = writeZip(contents, join(folder, 'other.zip'), { threadFile });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    await other;
    expect((await readFile(join(folder, 'other.zip'))).equals(await readFile(join(folder, 'alone.zip')))).toBe(true);
  });

  it('fail, and do not wait for ever, when a thread cannot run', async () => {
    const broken = join(folder, 'broken.mjs');
    await writeFile(broken, "throw new Error('no thread today');");
    const contents = await listZipContents(root);
    await expect(writeZip(contents, join(folder, 'broken.zip'), { threadFile: broken })).rejects.toThrow('no thread today');
    await writeFile(broken, 'process.exit(3);');
    await expect(writeZip(contents, join(folder, 'broken.zip'), { threadFile: broken })).rejects.toThrow('ended early (3)');
  });
});
