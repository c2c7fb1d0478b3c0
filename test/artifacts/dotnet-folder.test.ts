import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { sharedLocks, withDotnetFolder } from '../../src/artifacts/dotnet-folder.ts';
import { whyNoDotnet } from '../support/dotnet.ts';

const noDotnet = await whyNoDotnet();
if (noDotnet !== undefined) console.log(`Where NuGet keeps its locks is not tested: ${noDotnet}`);

describe.skipIf(process.platform !== 'linux')('the locks of NuGet', () => {
  let folder: string;
  let env: Record<string, string>;
  let usual: string;
  const shared = (): string => join(folder, 'cache/lambda-tool/nuget');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dotnet-folder-'));
    mkdirSync(join(folder, 'tmp'));
    env = { XDG_CACHE_HOME: join(folder, 'cache'), HOME: folder };
    usual = join(folder, 'tmp', `NuGetScratch${userInfo().username}`);
    vi.stubEnv('HOME', folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  const locks = () => sharedLocks(env, join(folder, 'tmp'));

  it('are those of every other dotnet of the user, where there are any', async () => {
    mkdirSync(usual);
    expect(await locks()).toEqual({ NUGET_SCRATCH: usual });
    expect(existsSync(shared())).toBe(false);
  });

  it('are shared by all runs where nobody has any, and nothing is left in the temporary folder', async () => {
    expect(await locks()).toEqual({ NUGET_SCRATCH: shared() });
    expect(await locks()).toEqual({ NUGET_SCRATCH: shared() });
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  it('are not those of somebody else', async () => {
    symlinkSync(folder, usual);
    expect(await locks()).toEqual({ NUGET_SCRATCH: shared() });
    rmSync(usual);
    mkdirSync(usual);
    if (process.getuid?.() === 0) chownSync(usual, 65_534, 65_534);
    else rmSync(usual, { recursive: true });
    expect(await locks()).toEqual({ NUGET_SCRATCH: shared() });
  });

  it('are left to the user who has named a folder, and to a dotnet that keeps them in the home folder', async () => {
    env['NUGET_SCRATCH'] = '/elsewhere';
    expect(await locks()).toEqual({});
    delete env['NUGET_SCRATCH'];
    mkdirSync(join(folder, '.nuget/locks'), { recursive: true });
    expect(await locks()).toEqual({});
  });

  it('are where they were when no folder can be made', async () => {
    writeFileSync(join(folder, 'cache'), 'in the way');
    expect(await locks()).toEqual({});
  });

  it.skipIf(noDotnet !== undefined)('are kept by dotnet where it is told', async () => {
    writeFileSync(
      join(folder, 'p.csproj'),
      '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>',
    );
    const end = await withDotnetFolder(env, (settings) =>
      Promise.resolve(
        spawnSync('dotnet', ['restore'], {
          cwd: folder,
          env: {
            ...process.env,
            ...env,
            ...settings,
            TMPDIR: join(folder, 'tmp'),
            NUGET_SCRATCH: shared(),
            NUGET_PACKAGES: join(folder, 'packages'),
          },
          encoding: 'utf8',
        }),
      ),
    );
    expect(end.status, end.stdout).toBe(0);
    expect(readdirSync(shared())).toEqual([expect.stringMatching(/^locks?$/)]);
    expect(readdirSync(join(folder, 'tmp')).filter((name) => name.startsWith('NuGet'))).toEqual([]);
  });
});
