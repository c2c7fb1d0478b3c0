import { formatSeconds } from '../output/format.ts';
import type { Answer, Table } from '../output/reporter.ts';
import { createStyle } from '../output/style.ts';
import { renderTimeline } from '../output/timeline-text.ts';
import { describeWork, type RunReport } from './run-report.ts';

const WIDTH = 100;
const MOST_ROWS = 100;

/**
 * The page of a run in GitHub's Markdown: outcome, first cause, outputs, artifacts, waterfall. What does not fit into `bytes` is left
 * out from the end, and said.
 */
export function renderSummary(report: RunReport, answer: Answer | undefined, bytes: number): string {
  const parts = [heading(report), ...failure(report), ...contents(report, answer)];
  let text = '';
  for (const part of parts) {
    const left = bytes - Buffer.byteLength(text) - 60;
    if (Buffer.byteLength(part) + 2 > left) return left < 0 ? text : `${text}_The rest did not fit into the summary._\n\n`;
    text += `${part}\n\n`;
  }
  return text;
}

function heading({ command, ok, subject, outcome, startedAt, endedAt, account, region }: RunReport): string {
  const name = subject === '' ? `lambda-tool ${command}` : subject;
  const took = formatSeconds(endedAt - startedAt);
  const known = [account === undefined ? '' : `Account ${account}`, region ?? '', subject === '' ? '' : `\`${command}\``].filter(
    (word) => word !== '',
  );
  const line = `### ${ok ? '✅' : '❌'} ${escape(name)}: ${outcome === 'unchanged' ? 'nothing changed' : outcome}, ${took}`;
  return known.length === 0 ? line : `${line}\n\n${known.join(' · ')}`;
}

function failure({ error, cause, consoleUrl }: RunReport): string[] {
  if (error === undefined) return [];
  const first =
    cause === undefined
      ? []
      : [
          `**First cause:** ${escape(cause.logicalId)} (${escape(cause.resourceType)})${cause.place === undefined ? '' : `, ${escape(cause.place)}`}`,
          fence(cause.reason),
        ];
  return [
    `**${error.code}:** ${escape(error.message)}`,
    ...first,
    ...(first.length === 0 && error.details.length > 0 ? [fence(error.details.join('\n'))] : []),
    ...(error.hint === undefined ? [] : [`**Hint:** ${escape(error.hint)}`]),
    ...(consoleUrl === undefined ? [] : [consoleUrl]),
  ];
}

function contents(report: RunReport, answer: Answer | undefined): string[] {
  const { outputs, artifacts, stories, warnings } = report;
  const artifactRows = artifacts.map((artifact) => [
    artifact.logicalIds.join(', '),
    artifact.kind,
    describeWork(artifact),
    artifact.location,
  ]);
  const tables = (answer?.human ?? []).filter((part): part is Table => typeof part === 'object' && part.rows.length > 0);
  return [
    ...(outputs.length > 0 ? [table({ columns: ['Output', 'Value'], rows: outputs })] : tables.map(table)),
    ...(artifacts.length > 0 ? [table({ columns: ['Artifact', 'Kind', 'Work', 'Location'], rows: artifactRows })] : []),
    ...(warnings.length > 0 ? [warnings.map((warning) => `- ⚠️ ${escape(warning)}`).join('\n')] : []),
    ...stories.flatMap(({ stackName, timeline }) => {
      const lines = renderTimeline(timeline, { style: createStyle(false), columns: WIDTH, unicode: true, rows: MOST_ROWS });
      return lines.length === 0
        ? []
        : [`<details open><summary>Timeline of ${escape(stackName)}</summary>\n\n${fence(lines.join('\n'))}\n\n</details>`];
    }),
  ];
}

function table({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escape).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text that is meant literally. A plain URL stays as it is, so that it becomes a link. */
function escape(text: string): string {
  if (/^https?:\/\/[^\s|<>"`*]+$/.test(text)) return text;
  return text
    .replaceAll(/[\\`*_[\]|~#]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/\s*\n\s*/g, '<br>');
}

/** A block of literal text; its fence is longer than any in it. */
function fence(text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const mark = '`'.repeat(longest + 1);
  return `${mark}text\n${text}\n${mark}`;
}
