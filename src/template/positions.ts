import { UserError, type ErrorCode } from '../errors.ts';
import type { SourcePosition } from './types.ts';

/** Turns offsets into lines and columns; the table of lines is made on first use. */
export interface Positions {
  at(offset: number): SourcePosition;
}

/** Lines end at `\n`; a byte order mark does not count as a column. */
export function positionsOf(text: string): Positions {
  let starts: number[] | undefined;
  return {
    at(offset) {
      starts ??= lineStarts(text);
      const line = lastNotAfter(starts, Math.min(Math.max(offset, 0), text.length));
      const start = starts[line] ?? 0;
      return { line: line + 1, column: Math.max(offset - start + 1, 1) };
    },
  };
}

function lineStarts(text: string): number[] {
  const starts = [text.startsWith('\uFEFF') ? 1 : 0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lastNotAfter(sorted: readonly number[], wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] ?? 0) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** What is wrong with a template, and where: thrown by the readers, who know offsets but not the path of the file. */
export class TemplateProblem extends Error {
  readonly code: Extract<ErrorCode, 'TEMPLATE_SYNTAX' | 'TEMPLATE_INVALID'>;
  readonly offset: number;
  readonly hint: string | undefined;

  constructor(code: 'TEMPLATE_SYNTAX' | 'TEMPLATE_INVALID', offset: number, reason: string, hint?: string) {
    super(reason);
    this.code = code;
    this.offset = offset;
    this.hint = hint;
  }
}

/** The error for people: `path:line:column: reason`. */
export function problemAt(path: string, positions: Positions, problem: TemplateProblem): UserError {
  const { line, column } = positions.at(problem.offset);
  return new UserError(problem.code, `${path}:${line}:${column}: ${problem.message}`, {
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    cause: problem,
  });
}
