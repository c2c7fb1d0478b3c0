import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The daemon's program, bundled as for the package. It lies in the repository because dockerode stays outside the bundle. */
export async function bundleDaemon(): Promise<{ readonly entry: string; remove(): Promise<void> }> {
  const cache = path.join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, 'local-daemon-'));
  const entry = path.join(folder, 'local-daemon.mjs');
  const shared = {
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  } satisfies BuildOptions;
  await build({
    ...shared,
    entryPoints: ['src/local/daemon.ts'],
    outfile: entry,
    external: ['dockerode'],
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  // What Node.js functions run with is a file of its own.
  await build({ ...shared, entryPoints: ['src/local/functions/node-runtime/main.mjs'], outfile: path.join(folder, 'node-runtime.mjs') });
  return { entry, remove: () => rm(folder, { recursive: true, force: true }) };
}
