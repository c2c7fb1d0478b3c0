// Runs the tests: builds, starts a Docker engine where one is installed but does not run, then hands over to vitest.
// --no-skips: a skipped test is a failure, unless --may-skip=TEXT is part of its title. Other arguments go to vitest.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ROOT, installAndBuild, run } from './run.mjs';

const args = process.argv.slice(2);
const noSkips = args.includes('--no-skips');
const maySkip = args.flatMap((arg) => (arg.startsWith('--may-skip=') ? [arg.slice('--may-skip='.length)] : []));
await installAndBuild();

const engine = await startEngine();
const folder = mkdtempSync(join(tmpdir(), 'lambda-tool-test-'));
// Some tests act as another user.
chmodSync(folder, 0o711);
const report = join(folder, 'report.json');
// Whatever a test or a program that it starts leaves behind goes with the folder.
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const code = await run(
  process.execPath,
  [
    vitest,
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args.filter((arg) => arg !== '--no-skips' && !arg.startsWith('--may-skip=')),
  ],
  { env: { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder } },
);
const skipped = existsSync(report) ? listSkipped(JSON.parse(readFileSync(report, 'utf8'))) : [];
const totals = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
rmSync(folder, { recursive: true, force: true });
engine?.kill();
if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((title) => `  ${title}`).join('\n')}`);
if (totals !== undefined) console.log(`\n${totals.numPassedTests} passed, ${totals.numFailedTests} failed, ${skipped.length} skipped`);
if (code !== 0) process.exit(code);
if (noSkips && skipped.some((title) => !maySkip.some((text) => title.includes(text)))) {
  console.error('Tests were skipped, and --no-skips forbids that.');
  process.exit(1);
}

function listSkipped(results) {
  return results.testResults.flatMap((file) =>
    file.assertionResults.filter((test) => test.status !== 'passed' && test.status !== 'failed').map((test) => test.fullName),
  );
}

/** An engine that answers is used as it is; one that is installed and may be started is started for this run. */
async function startEngine() {
  const socket = '/var/run/docker.sock';
  if (process.platform !== 'linux' || process.env.DOCKER_HOST !== undefined || (await answers(socket))) return undefined;
  const found = spawnSync('sh', ['-c', 'command -v dockerd'], { encoding: 'utf8' }).stdout.trim();
  if (found === '' || process.getuid() !== 0) {
    console.log(
      `No Docker engine answers, and none can be started here (${found === '' ? 'dockerd is not installed' : 'not root'}): tests with images are skipped.`,
    );
    return undefined;
  }
  console.log('Starting dockerd for the tests…');
  const child = spawn(found, [], { stdio: 'ignore', detached: true });
  child.unref();
  for (let tries = 0; tries < 60; tries += 1) {
    if (await answers(socket)) return child;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  console.log('dockerd does not come up: tests with images are skipped.');
  return child;
}

async function answers(socketPath) {
  const { request } = await import('node:http');
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once('error', () => resolve(false));
    ping.once('timeout', () => ping.destroy());
    ping.end();
  });
}
