import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The file that a Node.js function is run with. In the source it is `node-runtime/main.mjs`; the build has to make one
 * file of it, `dist/node-runtime.mjs`: esbuild with the entry `src/local/functions/node-runtime/main.mjs`, `bundle`,
 * `platform: 'node'`, `format: 'esm'`, without splitting. It may lie beside the chunk with this code or one folder up.
 */
export function nodeRuntimePath(): string {
  const candidates = ['./node-runtime.mjs', '../node-runtime.mjs', './node-runtime/main.mjs'];
  const paths = candidates.map((candidate) => fileURLToPath(new URL(candidate, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`The Node.js runtime of the local target is not in the package: ${paths.join(', ')}`);
  return found;
}
