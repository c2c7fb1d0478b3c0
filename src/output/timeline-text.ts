import {
  BAR_WORDS,
  barKind,
  busyMs,
  formatStretch,
  type BarKind,
  type Timeline,
  type TimelineBar,
  type TimelineRow,
} from '../stack/timeline.ts';
import type { Style } from './style.ts';
import { cutColumns, displayWidth, padColumns } from './width.ts';

export interface TimelineView {
  readonly style: Style;
  /** Width to fill. */
  readonly columns: number;
  /** Whether characters beyond ASCII may be used. */
  readonly unicode: boolean;
  /** Show so many rows, those that took longest; all of them when undefined. */
  readonly rows?: number | undefined;
  /** Where the rest can be seen, after "11 more: ". */
  readonly more?: string | undefined;
}

const MARKS: Readonly<Record<'unicode' | 'ascii', Readonly<Record<BarKind, string>>>> = {
  unicode: { done: '█', failed: '▓', cancelled: '░', rollback: '▒', open: '▚' },
  ascii: { done: '#', failed: 'x', cancelled: '.', rollback: '-', open: '>' },
};
const COLOURS = { done: 'green', failed: 'red', cancelled: 'gray', rollback: 'yellow', open: 'cyan' } as const;
const LONGEST_NAME = 40;
const LONGEST_TYPE = 34;
const LONGEST_BAR = 60;
const SHORTEST_BAR = 12;
const GAP = 2;

/** A waterfall as lines of text without an indent; nothing when there is nothing to show. */
export function renderTimeline(timeline: Timeline, view: TimelineView): string[] {
  const shown = chooseRows(timeline, view.rows);
  if (shown.length === 0) return [];
  const mark = view.unicode ? '…' : '...';
  const widths = columnWidths(shown, timeline, view);
  const gap = ' '.repeat(GAP);
  const lines = shown.map((row) => {
    const name = padColumns(cutColumns(nameOf(row), widths.name, mark), widths.name);
    const type = padColumns(cutColumns(row.resourceType, widths.type, mark), widths.type);
    const took = formatStretch(busyMs(row), timeline).padStart(widths.took);
    const parts = [name, ...(widths.type === 0 ? [] : [view.style('dim', type)]), drawBars(row.bars, timeline, widths.bar, view), took];
    return `${parts.join(gap)}${endWords(row)}`.trimEnd();
  });
  const hidden = timeline.rows.length - shown.length;
  const rest = hidden > 0 ? [`${mark.padEnd(widths.name + GAP)}${hidden} more${view.more === undefined ? '' : `: ${view.more}`}`] : [];
  return [...lines, ...rest, ...legend(shown, view)];
}

/** Those that took longest, in their usual order. What failed is always among them. */
function chooseRows({ rows }: Timeline, count: number | undefined): readonly TimelineRow[] {
  if (count === undefined || rows.length <= count) return rows;
  const weight = (row: TimelineRow): number => (row.bars.some(({ outcome }) => outcome === 'failed') ? Infinity : busyMs(row));
  const chosen = new Set(rows.toSorted((one, other) => weight(other) - weight(one)).slice(0, count));
  return rows.filter((row) => chosen.has(row));
}

interface Widths {
  readonly name: number;
  /** 0: no room for types. */
  readonly type: number;
  readonly bar: number;
  readonly took: number;
}

function columnWidths(rows: readonly TimelineRow[], timeline: Timeline, { columns }: TimelineView): Widths {
  const most = (text: (row: TimelineRow) => string, limit: number): number =>
    Math.min(
      limit,
      rows.reduce((width, row) => Math.max(width, displayWidth(text(row))), 0),
    );
  const took = most((row) => formatStretch(busyMs(row), timeline), 12);
  const ending = rows.reduce((width, row) => Math.max(width, displayWidth(endWords(row))), 0);
  const room = columns - took - ending - GAP;
  const longest = most(nameOf, LONGEST_NAME);
  const type = most((row) => row.resourceType, LONGEST_TYPE);
  const withType = room - longest - type - 2 * GAP;
  if (withType >= SHORTEST_BAR) return { name: longest, type, bar: Math.min(LONGEST_BAR, withType), took };
  const name = Math.max(8, Math.min(longest, room - GAP - SHORTEST_BAR));
  return { name, type: 0, bar: Math.max(4, Math.min(LONGEST_BAR, room - name - GAP)), took };
}

function nameOf({ logicalId, depth }: TimelineRow): string {
  return `${'  '.repeat(depth)}${logicalId.split('/').at(-1) ?? logicalId}`;
}

function drawBars(bars: readonly TimelineBar[], { durationMs }: Timeline, columns: number, { style, unicode }: TimelineView): string {
  const cells: (BarKind | undefined)[] = Array.from({ length: columns }, () => undefined);
  const scale = durationMs === 0 ? 0 : columns / durationMs;
  for (const bar of bars) {
    const from = Math.min(columns - 1, Math.floor(bar.startMs * scale));
    const to = Math.max(from + 1, Math.min(columns, Math.ceil(bar.endMs * scale)));
    cells.fill(barKind(bar), from, to);
  }
  const marks = MARKS[unicode ? 'unicode' : 'ascii'];
  let text = '';
  for (let at = 0; at < columns;) {
    const kind = cells[at];
    let end = at + 1;
    while (end < columns && cells[end] === kind) end += 1;
    text += kind === undefined ? ' '.repeat(end - at) : style(COLOURS[kind], marks[kind].repeat(end - at));
    at = end;
  }
  return text;
}

/** Colours alone must not tell how a resource ended. */
function endWords({ bars }: TimelineRow): string {
  const words = new Set(
    bars.flatMap((bar) => (bar.outcome === 'skipped' ? ['left behind'] : barKind(bar) === 'done' ? [] : [BAR_WORDS[barKind(bar)]])),
  );
  return words.size === 0 ? '' : ` ${[...words].join(', ')}`;
}

function legend(rows: readonly TimelineRow[], { style, unicode }: TimelineView): string[] {
  const kinds = new Set(rows.flatMap(({ bars }) => bars.map(barKind)));
  if (![...kinds].some((kind) => kind !== 'done')) return [];
  const marks = MARKS[unicode ? 'unicode' : 'ascii'];
  const order = ['done', 'failed', 'cancelled', 'rollback', 'open'] as const;
  return [
    '',
    order
      .filter((kind) => kinds.has(kind))
      .map((kind) => `${style(COLOURS[kind], marks[kind])} ${BAR_WORDS[kind]}`)
      .join('   '),
  ];
}

/**
 * Whether a terminal shows more than ASCII: as the locale says, by its usual order of variables. Without any of them UTF-8 is
 * assumed, but on the Linux console.
 */
export function showsUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  if (process.platform === 'win32') return true;
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  if (locale === undefined) return env['TERM'] !== 'linux' && env['TERM'] !== 'dumb';
  return /utf-?8/i.test(locale);
}
