import { BAR_WORDS, barKind, busyMs, formatStretch, type Timeline, type TimelineBar, type TimelineRow } from '../stack/timeline.ts';
import { escapeHtml } from './escape-html.ts';

const TICKS = 5;

/** A waterfall as a table: name, type, bars, time and how it ended, so that it can also be read without looking at the bars. */
export function htmlTimeline(caption: string, timeline: Timeline): string {
  if (timeline.rows.length === 0) return '';
  const kinds = [...new Set(timeline.rows.flatMap(({ bars }) => bars.map(barKind)))];
  const legend = kinds.map((kind) => `<li><span class="key ${kind}"></span>${escapeHtml(BAR_WORDS[kind])}</li>`).join('');
  return `<h2>${escapeHtml(caption)}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table class="waterfall">
<thead><tr><th scope="col">Resource</th><th scope="col">Type</th><th scope="col" class="chart">${axis(timeline.durationMs)}</th><th scope="col">Time</th><th scope="col">End</th></tr></thead>
<tbody>
${timeline.rows.map((row) => htmlRow(row, timeline.durationMs)).join('\n')}
</tbody></table></div>
<ul class="legend">${legend}</ul>`;
}

function axis(durationMs: number): string {
  const spans = Array.from({ length: TICKS }, (_, at) => {
    const share = at / (TICKS - 1);
    return `<span style="left:${percent(share)}">${formatStretch(durationMs * share, { durationMs })}</span>`;
  });
  return `<div class="axis">${spans.join('')}</div>`;
}

function htmlRow(row: TimelineRow, durationMs: number): string {
  const [own = row.logicalId] = row.logicalId.split('/').slice(-1);
  const indent = row.depth === 0 ? '' : ` style="padding-left:${row.depth * 1.25}rem"`;
  const reason = row.bars.find((bar) => bar.outcome === 'failed')?.reason;
  const words = [...new Set(row.bars.map(endWord))].join(', ');
  return `<tr><th scope="row" class="name"${indent} title="${escapeHtml(row.logicalId)}">${breakable(own)}</th><td class="type soft">${breakable(row.resourceType)}</td><td class="chart"><div class="track" aria-hidden="true">${row.bars.map((bar) => htmlBar(bar, durationMs)).join('')}</div></td><td class="time">${formatStretch(busyMs(row), { durationMs })}</td><td class="words">${escapeHtml(words)}${reason === undefined ? '' : `: ${escapeHtml(reason)}`}</td></tr>`;
}

/** Names may be broken where a new word begins. */
function breakable(name: string): string {
  return escapeHtml(name).replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=::)/g, '<wbr>');
}

function htmlBar(bar: TimelineBar, durationMs: number): string {
  const total = Math.max(1, durationMs);
  const title = `${bar.action} ${endWord(bar)}, ${formatStretch(bar.startMs, { durationMs })} to ${formatStretch(bar.endMs, { durationMs })}`;
  return `<span class="bar ${barKind(bar)}" style="left:${percent(Math.min(bar.startMs / total, 0.997))};width:${percent((bar.endMs - bar.startMs) / total)}" title="${escapeHtml(title)}"></span>`;
}

function endWord(bar: TimelineBar): string {
  return bar.outcome === 'skipped' ? 'left behind' : BAR_WORDS[barKind(bar)];
}

function percent(share: number): string {
  return `${Math.round(share * 1_000_00) / 1000}%`;
}
