/** The daemon's own log: lines with a time, in one file that is set aside when it has grown. */
import { appendFileSync, closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

const FILE_NAME = 'daemon.log';
const MAX_BYTES = 5 * 1024 * 1024;
const TAIL_BYTES = 16 * 1024;

export function daemonLogPath(folder: string): string {
  return path.join(folder, FILE_NAME);
}

/** Answers a function that writes a line. The file before the last is kept as `daemon.log.1`. */
export function createDaemonLog(folder: string): (message: string) => void {
  const file = daemonLogPath(folder);
  let size = sizeOf(file);
  return (message) => {
    const line = `${new Date().toISOString()} ${message}\n`;
    if (size > MAX_BYTES) {
      renameSync(file, `${file}.1`);
      size = 0;
    }
    appendFileSync(file, line, { mode: 0o600 });
    size += Buffer.byteLength(line);
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last lines of the log; none when there is no log. */
export function readLogTail(folder: string, lines: number): readonly string[] {
  const file = daemonLogPath(folder);
  if (sizeOf(file) === 0) return [];
  const descriptor = openSync(file, 'r');
  try {
    const length = Math.min(fstatSync(descriptor).size, TAIL_BYTES);
    const buffer = Buffer.alloc(length);
    readSync(descriptor, buffer, 0, length, fstatSync(descriptor).size - length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines);
  } finally {
    closeSync(descriptor);
  }
}
