/** The program of a thread that compresses: a job in, its result out, in the order they came. The build makes a file of its own of it. */
import { parentPort } from 'node:worker_threads';
import { LAST_MESSAGE, runJob, type ZipJob, type ZipResult } from './zip-jobs.ts';

const port = parentPort;
if (port === null) throw new Error('This program is one thread of lambda-tool, not a program of its own');
port.on('message', (job: ZipJob | typeof LAST_MESSAGE) => {
  if (job === LAST_MESSAGE) return port.close();
  const result = runJob(job);
  port.postMessage(result, buffersOf(result));
});

/** What is handed over and not copied. */
function buffersOf(result: ZipResult): ArrayBuffer[] {
  if (result.kind === 'failed') return [];
  return result.kind === 'files' ? [result.bytes.buffer, result.directory.buffer] : [result.bytes.buffer];
}
