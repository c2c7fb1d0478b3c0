// Small helpers of the scripts in this folder; nothing outside Node is used, so that they run before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program with this terminal as its own; resolves with its exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32', ...options });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal === null ? code : 1));
  });
}

/** Runs a program that has to succeed; ends this script with its exit code when it does not. */
export async function must(command, args, options = {}) {
  const code = await run(command, args, options);
  if (code !== 0) {
    console.error(`${command} ${args.join(' ')} failed with exit code ${code}`);
    process.exit(code ?? 1);
  }
}

/** Installs the dependencies when they are not there, and builds. */
export async function installAndBuild() {
  if (!existsSync(`${ROOT}node_modules/.package-lock.json`)) {
    console.log('Installing the dependencies (npm ci)…');
    await must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  console.log('Building…');
  await must(process.execPath, ['scripts/build.mjs']);
}
