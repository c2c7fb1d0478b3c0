import { annotation, parsePlace, type MessageFiles } from '../output/workflow-command.ts';
import { record, type RunReport } from './run-report.ts';

/** GitHub shows that many annotations of a kind for a step, and drops the rest. */
const MOST = 10;

/** How GitHub Actions wants a message of a run that failed: at its line, where the line is known. */
export function annotateFailure(report: RunReport, result: unknown, files: MessageFiles): string[] {
  const { error, cause } = report;
  if (error === undefined) return [];
  // One place is left for what the run as a whole failed of.
  const findings = annotateFindings(result, files, MOST - 1);
  const because = cause === undefined ? [] : [`${cause.logicalId} (${cause.resourceType}): ${cause.reason}`];
  const message = [error.message, ...because].join('\n');
  // Where each finding has its own line, the sum of them needs none.
  const place = findings.length > 0 ? undefined : parsePlace(cause?.place ?? error.message, files);
  return [...findings, annotation('error', message, { place, title: error.code, files })];
}

/** What is wrong with a template, errors first. */
export function annotateFindings(result: unknown, files: MessageFiles, most = MOST): string[] {
  const { findings } = record(result);
  if (!Array.isArray(findings)) return [];
  const shown = findings.map(record).flatMap(({ severity, rule, message, path, line, column }) => {
    if (typeof message !== 'string' || typeof path !== 'string' || typeof line !== 'number') return [];
    const place = { file: path, line, column: typeof column === 'number' ? column : undefined };
    const kind = severity === 'warning' ? 'warning' : 'error';
    return [{ kind, text: annotation(kind, message, { place, title: typeof rule === 'string' ? rule : undefined, files }) }] as const;
  });
  return ['error', 'warning'].flatMap((kind) => shown.filter((one) => one.kind === kind).slice(0, most)).map(({ text }) => text);
}
