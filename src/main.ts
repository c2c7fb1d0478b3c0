import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { systemClock } from './clock.ts';
import { isCi } from './output/index.ts';
import { EXIT } from './exit-codes.ts';
import { createInterrupts, type Interrupts } from './interrupts.ts';
import { run } from './run.ts';
import { VERSION } from './version.ts';

/** The interrupts that came while the program was loaded, and who has listened for them. */
export interface EarlyInterrupts {
  readonly names: readonly ('SIGINT' | 'SIGTERM' | 'SIGHUP')[];
  readonly signals: readonly ('SIGINT' | 'SIGTERM' | 'SIGHUP')[];
  readonly listener: (name: NodeJS.Signals) => void;
}

/** The process: arguments, signals, streams and the exit code. The only file that sets it. */
export async function main(early: EarlyInterrupts): Promise<void> {
  const distFolder = dirname(fileURLToPath(import.meta.url));
  const interrupts = listenForInterrupts(early);
  // Looked at when the work is done: what it does must not end half way because nobody listens.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const cwd = currentDirectory();
  if (cwd === undefined) {
    process.stderr.write('The directory you are in does not exist any more. Go to another one, then run it again.\n');
    process.exitCode = EXIT.failed;
    return;
  }
  process.exitCode = await run({
    args: process.argv.slice(2),
    cwd,
    env: process.env,
    streams: { stdout: process.stdout, stderr: process.stderr },
    interactive: process.stdin.isTTY && process.stderr.isTTY && !isCi(process.env),
    interrupts,
    clock: systemClock,
    installation: { version: VERSION, distFolder, templatesFolder: join(distFolder, '..', 'templates') },
  });
  // Idle connections and warm pools must not keep a finished command alive.
  await Promise.all([drain(process.stdout), drain(process.stderr)]);
  const lost = [process.stdout, process.stderr].map((stream) => stream.errored).find((error) => error !== null && !isClosedPipe(error));
  if (lost) {
    process.exitCode = process.exitCode === EXIT.done ? EXIT.failed : process.exitCode;
    process.stderr.write(`The output could not be written: ${lost.message}\n`);
  }
  process.exit();
}

/** Undefined when somebody has removed it. */
function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** The first signal asks the run to stop, a second one ends the process at once. */
function listenForInterrupts({ names, signals, listener }: EarlyInterrupts): Interrupts {
  const interrupts = createInterrupts();
  for (const name of names) {
    process.on(name, () => {
      if (interrupts.interrupt(name) === 'first') return;
      // Rows that moved end where they are.
      if (process.stderr.isTTY) process.stderr.write('\n');
      process.exit(EXIT.interrupted);
    });
    process.off(name, listener);
  }
  for (const name of signals) interrupts.interrupt(name);
  return interrupts;
}

/** `lambda-tool … | head` closes the pipe early: that is no failure. */
function isClosedPipe(error: Error): boolean {
  return 'code' in error && error.code === 'EPIPE';
}

function drain(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
