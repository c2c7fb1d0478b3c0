// Measures whole processes against a named peer in the same run and prints ratios: A B A B …, median of the pairs.
//   npm run bench            all rows that this machine can run
//   npm run bench -- --runs 31
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
    row('unchanged small application', ours, [process.execPath, ['-e', '0']], 'node -e 0 (aws is not here)', undefined, { env, cwd: project });
    return;
  }
  const exported = JSON.parse(spawnSync(...tool('local', 'env', '--output', 'json'), { env, encoding: 'utf8' }).stdout).result;
  const awsProject = join(folder, 'aws-app');
  cpSync(project, awsProject, { recursive: true });
  const script = join(awsProject, 'deploy.sh');
  writeFileSync(
    script,
    `set -e
aws cloudformation package --template-file serverless.template --s3-bucket bench-artifacts --output-template-file out.yaml
aws cloudformation deploy --template-file out.yaml --stack-name BenchAws --no-fail-on-empty-changeset --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND
`,
  );
  row('unchanged small application', ours, ['sh', [script]], 'aws cloudformation package + deploy', 0.25, {
    env: { ...env, ...exported },
    cwd: project,
    peerCwd: awsProject,
    runs: Math.min(runs, 7),
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
  const ratio = median(pairs.map(([a, b]) => a / b));
  const ms = (values) => `${median(values).toFixed(0)} ms`;
  const wish = goal === undefined ? '' : `${goal} ×`;
  console.log(
    `${title.padEnd(44)}${ms(pairs.map(([a]) => a)).padStart(9)}${ms(pairs.map(([, b]) => b)).padStart(9)}${`${ratio.toFixed(2)} ×`.padStart(8)}${wish.padStart(7)}  ${peerName}`,
  );
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
