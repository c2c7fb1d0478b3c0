import type { Table } from './reporter.ts';
import type { Style } from './style.ts';
import { displayWidth, padColumns, wrapColumns } from './width.ts';

const GAP = '  ';
/** No column is made narrower than this for the sake of the others. */
const NARROWEST = 10;
const URL = /^https?:\/\/\S+$/;
/** What people copy as a whole. */
const COPIED = /^(?:[a-z][\w+.-]*:\/\/|arn:)\S+$/;

/**
 * A table without borders. `columns` is the width of a terminal: long cells are wrapped to fit into it, but what is copied from it
 * stays whole: URLs, and in the last column other addresses and ARNs. Without it (a pipe) nothing is wrapped, ever.
 */
export function renderTable(table: Table, style: Style, columns?: number): string {
  const last = table.columns.length - 1;
  const natural = table.columns.map((column, index) => widest([column, ...table.rows.map((row) => row[index] ?? '')]));
  const fixed = table.columns.map((_, index) => widest(table.rows.map((row) => row[index] ?? '').filter((cell) => URL.test(cell))));
  const widths = columns === undefined || columns <= 0 ? natural : fit(natural, fixed, columns - GAP.length * last);
  const cellLines = (cell: string, index: number): string[] => {
    const width = widths[index] ?? 0;
    if (URL.test(cell) || (index === last && COPIED.test(cell))) return [cell];
    return wrapColumns(cell, Math.max(1, width));
  };
  const rule = widths.map((width) => style('dim', '─'.repeat(width)));
  const head = line(
    table.columns.map((column) => style('bold', column)),
    widths,
  );
  const rows = table.rows.flatMap((row) => {
    const cells = table.columns.map((_, index) => cellLines(row[index] ?? '', index));
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, at) =>
      line(
        cells.map((lines) => colour(lines[at] ?? '', style)),
        widths,
      ),
    );
  });
  return [head, line(rule, widths), ...rows].join('\n');
}

function colour(text: string, style: Style): string {
  return URL.test(text) ? style(['cyan', 'underline'], text) : text;
}

function line(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, index) => padColumns(cell, widths[index] ?? 0))
    .join(GAP)
    .trimEnd();
}

function widest(texts: readonly string[]): number {
  return texts.flatMap((text) => text.split('\n')).reduce((most, text) => Math.max(most, displayWidth(text)), 0);
}

/** Takes from the widest column until the sum fits. What is `fixed` (but for the last column) cannot be made narrower. */
function fit(natural: readonly number[], fixed: readonly number[], room: number): number[] {
  const widths = [...natural];
  const least = natural.map((width, index) => Math.min(width, Math.max(NARROWEST, index === natural.length - 1 ? 0 : (fixed[index] ?? 0))));
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const canShrink = widths.flatMap((width, index) => (width > (least[index] ?? 0) ? [index] : []));
    const at = canShrink.toSorted((one, other) => (widths[other] ?? 0) - (widths[one] ?? 0))[0];
    if (at === undefined) break;
    widths[at] = (widths[at] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}
