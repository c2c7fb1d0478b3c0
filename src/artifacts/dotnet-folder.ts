import { lstat, mkdir } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { cacheHome } from './hash-cache.ts';
import { withTempFolder } from './temp-folder.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** .NET puts sockets into the temporary folder, with names of up to 60 characters; their whole path may have 107 bytes, on macOS 103. */
const LONGEST_TEMP_PATH = process.platform === 'darwin' ? 42 : 46;

/** MSBuild leaves empty folders and workers behind; the settings that `work` gets keep both from outliving it. */
export function withDotnetFolder<T>(env: Env, work: (settings: Readonly<Record<string, string>>) => Promise<T>): Promise<T> {
  return withTempFolder(async (folder) => {
    const fitsSockets = folder.length <= LONGEST_TEMP_PATH;
    return work({
      MSBUILDDISABLENODEREUSE: '1',
      UseSharedCompilation: 'false',
      ...(fitsSockets ? { TMPDIR: folder, TMP: folder, TEMP: folder, ...(await sharedLocks(env, tmpdir())) } : {}),
    });
  });
}

/**
 * Where NuGet keeps the locks by which restores side by side get along in the one folder of packages. They lie in the temporary folder,
 * and every run having one of its own they would lock nothing: https://github.com/NuGet/Home/issues/7380. So that of everybody else is
 * named, where there is one; otherwise one that all runs share and that leaves nothing there.
 */
export async function sharedLocks(env: Env, temporary: string): Promise<Readonly<Record<string, string>>> {
  if ((env['NUGET_SCRATCH'] ?? '') !== '') return {};
  const isLinux = process.platform === 'linux';
  // From .NET SDK 11.0.200 on: https://learn.microsoft.com/dotnet/core/compatibility/sdk/11/nuget-locks-directory-linux
  if (isLinux && (await isOurs(join(homedir(), '.nuget', 'locks')))) return {};
  const usual = join(temporary, `NuGetScratch${isLinux ? userName() : ''}`);
  if (await isOurs(usual)) return { NUGET_SCRATCH: usual };
  const shared = join(cacheHome(env), 'lambda-tool', 'nuget');
  const isMade = await mkdir(shared, { recursive: true, mode: 0o700 }).then(
    () => true,
    () => false,
  );
  return isMade ? { NUGET_SCRATCH: shared } : {};
}

async function isOurs(folder: string): Promise<boolean> {
  const status = await lstat(folder).catch(() => undefined);
  return status?.isDirectory() === true && (process.geteuid === undefined || status.uid === process.geteuid());
}

/** A user id in a container need not have a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}
