import type { ErrorCode } from '../errors.ts';
import type { Answer } from './reporter.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';
import { wrapLines } from './wrap.ts';

/** A failure as it is shown: everything a person or a program is told about it. */
export interface ShownError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly cause: string | undefined;
}

/** The answer for people. `style` is that of stdout; `columns` its width, where it is a terminal that knows it. */
export function renderAnswer(answer: Answer, style: Style, columns?: number): string {
  const parts = answer.human.map((part) => {
    if (typeof part === 'object') return renderTable(part, style, columns);
    return typeof part === 'string' ? part : part(style, columns);
  });
  return parts.map((part) => `${part}\n`).join('');
}

/** The failure for people: code and message, what belongs to it, what to do. `style` and `columns` are those of stderr. */
export function renderError(error: ShownError, style: Style, columns?: number): string {
  const lines = [`${style(['red', 'bold'], `Error ${error.code}:`)} ${error.message}`];
  if (error.details.length > 0) lines.push('', ...error.details.map((line) => `  ${line}`), '');
  if (error.hint !== undefined) lines.push(`  ${style('bold', 'Hint')}    ${error.hint}`);
  return `${wrapLines(lines.join('\n'), columns, 2)}\n`;
}
