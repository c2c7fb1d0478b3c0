import type { Finding } from './types.ts';

/** `serverless.template:12:5  error    reference-missing  …`, in columns. */
export function formatFindings(findings: readonly Finding[]): string[] {
  const rows = findings.map(
    ({ path, line, column, severity, rule, message }) => [`${path}:${line}:${column}`, severity, rule, oneLine(message)] as const,
  );
  const width = (index: 0 | 1 | 2): number => rows.reduce((most, row) => Math.max(most, row[index].length), 0);
  const widths = [width(0), width(1), width(2)] as const;
  return rows.map(([place, severity, rule, message]) =>
    [place.padEnd(widths[0]), severity.padEnd(widths[1]), rule.padEnd(widths[2]), message].join('  '),
  );
}

/** Texts out of a template may hold line ends and control characters; one finding is one line. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

/** `2 errors and 1 warning` */
export function countFindings(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity']): number => findings.filter((finding) => finding.severity === severity).length;
  const said = (['error', 'warning'] as const)
    .map((severity) => [count(severity), severity] as const)
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}${number === 1 ? '' : 's'}`);
  return said.join(' and ');
}
