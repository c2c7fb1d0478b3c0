// Bundles src/ into dist/: one entry per program, shared code split into chunks so that a command loads what it uses.
// docs/decisions/0014-commonjs-chunks.md says why the chunks are CommonJS.
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

import { build, transform } from 'esbuild';

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
  write: false,
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

for (const output of result.outputFiles) await writeAsCommonJs(output);
await writeFile(join(root, 'dist', 'package.json'), '{ "type": "commonjs" }\n');

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
written.add('dist/output.schema.json').add('dist/package.json');
const present = await readdir(join(root, 'dist'), { recursive: true, withFileTypes: true });
for (const entry of present) {
  const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
  if (entry.isFile() && !written.has(path) && !path.endsWith('.d.ts')) await rm(join(root, path), { force: true });
}
await writeTypes();
// What `--output json` prints, for programs that read it.
await copyFile(join(root, 'docs', 'output.schema.json'), join(root, 'dist', 'output.schema.json'));
if (process.argv.includes('--meta')) await writeFile(join(root, 'dist', 'meta.json'), JSON.stringify(result.metafile));

/**
 * esbuild splits ES modules only, and Node takes several times as long to load one of those as a CommonJS module: files are read through
 * promises, and all exports of its own modules are made. So the chunks are translated once more.
 */
async function writeAsCommonJs({ path, text }) {
  await mkdir(dirname(path), { recursive: true });
  if (!path.endsWith('.js')) return writeFile(path, text);
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'inline',
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__fileUrl' },
    logLevel: 'warning',
  });
  const fileUrl = code.includes('__fileUrl') ? "const __fileUrl=require('node:url').pathToFileURL(__filename).href;" : '';
  return writeFile(path, `${fileUrl}${code}`);
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
