import { setImmediate } from 'node:timers/promises';

/** So long may this thread be busy before signals, progress and requests under way get their turn. */
const BUSY_MS = 12;

/**
 * For loops over many small files. Asking the system and waiting for its answer is several times quicker than a
 * promise for each call: with 5,000 files that is most of the time of a run. Call and await the result between files;
 * it throws when the signal has been given.
 */
export function pauses(signal: AbortSignal | undefined): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < BUSY_MS) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
      signal?.throwIfAborted();
    });
  };
}
