import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { systemClock } from './clock.ts';
import { run } from './run.ts';
import { VERSION } from './version.ts';

/** The process: arguments, signals, streams and the exit code. The only file that sets it. */
export async function main(): Promise<void> {
  const distFolder = dirname(fileURLToPath(import.meta.url));
  const interrupt = listenForInterrupts();
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  process.exitCode = await run({
    args: process.argv.slice(2),
    cwd: process.cwd(),
    env: process.env,
    streams: { stdout: process.stdout, stderr: process.stderr },
    interactive: process.stdin.isTTY && process.stderr.isTTY && !process.env['CI'],
    signal: interrupt,
    clock: systemClock,
    installation: { version: VERSION, distFolder, templatesFolder: join(distFolder, '..', 'templates') },
  });
  // Idle connections and warm pools must not keep a finished command alive.
  await Promise.all([drain(process.stdout), drain(process.stderr)]);
  process.exit();
}

/** The first signal asks the run to stop, the second one ends the process at once. */
function listenForInterrupts(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
      controller.abort();
    });
  }
  return controller.signal;
}

/** `lambda-tool … | head` closes the pipe early: that is no failure. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function drain(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
