import { describe, expect, it } from 'vitest';

import { createStyle } from '../../src/output/style.ts';
import { renderTimeline, showsUnicode } from '../../src/output/timeline-text.ts';
import { displayWidth } from '../../src/output/width.ts';
import type { BarOutcome, Timeline, TimelineRow } from '../../src/stack/timeline.ts';

const plain = createStyle(false);

function row(logicalId: string, from: number, to: number, outcome: BarOutcome = 'done', rollback = false): TimelineRow {
  const bar = { action: 'CREATE', startMs: from * 1000, endMs: to * 1000, outcome, rollback };
  return { logicalId, resourceType: 'AWS::Lambda::Function', depth: logicalId.split('/').length - 1, bars: [bar] };
}

function timeline(rows: readonly TimelineRow[], seconds: number): Timeline {
  return { startedAt: new Date(0), durationMs: seconds * 1000, rows };
}

describe('the waterfall on a terminal', () => {
  it('draws each resource where it was in time', () => {
    const lines = renderTimeline(timeline([row('Role', 0, 5), row('Api', 5, 10)], 10), { style: plain, columns: 60, unicode: true });
    expect(lines[0]).toMatch(/^Role {2}AWS::Lambda::Function {2}█+ +5\.0 s$/);
    expect(lines[1]).toMatch(/^Api {3}AWS::Lambda::Function {3,}█+ {2}5\.0 s$/);
    expect(lines.map(displayWidth).every((width) => width <= 60)).toBe(true);
  });

  it('leaves out the types, then shortens names, when there is little room', () => {
    const rows = [row('AVeryLongLogicalIdThatNobodyWouldWrite', 0, 5)];
    const lines = renderTimeline(timeline(rows, 10), { style: plain, columns: 40, unicode: true });
    expect(lines[0]).toMatch(/^AVeryLong\w*… {2}█+ +5\.0 s$/);
    expect(displayWidth(lines[0] ?? '')).toBeLessThanOrEqual(40);
  });

  it('shows those that took longest, in their order, and names the rest by a line', () => {
    const rows = [row('A', 0, 1), row('B', 0, 9), row('C', 1, 2), row('D', 2, 9), row('E', 3, 3.5, 'failed')];
    const lines = renderTimeline(timeline(rows, 10), { style: plain, columns: 80, unicode: true, rows: 3, more: 'lambda-tool X' });
    expect(lines.slice(0, 4).map((line) => line.split(' ')[0])).toEqual(['B', 'D', 'E', '…']);
    expect(lines[3]).toMatch(/2 more: lambda-tool X$/);
  });

  it('says in words and a legend what colours say', () => {
    const rows = [row('A', 0, 5, 'failed'), row('B', 0, 5, 'cancelled'), row('C', 5, 9, 'done', true), row('D', 5, 9, 'open')];
    const lines = renderTimeline(timeline(rows, 10), { style: plain, columns: 90, unicode: false });
    expect(lines.join('\n')).toMatch(/^[\x20-\x7E\n]*$/);
    expect(lines[0]).toMatch(/x+ +5\.0 s failed$/);
    expect(lines[1]).toMatch(/\.+ +5\.0 s cancelled$/);
    expect(lines[2]).toMatch(/-+ +4\.0 s rolled back$/);
    expect(lines.at(-1)).toBe('x failed   . cancelled   - rolled back   > not ended');
  });

  it('uses colours where they are wanted', () => {
    const [line] = renderTimeline(timeline([row('A', 0, 5, 'failed')], 10), { style: createStyle(true), columns: 80, unicode: true });
    expect(line).toContain('\u001B[31m▓');
    expect(displayWidth(line ?? '')).toBeLessThanOrEqual(80);
  });

  it('survives an operation that took no time, and one without resources', () => {
    expect(renderTimeline(timeline([row('A', 0, 0)], 0), { style: plain, columns: 80, unicode: true })[0]).toContain('█');
    expect(renderTimeline(timeline([], 0), { style: plain, columns: 80, unicode: true })).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('goes by the locale', () => {
    expect(showsUnicode({ LANG: 'en_US.UTF-8' })).toBe(true);
    expect(showsUnicode({ LC_ALL: 'C', LANG: 'en_US.UTF-8' })).toBe(false);
    expect(showsUnicode({ LANG: 'de_DE.ISO-8859-1' })).toBe(false);
    expect(showsUnicode({})).toBe(true);
    expect(showsUnicode({ TERM: 'linux' })).toBe(false);
  });
});
