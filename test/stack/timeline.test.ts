import { describe, expect, it } from 'vitest';

import { buildTimeline, busyMs, type TimelineEvent } from '../../src/stack/timeline.ts';

const STACK = 'arn:stack/Shop';
const NESTED = 'arn:stack/Shop-Orders';
const BEGIN = Date.parse('2026-01-01T00:00:00Z');

function at(seconds: number, name: string, status: string, more: Partial<TimelineEvent> = {}): TimelineEvent {
  const stackId = more.stackId ?? STACK;
  const path = name.split('/');
  const logicalId = path.pop() ?? '';
  return {
    timestamp: new Date(BEGIN + seconds * 1000),
    logicalId,
    path,
    physicalId: logicalId === 'Shop' ? stackId : `p-${logicalId}`,
    resourceType: logicalId === 'Shop' ? 'AWS::CloudFormation::Stack' : 'AWS::X::Y',
    status,
    reason: undefined,
    stackId,
    ...more,
  };
}

describe('the timeline of an operation', () => {
  it('has one bar for a resource that is created, from its first event to its last', () => {
    const timeline = buildTimeline([
      at(0, 'Shop', 'CREATE_IN_PROGRESS'),
      at(1, 'Role', 'CREATE_IN_PROGRESS'),
      at(3, 'Role', 'CREATE_IN_PROGRESS', { reason: 'Resource creation Initiated' }),
      at(18, 'Role', 'CREATE_COMPLETE'),
      at(20, 'Shop', 'CREATE_COMPLETE'),
    ]);
    expect(timeline.startedAt).toEqual(new Date(BEGIN));
    expect(timeline.durationMs).toBe(20_000);
    expect(timeline.rows).toEqual([
      {
        logicalId: 'Role',
        resourceType: 'AWS::X::Y',
        depth: 0,
        bars: [{ action: 'CREATE', startMs: 1000, endMs: 18_000, outcome: 'done', rollback: false }],
      },
    ]);
  });

  it('is empty without events', () => {
    expect(buildTimeline([])).toEqual({ startedAt: undefined, durationMs: 0, rows: [] });
  });

  it('shows a failure, what was cancelled because of it, and the way back as bars of their own', () => {
    const { rows } = buildTimeline([
      at(0, 'Shop', 'CREATE_IN_PROGRESS'),
      at(1, 'A', 'CREATE_IN_PROGRESS'),
      at(1, 'B', 'CREATE_IN_PROGRESS'),
      at(1, 'C', 'CREATE_IN_PROGRESS'),
      at(2, 'C', 'CREATE_COMPLETE'),
      at(4, 'B', 'CREATE_FAILED', { reason: 'No such thing' }),
      at(5, 'A', 'CREATE_FAILED', { reason: 'Resource creation cancelled' }),
      at(6, 'Shop', 'ROLLBACK_IN_PROGRESS'),
      at(7, 'C', 'DELETE_IN_PROGRESS'),
      at(9, 'C', 'DELETE_COMPLETE'),
      at(10, 'Shop', 'ROLLBACK_COMPLETE'),
    ]);
    const of = (name: string) => rows.find(({ logicalId }) => logicalId === name)?.bars;
    expect(of('A')).toMatchObject([{ outcome: 'cancelled', startMs: 1000, endMs: 5000, rollback: false }]);
    expect(of('B')).toMatchObject([{ outcome: 'failed', reason: 'No such thing' }]);
    expect(of('C')).toMatchObject([
      { action: 'CREATE', outcome: 'done', rollback: false, endMs: 2000 },
      { action: 'DELETE', outcome: 'done', rollback: true, startMs: 7000, endMs: 9000 },
    ]);
    expect(busyMs(rows.find(({ logicalId }) => logicalId === 'C')!)).toBe(3000);
  });

  it('shows an update that is taken back under the same status words', () => {
    const { rows } = buildTimeline([
      at(0, 'Shop', 'UPDATE_IN_PROGRESS'),
      at(1, 'A', 'UPDATE_IN_PROGRESS'),
      at(2, 'A', 'UPDATE_COMPLETE'),
      at(3, 'B', 'UPDATE_IN_PROGRESS'),
      at(4, 'Shop', 'UPDATE_ROLLBACK_IN_PROGRESS'),
      at(5, 'B', 'UPDATE_IN_PROGRESS'),
      at(5, 'A', 'UPDATE_IN_PROGRESS'),
      at(6, 'A', 'UPDATE_COMPLETE'),
      at(7, 'B', 'UPDATE_COMPLETE'),
    ]);
    expect(rows.map(({ bars }) => bars.map(({ outcome, rollback }) => `${outcome} ${rollback}`))).toEqual([
      ['done false', 'done true'],
      ['cancelled false', 'done true'],
    ]);
  });

  it('shows the removal of what was replaced as a second bar that is no rollback', () => {
    const { rows } = buildTimeline([
      at(0, 'Shop', 'UPDATE_IN_PROGRESS'),
      at(1, 'Table', 'UPDATE_IN_PROGRESS'),
      at(5, 'Table', 'UPDATE_COMPLETE'),
      at(6, 'Shop', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'),
      at(7, 'Table', 'DELETE_IN_PROGRESS'),
      at(9, 'Table', 'DELETE_COMPLETE'),
    ]);
    expect(rows[0]?.bars).toMatchObject([
      { action: 'UPDATE', rollback: false },
      { action: 'DELETE', rollback: false, startMs: 7000 },
    ]);
  });

  it('keeps the resources of nested stacks below the stack they are in, and knows their own way back', () => {
    const nested = { stackId: NESTED };
    const { rows } = buildTimeline([
      at(0, 'Shop', 'CREATE_IN_PROGRESS'),
      at(1, 'Orders', 'CREATE_IN_PROGRESS'),
      at(1, 'Last', 'CREATE_IN_PROGRESS'),
      at(2, 'Orders', 'CREATE_IN_PROGRESS', { stackId: NESTED, physicalId: NESTED }),
      at(3, 'Orders/Table', 'CREATE_IN_PROGRESS', nested),
      at(3, 'Orders/Deep/Queue', 'CREATE_IN_PROGRESS', { stackId: 'arn:deep' }),
      at(4, 'Orders/Table', 'CREATE_COMPLETE', nested),
      at(5, 'Orders', 'ROLLBACK_IN_PROGRESS', { stackId: NESTED, physicalId: NESTED }),
      at(6, 'Orders/Table', 'DELETE_IN_PROGRESS', nested),
      at(7, 'Orders/Table', 'DELETE_COMPLETE', nested),
      at(8, 'Orders', 'CREATE_FAILED', { reason: 'Embedded stack was not successfully created' }),
    ]);
    expect(rows.map(({ logicalId, depth }) => [logicalId, depth])).toEqual([
      ['Orders', 0],
      ['Orders/Table', 1],
      ['Last', 0],
      ['Orders/Deep/Queue', 2],
    ]);
    expect(rows[1]?.bars.map(({ rollback }) => rollback)).toEqual([false, true]);
    expect(rows[0]?.bars).toMatchObject([{ outcome: 'failed', startMs: 1000, endMs: 8000 }]);
    expect(rows[2]?.bars).toMatchObject([{ outcome: 'open', endMs: 8000 }]);
  });

  it('knows resources that are left behind, and ends without a beginning', () => {
    const { rows } = buildTimeline([at(0, 'A', 'DELETE_SKIPPED'), at(1, 'B', 'CREATE_FAILED', { reason: 'no' }), at(1, 'C', 'NO_STATUS')]);
    expect(rows.map(({ logicalId, bars }) => [logicalId, bars.map(({ outcome }) => outcome)])).toEqual([
      ['A', ['skipped']],
      ['B', ['failed']],
    ]);
  });
});
