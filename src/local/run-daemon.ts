/** The life of the daemon: open, answer, stop. */
import path from 'node:path';
import { assembleLocalAws } from './assemble.ts';
import { createDaemonLog } from './daemon-log.ts';
import type { DaemonSettings } from './daemon-settings.ts';
import { findEndpointRecord, findLastPort, removeEndpointRecord, writeEndpointRecord } from './endpoint-file.ts';
import { askHealth } from './health.ts';
import { DATA_FOLDER } from './local-folder.ts';
import { listenOnLoopback, type LocalServer } from './server.ts';
import { createStore, makePrivateFolder } from './store.ts';

const DEFAULT_PORT = 4577;
const OTHER_PORTS = 100;
const ORPHAN_CHECK_MS = 5000;

/** Runs until it is told to stop. Throws the system's error (`EADDRINUSE`) when the port asked for is taken. */
export async function runDaemon(folder: string, settings: DaemonSettings): Promise<void> {
  makePrivateFolder(folder);
  const log = createDaemonLog(folder);
  // A defect in one request must not take the functions and stacks of all others down.
  process.on('uncaughtException', (error) => log(`uncaught: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', (reason) =>
    log(`unhandled: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`),
  );
  if ((await askHealth(findEndpointRecord(folder))) !== undefined) throw new Error(`a daemon for ${folder} runs already`);
  const server = await openServer(folder, settings);
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const { close } = await assembleLocalAws({ folder, server, version: settings.version, log, onStop: stop });
  const startedAt = new Date().toISOString();
  writeEndpointRecord(folder, { pid: process.pid, port: server.port, endpoint: server.endpoint, version: settings.version, startedAt });
  log(`lambda-tool ${settings.version} answers on ${server.endpoint}, process ${process.pid}`);
  process.on('SIGTERM', stop).on('SIGINT', stop);
  stopWhenOrphaned(folder, stop);
  await stopped;
  removeEndpointRecord(folder, process.pid);
  await close();
  log('stopped');
}

/** The port asked for, or the one of last time, or the default, or one of the next that no address of what is deployed has. */
async function openServer(folder: string, settings: DaemonSettings): Promise<LocalServer> {
  if (settings.port !== undefined) return listenOnLoopback(settings.port);
  const last = findLastPort(folder);
  if (last !== undefined) {
    try {
      return await listenOnLoopback(last);
    } catch (error) {
      // Taken meanwhile; EACCES is how Windows says that it has reserved the port.
      if (!['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  const ofApis = createStore(path.join(folder, DATA_FOLDER)).collection<number>('api-ports').entries();
  return listenOnLoopback(DEFAULT_PORT, OTHER_PORTS, new Set([...ofApis].map(([, port]) => port)));
}

/** A state folder that was deleted, or given to another daemon, has no use for this one. */
function stopWhenOrphaned(folder: string, stop: () => void): void {
  setInterval(() => {
    if (findEndpointRecord(folder)?.pid !== process.pid) stop();
  }, ORPHAN_CHECK_MS).unref();
}
