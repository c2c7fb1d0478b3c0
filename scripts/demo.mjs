// The main job on a fresh machine: a new project, deployed to the local target, its URL called.
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

import { ROOT, installAndBuild, must } from './run.mjs';

const BIN = `${ROOT}bin/lambda-tool.js`;
const PROJECT = `${ROOT}demo`;

function show(args) {
  console.log(`\n$ lambda-tool ${args.join(' ')}`);
}

await installAndBuild();
if (!existsSync(PROJECT)) {
  const args = ['new', 'node', '--name', 'Demo', '-o', 'demo'];
  show(args);
  await must(process.execPath, [BIN, ...args]);
}

const deploy = ['deploy-serverless', '-sn', 'Demo', '-sb', 'demo-artifacts', '--local'];
show(deploy);
await must(process.execPath, [BIN, ...deploy], { cwd: PROJECT });

const again = spawnSync(process.execPath, [BIN, ...deploy, '--output', 'json', '--quiet'], { cwd: PROJECT, encoding: 'utf8' });
const { outputs } = JSON.parse(again.stdout).result;
const url = Object.values(outputs).find((value) => value.startsWith('http'));
console.log(`\n$ curl ${url}`);
const response = await fetch(url);
console.log(`HTTP ${response.status}\n${await response.text()}`);
console.log(`
Change demo/src and deploy again:   cd demo && node ../bin/lambda-tool.js ${deploy.join(' ')}
See what the function has written:  node bin/lambda-tool.js local logs
Delete it:                          node bin/lambda-tool.js delete-serverless -sn Demo --local
Stop the local target:              node bin/lambda-tool.js local stop`);
process.exit(response.ok ? 0 : 1);
