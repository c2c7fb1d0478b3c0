import type { StackEvent } from '../clients/cloudformation.ts';
import { formatSeconds } from '../output/format.ts';

/** How a bar ended. `open`: the events end before it does. `skipped`: left behind by its deletion policy. */
export type BarOutcome = 'done' | 'failed' | 'cancelled' | 'skipped' | 'open';

/** One stretch of work on a resource. Offsets are in milliseconds from the first event, by the server's clock. */
export interface TimelineBar {
  /** CloudFormation's word: `CREATE`, `UPDATE`, `DELETE`, `IMPORT` … */
  readonly action: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: BarOutcome;
  /** Whether it belongs to the way back. */
  readonly rollback: boolean;
  readonly reason?: string | undefined;
}

/** What happened to a resource: one bar, or several when it was rolled back or replaced. */
export interface TimelineRow {
  /** `Api`, or `Orders/Table` for a resource of the nested stack `Orders`. */
  readonly logicalId: string;
  readonly resourceType: string;
  /** 0 for a resource of the stack itself. */
  readonly depth: number;
  readonly bars: readonly TimelineBar[];
}

/** The waterfall of an operation. Rows come as they began, those of a nested stack right below it. */
export interface Timeline {
  /** Undefined when there were no events. */
  readonly startedAt: Date | undefined;
  readonly durationMs: number;
  readonly rows: readonly TimelineRow[];
}

/** What of an event a timeline is made of. */
export interface TimelineEvent extends Pick<
  StackEvent,
  'timestamp' | 'logicalId' | 'physicalId' | 'resourceType' | 'status' | 'reason' | 'stackId'
> {
  /** Logical ids of the nested stacks that lead to it. */
  readonly path?: readonly string[] | undefined;
}

interface OpenBar {
  action: string;
  startMs: number;
  rollback: boolean;
}

interface OpenRow {
  readonly logicalId: string;
  readonly resourceType: string;
  readonly bars: TimelineBar[];
  open: OpenBar | undefined;
}

const STATUS = /^([A-Z_]+)_(IN_PROGRESS|COMPLETE|FAILED|SKIPPED)$/;
const CANCELLED = /cancelled$/i;

/**
 * The waterfall of one operation from its events, oldest first, those of nested stacks included. A clock that is
 * wrong here does not matter: only the times that the service gave are used.
 */
export function buildTimeline(events: readonly TimelineEvent[]): Timeline {
  const [first] = events;
  if (first === undefined) return { startedAt: undefined, durationMs: 0, rows: [] };
  const begin = events.reduce((least, { timestamp }) => Math.min(least, timestamp.getTime()), first.timestamp.getTime());
  const end = events.reduce((most, { timestamp }) => Math.max(most, timestamp.getTime()), begin);
  const rows = new Map<string, OpenRow>();
  const goingBack = new Set<string>();
  for (const event of events) {
    if (event.physicalId === event.stackId) noteDirection(goingBack, event);
    else addEvent(rows, event, event.timestamp.getTime() - begin, goingBack.has(event.stackId) || goingBack.has(first.stackId));
  }
  const closed = [...rows.values()].map((row) => closeRow(row, end - begin));
  return { startedAt: new Date(begin), durationMs: end - begin, rows: inTree(closed) };
}

/** What a bar is drawn as. */
export type BarKind = 'done' | 'failed' | 'cancelled' | 'rollback' | 'open';

/** Words beside the colours, which alone must not tell how something ended. */
export const BAR_WORDS: Readonly<Record<BarKind, string>> = {
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  rollback: 'rolled back',
  open: 'not ended',
};

export function barKind({ outcome, rollback }: TimelineBar): BarKind {
  if (outcome === 'failed' || outcome === 'cancelled' || outcome === 'open') return outcome;
  return rollback ? 'rollback' : 'done';
}

/** A stretch of time in a timeline: "17.2 s", and "23 ms" where the whole took no second. */
export function formatStretch(ms: number, { durationMs }: Pick<Timeline, 'durationMs'>): string {
  return durationMs < 1000 ? `${Math.round(ms)} ms` : formatSeconds(ms);
}

/** How long a resource was worked on, in milliseconds: its bars together. */
export function busyMs(row: TimelineRow): number {
  return row.bars.reduce((sum, bar) => sum + bar.endMs - bar.startMs, 0);
}

/** From the moment a stack says that it goes back, what happens in it is the way back. */
function noteDirection(goingBack: Set<string>, { stackId, status }: TimelineEvent): void {
  if (/ROLLBACK.*_IN_PROGRESS$/.test(status)) goingBack.add(stackId);
  else if (/^(CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(status)) goingBack.delete(stackId);
}

function addEvent(rows: Map<string, OpenRow>, event: TimelineEvent, atMs: number, rollback: boolean): void {
  const [, action, phase] = STATUS.exec(event.status) ?? [];
  if (action === undefined || phase === undefined) return;
  const row = rowOf(rows, event);
  const { open } = row;
  // A replaced resource is deleted under its own name afterwards; a rollback begins anew. Both are bars of their own.
  const another = open?.action !== action || (open.rollback !== rollback && phase === 'IN_PROGRESS' && action !== 'CREATE');
  if (open !== undefined && another) {
    row.bars.push({ ...open, endMs: atMs, outcome: 'cancelled' });
    row.open = undefined;
  }
  if (phase === 'IN_PROGRESS') {
    row.open ??= { action, startMs: atMs, rollback };
    return;
  }
  const { startMs, rollback: began } = row.open ?? { startMs: atMs, rollback };
  const reason = event.reason === undefined || event.reason === '' ? {} : { reason: event.reason };
  row.bars.push({ action, startMs, endMs: atMs, outcome: outcomeOf(phase, event.reason), rollback: began, ...reason });
  row.open = undefined;
}

function rowOf(rows: Map<string, OpenRow>, { path, logicalId: own, resourceType }: TimelineEvent): OpenRow {
  const logicalId = [...(path ?? []), own].join('/');
  const known = rows.get(logicalId);
  if (known !== undefined) return known;
  const made: OpenRow = { logicalId, resourceType, bars: [], open: undefined };
  rows.set(logicalId, made);
  return made;
}

function outcomeOf(phase: string, reason: string | undefined): BarOutcome {
  if (phase === 'COMPLETE') return 'done';
  if (phase === 'SKIPPED') return 'skipped';
  return CANCELLED.test(reason ?? '') ? 'cancelled' : 'failed';
}

function closeRow({ logicalId, resourceType, bars, open }: OpenRow, endMs: number): TimelineRow {
  const all = open === undefined ? bars : [...bars, { ...open, endMs, outcome: 'open' as const }];
  return { logicalId, resourceType, depth: logicalId.split('/').length - 1, bars: all };
}

/** By their first start; what is nested follows what it is nested in. */
function inTree(rows: readonly TimelineRow[]): TimelineRow[] {
  const known = new Set(rows.map(({ logicalId }) => logicalId));
  const children = new Map<string, TimelineRow[]>();
  for (const row of rows) {
    const parent = row.logicalId.slice(0, Math.max(0, row.logicalId.lastIndexOf('/')));
    // A parent that the events do not show cannot hold its rows together.
    const place = known.has(parent) ? parent : '';
    children.set(place, [...(children.get(place) ?? []), row]);
  }
  const start = (row: TimelineRow): number => row.bars[0]?.startMs ?? 0;
  const below = (parent: string): TimelineRow[] =>
    (children.get(parent) ?? []).toSorted((one, other) => start(one) - start(other)).flatMap((row) => [row, ...below(row.logicalId)]);
  return below('');
}
