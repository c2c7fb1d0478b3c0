/** Starting the daemon's process and waiting until it answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { daemonLogPath, readLogTail } from './daemon-log.ts';
import { type DaemonSettings, EXIT_PORT_TAKEN, SETTINGS_VARIABLE } from './daemon-settings.ts';
import { type EndpointRecord, findEndpointRecord } from './endpoint-file.ts';
import { askHealth } from './health.ts';
import { LocalTargetError } from './local-target-error.ts';
import { signalProcess } from './processes.ts';

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 20;
const LOG_LINES = 25;

/**
 * Starts the daemon detached and answers its record once it answers requests. Throws LocalTargetError `PORT_TAKEN`, or
 * `START_FAILED` with the last lines of its log.
 */
export async function startDaemon(folder: string, daemonEntry: string, settings: DaemonSettings): Promise<EndpointRecord> {
  const child = spawnDaemon(folder, daemonEntry, settings);
  const ended = waitForEnd(child);
  let end: string | number | undefined;
  void ended.then((reason) => {
    end = reason;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const record = findEndpointRecord(folder);
    if (record !== undefined && record.pid === child.pid && (await askHealth(record)) !== undefined) return record;
    if (end === EXIT_PORT_TAKEN) throw new LocalTargetError('PORT_TAKEN', `Port ${settings.port} is taken by another program`);
    if (end !== undefined) throw startFailed(folder, `it ended at once (${end})`);
    await Promise.race([sleep(POLL_MS), ended]);
  }
  if (child.pid !== undefined) signalProcess(child.pid, 'SIGKILL');
  throw startFailed(folder, `it did not answer within ${START_TIMEOUT_MS / 1000} seconds`);
}

function spawnDaemon(folder: string, daemonEntry: string, settings: DaemonSettings): ChildProcess {
  const log = openSync(daemonLogPath(folder), 'a', 0o600);
  try {
    const child = spawn(process.execPath, [daemonEntry, folder], {
      cwd: folder,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log, log],
      env: { ...daemonEnvironment(process.env), [SETTINGS_VARIABLE]: JSON.stringify(settings) },
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** The daemon runs user code and needs nobody's AWS account for it; NODE_OPTIONS was meant for the starter. */
function daemonEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_') && name !== 'NODE_OPTIONS'));
}

function waitForEnd(child: ChildProcess): Promise<string | number> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
}

function startFailed(folder: string, reason: string): LocalTargetError {
  const tail = readLogTail(folder, LOG_LINES).map((line) => `\n  ${line}`);
  return new LocalTargetError(
    'START_FAILED',
    `The local target could not be started: ${reason}. ${daemonLogPath(folder)} ends with:${tail.join('')}`,
  );
}
