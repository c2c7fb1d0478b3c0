// Measures whole processes against a named peer in the same run and prints ratios: A B A B …, median of the pairs.
//   npm run bench            all rows that this machine can run
//   npm run bench -- --runs 31
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pushTimes } from './bench-push.mjs';
import { ROOT, installAndBuild } from './run.mjs';

const at = process.argv.indexOf('--runs');
const runs = at < 0 ? 21 : Number(process.argv[at + 1]);
const BIN = `${ROOT}bin/lambda-tool.js`;
const tool = (...args) => [process.execPath, [BIN, ...args]];

await installAndBuild();
const folder = mkdtempSync(join(tmpdir(), 'lambda-tool-bench-'));
// Compiled code, hashes and zips of an earlier run would not be a fair start; within this one they are part of what is measured.
const caches = join(folder, 'cache');
const env = {
  ...process.env,
  LAMBDA_TOOL_LOCAL_HOME: join(folder, 'state'),
  XDG_CACHE_HOME: caches,
  LOCALAPPDATA: process.platform === 'win32' ? caches : undefined,
};
try {
  console.log(`Node ${process.version}, ${runs} pairs a row after one warm-up; medians\n`);
  console.log(`${'what'.padEnd(44)}${'ours'.padStart(9)}${'peer'.padStart(9)}${'ratio'.padStart(8)}${'goal'.padStart(7)}  peer`);
  const bare = [process.execPath, ['-e', '0']];
  row('--version', tool('--version'), bare, 'node -e 0', 1.5);
  row('--help', tool('--help'), bare, 'node -e 0', 2.5);
  row('deploy-serverless --help', tool('deploy-serverless', '--help'), bare, 'node -e 0', 2.5);
  unchangedDeployment();
  largeTemplates();
  await zipRows();
  await pushRow();
  await endOfStackRow();
} finally {
  spawnSync(...tool('local', 'stop'), { env });
  rmSync(folder, { recursive: true, force: true });
}

/** The same small application deployed again, by us and by the two commands of the AWS CLI, to the same local target. */
function unchangedDeployment() {
  const project = join(folder, 'app');
  spawnSync(...tool('new', 'node', '--name', 'Bench', '-o', project), { env, stdio: 'ignore' });
  const ours = tool('deploy-serverless', '-sn', 'Bench', '-sb', 'bench-artifacts', '--local');
  const first = spawnSync(...ours, { env, cwd: project, encoding: 'utf8' });
  if (first.status !== 0) throw new Error(`The first deployment failed: ${first.stderr}`);
  if (spawnSync('aws', ['--version']).status !== 0) {
    row('unchanged small application', ours, [process.execPath, ['-e', '0']], 'node -e 0 (aws is not here)', undefined, {
      env,
      cwd: project,
    });
    return;
  }
  const exported = JSON.parse(spawnSync(...tool('local', 'env', '--output', 'json'), { env, encoding: 'utf8' }).stdout).result;
  const awsProject = join(folder, 'aws-app');
  cpSync(project, awsProject, { recursive: true });
  const script = join(awsProject, 'deploy.sh');
  writeFileSync(
    script,
    `set -e
aws cloudformation package --template-file serverless.template --s3-bucket bench-artifacts --output-template-file ../aws-out.yaml
aws cloudformation deploy --template-file ../aws-out.yaml --stack-name BenchAws --no-fail-on-empty-changeset --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND
`,
  );
  row('unchanged small application', ours, ['sh', [script]], 'aws cloudformation package + deploy', 0.25, {
    env: { ...env, ...exported },
    cwd: project,
    peerCwd: awsProject,
    runs: Math.min(runs, 7),
  });
}

/** package-ci of large templates that refer to nothing here: what it costs to read, plan and write them. */
function largeTemplates() {
  const large = join(folder, 'large');
  mkdirSync(large);
  writeFileSync(join(large, '1mb.yaml'), largeTemplate(500, 1_800));
  writeFileSync(join(large, '500.yaml'), largeTemplate(500, 0));
  writeFileSync(join(large, '500.json'), JSON.stringify(jsonTemplate(500), null, 2));
  const hasAws = spawnSync('aws', ['--version']).status === 0;
  const exported = hasAws
    ? JSON.parse(spawnSync(...tool('local', 'env', '--output', 'json'), { env, encoding: 'utf8' }).stdout).result
    : {};
  const size = (name) => `${(statSync(join(large, name)).size / 1e6).toFixed(2)} MB`;
  for (const [title, name] of [
    [`${size('1mb.yaml')} of YAML, nothing to publish`, '1mb.yaml'],
    ['500 resources (YAML), nothing to publish', '500.yaml'],
    ['500 resources (JSON), nothing to publish', '500.json'],
  ]) {
    const ours = tool('package-ci', '-t', name, '-ot', 'out', '-sb', 'bench-artifacts', '--local');
    const options = { env: { ...env, ...exported }, cwd: large, runs: Math.min(runs, 5), showsCost: true };
    row(title, ours, [process.execPath, ['-e', '0']], 'node -e 0', undefined, options);
    if (!hasAws) continue;
    const args = [
      'cloudformation',
      'package',
      '--template-file',
      name,
      '--s3-bucket',
      'bench-artifacts',
      '--output-template-file',
      'out-aws',
    ];
    row('', ours, ['aws', args], 'aws cloudformation package', undefined, { ...options, runs: 1, showsCost: false });
  }
}

/** YAML as people write it; every resource has about `padding` bytes of further text. */
function largeTemplate(count, padding) {
  const resources = Array.from({ length: count }, (_, index) => {
    const lines = Array.from(
      { length: Math.round(padding / 90) },
      (__, line) => `          NAME_${line}: !Sub "\${AWS::StackName}-${index}-${line} with some text around it"   # why\n`,
    );
    return `  Function${index}:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: s3://bench-artifacts/code.zip
      Handler: index.handler
      Runtime: nodejs24.x
      Environment:
        Variables:
          TABLE: !Ref Table
${lines.join('')}`;
  });
  return `Transform: AWS::Serverless-2016-10-31\nParameters:\n  Table: { Type: String, Default: x }\nResources:\n${resources.join('')}`;
}

function jsonTemplate(count) {
  const Properties = { CodeUri: 's3://bench-artifacts/code.zip', Handler: 'index.handler', Runtime: 'nodejs24.x', MemorySize: 512 };
  const entries = Array.from({ length: count }, (_, index) => [`Function${index}`, { Type: 'AWS::Serverless::Function', Properties }]);
  return { Transform: 'AWS::Serverless-2016-10-31', Resources: Object.fromEntries(entries) };
}

/** The largest resident set of a Node process, in MiB: it says so itself when it ends. */
function peakMemory([command, args], cwd, rowEnv) {
  const report = join(folder, 'peak');
  const preload = `import { writeFileSync } from 'node:fs'; process.on('exit', () => writeFileSync(${JSON.stringify(report)}, String(process.resourceUsage().maxRSS)));`;
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`, ...args];
  const result = spawnSync(command, nodeArgs, { cwd, env: rowEnv, stdio: 'ignore' });
  return result.status === 0 ? Math.round(Number(readFileSync(report, 'utf8')) / 1024) : undefined;
}

/** Zips alone against `zip -6`; zipped and uploaded to the local target against the AWS CLI. Wall time and peak memory of whole processes. */
async function zipRows() {
  const [small, large] = ['5000-files', '200-mb'].map((name) => join(folder, 'zips', name));
  for (let index = 0; index < 5000; index += 1) {
    if (index < 100) mkdirSync(join(small, `d${index}`), { recursive: true });
    // Text of 100 to 6,000 bytes, 2.4 KB in the mean: what a folder of dependencies is made of.
    const words = Array.from({ length: 8 + ((index * 7919) % 480) }, (_, word) => `${((index + word * word) * 2654435761) % 4096} of `);
    writeFileSync(join(small, `d${index % 100}`, `f${index}.js`), words.join(''));
  }
  mkdirSync(large);
  writeFileSync(join(large, 'data.bin'), randomBytes(200 * 1024 * 1024));
  // Every package is a new one.
  const change = (directory) => writeFileSync(join(directory, 'stamp.txt'), String(process.hrtime.bigint()));

  console.log(
    `\n${'zips, 3 pairs'.padEnd(44)}${'ours'.padStart(9)}${'peer'.padStart(9)}${'ratio'.padStart(8)}${'goal'.padStart(7)}  ${'peak memory, peer, ratio'.padEnd(26)}  peer`,
  );
  const measured = (title, ours, peer, peerName, goal, options) => {
    const pairs = [];
    for (let index = 0; index <= 3; index += 1) {
      options.before?.(index);
      const pair = [timeAndPeak(ours, options), timeAndPeak(peer, options)];
      if (index > 0) pairs.push(pair);
    }
    const [a, b] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
    const ms = (values) => `${median(values.map(({ ms }) => ms)).toFixed(0)} ms`.padStart(9);
    const peak = (values) => Math.max(...values.map(({ mib }) => mib ?? Number.NaN));
    // Unknown where there is no /usr/bin/time.
    const [mine, theirs] = [peak(a), peak(b)];
    const memory = Number.isNaN(mine + theirs) ? '?' : `${mine.toFixed(0)} MiB, ${theirs.toFixed(0)} MiB, ${(mine / theirs).toFixed(2)} ×`;
    const ratio = `${median(pairs.map(([ours, peer]) => ours.ms / peer.ms)).toFixed(2)} ×`.padStart(8);
    console.log(`${title.padEnd(44)}${ms(a)}${ms(b)}${ratio}${`${goal} ×`.padStart(7)}  ${memory.padEnd(26)}  ${peerName}`);
  };

  const program = await bundledZip();
  for (const [title, directory] of [
    ['zip of 5,000 small files', small],
    ['zip of 200 MB that do not compress', large],
  ]) {
    if (spawnSync('zip', ['-v']).status !== 0) {
      console.log(`${title}: skipped, zip is not on this machine`);
      continue;
    }
    const [ours, theirs] = ['ours.zip', 'theirs.zip'].map((name) => join(folder, 'zips', name));
    const before = () => [ours, theirs].forEach((file) => rmSync(file, { force: true }));
    measured(title, [process.execPath, [program, directory, ours]], ['zip', ['-6', '-q', '-r', theirs, '.']], 'zip -6', 1, {
      env,
      cwd: directory,
      before,
    });
  }

  if (spawnSync('aws', ['--version']).status !== 0) return console.log('zips to the local target: skipped, aws is not on this machine');
  const packageOf = (directory) => {
    const template = join(folder, 'zips', 'serverless.template');
    const properties = { Runtime: 'nodejs22.x', Handler: 'index.handler', CodeUri: directory };
    const Resources = { Fn: { Type: 'AWS::Serverless::Function', Properties: properties } };
    writeFileSync(template, JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', Resources }));
    return tool('package-ci', '--template', template, '-sb', 'bench-artifacts', '--output-template', `${template}.out`, '--local');
  };
  const ours = packageOf(small);
  const awsPackage = [
    'cloudformation',
    'package',
    '--template-file',
    ours[1][3],
    '--s3-bucket',
    'bench-artifacts',
    '--output-template-file',
  ];
  const first = spawnSync(...ours, { env, encoding: 'utf8' });
  if (first.status !== 0) throw new Error(`Packaging failed: ${first.stderr}`);
  const exported = JSON.parse(spawnSync(...tool('local', 'env', '--output', 'json'), { env, encoding: 'utf8' }).stdout).result;
  const options = { env: { ...env, ...exported }, cwd: folder };
  const peer = ['aws', [...awsPackage, join(folder, 'zips', 'aws.out')]];
  const forgetZips = () =>
    ['hashes', 'zips'].forEach((name) => rmSync(join(caches, 'lambda-tool', name), { recursive: true, force: true }));
  const first5000 = () => [change(small), forgetZips()];
  measured('5,000 small files to S3, none known', ours, peer, 'aws cloudformation package', 0.3, { ...options, before: first5000 });
  measured('5,000 small files, one changed', ours, peer, 'aws cloudformation package', 0.3, { ...options, before: () => change(small) });
  measured('5,000 small files, unchanged', ours, peer, 'aws cloudformation package', 0.1, options);
  manyFunctions(measured, options);
  const copy = ['aws', ['s3', 'cp', '--only-show-errors', join(large, 'data.bin'), 's3://bench-artifacts/data.bin']];
  const before = () => change(large);
  measured('200 MB that do not compress, to S3', packageOf(large), copy, 'aws s3 cp', 1.2, { ...options, before });
}

/** A program that zips a directory, made of the same source as the tool: there is no command that does only that. */
async function bundledZip() {
  const { build } = await import('esbuild');
  const source = join(folder, 'zips', 'zip-only.ts');
  writeFileSync(
    source,
    `import { listZipContents } from ${JSON.stringify(`${ROOT}src/artifacts/zip-contents.ts`)};
import { writeZip } from ${JSON.stringify(`${ROOT}src/artifacts/zip.ts`)};
// As bin/lambda-tool.js does.
if (process.versions.v8.startsWith('11.')) process.getBuiltinModule('node:v8').setFlagsFromString('--interrupt-budget=1000000');
await writeZip(await listZipContents(process.argv[2]), process.argv[3]);
`,
  );
  await build({
    entryPoints: { 'zip-only': source, 'zip-worker': `${ROOT}src/artifacts/zip-worker.ts` },
    outdir: join(folder, 'zips', 'program'),
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  writeFileSync(join(folder, 'zips', 'program', 'package.json'), '{"type":"module"}');
  return join(folder, 'zips', 'program', 'zip-only.js');
}

/** Packages of 200 functions: a directory each, and one for all of them. */
function manyFunctions(measured, options) {
  const root = join(folder, 'many');
  const templateOf = (name, directoryOf) => {
    const Resources = {};
    for (let index = 0; index < 200; index += 1) {
      const CodeUri = directoryOf(index);
      mkdirSync(CodeUri, { recursive: true });
      writeFileSync(join(CodeUri, 'index.mjs'), `export const handler = async () => '${CodeUri}';\n// ${'some text '.repeat(100)}`);
      Resources[`Fn${index}`] = {
        Type: 'AWS::Serverless::Function',
        Properties: { Runtime: 'nodejs22.x', Handler: 'index.handler', CodeUri },
      };
    }
    const path = join(root, `${name}.template`);
    writeFileSync(path, JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', Resources }));
    return path;
  };
  const stamp = (directories) => directories.forEach((path) => writeFileSync(join(path, 'stamp.txt'), String(process.hrtime.bigint())));
  const own = Array.from({ length: 200 }, (_, index) => join(root, `f${index}`));
  const shared = join(root, 'shared');
  for (const { title, name, directories, goal } of [
    { title: '200 functions, 200 directories', name: 'own', directories: own, goal: 0.3 },
    { title: '200 functions, one directory', name: 'shared', directories: [shared], goal: 0.2 },
  ]) {
    const path = templateOf(name, (index) => directories[index] ?? shared);
    const ours = tool('package-ci', '--template', path, '-sb', 'bench-artifacts', '--output-template', `${path}.out`, '--local');
    const args = ['cloudformation', 'package', '--template-file', path, '--s3-bucket', 'bench-artifacts', '--output-template-file'];
    const peer = ['aws', [...args, `${path}.aws`]];
    measured(title, ours, peer, 'aws cloudformation package', goal, { ...options, before: () => stamp(directories) });
    measured(`${title}, unchanged`, ours, peer, 'aws cloudformation package', goal, options);
  }
}

/** Peak memory is told by GNU time, where that is installed. */
function timeAndPeak([command, args], { cwd, env }) {
  if (!existsSync('/usr/bin/time')) return { ms: time([command, args], cwd, env) };
  const report = join(folder, 'peak');
  const ms = time(['/usr/bin/time', ['-o', report, '-f', '%M', command, ...args]], cwd, env);
  return { ms, mib: Number(readFileSync(report, 'utf8')) / 1024 };
}

/** Measured for the decision which of the two is the usual way (docs/decisions). */
async function pushRow() {
  const exported = spawnSync(...tool('local', 'env', '--output', 'json'), { env, encoding: 'utf8' });
  const localEnv = JSON.parse(exported.stdout).result;
  for (const [title, onlyCode] of [
    ['a new image of 46 MB, pushed over HTTP', false],
    ['only code changed in it, pushed over HTTP', true],
  ]) {
    const pairs = await pushTimes({ folder, env, root: ROOT, runs: Math.min(runs, 5), localEnv, onlyCode });
    if (pairs === undefined) return console.log('no engine here: the push of an image is not measured');
    show(title, pairs, undefined, 'pushed by the engine');
  }
}

/** How long after its end a stack is told to have ended, by the times of the local target, which has the clock of this machine. */
async function endOfStackRow() {
  const project = join(folder, 'end');
  mkdirSync(project);
  const late = [];
  // Ends fall into the fast looks of the beginning and into the usual ones, at ever other moments between two looks.
  for (let index = 0; index < 20; index += 1) {
    const hold = index % 2 === 0 ? 1_000 + index * 37 : 6_500 + index * 53;
    const probe = { Type: 'LocalTarget::Test::Probe', Properties: { HoldMs: hold } };
    writeFileSync(join(project, 'serverless.template'), JSON.stringify({ Resources: { Probe: probe } }));
    late.push(await lateness(tool('deploy-serverless', '-sn', 'BenchEnd', '--local', '--output', 'ndjson'), project));
  }
  const worst = Math.max(...late);
  const verdict = worst <= 1000 ? 'within a second' : 'NOT within a second';
  console.log(`${'end of a stack, told after'.padEnd(44)}${`${median(late)} ms`.padStart(9)}   worst of 20: ${worst} ms, ${verdict}`);
}

/** Milliseconds from the last event of the stack itself to the line that tells it. */
function lateness([command, args], cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    let late;
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const ends = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
      const end = ends.find(({ logicalId, status }) => logicalId === 'BenchEnd' && /^(CREATE|UPDATE)_COMPLETE$/.test(status));
      if (end !== undefined) late ??= Date.now() - Date.parse(end.timestamp);
    });
    child.once('close', (code) => (code === 0 && late !== undefined ? resolve(late) : reject(new Error(`No end was told: ${text}`))));
  });
}

function row(title, ours, peer, peerName, goal, options = {}) {
  const count = options.runs ?? runs;
  const pairs = [];
  for (let index = 0; index <= count; index += 1) {
    const a = time(ours, options.cwd, options.env);
    const b = time(peer, options.peerCwd ?? options.cwd, options.env);
    if (index > 0) pairs.push([a, b]);
  }
  show(title, pairs, goal, peerName);
  if (options.showsCost !== true) return;
  const over = median(pairs.map(([a, b]) => a - b)).toFixed(0);
  const [mine, theirs] = [ours, peer].map((command) => peakMemory(command, options.cwd, options.env));
  console.log(`${''.padEnd(44)}${over} ms over it; peak memory ${mine} MiB, of the peer ${theirs} MiB`);
}

function show(title, pairs, goal, peerName) {
  const ratio = median(pairs.map(([a, b]) => a / b));
  const ms = (values) => `${median(values).toFixed(0)} ms`;
  const wish = goal === undefined ? '' : `${goal} ×`;
  console.log(
    `${title.padEnd(44)}${ms(pairs.map(([a]) => a)).padStart(9)}${ms(pairs.map(([, b]) => b)).padStart(9)}${`${ratio.toFixed(2)} ×`.padStart(8)}${wish.padStart(7)}  ${peerName}`,
  );
}

function time([command, args], cwd, env) {
  const started = performance.now();
  const result = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${result.stderr}`);
  return performance.now() - started;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
