/** Runs work over a graph: everything whose dependencies are done runs at the same time. */

export interface GraphOutcome {
  readonly done: ReadonlySet<string>;
  /** In the order in which they failed. */
  readonly failed: ReadonlyMap<string, unknown>;
}

export interface GraphOptions {
  readonly dependencies: (id: string) => Iterable<string>;
  readonly work: (id: string, signal: AbortSignal) => Promise<void>;
  /** `stop`: the first failure aborts the signal of the others and nothing new starts. `continue`: only dependants are left out. */
  readonly onFailure: 'stop' | 'continue';
  readonly signal: AbortSignal;
}

/** Never rejects: failures are in the outcome. Dependencies outside of `ids` count as done. */
export async function runGraph(ids: Iterable<string>, options: GraphOptions): Promise<GraphOutcome> {
  const waiting = new Set(ids);
  const members = new Set(waiting);
  const done = new Set<string>();
  const failed = new Map<string, unknown>();
  const running = new Map<string, Promise<void>>();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, options.signal]);
  const isReady = (id: string) => [...options.dependencies(id)].every((name) => name === id || done.has(name) || !members.has(name));
  const start = (id: string) => {
    waiting.delete(id);
    const settled = options.work(id, signal).then(
      () => void done.add(id),
      (error: unknown) => {
        failed.set(id, error);
        if (options.onFailure === 'stop') stop.abort();
      },
    );
    running.set(
      id,
      settled.finally(() => running.delete(id)),
    );
  };
  for (;;) {
    if (!signal.aborted) for (const id of waiting) if (isReady(id)) start(id);
    if (running.size === 0) {
      // A circle, as a half-done update can leave one behind: it has to be cut somewhere.
      const [first] = waiting;
      if (first === undefined || failed.size > 0 || signal.aborted) return { done, failed };
      start(first);
    }
    await Promise.race(running.values());
  }
}

/** The same edges the other way round: who has to go before `id` may. */
export function dependants(dependencies: ReadonlyMap<string, Iterable<string>>): (id: string) => readonly string[] {
  const reversed = new Map<string, string[]>();
  for (const [id, names] of dependencies) {
    for (const name of names) reversed.set(name, [...(reversed.get(name) ?? []), id]);
  }
  return (id) => reversed.get(id) ?? [];
}
