import type { ErrorCode } from '../errors.ts';
import type { Answer, Table } from './reporter.ts';
import type { Style } from './style.ts';

/** A failure as it is shown: everything a person or a program is told about it. */
export interface ShownError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly cause: string | undefined;
}

/** The answer for people. `style` is that of stdout. */
export async function renderAnswer(answer: Answer, style: Style): Promise<string> {
  const parts: string[] = [];
  for (const part of answer.human) {
    if (typeof part === 'object') parts.push(await renderTable(part, style));
    else parts.push(typeof part === 'string' ? part : part(style));
  }
  return parts.map((part) => `${part}\n`).join('');
}

async function renderTable(table: Table, style: Style): Promise<string> {
  const { default: CliTable } = await import('cli-table3');
  const bare = [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'right',
    'right-mid',
    'mid',
    'mid-mid',
  ];
  const view = new CliTable({
    chars: { ...Object.fromEntries(bare.map((name) => [name, ''])), middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  const widths = table.columns.map((column, index) => Math.max(column.length, ...table.rows.map((row) => (row[index] ?? '').length)));
  view.push(
    table.columns.map((column) => style('bold', column)),
    widths.map((width) => style('dim', '─'.repeat(width))),
    ...table.rows.map((row) => row.map((cell) => (/^https?:\/\//.test(cell) ? style(['cyan', 'underline'], cell) : cell))),
  );
  return view
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** The failure for people: code and message, what belongs to it, what to do. `style` is that of stderr. */
export function renderError(error: ShownError, style: Style): string {
  const lines = [`${style(['red', 'bold'], `Error ${error.code}:`)} ${error.message}`];
  if (error.details.length > 0) lines.push('', ...error.details.map((line) => `  ${line}`), '');
  if (error.hint !== undefined) lines.push(`  ${style('bold', 'Hint')}    ${error.hint}`);
  return `${lines.join('\n')}\n`;
}
