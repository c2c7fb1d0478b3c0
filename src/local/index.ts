/**
 * The only door of the local target: a small AWS on this machine. It runs as a process of its own and is reached through its
 * endpoint URL alone. Every error thrown here is a LocalTargetError.
 */
import { accessSync, constants, existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findSecrets, type LocalCredentials } from './credentials.ts';
import { type EndpointRecord, findEndpointRecord, removeEndpointRecord } from './endpoint-file.ts';
import { askHealth, askToStop } from './health.ts';
import { STATE_NAMES } from './local-folder.ts';
import { LocalTargetError } from './local-target-error.ts';
import { findCommandLine, isProcessAlive, signalProcess } from './processes.ts';
import { startDaemon } from './start-daemon.ts';
import { withStartLock } from './start-lock.ts';
import { makePrivateFolder } from './store.ts';
import { LOCAL_ACCOUNT_ID } from './types.ts';

export { localAddresses } from './addresses.ts';
export { defaultLocalFolder } from './local-folder.ts';
export { LocalTargetError } from './local-target-error.ts';
export { readLocalLogs } from './read-logs.ts';

/** A local target that runs. */
export interface LocalTarget {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** `127.0.0.1:<port>`, the host of image URIs. */
  readonly registry: string;
  readonly port: number;
  readonly pid: number;
  /** The state folder. */
  readonly folder: string;
  readonly version: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** What to use when nobody says otherwise; every region answers. */
  readonly region: string;
  readonly accountId: string;
}

export interface EnsureOptions {
  /** State folder; made when missing. One daemon serves one folder. */
  readonly folder: string;
  /** Only this port. Otherwise the one of last time, 4577, or the next free one. */
  readonly port?: number | undefined;
  /** Absolute path of the daemon's program. */
  readonly daemonEntry: string;
  /** A daemon of another version is restarted; its state stays. */
  readonly version: string;
}

const STOP_TIMEOUT_MS = 10_000;
const STOP_POLL_MS = 20;

/**
 * Answers the local target of the folder, started if it does not run. Throws LocalTargetError `PORT_TAKEN`,
 * `RUNNING_ON_OTHER_PORT`, `FOLDER_NOT_WRITABLE` or `START_FAILED`.
 */
export async function ensureLocalTarget(options: EnsureOptions): Promise<LocalTarget> {
  const running = await findUsable(options);
  if (running !== undefined) return running;
  makeFolder(options.folder);
  return withStartLock(options.folder, async () => {
    const startedMeanwhile = await findUsable(options);
    if (startedMeanwhile !== undefined) return startedMeanwhile;
    await stopLocalTarget(options.folder);
    const settings = { version: options.version, port: options.port };
    return describe(options.folder, await startDaemon(options.folder, options.daemonEntry, settings));
  });
}

async function findUsable(options: EnsureOptions): Promise<LocalTarget | undefined> {
  const target = await findLocalTarget(options.folder);
  if (target === undefined || target.version !== options.version) return undefined;
  if (options.port === undefined || options.port === target.port) return target;
  throw new LocalTargetError(
    'RUNNING_ON_OTHER_PORT',
    `The local target runs on port ${target.port} already; addresses of what is deployed hold that port. Stop it first (lambda-tool local stop) to move it to port ${options.port}`,
  );
}

function makeFolder(folder: string): void {
  try {
    makePrivateFolder(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new LocalTargetError('FOLDER_NOT_WRITABLE', `The state folder ${folder} cannot be written: ${(error as Error).message}`, error);
  }
}

/** The local target of the folder, if it runs and answers. */
export async function findLocalTarget(folder: string): Promise<LocalTarget | undefined> {
  const record = findEndpointRecord(folder);
  const health = await askHealth(record);
  return record === undefined || health === undefined ? undefined : describe(folder, record);
}

function describe(folder: string, record: EndpointRecord): LocalTarget {
  const secrets = findSecrets(folder);
  if (secrets === undefined)
    throw new LocalTargetError('START_FAILED', `The credentials in ${folder} are gone while the local target runs`);
  const credentials: LocalCredentials = { accessKeyId: secrets.accessKeyId, secretAccessKey: secrets.secretAccessKey };
  const { endpoint, pid, port, version } = record;
  return {
    endpoint,
    registry: `127.0.0.1:${port}`,
    port,
    pid,
    folder,
    version,
    credentials,
    region: 'us-east-1',
    accountId: LOCAL_ACCOUNT_ID,
  };
}

/**
 * Stops the daemon of the folder, its functions and containers; state stays. Answers whether one ran. What has not ended
 * after ten seconds is killed. Throws LocalTargetError `STOP_FAILED` when it lives on.
 */
export async function stopLocalTarget(folder: string): Promise<boolean> {
  const record = findEndpointRecord(folder);
  if (record === undefined) return false;
  const answers = (await askHealth(record)) !== undefined;
  if (!answers && !(await isOurs(record, folder))) {
    removeEndpointRecord(folder, record.pid);
    return false;
  }
  const token = answers ? findSecrets(folder)?.controlToken : undefined;
  if (token === undefined || !(await askToStop(record, token))) signalProcess(record.pid, 'SIGTERM');
  if (!(await waitForEnd(record.pid))) {
    signalProcess(record.pid, 'SIGKILL');
    if (!(await waitForEnd(record.pid)))
      throw new LocalTargetError('STOP_FAILED', `Process ${record.pid} of the local target does not end`);
  }
  removeEndpointRecord(folder, record.pid);
  return true;
}

/** A daemon that hangs does not answer, but its command line still says whose it is. */
async function isOurs(record: EndpointRecord, folder: string): Promise<boolean> {
  return isProcessAlive(record.pid) && (await findCommandLine(record.pid))?.includes(folder) === true;
}

async function waitForEnd(pid: number): Promise<boolean> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isProcessAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(STOP_POLL_MS);
  }
  return true;
}

/** Stops the daemon and deletes its state, credentials and port included. Other files that lie in the folder stay. */
export async function resetLocalTarget(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  await withStartLock(folder, async () => {
    await stopLocalTarget(folder);
    for (const name of STATE_NAMES) rmSync(path.join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  });
  if (readdirSync(folder).length === 0) removeEmpty(folder);
}

/** The folder itself may stay: in one that is not ours to change, or when it is a mount or a link, it cannot be removed. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!/^(?:EACCES|EPERM|EROFS|EBUSY|ENOTEMPTY|EEXIST|ENOENT|ENOTDIR)$/.test(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}
