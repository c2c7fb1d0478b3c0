import { describe, expect, it } from 'vitest';

import { UserError } from '../../src/errors.ts';
import { followStack } from '../../src/stack/follow.ts';
import { nameOf } from '../../src/stack/event-log.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { arn, scriptedStacks, type ScriptedEvent } from '../support/scripted-stacks.ts';

type Script = Readonly<Record<string, readonly ScriptedEvent[]>>;
type Options = NonNullable<Parameters<typeof scriptedStacks>[2]>;

async function follow(script: Script, options: Options & { after?: string; waiting?: () => number } = {}) {
  const clock = fakeClock();
  const began = clock.now();
  const stacks = scriptedStacks(script, clock, options);
  const seen: { id: string; name: string }[] = [];
  const notes: string[] = [];
  const end = await followStack(stacks, clock, {
    stackId: arn('Shop'),
    after: options.after,
    waiting: options.waiting,
    onEvent: (event) => seen.push({ id: event.id, name: `${nameOf(event)} ${event.status}` }),
    onNote: (text) => notes.push(text),
    signal: new AbortController().signal,
  });
  return { seen, end, notes, calls: stacks.calls, tookMs: clock.now() - began };
}

/** Created: Shop holds Mid, Mid holds Low, Low holds Fn. */
const THREE_DEEP: Script = {
  Shop: [
    [0, 'Shop', 'CREATE_IN_PROGRESS'],
    [1, 'Mid', 'CREATE_IN_PROGRESS', ''],
    [2, 'Mid', 'CREATE_IN_PROGRESS', 'Mid'],
    [30, 'Mid', 'CREATE_COMPLETE', 'Mid'],
    [31, 'Last', 'CREATE_IN_PROGRESS'],
    [60, 'Last', 'CREATE_COMPLETE'],
    [61, 'Shop', 'CREATE_COMPLETE'],
  ],
  Mid: [
    [2.1, 'Mid', 'CREATE_IN_PROGRESS'],
    [4, 'Low', 'CREATE_IN_PROGRESS', 'Low'],
    [28, 'Low', 'CREATE_COMPLETE', 'Low'],
    [29, 'Mid', 'CREATE_COMPLETE'],
  ],
  Low: [
    [4.1, 'Low', 'CREATE_IN_PROGRESS'],
    [5, 'Fn', 'CREATE_IN_PROGRESS'],
    [26, 'Fn', 'CREATE_COMPLETE'],
    [27, 'Low', 'CREATE_COMPLETE'],
  ],
};

describe('following nested stacks', () => {
  it.each([0, 600_000, -600_000])('tells the events three deep, each once and in order, with a clock that is %d ms off', async (skewMs) => {
    const { seen, end } = await follow(THREE_DEEP, { skewMs });
    expect(end.status).toBe('CREATE_COMPLETE');
    expect(seen).toHaveLength(15);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(15);
    expect(seen.map(({ name }) => name)).toContain('Mid/Low/Fn CREATE_COMPLETE');
    const order = ['Mid CREATE_IN_PROGRESS', 'Mid/Low CREATE_IN_PROGRESS', 'Mid/Low/Fn CREATE_COMPLETE', 'Mid/Low CREATE_COMPLETE'];
    const at = order.map((name) => seen.findIndex((event) => event.name === name));
    expect(at).toEqual(at.toSorted((one, other) => one - other));
    expect(seen.at(-1)?.name).toBe('Shop CREATE_COMPLETE');
  });

  it('asks a nested stack while it is in progress, and not afterwards', async () => {
    const { calls } = await follow(THREE_DEEP);
    const lastOfMid = calls.lastIndexOf('Mid');
    expect(calls.slice(lastOfMid).filter((name) => name === 'Shop').length).toBeGreaterThan(20);
    expect(calls.filter((name) => name === 'Low').length).toBeLessThan(50);
  });

  it('leaves out what an updated nested stack has done before', async () => {
    const { seen } = await follow(
      {
        Shop: [
          [-900, 'Shop', 'CREATE_COMPLETE'],
          [0, 'Shop', 'UPDATE_IN_PROGRESS'],
          [1, 'Mid', 'UPDATE_IN_PROGRESS', 'Mid'],
          [5, 'Mid', 'UPDATE_COMPLETE', 'Mid'],
          [6, 'Shop', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'],
          [9, 'Shop', 'UPDATE_COMPLETE'],
        ],
        Mid: [
          [-910, 'Old', 'CREATE_COMPLETE'],
          [-901, 'Mid', 'CREATE_COMPLETE'],
          [2, 'Mid', 'UPDATE_IN_PROGRESS'],
          [3, 'Fn', 'UPDATE_COMPLETE'],
          [4, 'Mid', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'],
          [7, 'Old', 'DELETE_COMPLETE'],
          [8, 'Mid', 'UPDATE_COMPLETE'],
        ],
      },
      { after: 'Shop-0' },
    );
    const names = seen.map(({ name }) => name);
    expect(names).not.toContain('Mid/Old CREATE_COMPLETE');
    expect(names).toContain('Mid/Fn UPDATE_COMPLETE');
    // It removes what it no longer needs after its parent has told its end.
    expect(names).toContain('Mid/Old DELETE_COMPLETE');
    expect(seen).toHaveLength(10);
  });

  it('reads what happened between two looks over several pages', async () => {
    const many = Array.from({ length: 450 }, (_, index): ScriptedEvent => [10 + index / 1000, `Fn${index}`, 'CREATE_COMPLETE']);
    const { seen, calls } = await follow({ Shop: [[0, 'Shop', 'CREATE_IN_PROGRESS'], ...many, [11, 'Shop', 'CREATE_COMPLETE']] });
    expect(seen).toHaveLength(452);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(452);
    expect(calls.length).toBeLessThan(50);
  });

  it('goes on without the events of a nested stack that may not be read', async () => {
    const { seen, end, notes } = await follow(THREE_DEEP, {
      trouble: (_, name) => {
        if (name === 'Mid') throw new UserError('ACCESS_DENIED', 'not for you');
      },
    });
    expect(end.status).toBe('CREATE_COMPLETE');
    expect(seen).toHaveLength(7);
    expect(notes[0]).toBe('The events of Mid may not be read: not for you');
  });
});

function failure(name: string, status: number): Error {
  const cause = Object.assign(new Error('Rate exceeded'), { name, $metadata: { httpStatusCode: status } });
  return new UserError('AWS_ERROR', 'CloudFormation DescribeStackEvents failed', { cause });
}

describe('following through silence', () => {
  it('tells what happened between the last look and the question for the stack itself', async () => {
    const quiet: Script = {
      Shop: [
        [0, 'Shop', 'CREATE_IN_PROGRESS'],
        [0.5, 'Fn', 'CREATE_IN_PROGRESS'],
        [30, 'Fn', 'CREATE_COMPLETE'],
        [30.1, 'Shop', 'CREATE_COMPLETE'],
      ],
    };
    const clock = fakeClock();
    const scripted = scriptedStacks(quiet, clock);
    const names: string[] = [];
    // The stack ends while it is asked how it is.
    const find: typeof scripted.find = async (id, signal) => {
      await clock.sleep(30_000);
      return scripted.find(id, signal);
    };
    const onEvent = (event: Parameters<typeof nameOf>[0] & { status: string }) => names.push(`${nameOf(event)} ${event.status}`);
    const signal = new AbortController().signal;
    const end = await followStack({ ...scripted, find }, clock, { stackId: arn('Shop'), after: undefined, onEvent, signal });
    expect(end.status).toBe('CREATE_COMPLETE');
    expect(names.slice(2)).toEqual(['Fn CREATE_COMPLETE', 'Shop CREATE_COMPLETE']);
  });
});

describe('following through trouble', () => {
  it('is patient with throttling, slows down, says so after a while, and misses nothing', async () => {
    let calls = 0;
    const { seen, end, notes, tookMs } = await follow(THREE_DEEP, {
      trouble: () => {
        calls += 1;
        if (calls > 20 && calls < 40) throw failure('Throttling', 400);
      },
    });
    expect(end.status).toBe('CREATE_COMPLETE');
    expect(seen).toHaveLength(15);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(15);
    expect(notes.length).toBeGreaterThan(0);
    expect(notes[0]).toMatch(/^CloudFormation throttles our questions for \d+\.\d s/);
    expect(tookMs).toBeGreaterThan(61_000);
  });

  it('gives up on an endpoint that is gone for minutes, and at once on a refusal', async () => {
    const gone = follow(THREE_DEEP, { trouble: (call) => void (call > 3 && fail(failure('ServiceUnavailable', 503))) });
    await expect(gone).rejects.toThrow('DescribeStackEvents failed');
    const refused = follow(THREE_DEEP, { trouble: (call) => void (call > 3 && fail(failure('AccessDenied', 403))) });
    await expect(refused).rejects.toThrow('DescribeStackEvents failed');
  });

  it('looks seldom while much has not begun, and often when the end is near', async () => {
    const long: Script = {
      Shop: [
        [0, 'Shop', 'CREATE_IN_PROGRESS'],
        [1, 'Fn', 'CREATE_IN_PROGRESS'],
        [899, 'Fn', 'CREATE_COMPLETE'],
        [900.3, 'Shop', 'CREATE_COMPLETE'],
      ],
    };
    const middle = await follow(long, { waiting: () => 20 });
    const near = await follow(long, { waiting: () => 0 });
    expect(middle.calls.length).toBeLessThan(500);
    expect(near.calls.length).toBeGreaterThan(1200);
    expect(near.tookMs).toBeLessThan(901_300);
  });
});

function fail(error: Error): never {
  throw error;
}
