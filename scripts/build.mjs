// Bundles src/ into dist/: one entry per program, shared code split into chunks so that a command loads what it uses.
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

/** Lets the parser of yargs be bundled alone: its helpers otherwise bring the tables of texts and widths that yargs' own help needs. */
const yargsWithoutSideEffects = {
  name: 'yargs-without-side-effects',
  setup(builder) {
    builder.onResolve({ filter: /platform-shims\/esm\.mjs$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path),
      sideEffects: false,
    }));
  },
};

/**
 * Writes out the names in the SDK's schemas. A computed key counts as a side effect, for which esbuild keeps the schemas of all
 * operations, also of those that nobody calls.
 */
const plainSchemaKeys = {
  name: 'plain-schema-keys',
  setup(builder) {
    builder.onLoad({ filter: /@aws-sdk\/client-[^/]+\/dist-es\/schemas\/schemas_\d+\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const names = new Map(Array.from(text.matchAll(/^const (_\w+) = ("[^"]*");$/gm), ([, name, value]) => [name, value]));
      return { contents: text.replaceAll(/\[(_\w+)\]:/g, (key, name) => (names.has(name) ? `${names.get(name)}:` : key)) };
    });
  },
};

const result = await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/main.ts',
    index: 'src/index.ts',
    'local-daemon': 'src/local/daemon.ts',
    'zip-worker': 'src/artifacts/zip-worker.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // The ES modules of packages that have both forms: split and tree-shaken, and their named exports survive a dynamic import.
  mainFields: ['module', 'main'],
  conditions: ['module'],
  // It reads .proto files beside itself and has optional native parts: bundled, it fails at run time.
  external: ['dockerode'],
  chunkNames: 'chunks/[name]-[hash]',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: 'linked',
  plugins: [yargsWithoutSideEffects, plainSchemaKeys],
  define: { LAMBDA_TOOL_VERSION: JSON.stringify(version) },
  metafile: true,
  logLevel: 'warning',
});

await giveRequire(Object.keys(result.metafile.outputs));

// The runtime of Node.js functions on the local target: one file, because it runs in a process of its own, away from our chunks.
const runtime = await build({
  absWorkingDir: root,
  entryPoints: { 'node-runtime': 'src/local/functions/node-runtime/main.mjs' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  metafile: true,
  logLevel: 'warning',
});

// What an earlier build left goes only now, so that a program that runs meanwhile finds its chunks for as long as possible.
const written = new Set([result, runtime].flatMap(({ metafile }) => Object.keys(metafile.outputs)));
written.add('dist/output.schema.json');
const present = await readdir(join(root, 'dist'), { recursive: true, withFileTypes: true });
for (const entry of present) {
  const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
  if (entry.isFile() && !written.has(path) && !path.endsWith('.d.ts')) await rm(join(root, path), { force: true });
}
await writeTypes();
// What `--output json` prints, for programs that read it.
await copyFile(join(root, 'docs', 'output.schema.json'), join(root, 'dist', 'output.schema.json'));
if (process.argv.includes('--meta')) await writeFile(join(root, 'dist', 'meta.json'), JSON.stringify(result.metafile));

/** Bundled CommonJS packages ask for Node's own modules with require, all of them through the chunk that looks for it. */
async function giveRequire(outputs) {
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const looking = [];
  for (const output of outputs.filter((path) => path.endsWith('.js'))) {
    const text = await readFile(join(root, output), 'utf8');
    if (text.includes('typeof require<"u"?require:')) looking.push({ output, text });
  }
  if (looking.length === 0) throw new Error('No chunk looks for require any more: has esbuild changed how it writes that?');
  for (const { output, text } of looking) await writeFile(join(root, output), `${banner}${text}`);
}

/** The types of the exported API; they refer to no more than these two files. */
async function writeTypes() {
  const folder = await mkdtemp(join(tmpdir(), 'lambda-tool-types-'));
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    execFileSync(process.execPath, [tsc, '-p', 'scripts/tsconfig.types.json', '--outDir', folder], { cwd: root, stdio: 'inherit' });
    for (const name of ['index', 'errors']) {
      const text = await readFile(join(folder, `${name}.d.ts`), 'utf8');
      await writeFile(join(root, 'dist', `${name}.d.ts`), text.replaceAll("'./errors.ts'", "'./errors.js'"));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
