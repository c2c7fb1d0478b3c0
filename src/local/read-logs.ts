/** Function logs for a person, read from the state folder: they can be read while the target is stopped as well. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DATA_FOLDER } from './local-folder.ts';
import { createLogFiles } from './services/logs/log-files.ts';
import { createStore } from './store.ts';

export interface LocalLogEvent {
  readonly timestampMs: number;
  /** `/aws/lambda/<function>` */
  readonly group: string;
  readonly stream: string;
  readonly message: string;
}

export interface ReadLogsOptions {
  /** Part of the name of a function or log group; all of them without it. */
  readonly name?: string | undefined;
  /** Go on until the signal is aborted. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

const POLL_MS = 300;

/** The events of the groups asked for, in the order of their time; with `follow` also those to come. */
export async function* readLocalLogs(folder: string, options: ReadLogsOptions): AsyncGenerator<LocalLogEvent> {
  const told = new Map<string, number>();
  for (;;) {
    yield* newEvents(folder, options.name, told);
    if (!options.follow) return;
    try {
      await sleep(POLL_MS, undefined, { signal: options.signal });
    } catch (error) {
      if (options.signal.aborted) return;
      throw error;
    }
  }
}

/** Opened anew at each look, because another process writes. */
function newEvents(folder: string, name: string | undefined, told: Map<string, number>): LocalLogEvent[] {
  const files = createLogFiles(createStore(path.join(folder, DATA_FOLDER)));
  const events: LocalLogEvent[] = [];
  for (const group of files.groups()) {
    if (name !== undefined && !group.name.toLowerCase().includes(name.toLowerCase())) continue;
    for (const stream of files.streams(group.name)) {
      const key = `${group.name}\0${stream.name}`;
      const all = files.read(group.name, stream.name);
      const fresh = all.slice(told.get(key) ?? 0);
      told.set(key, all.length);
      events.push(...fresh.map(({ timestampMs, message }) => ({ timestampMs, message, group: group.name, stream: stream.name })));
    }
  }
  return events.toSorted((a, b) => a.timestampMs - b.timestampMs);
}
