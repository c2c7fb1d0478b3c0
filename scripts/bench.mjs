// Measures whole processes against a named peer in the same run and prints ratios: A B A B …, median of the pairs.
//   npm run bench            all rows that this machine can run
//   npm run bench -- --runs 31
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ROOT, installAndBuild } from './run.mjs';

const at = process.argv.indexOf('--runs');
const runs = at < 0 ? 21 : Number(process.argv[at + 1]);
const BIN = `${ROOT}bin/lambda-tool.js`;
const tool = (...args) => [process.execPath, [BIN, ...args]];

await installAndBuild();
const folder = mkdtempSync(join(tmpdir(), 'lambda-tool-bench-'));
const env = { ...process.env, LAMBDA_TOOL_LOCAL_HOME: join(folder, 'state') };
try {
  console.log(`Node ${process.version}, ${runs} pairs a row after one warm-up; medians\n`);
  console.log(`${'what'.padEnd(44)}${'ours'.padStart(9)}${'peer'.padStart(9)}${'ratio'.padStart(8)}${'goal'.padStart(7)}  peer`);
  const bare = [process.execPath, ['-e', '0']];
  row('--version', tool('--version'), bare, 'node -e 0', 1.5);
  row('--help', tool('--help'), bare, 'node -e 0', 2.5);
  row('deploy-serverless --help', tool('deploy-serverless', '--help'), bare, 'node -e 0', 2.5);
  unchangedDeployment();
  largeTemplates();
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

function row(title, ours, peer, peerName, goal, options = {}) {
  const count = options.runs ?? runs;
  const pairs = [];
  for (let index = 0; index <= count; index += 1) {
    const a = time(ours, options.cwd, options.env);
    const b = time(peer, options.peerCwd ?? options.cwd, options.env);
    if (index > 0) pairs.push([a, b]);
  }
  const ratio = median(pairs.map(([a, b]) => a / b));
  const ms = (values) => `${median(values).toFixed(0)} ms`;
  const wish = goal === undefined ? '' : `${goal} ×`;
  console.log(
    `${title.padEnd(44)}${ms(pairs.map(([a]) => a)).padStart(9)}${ms(pairs.map(([, b]) => b)).padStart(9)}${`${ratio.toFixed(2)} ×`.padStart(8)}${wish.padStart(7)}  ${peerName}`,
  );
  if (options.showsCost !== true) return;
  const over = median(pairs.map(([a, b]) => a - b)).toFixed(0);
  const [mine, theirs] = [ours, peer].map((command) => peakMemory(command, options.cwd, options.env));
  console.log(`${''.padEnd(44)}${over} ms over it; peak memory ${mine} MiB, of the peer ${theirs} MiB`);
}

function time([command, args], cwd, env) {
  const started = process.hrtime.bigint();
  const result = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${result.stderr}`);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
