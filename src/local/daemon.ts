/** The process of the local target: `node local-daemon.js <state folder>`, started by `index.ts`. */
import { type DaemonSettings, EXIT_PORT_TAKEN, SETTINGS_VARIABLE } from './daemon-settings.ts';
import { runDaemon } from './run-daemon.ts';

/** Answers the exit code. What goes wrong goes to stderr, which the starter has put into the log. */
async function main(): Promise<number> {
  const folder = process.argv[2];
  const settings = process.env[SETTINGS_VARIABLE];
  // Functions inherit from this environment, and it is not for them.
  delete process.env[SETTINGS_VARIABLE];
  if (folder === undefined || settings === undefined) {
    process.stderr.write('This program is started by lambda-tool: lambda-tool local start\n');
    return 2;
  }
  try {
    await runDaemon(folder, JSON.parse(settings) as DaemonSettings);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? EXIT_PORT_TAKEN : 1;
  }
}

// Sockets and pools that a service has left open must not keep a stopped daemon alive.
// oxlint-disable-next-line unicorn/no-process-exit
void main().then((code) => process.exit(code));
