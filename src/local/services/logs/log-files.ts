/** Log groups on disk: a record for each group, an append-only file for each stream, both bounded. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../types.ts';

/** A stream that grows beyond this many bytes loses its older half. */
const MAX_STREAM_BYTES = 8 * 1024 * 1024;
/** A group keeps this many streams, the newest. */
const MAX_STREAMS = 200;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface LogGroup {
  readonly name: string;
  readonly createdMs: number;
  readonly retentionDays?: number | undefined;
}

export interface LogEvent {
  readonly timestampMs: number;
  readonly ingestedMs: number;
  readonly message: string;
  /** Unique in its stream. */
  readonly id: string;
}

export interface LogStream {
  readonly name: string;
  readonly createdMs: number;
  /** Of the last append. */
  readonly changedMs: number;
  readonly sizeBytes: number;
}

export interface LogFiles {
  group(name: string): LogGroup | undefined;
  groups(): readonly LogGroup[];
  putGroup(group: LogGroup): void;
  deleteGroup(name: string): void;
  /** Oldest first. */
  streams(group: string): readonly LogStream[];
  hasStream(group: string, stream: string): boolean;
  createStream(group: string, stream: string): void;
  append(group: string, stream: string, message: string, timestampMs?: number): void;
  /** In the order they came in. */
  read(group: string, stream: string): readonly LogEvent[];
}

interface Known {
  readonly file: string;
  bytes: number;
}

export function createLogFiles(store: Store): LogFiles {
  const records = store.collection<LogGroup>('log-groups');
  const folderOf = (group: string): string => join(store.folder, 'logs', hash(group));
  const known = new Map<string, Known>();

  function stream(group: string, name: string): Known {
    const key = `${group}\0${name}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const file = join(folderOf(group), `${hash(name)}.ndjson`);
    if (!existsSync(file)) {
      mkdirSync(folderOf(group), { recursive: true, mode: 0o700 });
      writeFileSync(file, `${JSON.stringify({ name, createdMs: Date.now() })}\n`, { mode: 0o600 });
      dropOldStreams(folderOf(group), records.get(group)?.retentionDays, file);
    }
    const opened = { file, bytes: statSync(file).size };
    known.set(key, opened);
    return opened;
  }

  function forget(group: string): void {
    for (const key of known.keys()) if (key.startsWith(`${group}\0`)) known.delete(key);
  }

  return {
    group: (name) => records.get(name),
    groups: () => [...records.entries()].map(([, group]) => group),
    putGroup: (group) => records.put(group.name, group),
    deleteGroup(name) {
      records.delete(name);
      forget(name);
      rmSync(folderOf(name), { recursive: true, force: true });
    },
    streams: (group) => listStreams(folderOf(group)),
    hasStream: (group, name) => existsSync(join(folderOf(group), `${hash(name)}.ndjson`)),
    createStream: (group, name) => void stream(group, name),
    append(group, name, message, timestampMs = Date.now()) {
      if (records.get(group) === undefined) records.put(group, { name: group, createdMs: Date.now() });
      if (known.size > 10 * MAX_STREAMS) known.clear();
      const target = stream(group, name);
      const line = `${JSON.stringify({ t: timestampMs, i: Date.now(), m: message })}\n`;
      appendFileSync(target.file, line);
      target.bytes += line.length;
      if (target.bytes > MAX_STREAM_BYTES) target.bytes = halve(target.file);
    },
    read: (group, name) => readEvents(join(folderOf(group), `${hash(name)}.ndjson`)),
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function listStreams(folder: string): readonly LogStream[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => {
      const file = join(folder, name);
      const { mtimeMs, size } = statSync(file);
      const header = JSON.parse(readFileSync(file, 'utf8').split('\n', 1)[0] ?? '{}') as { name: string; createdMs: number };
      return { ...header, changedMs: mtimeMs, sizeBytes: size };
    })
    .toSorted((a, b) => a.createdMs - b.createdMs || (a.name < b.name ? -1 : 1));
}

function dropOldStreams(folder: string, retentionDays: number | undefined, keep: string): void {
  const files = readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((file) => file !== keep)
    .map((file) => ({ file, changedMs: statSync(file).mtimeMs }))
    .toSorted((a, b) => b.changedMs - a.changedMs);
  const oldest = retentionDays === undefined ? 0 : Date.now() - retentionDays * DAY_MS;
  files.forEach(({ file, changedMs }, index) => {
    if (index >= MAX_STREAMS - 1 || changedMs < oldest) rmSync(file, { force: true });
  });
}

function halve(file: string): number {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const text = `${[header, ...lines.slice(Math.floor(lines.length / 2))].join('\n')}\n`;
  writeFileSync(file, text);
  return Buffer.byteLength(text);
}

function readEvents(file: string): readonly LogEvent[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(1);
  // The last line may have been cut off by a kill.
  return lines.flatMap((line, index) => {
    if (line === '' || !line.endsWith('}')) return [];
    const { i, m, t } = JSON.parse(line) as { i: number; m: string; t: number };
    return [{ timestampMs: t, ingestedMs: i, message: m, id: String(i).padStart(20, '0') + String(index).padStart(16, '0') }];
  });
}
