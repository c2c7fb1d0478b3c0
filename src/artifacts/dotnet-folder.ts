import { withTempFolder } from './temp-folder.ts';

/** .NET puts sockets into the temporary folder, with names of up to 60 characters; their whole path may have 107 bytes, on macOS 103. */
const LONGEST_TEMP_PATH = process.platform === 'darwin' ? 42 : 46;

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
