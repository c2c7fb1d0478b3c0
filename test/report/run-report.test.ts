import { describe, expect, it } from 'vitest';

import type { ReportEvent } from '../../src/output/reporter.ts';
import { renderHtml } from '../../src/report/html.ts';
import { reportRun, type RunEnd } from '../../src/report/run-report.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { storiesOf } from '../../src/report/told-events.ts';

const SHOP = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Shop/1';
const NESTED = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Shop-Orders/2';
const OTHER = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Other/3';
const SECRET = 'hidden-value';
const hide = (text: string): string => text.replaceAll(SECRET, '****');

function event(second: number, stackId: string, logicalId: string, status: string, more: object = {}): ReportEvent {
  return {
    type: 'stack-event',
    stackId,
    logicalId,
    physicalId: `p-${logicalId}`,
    resourceType: 'AWS::X::Y',
    status,
    timestamp: new Date(second * 1000).toISOString(),
    ...more,
  };
}

const STACK = { resourceType: 'AWS::CloudFormation::Stack' };
const EVENTS: readonly ReportEvent[] = [
  { type: 'identity', account: '123456789012', region: 'eu-west-1' },
  event(0, SHOP, 'Shop', 'CREATE_IN_PROGRESS', { ...STACK, physicalId: SHOP }),
  event(0, OTHER, 'Other', 'DELETE_IN_PROGRESS', { ...STACK, physicalId: OTHER }),
  event(1, SHOP, 'Orders', 'CREATE_IN_PROGRESS', { ...STACK, physicalId: '' }),
  event(2, SHOP, 'Orders', 'CREATE_IN_PROGRESS', { ...STACK, physicalId: NESTED }),
  event(3, NESTED, 'Table', 'CREATE_IN_PROGRESS', { path: ['Orders'] }),
  event(5, NESTED, 'Table', 'CREATE_FAILED', { path: ['Orders'], reason: `<b>${SECRET}</b> exists` }),
  event(6, OTHER, 'Gone', 'DELETE_COMPLETE'),
  event(9, SHOP, 'Shop', 'ROLLBACK_COMPLETE', { ...STACK, physicalId: SHOP }),
];

function end(more: Partial<RunEnd> = {}): RunEnd {
  return {
    command: 'deploy-serverless',
    wished: undefined,
    error: undefined,
    result: {},
    warnings: [],
    events: EVENTS,
    startedAt: 0,
    endedAt: 94_000,
    ...more,
  };
}

const FAILED = {
  error: { code: 'STACK_FAILED', message: `Stack Shop | failed with ${SECRET}`, hint: 'Mend *it*', details: [], cause: undefined },
  result: {
    stackName: 'Shop',
    stackId: SHOP,
    cause: {
      logicalId: 'Table',
      path: 'Orders/Table',
      resourceType: 'AWS::X::Y',
      reason: `<b>${SECRET}</b> exists`,
      place: 'orders.template:4',
    },
  },
} as const;

describe('what a run has told', () => {
  it('is told apart by stack, nested stacks with the one they are in', () => {
    expect(
      storiesOf(EVENTS).map(({ stackName, status, timeline }) => [stackName, status, timeline.rows.map((row) => row.logicalId)]),
    ).toEqual([
      ['Shop', 'ROLLBACK_COMPLETE', ['Orders', 'Orders/Table']],
      ['Other', 'DELETE_IN_PROGRESS', ['Gone']],
    ]);
  });

  it('becomes a report that knows where it was, also when it failed before an answer', () => {
    const report = reportRun(end({ ...FAILED, result: undefined, events: EVENTS.slice(0, 1), wished: 'Shop' }), hide);
    expect(report).toMatchObject({
      ok: false,
      outcome: 'failed',
      subject: 'Shop',
      account: '123456789012',
      region: 'eu-west-1',
      outputs: [],
    });
  });

  it('names artifacts after a failure as well', () => {
    const artifact = { logicalIds: ['Fn'], kind: 'zip', location: 's3://b/k', digest: 'd', built: true, published: true };
    const report = reportRun(end({ ...FAILED, events: [...EVENTS, { type: 'artifact', ...artifact }] }), hide);
    expect(report.artifacts).toEqual([{ logicalIds: ['Fn'], kind: 'zip', location: 's3://b/k', built: true, published: true }]);
  });

  it.each([
    [{ action: 'rolled-back' }, 'rolled-back'],
    [{ deleted: [{ stackName: 'A', stackId: 'x' }], absent: [] }, 'deleted'],
    [{ deleted: [], deleting: [{ stackName: 'A', stackId: 'x' }] }, 'being deleted'],
    [{ dryRun: true, stacks: [{ stackName: 'A', stackId: 'x' }] }, 'dry run'],
    [{ status: 'UPDATE_COMPLETE' }, 'UPDATE_COMPLETE'],
    [null, 'done'],
  ])('%j counts as %s', (result, outcome) => {
    expect(reportRun(end({ result }), hide).outcome).toBe(outcome);
  });
});

describe('a report', () => {
  it('as HTML holds no secret and no markup of others', () => {
    const html = renderHtml(reportRun(end(FAILED), hide), '1.0.0');
    expect(html).not.toContain(SECRET);
    expect(html).not.toContain('<b>****');
    expect(html).toContain('&lt;b&gt;****&lt;/b&gt; exists');
    expect(html).toContain('at orders.template:4');
    expect(html.match(/<table class="waterfall">/g)).toHaveLength(2);
  });

  it('as HTML links addresses and nothing else', () => {
    const outputs = { Good: 'https://example.com/"x', Bad: 'javascript:alert(1)', Control: 'a\u0000b' };
    const html = renderHtml(reportRun(end({ result: { outputs } }), hide), '1.0.0');
    expect(html.match(/<a href="[^"]*"/g)).toEqual(['<a href="https://example.com/&quot;x"']);
    expect(html).toContain('a\uFFFDb');
  });

  it('as a summary escapes Markdown and holds no secret', () => {
    const text = renderSummary(reportRun(end(FAILED), hide), undefined, 100_000);
    expect(text).not.toContain(SECRET);
    expect(text).toContain('Stack Shop \\| failed with \\*\\*\\*\\*');
    expect(text).toContain('**First cause:** Orders/Table (AWS::X::Y), orders.template:4');
    expect(text).toContain('```text\n<b>****</b> exists\n```');
    expect(text).toContain('**Hint:** Mend \\*it\\*');
  });

  it('as a summary never takes more than it may, and cuts between its parts', () => {
    const outputs = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`Output${index}`, 'ü'.repeat(50)]));
    const report = reportRun(end({ result: { action: 'created', stackName: 'Shop', outputs } }), hide);
    for (const bytes of [0, 10, 200, 3000, 40_000, 1_000_000]) {
      const text = renderSummary(report, undefined, bytes);
      expect(Buffer.byteLength(text), String(bytes)).toBeLessThanOrEqual(bytes);
    }
    expect(renderSummary(report, undefined, 3000)).toMatch(/_The rest did not fit/);
  });
});
