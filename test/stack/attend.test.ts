import { describe, expect, it } from 'vitest';

import type { Stacks } from '../../src/clients/cloudformation.ts';
import { createInterrupts, type InterruptCause } from '../../src/interrupts.ts';
import { noPrompts } from '../../src/output/terminal-prompts.ts';
import type { WaitRules } from '../../src/stack/attend.ts';
import { createEventLog } from '../../src/stack/event-log.ts';
import { runOperation, type StackDeps } from '../../src/stack/operation.ts';
import type { Begun } from '../../src/stack/stop.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { recordingReporter } from '../support/recording-reporter.ts';
import { arn, scriptedStacks, type ScriptedEvent } from '../support/scripted-stacks.ts';

const CREATION: readonly ScriptedEvent[] = [
  [0, 'Shop', 'CREATE_IN_PROGRESS'],
  [5, 'Fn', 'CREATE_IN_PROGRESS'],
  [50, 'Fn', 'CREATE_COMPLETE'],
  [60, 'Shop', 'CREATE_COMPLETE'],
];
const UPDATE: readonly ScriptedEvent[] = CREATION.map(([at, id, status]) => [at, id, status.replace('CREATE', 'UPDATE')]);
const DELETION: readonly ScriptedEvent[] = CREATION.map(([at, id, status]) => [at, id, status.replace('CREATE', 'DELETE')]);

interface Trial {
  readonly script: readonly ScriptedEvent[];
  readonly begun: Begun;
  /** What happens when Fn has begun. */
  readonly cause?: InterruptCause;
  readonly onInterrupt?: 'leave' | 'cancel';
  /** What a person answers: the choice that begins so. Nobody is there without it. */
  readonly answers?: readonly string[];
  readonly maxWaitMs?: number;
  /** How the stack turns when it is stopped. */
  readonly stopped?: readonly ScriptedEvent[];
}

async function attempt(trial: Trial) {
  const clock = fakeClock();
  const interrupts = createInterrupts();
  const scripted = scriptedStacks({ Shop: trial.script }, clock);
  const calls: string[] = [];
  const stop = (name: string) => (): Promise<void> => {
    calls.push(name);
    scripted.turn('Shop', trial.stopped ?? []);
    return Promise.resolve();
  };
  const stacks = {
    ...scripted,
    newestEventId: () => Promise.resolve(undefined),
    cancelUpdate: stop('cancelUpdate'),
    deleteStack: stop('deleteStack'),
  } as unknown as Stacks;
  const recording = recordingReporter();
  const asked: { message: string; choices: readonly string[] }[] = [];
  let told = 0;
  const reporter = {
    ...recording,
    event: (event: Parameters<typeof recording.event>[0]) => {
      const isMoment = event['logicalId'] === 'Fn' && told < Math.max(1, trial.answers?.length ?? 0);
      if (trial.cause === undefined || !isMoment) return;
      told += 1;
      interrupts.interrupt(trial.cause);
    },
  };
  const waiting: WaitRules = {
    interrupts,
    prompts: {
      ...noPrompts,
      available: trial.answers !== undefined,
      select: (question) => {
        const answer = trial.answers?.[asked.length] ?? '';
        asked.push(question);
        return Promise.resolve(question.choices.find((choice) => choice.startsWith(answer)) ?? '');
      },
    },
    onInterrupt: trial.onInterrupt,
    reattach: (name) => `lambda-tool watch ${name} --region eu-west-1`,
    endsAt: (now) => (trial.maxWaitMs === undefined ? undefined : now + trial.maxWaitMs),
  };
  const deps: StackDeps = { stacks, clock, reporter, signal: interrupts.signal, waiting };
  const stack = { id: arn('Shop'), name: 'Shop' };
  const outcome = await reporter
    .step({ kind: 'stack', name: 'Shop' }, (step) => {
      const log = createEventLog(deps, step, 1);
      return runOperation({ stack, log, begun: trial.begun, begin: () => Promise.resolve(), longestPauseMs: undefined }, deps);
    })
    .catch((error: unknown) => error);
  return { outcome, calls, asked, lines: recording.lines, interrupts };
}

const ROLLED_BACK: readonly ScriptedEvent[] = [
  [1, 'Shop', 'UPDATE_ROLLBACK_IN_PROGRESS'],
  [9, 'Shop', 'UPDATE_ROLLBACK_COMPLETE'],
];

describe('an interrupt while a stack is at work', () => {
  it('leaves it running where nobody can be asked, and names the command that takes it up', async () => {
    const { outcome, calls, asked } = await attempt({ script: UPDATE, begun: 'update', cause: 'SIGTERM' });
    expect(outcome).toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining('Stopped waiting for stack Shop (0 of 1 resource)'),
    });
    expect(outcome).toMatchObject({ hint: expect.stringContaining('See how it ends: lambda-tool watch Shop --region eu-west-1;') });
    expect([calls, asked]).toEqual([[], []]);
  });

  it.each([
    ['update', UPDATE, ['leave it running', 'cancel the update', 'keep waiting']],
    ['create', CREATION, ['leave it running', 'delete what was begun', 'keep waiting']],
    ['other', DELETION, ['leave it running', 'keep waiting']],
  ] as const)('asks a person what is to become of it (%s)', async (begun, script, choices) => {
    const { outcome, asked } = await attempt({ script, begun, cause: 'SIGINT', answers: ['leave'] });
    expect(outcome).toMatchObject({ code: 'INTERRUPTED' });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.choices.map((choice) => /^\S+( \S+)*/.exec(choice)?.[0])).toEqual(
      choices.map((choice) => expect.stringMatching(new RegExp(`^${choice}`))),
    );
    expect(asked[0]?.message).toMatch(/^Stack Shop is being (updated|created|deleted) \(0 of 1 resource\)\. AWS goes on without us\.$/);
  });

  it('keeps waiting when asked to, and asks again the next time', async () => {
    const { outcome, asked } = await attempt({ script: UPDATE, begun: 'update', cause: 'SIGINT', answers: ['keep', 'keep'] });
    expect(outcome).toEqual({ status: 'UPDATE_COMPLETE', reason: undefined });
    expect(asked).toHaveLength(2);
  });

  it('cancels an update, follows the rollback to its end, and says how it stands', async () => {
    const { outcome, calls, lines, interrupts } = await attempt({
      script: UPDATE,
      begun: 'update',
      cause: 'SIGINT',
      answers: ['cancel'],
      stopped: ROLLED_BACK,
    });
    expect(calls).toEqual(['cancelUpdate']);
    expect(lines).toContain('note: cancelling the update; another interrupt leaves at once');
    expect(outcome).toMatchObject({
      code: 'INTERRUPTED',
      message:
        'Interrupted: the update of stack Shop was cancelled, and the stack is back at its last good state (UPDATE_ROLLBACK_COMPLETE)',
    });
    expect(interrupts.interrupt('SIGINT')).toBe('again');
  });

  it('deletes what a creation has begun, without a question where --on-interrupt says so', async () => {
    const { outcome, calls, asked } = await attempt({
      script: CREATION,
      begun: 'create',
      cause: 'SIGTERM',
      onInterrupt: 'cancel',
      answers: [],
      stopped: [
        [1, 'Shop', 'DELETE_IN_PROGRESS'],
        [3, 'Shop', 'DELETE_COMPLETE'],
      ],
    });
    expect(calls).toEqual(['deleteStack']);
    expect(asked).toEqual([]);
    expect(outcome).toMatchObject({ message: 'Interrupted: the creation of stack Shop was stopped, and what was begun is deleted' });
  });

  it('only waits for what rolls back already, and leaves what cannot be stopped', async () => {
    const rolling: readonly ScriptedEvent[] = [
      [0, 'Shop', 'UPDATE_IN_PROGRESS'],
      [1, 'Shop', 'UPDATE_ROLLBACK_IN_PROGRESS'],
      [5, 'Fn', 'UPDATE_IN_PROGRESS'],
      [9, 'Shop', 'UPDATE_ROLLBACK_COMPLETE'],
    ];
    const back = await attempt({ script: rolling, begun: 'update', cause: 'SIGTERM', onInterrupt: 'cancel' });
    expect(back.calls).toEqual([]);
    expect(back.outcome).toMatchObject({ message: expect.stringContaining('back at its last good state') });
    const deletion = await attempt({ script: DELETION, begun: 'other', cause: 'SIGTERM', onInterrupt: 'cancel' });
    expect(deletion.outcome).toMatchObject({ message: expect.stringContaining('Stopped waiting for stack Shop') });
  });

  it('asks nothing of a terminal that has gone', async () => {
    const { outcome, asked } = await attempt({ script: UPDATE, begun: 'update', cause: 'SIGHUP', answers: ['keep'] });
    expect(outcome).toMatchObject({ code: 'INTERRUPTED' });
    expect(asked).toEqual([]);
  });
});

describe('--max-wait', () => {
  it('ends the waiting, not the operation', async () => {
    const slow: readonly ScriptedEvent[] = [...UPDATE.slice(0, 2), [9_000, 'Shop', 'UPDATE_COMPLETE']];
    const { outcome, calls } = await attempt({ script: slow, begun: 'update', maxWaitMs: 1_800_000 });
    expect(outcome).toMatchObject({ code: 'STACK_STILL_RUNNING', hint: 'See how it ends: lambda-tool watch Shop --region eu-west-1' });
    expect(calls).toEqual([]);
  });
});
