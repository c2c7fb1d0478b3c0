import { describe, expect, it } from 'vitest';

import type { Stack, StackEvent } from '../../src/clients/cloudformation.ts';
import { UserError } from '../../src/errors.ts';
import { followStack, type Followed } from '../../src/stack/follow.ts';
import { fakeClock } from '../support/fake-clock.ts';

const STACK_ID = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Shop/1';

function event(number: number, logicalId: string, status: string): StackEvent {
  const ofStack = logicalId === 'Shop';
  return {
    id: `e${number}`,
    timestamp: new Date(1_000_000 + number),
    logicalId,
    physicalId: ofStack ? STACK_ID : `p-${logicalId}`,
    resourceType: ofStack ? 'AWS::CloudFormation::Stack' : 'AWS::Lambda::Function',
    status,
    reason: undefined,
    stackId: STACK_ID,
  };
}

/** Shows one more event at every look, and the stack's status as `statusAt(look)` says. */
function scripted(events: readonly StackEvent[], statusAt: (look: number) => string | undefined = () => 'UPDATE_IN_PROGRESS'): Followed {
  let look = 0;
  return {
    find: () => {
      const status = statusAt(look);
      return Promise.resolve(status === undefined ? undefined : ({ id: STACK_ID, status } as Stack));
    },
    eventsAfter: (_, last) => {
      look += 1;
      if (statusAt(look) === undefined) return Promise.reject(new UserError('STACK_NOT_FOUND', 'gone'));
      const shown = events.slice(0, look);
      return Promise.resolve(shown.slice(shown.findIndex((item) => item.id === last) + 1));
    },
  };
}

async function follow(stacks: Followed, after?: string, longestPauseMs?: number) {
  const seen: string[] = [];
  const clock = fakeClock();
  const end = await followStack(stacks, clock, {
    stackId: STACK_ID,
    after,
    longestPauseMs,
    onEvent: (item) => seen.push(item.id),
    signal: new AbortController().signal,
  });
  return { seen, end, slept: clock.slept };
}

describe('following a stack', () => {
  it('tells each event once, in order, and ends with the stack', async () => {
    const events = [
      event(1, 'Shop', 'UPDATE_IN_PROGRESS'),
      event(2, 'Fn', 'UPDATE_IN_PROGRESS'),
      event(3, 'Fn', 'UPDATE_COMPLETE'),
      event(4, 'Shop', 'UPDATE_COMPLETE'),
    ];
    const { seen, end } = await follow(scripted(events));
    expect(seen).toEqual(['e1', 'e2', 'e3', 'e4']);
    expect(end).toEqual({ status: 'UPDATE_COMPLETE', reason: undefined });
  });

  it('leaves out what came before, and is not misled by the end of an earlier operation', async () => {
    const events = [
      event(1, 'Shop', 'CREATE_COMPLETE'),
      event(2, 'Shop', 'UPDATE_IN_PROGRESS'),
      event(3, 'Shop', 'UPDATE_ROLLBACK_COMPLETE'),
    ];
    const { seen, end } = await follow(scripted(events), 'e1');
    expect(seen).toEqual(['e2', 'e3']);
    expect(end.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  });

  it('takes a stack that is gone as deleted', async () => {
    const events = [event(1, 'Shop', 'DELETE_IN_PROGRESS'), event(2, 'Fn', 'DELETE_COMPLETE')];
    const { seen, end } = await follow(scripted(events, (look) => (look > 2 ? undefined : 'DELETE_IN_PROGRESS')));
    expect(seen).toEqual(['e1', 'e2']);
    expect(end.status).toBe('DELETE_COMPLETE');
  });

  it('does not hang where an endpoint reports no end', async () => {
    const { end } = await follow(scripted([event(1, 'Fn', 'CREATE_COMPLETE')], () => 'CREATE_COMPLETE'));
    expect(end.status).toBe('CREATE_COMPLETE');
  });

  it('does not take the state before an operation for its end while no event has come', async () => {
    const events = Array.from({ length: 9 }, (_, index) => event(index, 'Old', 'CREATE_COMPLETE'));
    let looks = 0;
    const stacks = scripted(events, () => 'CREATE_COMPLETE');
    const quiet: Followed = {
      ...stacks,
      eventsAfter: () => {
        looks += 1;
        return Promise.resolve(looks > 10 ? [event(99, 'Shop', 'UPDATE_COMPLETE')] : []);
      },
    };
    const { end } = await follow(quiet);
    expect(end.status).toBe('UPDATE_COMPLETE');
  });

  it('never pauses for a second or more while little is open, and honours the longest pause', async () => {
    const events = [
      event(1, 'Shop', 'UPDATE_IN_PROGRESS'),
      ...Array.from({ length: 300 }, (_, index) => event(index + 2, 'Fn', 'UPDATE_IN_PROGRESS')),
      event(999, 'Shop', 'UPDATE_COMPLETE'),
    ];
    expect(Math.max(...(await follow(scripted(events))).slept)).toBeLessThan(1000);
    expect(Math.max(...(await follow(scripted(events), undefined, 100)).slept)).toBeLessThanOrEqual(100);
  });
});
