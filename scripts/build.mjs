// Bundles src/ into dist/: one entry per program, shared code split into chunks so that a command loads what it uses.
import { rm, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

await rm(`${root}dist`, { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/main.ts',
    index: 'src/index.ts',
    'local-daemon': 'src/local/daemon.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // It reads .proto files beside itself and has optional native parts: bundled, it fails at run time.
  external: ['dockerode'],
  chunkNames: 'chunks/[name]-[hash]',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: 'linked',
  define: { LAMBDA_TOOL_VERSION: JSON.stringify(version) },
  // Bundled CommonJS packages ask for Node's own modules with require.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  metafile: process.argv.includes('--meta'),
  logLevel: 'warning',
});
if (result.metafile !== undefined) {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(`${root}dist/meta.json`, JSON.stringify(result.metafile));
}
