// Pushing an image that the engine has: by the engine, and saved, compressed and sent straight over HTTP; to the local target's registry.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const MIB = 1024 * 1024;
/** What an image of dependencies is made of: some that no compression helps, more that is text. */
const LAYERS = {
  'random.bin': () => randomBytes(16 * MIB),
  'text.txt': () => Buffer.from(Array.from({ length: 3 * MIB }, () => `word ${Math.floor(Math.random() * 4096)} `).join('')),
};

/** Answers wall times in pairs, or undefined where there is no engine. With `onlyCode`, the large layers have been pushed before. */
export async function pushTimes({ folder, env, root, runs, localEnv, onlyCode }) {
  if (spawnSync('docker', ['version']).status !== 0) return undefined;
  const program = await bundle(folder, root);
  const pairs = [];
  for (let index = 0; index <= runs; index += 1) {
    // Each push is of an image that nobody has seen: engines remember what they have pushed.
    const [ours, peer] = ['http', 'engine'].map((how) => {
      const name = `lambda-tool-bench-${randomBytes(4).toString('hex')}`;
      buildImage(folder, name, onlyCode);
      const started = performance.now();
      const result = spawnSync(process.execPath, [program, how, name], { env: { ...env, ...localEnv }, encoding: 'utf8' });
      const ms = performance.now() - started;
      spawnSync('docker', ['rmi', name]);
      if (result.status !== 0) throw new Error(`the push (${how}) failed: ${result.stderr}`);
      return ms;
    });
    if (index > 0) pairs.push([ours, peer]);
  }
  return pairs;
}

function buildImage(folder, name, onlyCode) {
  const context = join(folder, 'push');
  mkdirSync(context, { recursive: true });
  for (const [file, make] of Object.entries(LAYERS))
    if (!onlyCode || !existsSync(join(context, file))) writeFileSync(join(context, file), make());
  writeFileSync(join(context, 'app.mjs'), `// ${name}\n`);
  const copies = Object.keys(LAYERS)
    .map((file) => `COPY ${file} /${file}\n`)
    .join('');
  writeFileSync(join(context, 'Dockerfile'), `FROM scratch\n${copies}COPY app.mjs /app.mjs\nENTRYPOINT ["/none"]\n`);
  const result = spawnSync('docker', ['build', '-q', '-t', name, context], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`docker build failed: ${result.stderr}`);
}

/** The publishing of an application, alone; in the mode `http` the engine says that it does not get to the registry. */
async function bundle(folder, root) {
  const place = join(folder, 'push-program');
  mkdirSync(place, { recursive: true });
  const entry = join(place, 'push-only.ts');
  const from = (path) => JSON.stringify(`${root}src/${path}`);
  writeFileSync(
    entry,
    `import { publishArtifacts } from ${from('artifacts/index.ts')};
import { findContainerEngine } from ${from('clients/docker.ts')};
import { createImageRepositories } from ${from('clients/ecr.ts')};
import { createRegistryClient } from ${from('clients/registry-push.ts')};
import { UserError } from ${from('errors.ts')};
const [, , how, reference] = process.argv;
const { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
const region = 'us-east-1';
const repositories = await createImageRepositories({ region, endpoint, credentials: async () => ({ accessKeyId, secretAccessKey }), maxAttempts: 1, retryMode: 'standard', customUserAgent: [] });
const real = await findContainerEngine({ env: process.env });
const engine = how === 'engine' ? real : { ...real, push: async () => { throw new UserError('PUSH_FAILED', 'no such host'); } };
const silent = { progress() {}, note() {}, output() {}, summary() {} };
const uses = [{ logicalId: 'Fn', resourceType: 'AWS::Lambda::Function', path: [], form: { type: 'image-uri' } }];
await publishArtifacts([{ kind: 'local-image', reference, architecture: real.architecture === 'arm64' ? 'arm64' : 'x86_64', uses }], { bucket: undefined, prefix: '', region }, {
  store: async () => { throw new Error('no store'); }, repositories: async () => repositories, registry: async () => createRegistryClient(), engine: async () => engine,
  reporter: { step: (title, work) => work(silent) }, signal: new AbortController().signal, env: process.env,
});
process.exit(0);
`,
  );
  await build({
    entryPoints: [entry],
    outdir: place,
    bundle: true,
    minify: true,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node20.19',
    external: ['dockerode'],
    logLevel: 'error',
    nodePaths: [`${root}node_modules`],
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  if (!existsSync(join(place, 'node_modules'))) {
    const { symlinkSync } = await import('node:fs');
    symlinkSync(`${root}node_modules`, join(place, 'node_modules'));
  }
  return join(place, 'push-only.mjs');
}
