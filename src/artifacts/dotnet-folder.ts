import { withTempFolder } from './temp-folder.ts';

/** .NET puts sockets into the temporary folder, whose whole path may have 104 bytes on macOS; their names take up to 60. */
const LONGEST_TEMP_PATH = 40;

/** MSBuild leaves empty folders and workers behind; the settings that `work` gets keep both from outliving it. */
export function withDotnetFolder<T>(work: (env: Readonly<Record<string, string>>) => Promise<T>): Promise<T> {
  return withTempFolder((folder) => {
    const fitsSockets = folder.length <= LONGEST_TEMP_PATH;
    return work({
      MSBUILDDISABLENODEREUSE: '1',
      UseSharedCompilation: 'false',
      ...(fitsSockets ? { TMPDIR: folder, TMP: folder, TEMP: folder } : {}),
    });
  });
}
