import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestZipContents } from '../../src/artifacts/digest.ts';
import { listReadyZip, readReadyZip } from '../../src/artifacts/ready-zip.ts';
import { listZipContents, singleFileContents } from '../../src/artifacts/zip-contents.ts';
import { checkUnzippedSize, fitsInMemory, writeZip, zipInMemory } from '../../src/artifacts/zip.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zip-test-'));
});

afterEach(async () => {
  process.env['TZ'] = 'UTC';
  await rm(folder, { recursive: true, force: true });
});

async function put(root: string, files: Record<string, string>): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(root, name, '..'), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

async function zipOf(root: string, name = 'out.zip'): Promise<string> {
  const file = join(folder, name);
  await writeZip(await listZipContents(root), file);
  return file;
}

const sha256 = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** What Python's zipfile, which is not ours, sees: name → [mode, content]. */
function readWithPython(file: string): Record<string, [string, string]> {
  const program = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(json.dumps({i.filename: [oct(i.external_attr >> 16), z.read(i).decode('latin1')] for i in z.infolist()}))`;
  return JSON.parse(execFileSync('python3', ['-c', program, file], { encoding: 'utf8' })) as Record<string, [string, string]>;
}

describe('writeZip', () => {
  it('writes what another program reads, with names in order, fixed modes and links kept', async () => {
    const root = await put(join(folder, 'app'), { 'b.txt': 'two', 'a/ü.txt': 'one', bootstrap: '#!/bin/sh\r\necho\r\n', empty: '' });
    await chmod(join(root, 'bootstrap'), 0o700);
    await chmod(join(root, 'b.txt'), 0o600);
    await symlink('../b.txt', join(root, 'a/link'));
    const entries = readWithPython(await zipOf(root));
    expect(entries).toEqual({
      'a/link': ['0o120777', '../b.txt'],
      'a/ü.txt': ['0o100644', 'one'],
      'b.txt': ['0o100644', 'two'],
      bootstrap: ['0o100755', '#!/bin/sh\necho\n'],
      empty: ['0o100644', ''],
    });
    expect(Object.keys(entries)).toEqual(['a/link', 'a/ü.txt', 'b.txt', 'bootstrap', 'empty']);
  });

  it('gives the same bytes and digest whatever the time zone, times, mask and order of creation', async () => {
    const files = { 'index.js': 'x'.repeat(100_000), 'lib/a.js': 'a', 'lib/b.js': 'b', 'z/Z': 'z' };
    const first = await put(join(folder, 'first'), files);
    process.env['TZ'] = 'America/St_Johns';
    const one = await sha256(await zipOf(first, '1.zip'));

    const previous = process.umask(0o077);
    const second = await put(join(folder, 'second'), Object.fromEntries(Object.entries(files).toReversed()));
    process.umask(previous);
    await utimes(join(second, 'index.js'), 1_000_000, 1_000_000);
    process.env['TZ'] = 'Pacific/Kiritimati';
    expect(await sha256(await zipOf(second, '2.zip'))).toBe(one);

    const digest = await digestZipContents(await listZipContents(first));
    expect(await digestZipContents(await listZipContents(second))).toBe(digest);
    await chmod(join(second, 'lib/a.js'), 0o755);
    expect(await digestZipContents(await listZipContents(second))).not.toBe(digest);
  });

  it('gives the same bytes in memory, and only small zips are made there', async () => {
    const root = await put(join(folder, 'app'), { 'a.txt': 'a'.repeat(5000), 'lib/ü 漢字.js': 'b', run: '#!/bin/sh\n' });
    await symlink('a.txt', join(root, 'link'));
    const entries = await listZipContents(root);
    expect(fitsInMemory(entries)).toBe(true);
    expect((await zipInMemory(entries)).equals(await readFile(await zipOf(root)))).toBe(true);
    const many = Array.from({ length: 5 }, (_, index) => ({ path: `${index}`, absolute: '', size: 500_000, executable: false }));
    expect([fitsInMemory(many), fitsInMemory([{ path: 'x', absolute: '', size: 1_000_000, executable: false }])]).toEqual([false, false]);
  });

  it('says to zipinfo that it comes from Unix, with modes and names as they are', async () => {
    const root = await put(join(folder, 'app'), { 'ü 漢字.js': 'b', run: '#!/bin/sh\n' });
    await chmod(join(root, 'run'), 0o744);
    const listed = execFileSync('zipinfo', ['-l', await zipOf(root)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'Asia/Tokyo' },
    });
    expect(listed).toMatch(/-rwxr-xr-x\s+6\.3 unx .* 80-Jan-01 12:00 run/);
    expect(listed).toMatch(/-rw-r--r--\s+6\.3 unx .* 80-Jan-01 12:00 ü 漢字\.js/);
  });

  it('names a file that cannot be read, and leaves no stream open', async () => {
    const root = await put(join(folder, 'app'), { 'a.txt': 'a' });
    const contents = await listZipContents(root);
    await rm(join(root, 'a.txt'));
    await expect(writeZip(contents, join(folder, 'o.zip'))).rejects.toMatchObject({
      code: 'ARTIFACT_UNREADABLE',
      message: expect.stringContaining(join(root, 'a.txt')),
    });
  });

  it.skipIf(process.platform !== 'linux')('names a file whose name is not UTF-8, and can leave it out', async () => {
    const root = await put(join(folder, 'app'), { 'a.txt': 'a' });
    await writeFile(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]), '');
    await expect(listZipContents(root)).rejects.toMatchObject({
      code: 'ARTIFACT_UNREADABLE',
      message: expect.stringContaining('not valid UTF-8'),
    });
    await writeFile(join(root, '.lambdaignore'), 'caf*\n');
    expect((await listZipContents(root)).map(({ path }) => path)).toEqual(['a.txt']);
  });

  it('notices that a file was written anew with the same length, so that no key in S3 gets other bytes than its own', async () => {
    const root = await put(join(folder, 'app'), { 'small.txt': 'aaaa', 'large.bin': 'a'.repeat(600_000) });
    for (const [name, text] of [
      ['small.txt', 'bbbb'],
      ['large.bin', 'b'.repeat(600_000)],
    ] as const) {
      const contents = await listZipContents(root);
      await digestZipContents(contents);
      await sleep(20);
      await writeFile(join(root, name), text);
      await expect(writeZip(contents, join(folder, 'o.zip'))).rejects.toMatchObject({
        code: 'ARTIFACT_UNREADABLE',
        message: `${join(root, name)} cannot be read: it changed while it was packaged`,
        hint: expect.stringContaining('run this again'),
      });
    }
    const single = singleFileContents(join(root, 'small.txt'));
    await sleep(20);
    await writeFile(join(root, 'small.txt'), 'cccc');
    await expect(zipInMemory(single)).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE' });
  });

  it('notices a file that grows while it is packaged', async () => {
    const root = await put(join(folder, 'app'), { 'a.txt': 'a' });
    const contents = await listZipContents(root);
    await writeFile(join(root, 'a.txt'), 'longer');
    await expect(writeZip(contents, join(folder, 'o.zip'))).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE' });
  });

  it('stops when it is interrupted', async () => {
    const root = await put(join(folder, 'app'), { 'a.bin': 'x'.repeat(20_000_000) });
    const controller = new AbortController();
    const writing = writeZip(await listZipContents(root), join(folder, 'o.zip'), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(writing).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('reads its own zips back and zips one file alone', async () => {
    await put(folder, { 'handler.py': 'pass' });
    await writeZip(singleFileContents(join(folder, 'handler.py')), join(folder, 'one.zip'));
    expect(await listReadyZip(join(folder, 'one.zip'))).toEqual([{ path: 'handler.py', size: 4, executable: false }]);
  });
});

describe('listZipContents', () => {
  const names = async (root: string) => (await listZipContents(root)).map((entry) => entry.path);

  it('leaves out version control and what .lambdaignore names, in the syntax of .gitignore', async () => {
    const root = await put(join(folder, 'app'), {
      '.git/config': '',
      'sub/.git': 'gitdir: elsewhere',
      '.DS_Store': '',
      '.env': '',
      '.lambdaignore': '# tests\n*.test.js\n/docs\n!docs/keep\nbuild/\n!important.test.js\n',
      'a.test.js': '',
      'important.test.js': '',
      'docs/x.md': '',
      'docs/keep': '',
      'sub/docs/y.md': '',
      'sub/build/out': '',
      build: 'a file, not a directory',
      'serverless.template': '{}',
    });
    expect(await names(root)).toEqual(['.env', 'build', 'important.test.js', 'serverless.template', 'sub/docs/y.md']);
  });

  it.skipIf(process.platform === 'win32')('names rules that cannot be read', async () => {
    const root = await put(join(folder, 'app'), { 'a.txt': '' });
    await symlink('.lambdaignore', join(root, '.lambdaignore'));
    await expect(listZipContents(root)).rejects.toMatchObject({
      code: 'ARTIFACT_UNREADABLE',
      message: expect.stringMatching(/\.lambdaignore cannot be read: ELOOP/),
    });
  });

  it('reads the rules in the encodings of Windows too', async () => {
    const root = await put(join(folder, 'app'), { 'a.txt': '', 'ü.md': '', 'b.js': '' });
    for (const [encoding, line] of [
      ['utf16le', '\r\n'],
      ['utf8', '\r\n'],
    ] as const) {
      await writeFile(join(root, '.lambdaignore'), Buffer.from(`\uFEFF*.txt${line}ü.md${line}`, encoding));
      expect((await listZipContents(root)).map(({ path }) => path)).toEqual(['b.js']);
    }
  });

  it('sorts by bytes, not by locale', async () => {
    expect(await names(await put(join(folder, 'app'), { b: '', B: '', 'a/z': '', 'a.b': '', ä: '' }))).toEqual([
      'B',
      'a.b',
      'a/z',
      'b',
      'ä',
    ]);
  });

  it('refuses a link that leads out, by name, also through another link', async () => {
    const root = await put(join(folder, 'app'), { 'a.txt': '' });
    await put(folder, { 'secret.txt': '' });
    await symlink('../secret.txt', join(root, 'leak'));
    await expect(listZipContents(root)).rejects.toMatchObject({ code: 'ARTIFACT_UNSAFE_LINK', message: expect.stringContaining('leak') });
    await writeFile(join(root, '.lambdaignore'), 'leak\n');
    expect(await names(root)).toEqual(['a.txt']);
  });

  it('says of a package of a workspace how it gets a copy', async () => {
    const root = await put(join(folder, 'app'), { 'index.js': '' });
    await mkdir(join(folder, 'lib'));
    await mkdir(join(root, 'node_modules'));
    await symlink('../../lib', join(root, 'node_modules/lib'));
    await expect(listZipContents(root)).rejects.toMatchObject({
      code: 'ARTIFACT_UNSAFE_LINK',
      hint: expect.stringContaining('npm install --install-links'),
    });
  });

  it('makes an absolute link inside the directory relative, keeps a dangling one and a link to a directory', async () => {
    const root = await put(join(folder, 'app'), { 'lib/a.txt': '' });
    await symlink(join(root, 'lib/a.txt'), join(root, 'lib/abs'));
    await symlink('nowhere', join(root, 'dangling'));
    await symlink('lib', join(root, 'dir'));
    const links = (await listZipContents(root)).filter((entry) => entry.target !== undefined);
    expect(links.map((entry) => [entry.path, entry.target])).toEqual([
      ['dangling', 'nowhere'],
      ['dir', 'lib'],
      ['lib/abs', 'a.txt'],
    ]);
  });

  it('refuses an empty directory and names one that is missing', async () => {
    await mkdir(join(folder, 'empty/sub'), { recursive: true });
    await expect(listZipContents(join(folder, 'empty'))).rejects.toMatchObject({ code: 'ARTIFACT_EMPTY' });
    await expect(listZipContents(join(folder, 'gone'))).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE' });
  });
});

describe('limits', () => {
  it('tells the largest entries of what Lambda would refuse', () => {
    const entries = [
      { path: 'small.js', size: 10 },
      { path: 'model.bin', size: 262_144_000 },
    ];
    expect(() => checkUnzippedSize(entries, 'src/Worker')).toThrow(
      'src/Worker is 250 MB unzipped (10 bytes too many); Lambda takes 250 MB at most.',
    );
    expect(() => checkUnzippedSize([...entries, ...entries], '.')).toThrow('What is in this directory is 500 MB unzipped; Lambda');
    expect(() => checkUnzippedSize(entries.slice(1), 'src/Worker')).not.toThrow();
  });

  it('refuses a zip that has lost its middle, or would be unpacked elsewhere', async () => {
    await put(folder, { 'a.txt': 'a' });
    const file = join(folder, 'a.zip');
    await writeZip(singleFileContents(join(folder, 'a.txt')), file);
    const whole = await readFile(file);
    const directory = whole.indexOf('PK\x01\x02');
    await writeFile(file, Buffer.concat([whole.subarray(0, directory), whole.subarray(directory + 20)]));
    await expect(listReadyZip(file)).rejects.toMatchObject({ code: 'PACKAGE_INVALID' });
    await writeFile(file, Buffer.from(whole.toString('latin1').replaceAll('a.txt', '../xx'), 'latin1'));
    await expect(listReadyZip(file)).rejects.toMatchObject({ code: 'PACKAGE_INVALID', message: expect.stringContaining('../xx') });
  });

  it('refuses a package that is no zip, or an empty one', async () => {
    await put(folder, { 'no.zip': 'hello' });
    await expect(listReadyZip(join(folder, 'no.zip'))).rejects.toMatchObject({ code: 'PACKAGE_INVALID' });
    await expect(listReadyZip(join(folder, 'gone.zip'))).rejects.toMatchObject({ code: 'PACKAGE_INVALID' });
    expect(await readdir(folder)).toEqual(['no.zip']);
  });

  it('says what Lambda will trip over in the zips of others', async () => {
    const program = `
import sys, zipfile
def make(name, *entries):
    with zipfile.ZipFile(sys.argv[1] + '/' + name, 'w') as zip:
        for path, mode, system in entries:
            entry = zipfile.ZipInfo(path)
            entry.create_system, entry.external_attr = system, mode << 16
            zip.writestr(entry, '')
make('good.zip', ('lib/', 0o40755, 3), ('lib/a.js', 0o100644, 3), ('bootstrap', 0o100755, 3))
make('private.zip', ('lib/', 0o40700, 3), ('lib/a.js', 0o100600, 3), ('b', 0o100644, 3))
make('dos.zip', ('a.js', 0, 0), ('bootstrap', 0, 0))
make('windows.zip', ('index.js', 0, 0), ('lib__a.js', 0, 0))
data = open(sys.argv[1] + '/windows.zip', 'rb').read().replace(b'lib__a.js', b'lib\\\\_a.js')
open(sys.argv[1] + '/windows.zip', 'wb').write(data)
`;
    execFileSync('python3', ['-c', program, folder]);
    const read = (name: string) => readReadyZip(join(folder, name));
    expect(await read('good.zip')).toEqual({
      entries: [
        { path: 'lib/a.js', size: 0, executable: false },
        { path: 'bootstrap', size: 0, executable: true },
      ],
      problems: [],
    });
    expect((await read('private.zip')).problems).toEqual([expect.stringMatching(/may not read .*: lib\/, lib\/a\.js$/)]);
    expect(await read('dos.zip')).toEqual({
      entries: [
        { path: 'a.js', size: 0 },
        { path: 'bootstrap', size: 0 },
      ],
      problems: [],
    });
    expect((await read('windows.zip')).problems).toEqual([expect.stringContaining('backslashes')]);
  });

  it.skipIf(spawnSync('zip', ['-v']).status !== 0)('refuses a zip with a password', async () => {
    await put(folder, { 'index.js': 'a' });
    execFileSync('zip', ['-q', '-j', '-P', 'secret', join(folder, 'locked.zip'), join(folder, 'index.js')]);
    await expect(readReadyZip(join(folder, 'locked.zip'))).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
      message: expect.stringContaining('is encrypted (index.js)'),
    });
  });
});
