import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { combineCrc32 } from '../../src/clients/crc32-combine.ts';
import { listReadyZip } from '../../src/artifacts/ready-zip.ts';
import { centralRecord, endRecords, localHeader, moveRecords, STORED, type EntryRecord } from '../../src/artifacts/zip-format.ts';

describe('combineCrc32', () => {
  it('gives the CRC of both pieces together', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.uint8Array({ maxLength: 3000 }), (first, second) => {
        const expected = crc32(Buffer.concat([first, second]));
        expect(combineCrc32(crc32(first), crc32(second), second.length)).toBe(expected);
      }),
    );
  });

  it('takes pieces of more than 4 GiB', () => {
    const zeros = Buffer.alloc(1 << 20);
    let long = 0;
    for (let index = 0; index < 4100; index += 1) long = crc32(zeros, long);
    const text = crc32('text');
    let expected = text;
    for (let index = 0; index < 4100; index += 1) expected = crc32(zeros, expected);
    expect(combineCrc32(text, long, 4100 * zeros.length)).toBe(expected);
  });
});

describe('the records of a zip', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zip-format-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const stored = (path: string, sizeBytes: number, crc: number): EntryRecord => ({
    path,
    mode: 0o100644,
    method: STORED,
    crc,
    compressedBytes: sizeBytes,
    sizeBytes,
  });
  /** What Python's zipfile reads: names, sizes and offsets. */
  const python = (file: string): [string, number, number][] => {
    const program =
      'import json,sys,zipfile; print(json.dumps([[i.filename,i.file_size,i.header_offset] for i in zipfile.ZipFile(sys.argv[1]).infolist()]))';
    return JSON.parse(execFileSync('python3', ['-c', program, file], { encoding: 'utf8', maxBuffer: 1 << 28 })) as [
      string,
      number,
      number,
    ][];
  };

  it('hold an entry of more than 4 GiB and one that begins behind it', async () => {
    const file = join(folder, 'large.zip');
    const size = 2 ** 32 + 5;
    const large = stored('large.bin', size, 0x12345678);
    const small = stored('small.txt', 2, crc32('ab'));
    const handle = await open(file, 'w');
    // The content is a hole in the file, which takes no place on the disk.
    const header = localHeader(large);
    await handle.write(header, 0, header.length, 0);
    const second = header.length + size;
    const end = Buffer.concat([localHeader(small), Buffer.from('ab')]);
    await handle.write(end, 0, end.length, second);
    const directory = Buffer.concat([centralRecord(large, 0), moveRecords(centralRecord(small, 0), second)]);
    const start = second + end.length;
    const tail = Buffer.concat([directory, endRecords(2, directory.length, start)]);
    await handle.write(tail, 0, tail.length, start);
    await handle.close();
    expect(python(file)).toEqual([
      ['large.bin', size, 0],
      ['small.txt', 2, second],
    ]);
    expect(await listReadyZip(file)).toEqual([
      { path: 'large.bin', size, executable: false },
      { path: 'small.txt', size: 2, executable: false },
    ]);
    expect(execFileSync('unzip', ['-p', file, 'small.txt'], { encoding: 'utf8' })).toBe('ab');
  });

  it('are moved together, beyond 4 GiB too', async () => {
    const file = join(folder, 'far.zip');
    const gap = 2 ** 32 - 100;
    const large = stored('large.bin', 2 ** 32 + 5, 1);
    const entries = [...['a', 'b', 'c', 'd'].map((name) => stored(name, 1, crc32(name))), large];
    const handle = await open(file, 'w');
    const lines: Buffer[] = [];
    const places: number[] = [];
    let position = 0;
    for (const entry of entries) {
      const bytes = Buffer.concat([localHeader(entry), Buffer.from(entry === large ? '' : entry.path)]);
      await handle.write(bytes, 0, bytes.length, gap + position);
      lines.push(centralRecord(entry, position));
      places.push(gap + position);
      position += bytes.length;
    }
    const directory = moveRecords(Buffer.concat(lines), gap);
    const start = gap + position + large.sizeBytes;
    const tail = Buffer.concat([directory, endRecords(entries.length, directory.length, start)]);
    await handle.write(tail, 0, tail.length, start);
    await handle.close();
    expect(python(file)).toEqual(entries.map(({ path, sizeBytes }, index) => [path, sizeBytes, places[index]]));
    expect(execFileSync('unzip', ['-p', file, 'a', 'b', 'c', 'd'], { encoding: 'utf8' })).toBe('abcd');
  });

  it.each([65_534, 65_535, 70_000])('hold %i entries', async (count) => {
    const file = join(folder, `${count}.zip`);
    const parts: Buffer[] = [];
    const directory: Buffer[] = [];
    let position = 0;
    for (let index = 0; index < count; index += 1) {
      const record = stored(`f${index}`, 0, 0);
      const header = localHeader(record);
      directory.push(centralRecord(record, position));
      parts.push(header);
      position += header.length;
    }
    const lines = Buffer.concat(directory);
    const handle = await open(file, 'w');
    await handle.writeFile(Buffer.concat([...parts, lines, endRecords(count, lines.length, position)]));
    await handle.close();
    expect(python(file)).toHaveLength(count);
    expect(await listReadyZip(file)).toHaveLength(count);
    expect(execFileSync('unzip', ['-tqq', file], { encoding: 'utf8' })).toBe('');
  });

  it('refuse a path that the format has no room for', () => {
    expect(() => localHeader(stored('x'.repeat(70_000), 0, 0))).toThrow(RangeError);
  });
});
