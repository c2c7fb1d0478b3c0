/** console.* as on Lambda: one log event per call, with time, request and level. */
import { format } from 'node:util';

let requestId = 'undefined';

/** Taken before the function's code is loaded, which may put its own in their place. */
const writers = [process.stdout, process.stderr].map((stream) => stream.write.bind(stream));

export function setRequestId(id) {
  requestId = id;
}

export function installConsole() {
  const levels = { log: 'INFO', info: 'INFO', debug: 'DEBUG', trace: 'TRACE', warn: 'WARN', error: 'ERROR' };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...values) => {
      const stack = method === 'trace' ? `\n${(new Error().stack ?? '').split('\n').slice(2).join('\n')}` : '';
      writeRecord(level, format(...values) + stack);
    };
  }
}

/** Logs an error the way Lambda logs one that nobody caught. */
export function logError(title, document) {
  writeRecord(
    'ERROR',
    `${title} \t${JSON.stringify({ errorType: document.errorType, errorMessage: document.errorMessage, stack: document.trace })}`,
  );
}

export function logWarning(message) {
  writeRecord('WARN', message);
}

/** Done when everything that was printed has left the process: a full pipe would otherwise deliver it after the answer. */
export async function flushOutput() {
  await Promise.all(writers.map((write) => new Promise((resolve) => write('', resolve))));
}

function writeRecord(level, message) {
  // Line ends inside a record travel as carriage returns, so that the record arrives as one event.
  const record = `${new Date().toISOString()}\t${requestId}\t${level}\t${message}`.replace(/\r?\n/g, '\r');
  process.stdout.write(`${record}\n`);
}
