import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareUtf8, createStore, recordFileName } from '../../src/local/store.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lambda-tool-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a collection', () => {
  it('keeps any key and any JSON value, the same now as after a restart', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary', maxLength: 300 }), fc.jsonValue()), (records) => {
        const name = `c${Math.random()}`;
        const collection = createStore(folder).collection(name);
        for (const [key, value] of Object.entries(records)) collection.put(key, value);
        const reopened = createStore(folder).collection(name);
        for (const key of Object.keys(records)) expect(reopened.get(key)).toEqual(collection.get(key));
        expect([...reopened.entries()]).toEqual([...collection.entries()]);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps keys apart that differ in case or beyond any file name', () => {
    const collection = createStore(folder).collection<number>('c');
    const long = 'x'.repeat(5000);
    for (const [index, key] of ['a', 'A', '../a', 'a/b', 'a:b', 'con', '', `${long}1`, `${long}2`].entries()) collection.put(key, index);
    expect([...createStore(folder).collection<number>('c').entries()]).toHaveLength(9);
    expect(Math.max(...readdirSync(path.join(folder, 'records', 'c')).map((name) => name.length))).toBeLessThan(90);
  });

  it('does not see later changes to what was put', () => {
    const collection = createStore(folder).collection<{ a: number }>('c');
    const value = { a: 1 };
    collection.put('k', value);
    value.a = 2;
    expect(collection.get('k')).toEqual({ a: 1 });
  });

  it('forgets what is deleted, also while it is walked', () => {
    const collection = createStore(folder).collection<number>('c');
    for (const key of ['b', 'a', 'c']) collection.put(key, 1);
    const seen: string[] = [];
    for (const [key] of collection.entries()) {
      seen.push(key);
      collection.delete('b');
    }
    expect(seen).toEqual(['a', 'c']);
    expect(createStore(folder).collection('c').get('b')).toBeUndefined();
  });

  it('is sorted by the bytes of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('leaves damaged records aside and says so, and clears old leftovers', () => {
    createStore(folder).collection('c').put('good', 1);
    const records = path.join(folder, 'records', 'c');
    writeFileSync(path.join(records, 'bad.json'), '{"key":');
    for (const name of ['old.tmp', 'young.tmp']) writeFileSync(path.join(records, name), '');
    utimesSync(path.join(records, 'old.tmp'), 0, 0);
    const damages: string[] = [];
    const collection = createStore(folder, (message) => damages.push(message)).collection('c');
    expect([...collection.entries()]).toEqual([['good', 1]]);
    expect(damages).toHaveLength(1);
    expect(readdirSync(records).toSorted()).toEqual(['bad.json', recordFileName('good'), 'young.tmp'].toSorted());
  });

  it.skipIf(process.platform === 'win32')('is readable by this user only', () => {
    createStore(folder).collection('c').put('k', 1);
    const file = path.join(folder, 'records', 'c', recordFileName('k'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  });

  it('is whole after a kill in the middle of writing', async () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const program = path.join(folder, 'writer.mjs');
    await build({
      stdin: {
        contents: `
          import { createStore } from './src/local/store.ts';
          const collection = createStore(process.argv[2]).collection('c');
          for (let index = 0; ; index++) { collection.put('k' + (index % 5), { index, text: String(index).repeat(5000) }); if (index === 20) console.log('writing'); }`,
        resolveDir: root,
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
    });
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      const damages: string[] = [];
      const collection = createStore(folder, (message) => damages.push(message)).collection<{ index: number; text: string }>('c');
      expect(damages).toEqual([]);
      const records = [...collection.entries()];
      expect(records).toHaveLength(5);
      for (const [, { index, text }] of records) expect(text).toBe(String(index).repeat(5000));
    }
  });
});
