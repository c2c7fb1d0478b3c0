import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { sweepTempFolders, withTempFolder } from '../../src/artifacts/temp-folder.ts';
import { isGone, ownerIn, ownOwner, prefixOf, type TempOwner } from '../../src/artifacts/temp-owner.ts';
import { asOrdinaryUser, isRoot, OTHER_USER } from '../support/ordinary-user.ts';

const isLinux = process.platform === 'linux';
/** Of `nobody`, in most places. */

describe('temporary folders', () => {
  let parent: string;
  let own: TempOwner;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    parent = mkdtempSync(join(tmpdir(), 'temp-folder-test-'));
    own = await ownOwner();
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    vi.unstubAllEnvs();
    rmSync(parent, { recursive: true, force: true });
  });

  /** One with something in it, as a run of that owner leaves it. */
  function folderOf(owner: TempOwner): string {
    const folder = mkdtempSync(join(parent, prefixOf(owner)));
    mkdirSync(join(folder, 'publish/deep'), { recursive: true });
    writeFileSync(join(folder, 'publish/deep/code.zip'), 'PK');
    return basename(folder);
  }

  function begin(command: string, args: readonly string[]): ChildProcess {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    return child;
  }

  /** An id that no process has. */
  const gonePid = (): number => spawnSync(process.execPath, ['-e', '0']).pid;
  const sweep = async (): Promise<string[]> => {
    await sweepTempFolders(parent, own);
    return readdirSync(parent).toSorted();
  };

  it('carry the name of their process, go away with the work, and are short enough for the sockets of .NET', async () => {
    vi.stubEnv('TMPDIR', parent);
    const name = await withTempFolder((folder) => {
      expect(readdirSync(parent)).toEqual([basename(folder)]);
      return Promise.resolve(basename(folder));
    });
    expect(ownerIn(name)).toEqual(own);
    expect(own.pid).toBe(process.pid);
    expect(readdirSync(parent)).toEqual([]);
    // 104 bytes on macOS, of which 62 are for the socket.
    const longest = { ...own, pid: 4_194_304 };
    expect(`/tmp/${prefixOf(longest)}XXXXXX`.length).toBeLessThanOrEqual(42);
  });

  it('are removed with the next work when their process is gone', async () => {
    const left = folderOf({ ...own, pid: gonePid() });
    expect(ownerIn(left)?.machine).toBe(own.machine);
    expect(await sweep()).toEqual([]);
  });

  it('stay while their process runs, whoever asks', async () => {
    const child = begin('sleep', ['60']);
    const pid = child.pid ?? 0;
    const of = { ...own, pid, start: isLinux ? startOf(pid) : '0' };
    const names = [folderOf(own), folderOf(of)].toSorted();
    expect(await sweep()).toEqual(names);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await sweep()).toEqual(names.filter((name) => ownerIn(name)?.pid === process.pid));
  });

  it.skipIf(!isLinux)('are removed when another process has got the id of theirs, or theirs has ended and nobody has noticed', async () => {
    folderOf({ ...own, start: own.start === 'abcdef' ? 'abcdee' : 'abcdef' });
    // Its child ends at once, and sleep does not ask for it.
    const careless = begin('sh', ['-c', `sh -c 'echo $$; exec sleep 0.3' & exec sleep 60`]);
    const [said] = (await once(careless.stdout ?? process.stdin, 'data')) as [Buffer];
    const pid = Number(String(said).trim());
    const zombie = { ...own, pid, start: startOf(pid) };
    folderOf(zombie);
    expect(await sweep()).toHaveLength(1);
    await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '), { timeout: 10_000 });
    expect(await sweep()).toEqual([]);
  });

  it('stay when they are of another machine or container, whose processes are not to be seen from here', async () => {
    const machine = own.machine === '0000' ? '0001' : '0000';
    const name = folderOf({ ...own, machine, pid: gonePid() });
    expect(await sweep()).toEqual([name]);
  });

  it('stay when they only look like ours', async () => {
    const names = [
      'lambda-tool-Ab3dE6',
      'lambda-tool-it-Ab3dE6',
      `lambda-tool-${gonePid()}`,
      `x${prefixOf({ ...own, pid: gonePid() })}Ab3dE6`,
    ];
    for (const name of names) mkdirSync(join(parent, name));
    expect(await sweep()).toEqual(names.toSorted());
  });

  it('stay when they are links or files, and what a link in them leads to stays as well', async () => {
    const dead = { ...own, pid: gonePid() };
    const precious = mkdtempSync(join(tmpdir(), 'temp-folder-precious-'));
    writeFileSync(join(precious, 'file'), 'kept');
    symlinkSync(precious, join(parent, `${prefixOf(dead)}aaaaaa`));
    writeFileSync(join(parent, `${prefixOf(dead)}bbbbbb`), '');
    symlinkSync(precious, join(parent, folderOf(dead), 'publish/out'));
    expect(await sweep()).toEqual([`${prefixOf(dead)}aaaaaa`, `${prefixOf(dead)}bbbbbb`]);
    expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('kept');
    rmSync(precious, { recursive: true });
  });

  it.skipIf(!isRoot)('of another user stay', async () => {
    const name = folderOf({ ...own, pid: gonePid() });
    chownSync(join(parent, name), OTHER_USER, OTHER_USER);
    expect(await sweep()).toEqual([name]);
  });

  it('are removed although a program has left folders in them that nothing may be removed from', async () => {
    if (isRoot) chownSync(parent, OTHER_USER, OTHER_USER);
    vi.stubEnv('TMPDIR', parent);
    await asOrdinaryUser(async () => {
      const lock = (folder: string): void => {
        mkdirSync(join(folder, 'mod/cache'), { recursive: true });
        writeFileSync(join(folder, 'mod/cache/file'), '');
        for (const path of ['mod/cache', 'mod']) chmodSync(join(folder, path), 0o555);
      };
      const left = folderOf({ ...own, pid: gonePid() });
      lock(join(parent, left));
      expect(() => rmSync(join(parent, left, 'mod'), { recursive: true })).toThrow(/EACCES/);
      expect(await sweep()).toEqual([]);
      // Node looks at TMPDIR only where real and effective user are the same.
      const used = await withTempFolder(async (folder) => {
        lock(folder);
        return folder;
      });
      expect(existsSync(used)).toBe(false);
    });
  });

  it('are no reason to fail when the folder around them cannot be read', async () => {
    await expect(sweepTempFolders(join(parent, 'nowhere'), own)).resolves.toBeUndefined();
    expect(existsSync(join(parent, 'nowhere'))).toBe(false);
  });

  it('know that a process of another user is there', async () => {
    expect(await isGone({ ...own, pid: 1, start: '0' })).toBe(false);
    expect(await isGone({ ...own, pid: gonePid() })).toBe(true);
  });
});

/** What a process with that id would call itself. */
function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return createHash('sha256').update(`${boot}/${started}`).digest('hex').slice(0, 6);
}
