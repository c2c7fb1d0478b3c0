import { formatSeconds } from '../output/format.ts';
import { escapeHtml } from './escape-html.ts';
import { HTML_STYLE } from './html-style.ts';
import { htmlTimeline } from './html-timeline.ts';
import { describeWork, type RunReport } from './run-report.ts';

/** The report of a run as one HTML document that needs nothing besides itself: no script, no font, no request. */
export function renderHtml(report: RunReport, version: string): string {
  const title = `${report.subject === '' ? report.command : report.subject}: ${words(report)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${HTML_STYLE}</style>
</head>
<body>
<main>
${header(report)}
${problem(report)}
${outputs(report)}
${artifacts(report)}
${warnings(report)}
${report.stories.map(({ stackName, timeline }) => htmlTimeline(`Timeline of ${stackName}`, timeline)).join('\n')}
</main>
<footer>Written by lambda-tool ${escapeHtml(version)}. Times of resources are those of CloudFormation's clock.</footer>
</body>
</html>
`;
}

function words({ outcome }: RunReport): string {
  return outcome === 'unchanged' ? 'nothing changed' : outcome;
}

function header(report: RunReport): string {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Command', report.command],
    ['Account', report.account],
    ['Region', report.region],
    ...report.stackIds.map((id) => ['Stack id', id] as const),
    ['Status', report.stories.flatMap(({ status }) => status ?? []).join(', ') || undefined],
    ['Started', instant(report.startedAt)],
    ['Ended', instant(report.endedAt)],
    ['Duration', formatSeconds(report.endedAt - report.startedAt)],
  ];
  const shown = facts.flatMap(([name, value]) => (value === undefined ? [] : [`<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`]));
  return `<header>
<h1>${escapeHtml(report.subject === '' ? `lambda-tool ${report.command}` : report.subject)} <span class="outcome ${report.ok ? 'ok' : 'bad'}">${escapeHtml(words(report))}</span></h1>
<dl>${shown.join('')}</dl>
</header>`;
}

function instant(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}

function problem({ error, cause, consoleUrl }: RunReport): string {
  if (error === undefined) return '';
  const first =
    cause === undefined
      ? error.details.length === 0
        ? ''
        : `<pre>${escapeHtml(error.details.join('\n'))}</pre>`
      : `<p><b>First cause</b> ${escapeHtml(cause.logicalId)} <span class="soft">${escapeHtml(cause.resourceType)}</span>${cause.place === undefined ? '' : ` at ${escapeHtml(cause.place)}`}</p><pre>${escapeHtml(cause.reason)}</pre>`;
  const hint = error.hint === undefined ? '' : `<p><b>Hint</b> ${escapeHtml(error.hint)}</p>`;
  return `<section class="problem" aria-label="Failure"><p><b>${error.code}</b> ${escapeHtml(error.message)}</p>${first}${hint}${consoleUrl === undefined ? '' : `<p>${linked(consoleUrl)}</p>`}</section>`;
}

function outputs({ outputs: rows }: RunReport): string {
  if (rows.length === 0) return '';
  return section(
    'Outputs',
    ['Output', 'Value'],
    rows.map(([name, value]) => `<th scope="row">${escapeHtml(name)}</th><td class="value">${linked(value)}</td>`),
  );
}

/** Addresses can be followed; everything else, `javascript:` included, is text. */
function linked(value: string): string {
  const text = escapeHtml(value);
  return /^https?:\/\/\S+$/i.test(value) ? `<a href="${text}" rel="noreferrer noopener">${text}</a>` : text;
}

function artifacts({ artifacts: items }: RunReport): string {
  if (items.length === 0) return '';
  return section(
    'Artifacts',
    ['Resources', 'Kind', 'Work', 'Location'],
    items.map(
      (item) =>
        `<th scope="row">${escapeHtml(item.logicalIds.join(', '))}</th><td>${escapeHtml(item.kind)}</td><td>${describeWork(item)}</td><td class="value">${escapeHtml(item.location)}</td>`,
    ),
  );
}

function warnings({ warnings: texts }: RunReport): string {
  return texts.length === 0 ? '' : `<h2>Warnings</h2><ul>${texts.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`;
}

function section(title: string, columns: readonly string[], rows: readonly string[]): string {
  const head = columns.map((column) => `<th scope="col">${column}</th>`).join('');
  return `<h2>${title}</h2><div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => `<tr>${row}</tr>`).join('')}</tbody></table></div>`;
}
