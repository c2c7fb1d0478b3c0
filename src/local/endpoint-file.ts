/** What a running daemon tells those who look for it, and what the next one keeps. */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { LocalTargetError } from './local-target-error.ts';
import { writeFileAtomically } from './store.ts';

export interface EndpointRecord {
  readonly pid: number;
  readonly port: number;
  readonly endpoint: string;
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

const ENDPOINT_FILE = 'endpoint.json';
const PORT_FILE = 'port.json';

export function writeEndpointRecord(folder: string, record: EndpointRecord): void {
  writeFileAtomically(path.join(folder, ENDPOINT_FILE), JSON.stringify(record));
  // Image URIs and URLs hold the port, so it outlives the daemon.
  writeFileAtomically(path.join(folder, PORT_FILE), JSON.stringify({ port: record.port }));
}

export function findEndpointRecord(folder: string): EndpointRecord | undefined {
  return readJsonFile(path.join(folder, ENDPOINT_FILE)) as EndpointRecord | undefined;
}

/** Removes the record if it is still that of `pid`. */
export function removeEndpointRecord(folder: string, pid: number): void {
  if (findEndpointRecord(folder)?.pid === pid) rmSync(path.join(folder, ENDPOINT_FILE), { force: true });
}

/** The port that the last daemon of the folder had. */
export function findLastPort(folder: string): number | undefined {
  const record = readJsonFile(path.join(folder, PORT_FILE)) as { port: number } | undefined;
  return record?.port;
}

/** Undefined when there is no file, or one that is not JSON (a disk that was full). */
function readJsonFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new LocalTargetError(
      'FOLDER_NOT_WRITABLE',
      `The state folder ${path.dirname(file)} cannot be read: ${(error as Error).message}`,
      error,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
