import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildBaseImage, filesBelow, optionalLibraries, sharedLibraries } from './base-image.ts';
import { run } from './run.ts';

/** What Lambda's own base image does: a handler with `::` is loaded from a class library, any other is an executable assembly. */
const ENTRY_POINT = `#!/bin/sh
handler="\${1:-$_HANDLER}"
export _HANDLER="$handler"
cd "$LAMBDA_TASK_ROOT" || exit 1
case "$handler" in
  *::*) exec dotnet exec --runtimeconfig "\${handler%%::*}.runtimeconfig.json" /var/runtime/bootstrap.dll "$handler" ;;
  *) exec dotnet "$handler.dll" ;;
esac
`;

const INSTRUCTIONS = `ENV PATH=/usr/share/dotnet:/bin \\
    DOTNET_ROOT=/usr/share/dotnet \\
    DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \\
    DOTNET_EnableDiagnostics=0 \\
    LAMBDA_TASK_ROOT=/var/task \\
    LAMBDA_RUNTIME_DIR=/var/runtime
WORKDIR /var/task
ENTRYPOINT ["/lambda-entrypoint.sh"]
`;

/**
 * Builds an image that stands in for public.ecr.aws/lambda/dotnet:10: the .NET runtime of this machine with the shared
 * libraries it needs, a shell, and the loader in `bootstrapFolder` (see `DotnetFeed`). Answers with a function that removes it.
 */
export async function buildDotnetBaseImage(tag: string, bootstrapFolder: string): Promise<() => Promise<void>> {
  const { root, parts } = await findDotnet();
  const linked = await sharedLibraries(await nativeFiles(root, parts));
  // The runtime opens the TLS library when something is encrypted.
  const libraries = [...linked, ...(await optionalLibraries(linked, ['libssl.so.3', 'libcrypto.so.3']))];
  return buildBaseImage(tag, INSTRUCTIONS, async (files) => {
    await files.text('lambda-entrypoint.sh', ENTRY_POINT, 0o755);
    await files.folder(bootstrapFolder, 'var/runtime');
    await files.file(join(root, 'dotnet'), 'usr/share/dotnet/dotnet');
    for (const part of parts) await files.folder(join(root, part), join('usr/share/dotnet', part));
    for (const library of libraries) await files.file(library, library);
  });
}

/** The folders of the newest .NET 10 on this machine that an application needs to run. */
async function findDotnet(): Promise<{ root: string; parts: string[] }> {
  const { output } = await run('dotnet', ['--list-runtimes']);
  const found = [...output.matchAll(/^(\S+) (10\.\S+) \[(.+)\]$/gm)].map(([, name, version, folder]) => ({
    name: name ?? '',
    version: version ?? '',
    root: dirname(dirname(folder ?? '')),
  }));
  const newest = (name: string) =>
    found.filter((one) => one.name === name).toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))[0];
  const core = newest('Microsoft.NETCore.App');
  const web = newest('Microsoft.AspNetCore.App');
  if (!core || !web) throw new Error(`No ASP.NET Core 10 runtime among:\n${output}`);
  return {
    root: core.root,
    parts: ['host', `shared/Microsoft.NETCore.App/${core.version}`, `shared/Microsoft.AspNetCore.App/${web.version}`],
  };
}

async function nativeFiles(root: string, parts: readonly string[]): Promise<string[]> {
  const binaries = [join(root, 'dotnet')];
  for (const part of parts) {
    const paths = await filesBelow(join(root, part));
    binaries.push(...paths.filter((path) => path.endsWith('.so')).map((path) => join(root, part, path)));
  }
  for (const binary of binaries) await stat(binary);
  return binaries;
}
