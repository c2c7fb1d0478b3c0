import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  defaultLocalFolder,
  ensureLocalTarget,
  findLocalTarget,
  type LocalTarget,
  resetLocalTarget,
  stopLocalTarget,
} from '../../src/local/index.ts';
import { createStore } from '../../src/local/store.ts';
import { isProcessAlive } from '../../src/local/processes.ts';
import { findOwnPort } from '../support/own-port.ts';
import { bundleDaemon } from './support/daemon-bundle.ts';

let daemon: Awaited<ReturnType<typeof bundleDaemon>>;
let parent: string;
let folder: string;

beforeAll(async () => {
  daemon = await bundleDaemon();
});
afterAll(() => daemon.remove());

function ensure(options: { port?: number; version?: string; folder?: string } = {}): Promise<LocalTarget> {
  return ensureLocalTarget({ folder, daemonEntry: daemon.entry, version: '1.0.0', ...options });
}

function s3For({ endpoint, credentials }: LocalTarget): S3Client {
  return new S3Client({ endpoint, credentials, region: 'us-east-1', maxAttempts: 1 });
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300 && !condition(); tries++) await sleep(50);
  expect(condition()).toBe(true);
}

describe('the local target', () => {
  beforeEach(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'lambda-tool-local-'));
    folder = path.join(parent, 'state');
  });
  afterEach(async () => {
    await stopLocalTarget(folder);
    await rm(parent, { recursive: true, force: true, maxRetries: 5 });
  });

  it('starts once, is found by the next, stops, and starts again with the same port and keys', async () => {
    expect(await findLocalTarget(folder)).toBeUndefined();
    const first = await ensure({ port: await findOwnPort() });
    expect(first).toMatchObject({
      endpoint: `http://127.0.0.1:${first.port}`,
      registry: `127.0.0.1:${first.port}`,
      accountId: '000000000000',
    });
    expect((await ensure()).pid).toBe(first.pid);
    expect((await findLocalTarget(folder))?.pid).toBe(first.pid);
    expect(await stopLocalTarget(folder)).toBe(true);
    expect(isProcessAlive(first.pid)).toBe(false);
    expect(await stopLocalTarget(folder)).toBe(false);
    const second = await ensure();
    expect(second.pid).not.toBe(first.pid);
    expect([second.port, second.credentials]).toEqual([first.port, first.credentials]);
  });

  it('is started once by eight who want it at the same time', async () => {
    const targets = await Promise.all(Array.from({ length: 8 }, () => ensure()));
    expect(new Set(targets.map((target) => target.pid)).size).toBe(1);
  });

  it('keeps what was written when it is killed in the middle', async () => {
    const first = await ensure({ port: await findOwnPort() });
    const s3 = s3For(first);
    await s3.send(new CreateBucketCommand({ Bucket: 'kept' }));
    const acknowledged: string[] = [];
    const writing = (async () => {
      for (let index = 0; ; index++) {
        const Key = `k${index}`;
        await s3.send(new PutObjectCommand({ Bucket: 'kept', Key, Body: Key.repeat(1000) }));
        acknowledged.push(Key);
      }
    })().catch(() => undefined);
    await until(() => acknowledged.length > 20);
    process.kill(first.pid, 'SIGKILL');
    await writing;
    const second = await ensure();
    expect(second.port).toBe(first.port);
    for (const Key of acknowledged) {
      const answer = await s3For(second).send(new GetObjectCommand({ Bucket: 'kept', Key }));
      expect(await answer.Body?.transformToString()).toBe(Key.repeat(1000));
    }
  });

  it('does not meet the target of another folder', async () => {
    const first = await ensure({ port: await findOwnPort() });
    const other = path.join(parent, 'other');
    const second = await ensureLocalTarget({ folder: other, daemonEntry: daemon.entry, version: '1.0.0' });
    try {
      expect(second.port).not.toBe(first.port);
      await expect(
        s3For({ ...second, credentials: first.credentials }).send(new CreateBucketCommand({ Bucket: 'mine' })),
      ).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    } finally {
      await stopLocalTarget(other);
    }
  });

  it('keeps its state when another version takes over', async () => {
    const first = await ensure({ port: await findOwnPort() });
    await s3For(first).send(new CreateBucketCommand({ Bucket: 'kept' }));
    const second = await ensure({ version: '2.0.0' });
    expect([second.version, second.port]).toEqual(['2.0.0', first.port]);
    expect(isProcessAlive(first.pid)).toBe(false);
    await s3For(second).send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body: 'x' }));
  });

  it('leaves the ports of what is deployed to that, also while nothing listens there', async () => {
    const ports = createStore(path.join(folder, 'data')).collection<number>('api-ports');
    for (let port = 4577; port < 4620; port += 1) ports.put(`api-${port}`, port);
    expect((await ensure()).port).toBeGreaterThanOrEqual(4620);
  });

  it('refuses a port that is asked for and taken', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    try {
      await expect(ensure({ port })).rejects.toMatchObject({ name: 'LocalTargetError', code: 'PORT_TAKEN' });
    } finally {
      await new Promise((resolve) => blocker.close(resolve));
    }
    expect(await findLocalTarget(folder)).toBeUndefined();
  });

  it('runs on the port asked for, and says so when it runs on another already', async () => {
    const port = await findOwnPort();
    expect((await ensure({ port })).port).toBe(port);
    expect((await ensure({ port })).port).toBe(port);
    await expect(ensure({ port: port === 65_535 ? port - 1 : port + 1 })).rejects.toMatchObject({ code: 'RUNNING_ON_OTHER_PORT' });
  });

  it('tells the end of the log when it cannot start', async () => {
    const broken = path.join(parent, 'broken.mjs');
    await writeFile(broken, "console.error('first line'); throw new Error('no way');\n");
    await expect(ensureLocalTarget({ folder, daemonEntry: broken, version: '1' })).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('no way') as string,
    });
    // The next start is not in the way of the failed one.
    expect((await ensure()).pid).toBeGreaterThan(0);
  });

  it('says why its folder cannot be made', async () => {
    await writeFile(path.join(parent, 'file'), '');
    const impossible = path.join(parent, 'file', 'state');
    await expect(ensureLocalTarget({ folder: impossible, daemonEntry: daemon.entry, version: '1' })).rejects.toMatchObject({
      code: 'FOLDER_NOT_WRITABLE',
    });
  });

  it.skipIf(process.platform === 'win32')('keeps keys and state readable by this user only, and its keys out of argv and log', async () => {
    const { credentials, pid } = await ensure();
    await s3For((await findLocalTarget(folder)) as LocalTarget).send(new CreateBucketCommand({ Bucket: 'private' }));
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const { mode } = await stat(path.join(entry.parentPath, entry.name));
      expect((mode & 0o077).toString(8), entry.name).toBe('0');
    }
    const log = await readFile(path.join(folder, 'daemon.log'), 'utf8');
    expect(log).not.toContain(credentials.secretAccessKey);
    if (process.platform === 'linux') {
      expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(credentials.secretAccessKey);
    }
  });

  it.skipIf(process.platform === 'win32')('stops on SIGTERM', async () => {
    const { pid } = await ensure({ port: await findOwnPort() });
    process.kill(pid, 'SIGTERM');
    await until(() => !isProcessAlive(pid));
    expect(existsSync(path.join(folder, 'endpoint.json'))).toBe(false);
  });

  it('leaves a process alone that has got the id of a daemon that is gone', async () => {
    const bystander = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
    try {
      const { pid } = await ensure();
      const record = await readFile(path.join(folder, 'endpoint.json'), 'utf8');
      process.kill(pid, 'SIGKILL');
      await until(() => !isProcessAlive(pid));
      await writeFile(path.join(folder, 'endpoint.json'), record.replace(`"pid":${pid}`, `"pid":${bystander.pid}`));
      expect(await findLocalTarget(folder)).toBeUndefined();
      expect(await stopLocalTarget(folder)).toBe(false);
      expect(bystander.exitCode).toBeNull();
    } finally {
      bystander.kill('SIGKILL');
    }
  });

  it('is emptied by a reset, which leaves other files alone', async () => {
    const first = await ensure({ port: await findOwnPort() });
    await s3For(first).send(new CreateBucketCommand({ Bucket: 'gone' }));
    await writeFile(path.join(folder, 'notes.txt'), 'mine');
    await resetLocalTarget(folder);
    expect(await readdir(folder)).toEqual(['notes.txt']);
    const second = await ensure();
    expect(second.credentials).not.toEqual(first.credentials);
    await expect(s3For(second).send(new GetObjectCommand({ Bucket: 'gone', Key: 'k' }))).rejects.toMatchObject({ name: 'NoSuchBucket' });
    await rm(path.join(folder, 'notes.txt'));
    await resetLocalTarget(folder);
    expect(existsSync(folder)).toBe(false);
  });

  it('is emptied where the folder itself cannot be removed', async () => {
    const link = path.join(parent, 'link');
    mkdirSync(folder, { recursive: true });
    symlinkSync(folder, link, 'dir');
    await ensure({ folder: link });
    await resetLocalTarget(link);
    expect(await readdir(link)).toEqual([]);
  });

  it('says when its folder cannot be written', async () => {
    const inTheWay = path.join(parent, 'a-file');
    await writeFile(inTheWay, '');
    await expect(ensure({ folder: path.join(inTheWay, 'state') })).rejects.toMatchObject({ code: 'FOLDER_NOT_WRITABLE' });
  });
});

describe.concurrent('the local target, where nothing is done but wait', () => {
  const withOwnFolder = async (work: (own: string) => Promise<void>): Promise<void> => {
    const above = await mkdtemp(path.join(tmpdir(), 'lambda-tool-local-'));
    const own = path.join(above, 'state');
    try {
      await work(own);
    } finally {
      await stopLocalTarget(own);
      await rm(above, { recursive: true, force: true, maxRetries: 5 });
    }
  };

  it.skipIf(process.platform === 'win32')('is killed when it hangs', () =>
    withOwnFolder(async (own) => {
      const { pid } = await ensure({ folder: own });
      process.kill(pid, 'SIGSTOP');
      expect(await stopLocalTarget(own)).toBe(true);
      expect(isProcessAlive(pid)).toBe(false);
    }),
  );

  it('ends by itself when its folder is gone', () =>
    withOwnFolder(async (own) => {
      const { pid } = await ensure({ folder: own });
      await rm(own, { recursive: true, force: true });
      await until(() => !isProcessAlive(pid));
    }));
});

describe('the state folder', () => {
  it('is where each system keeps such things', () => {
    const table: [Record<string, string>, NodeJS.Platform, string][] = [
      [{ LAMBDA_TOOL_LOCAL_HOME: '/own' }, 'linux', '/own'],
      [{ XDG_STATE_HOME: '/state' }, 'linux', '/state/lambda-tool/local'],
      [{ XDG_STATE_HOME: 'relative' }, 'linux', '/home/me/.local/state/lambda-tool/local'],
      [{}, 'linux', '/home/me/.local/state/lambda-tool/local'],
      [{}, 'darwin', '/home/me/Library/Application Support/lambda-tool/local'],
      [{ LOCALAPPDATA: '/app' }, 'win32', '/app/lambda-tool/local'],
    ];
    for (const [env, platform, expected] of table) {
      expect(defaultLocalFolder(env, platform, '/home/me')).toBe(path.resolve(expected));
    }
  });
});
