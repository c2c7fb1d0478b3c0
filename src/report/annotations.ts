import { relative, resolve, sep } from 'node:path';

import { escapeCommand } from '../output/lines.ts';
import type { RunReport } from './run-report.ts';
import { record } from './run-report.ts';

export interface Place {
  /** As messages spell it: relative to where the user is. */
  readonly file: string;
  readonly line: number;
  readonly column: number | undefined;
}

/** GitHub shows that many annotations of a kind for a step, and drops the rest. */
const MOST = 10;

/** How GitHub Actions wants a message of a run that failed: at its line, where the line is known. */
export function annotateFailure(report: RunReport, result: unknown, toFile: (file: string) => string): string[] {
  const { error, cause } = report;
  if (error === undefined) return [];
  const findings = annotateFindings(result, toFile);
  const place = parsePlace(cause?.place ?? error.message);
  const because = cause === undefined ? [] : [`${cause.logicalId} (${cause.resourceType}): ${cause.reason}`];
  const message = [error.message, ...because].join('\n');
  // Where each finding has its own line, the sum of them needs none.
  return [...findings, command('error', findings.length > 0 ? undefined : place, error.code, message, toFile)];
}

/** What `validate` and the check before a deployment have found. */
export function annotateFindings(result: unknown, toFile: (file: string) => string): string[] {
  const { findings } = record(result);
  if (!Array.isArray(findings)) return [];
  const shown = findings.map(record).flatMap(({ severity, rule, message, path, line, column }) => {
    if (typeof message !== 'string' || typeof path !== 'string' || typeof line !== 'number') return [];
    const place = { file: path, line, column: typeof column === 'number' ? column : undefined };
    const kind = severity === 'warning' ? 'warning' : 'error';
    return [{ kind, text: command(kind, place, typeof rule === 'string' ? rule : undefined, message, toFile) }] as const;
  });
  return ['error', 'warning'].flatMap((kind) => shown.filter((one) => one.kind === kind).slice(0, MOST)).map(({ text }) => text);
}

/** `serverless.template:12:5 …` as a place. */
export function parsePlace(text: string): Place | undefined {
  const [, file, line, column] = /^(\S.*?):(\d+)(?::(\d+))?(?=[\s:]|$)/.exec(text) ?? [];
  if (file === undefined || line === undefined || /:\/\//.test(file)) return undefined;
  return { file, line: Number(line), column: column === undefined ? undefined : Number(column) };
}

/** Paths in annotations count from the checkout. */
export function fromWorkspace(cwd: string, workspace: string | undefined): (file: string) => string {
  return (file) => {
    const path = resolve(cwd, file);
    const inside = workspace === undefined || workspace === '' ? '' : relative(workspace, path);
    return inside === '' || inside.startsWith('..') ? file : inside.split(sep).join('/');
  };
}

/** One workflow command. */
export function command(
  kind: 'error' | 'warning',
  place: Place | undefined,
  title: string | undefined,
  message: string,
  toFile: (file: string) => string,
): string {
  const properties = {
    ...(place === undefined ? {} : { file: toFile(place.file), line: String(place.line) }),
    ...(place?.column === undefined ? {} : { col: String(place.column) }),
    ...(title === undefined ? {} : { title }),
  };
  const words = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`);
  return `::${kind}${words.length === 0 ? '' : ` ${words.join(',')}`}::${escapeCommand(message)}`;
}

/** In properties colons and commas have a meaning as well. */
function escapeProperty(text: string): string {
  return escapeCommand(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
