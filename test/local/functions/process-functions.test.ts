import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extractZips } from '../../../src/local/functions/extract-zip.ts';
import { processIdentity } from '../../../src/local/functions/process-identity.ts';
import { createProcessRecords } from '../../../src/local/functions/process-records.ts';
import { bootstrapScript } from './support/busybox.ts';
import { baseSpec, callOnce, createTestHost, type TestHost, writeZip } from './support/host.ts';

const run = promisify(execFile);
const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
let test: TestHost;
let folder: string;
beforeAll(async () => {
  test = await createTestHost();
  folder = await mkdtemp(join(tmpdir(), 'local-processes-'));
});
afterAll(async () => {
  await test.close();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(busybox === undefined)('a package with its own bootstrap', () => {
  it('runs as a process, whatever its runtime is called', async () => {
    const script = bootstrapScript('echo "{\\"got\\":$EVENT,\\"root\\":\\"$LAMBDA_TASK_ROOT\\"}"', busybox);
    const code = await test.zip({ bootstrap: script }, { bootstrap: 0o100755 });
    for (const runtime of ['provided.al2023', 'dotnet10']) {
      const { error, value } = await callOnce(
        test.runner,
        { ...baseSpec(code), functionName: runtime.replace('.', '-'), runtime },
        { a: 1 },
      );
      expect(error).toBeUndefined();
      expect(value).toMatchObject({ got: { a: 1 } });
    }
  });

  it('says what Lambda says when the file is not executable', async () => {
    const code = await test.zip({ bootstrap: '#!/bin/sh\n' }, { bootstrap: 0o100644 });
    const { value } = await callOnce(test.runner, { ...baseSpec(code), runtime: 'provided.al2023' });
    expect(value).toMatchObject({
      errorType: 'Runtime.InvalidEntrypoint',
      errorMessage: expect.stringMatching(/fork\/exec .*bootstrap: permission denied$/),
    });
  });

  it('reports one that ends before it asks for an event', async () => {
    const code = await test.zip({ bootstrap: `#!${busybox} sh\necho starting >&2\nexit 7\n` }, { bootstrap: 0o100755 });
    const { logTail, value } = await callOnce(test.runner, { ...baseSpec(code), runtime: 'provided.al2023', functionName: 'early' });
    expect(value).toMatchObject({ errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/exit status 7$/) });
    expect(logTail).toContain('REPORT');
    expect(test.lines).toContain('starting');
  });

  it('does the initialisation again within the call when it took more than ten seconds', async () => {
    const marker = join(folder, 'first');
    const slow = bootstrapScript('echo \\"late\\"', busybox).replace(
      'while :',
      `[ -e ${marker} ] || { ${busybox} touch ${marker}; ${busybox} sleep 20; }\nwhile :`,
    );
    const code = await test.zip({ bootstrap: slow }, { bootstrap: 0o100755 });
    const { value } = await callOnce(test.runner, { ...baseSpec(code), runtime: 'provided.al2023', functionName: 'slow' });
    expect(value).toBe('late');
    expect(test.lines.some((line) => /^INIT_REPORT Init Duration: 1\d{4}\.\d\d ms\tPhase: init\tStatus: timeout$/.test(line))).toBe(true);
  });
});

describe('unpacking', () => {
  it('keeps modes and links, and does it once', async () => {
    const zip = join(folder, 'good.zip');
    await writeZip(
      zip,
      { 'a/run.sh': 'x', 'a/data': 'y', 'a/link': 'data', back: 'a/run.sh' },
      { 'a/run.sh': 0o100755, 'a/data': 0o100640, 'a/link': 0o120777, back: 0o120777 },
    );
    const target = join(folder, 'good');
    await extractZips([zip], target);
    expect((await stat(join(target, 'a/run.sh'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(target, 'a/data'))).mode & 0o777).toBe(0o640);
    expect(await readFile(join(target, 'a/link'), 'utf8')).toBe('y');
    expect(await readFile(join(target, 'back'), 'utf8')).toBe('x');
    await rm(zip);
    await extractZips([zip], target);
  });

  const bad: readonly (readonly [string, Record<string, string>, Record<string, number>])[] = [
    ['an absolute link', { link: '/etc/passwd' }, { link: 0o120777 }],
    ['a link above the root', { 'a/link': '../../x' }, { 'a/link': 0o120777 }],
    ['links that only lead out together', { here: '.', there: 'here/..' }, { here: 0o120777, there: 0o120777 }],
    ['a file below a link', { dir: '.', 'dir/file': 'x' }, { dir: 0o120777 }],
  ];
  it.each(bad)('refuses %s and leaves nothing behind', async (name, files, modes) => {
    const zip = join(folder, 'bad.zip');
    await writeZip(zip, files, modes);
    const target = join(folder, name.replaceAll(' ', '-'));
    await expect(extractZips([zip], target)).rejects.toThrow();
    expect(existsSync(target)).toBe(false);
  });

  it('refuses names that lead out', async () => {
    const zip = join(folder, 'slip.zip');
    // The library that writes zips refuses such names too, so the name is changed afterwards.
    await writeZip(zip, { 'xx/slipped': 'x' });
    writeFileSync(zip, Buffer.from((await readFile(zip)).toString('latin1').replaceAll('xx/slipped', '../slipped'), 'latin1'));
    await expect(extractZips([zip], join(folder, 'slip'))).rejects.toThrow(/invalid relative path/);
    expect(existsSync(join(folder, 'slipped'))).toBe(false);
  });
});

describe('processes that a killed daemon has left behind', () => {
  it('are ended when they surely are its own', async () => {
    const records = createProcessRecords(join(folder, 'records'));
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    await new Promise((resolve) => child.once('spawn', resolve));
    await records.remember(child.pid ?? 0);
    expect(await records.killLeftovers()).toBe(1);
    expect(await ended).toBe('SIGKILL');
  });

  it('are left alone when the id belongs to another process now', async () => {
    const records = join(folder, 'foreign');
    mkdirSync(records);
    writeFileSync(join(records, `${process.pid}.json`), JSON.stringify({ pid: process.pid, identity: 'another boot/1' }));
    writeFileSync(join(records, '1.json'), '{"pid":');
    expect(await createProcessRecords(records).killLeftovers()).toBe(0);
    expect(await processIdentity(process.pid)).toMatch(/\/\d+$/);
  });

  it('end by themselves when they run on Node.js', async () => {
    // The daemon's end of the lifeline closes however it ends; here it is closed by the end of the process that holds it.
    // An API that never answers keeps the runtime waiting.
    const api = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => api.once('listening', resolve));
    writeFileSync(join(folder, 'index.js'), 'exports.handler = async () => 1;');
    const holder = spawn(
      process.execPath,
      [
        '-e',
        `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, [process.argv[1]], {
        env: { LAMBDA_TOOL_LIFELINE_FD: '3', AWS_LAMBDA_RUNTIME_API: process.argv[3], LAMBDA_TASK_ROOT: process.argv[2], _HANDLER: 'index.handler' },
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'], detached: true });
      console.log(child.pid);
      setInterval(() => {}, 1000);
    `,
        join(import.meta.dirname, '../../../src/local/functions/node-runtime/main.mjs'),
        folder,
        `127.0.0.1:${(api.address() as AddressInfo).port}`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const pid = Number(await new Promise<Buffer>((resolve) => holder.stdout.once('data', resolve)));
    await new Promise((resolve) => api.once('connection', resolve));
    expect(await processIdentity(pid)).toBeDefined();
    holder.kill('SIGKILL');
    await expect.poll(() => processIdentity(pid), { timeout: 60_000 }).toBeUndefined();
    api.close();
  });
});

describe('a .NET executable assembly', () => {
  it('is only run where dotnet is, and its file has to be there', async () => {
    const code = await test.zip({ 'Other.dll': '' });
    const spec = { ...baseSpec(code), runtime: 'dotnet10', handler: 'Shop' };
    const hasDotnet = await run('dotnet', ['--version']).then(
      () => true,
      () => false,
    );
    const { value } = await callOnce(test.runner, spec);
    if (hasDotnet) expect(value).toMatchObject({ errorMessage: expect.stringContaining('The package has no Shop.dll') });
    else expect(value).toMatchObject({ errorMessage: expect.stringContaining('public.ecr.aws/lambda/dotnet:10') });
  });
});
