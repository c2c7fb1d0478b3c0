import { describe, expect, it } from 'vitest';

import type { Stack, Stacks } from '../../src/clients/cloudformation.ts';
import { deleteAll, describeOutcome, failureOf, interruptOf } from '../../src/deletion/delete-all.ts';
import { planDeletions, refuseAll, type PlannedDeletion } from '../../src/deletion/order.ts';
import { UserError } from '../../src/errors.ts';

const signal = new AbortController().signal;

/** A stack that exports a name of its own. */
function stackNamed(name: string, part: Partial<Stack> = {}): Stack {
  return {
    id: `arn:${name}`,
    name,
    status: 'CREATE_COMPLETE',
    statusReason: undefined,
    parameters: [],
    outputs: [{ name: 'Out', value: 'v', description: undefined, exportName: `${name}-out` }],
    tags: {},
    terminationProtection: false,
    roleArn: undefined,
    ...part,
  };
}

/** `uses`: exporter → the stacks that import from it. */
function plan(stacks: readonly Stack[], uses: Readonly<Record<string, readonly string[]>>): Promise<PlannedDeletion[]> {
  const client = { importers: (name: string) => Promise.resolve([...(uses[name.replace(/-out$/, '')] ?? [])]) } as unknown as Stacks;
  return planDeletions(stacks, { waitForStack: true, liftProtection: false }, { stacks: client, signal });
}

/** Deletes on paper; answers the order in which deletions began, and ended. */
async function carryOut(planned: readonly PlannedDeletion[], failing: readonly string[] = []) {
  const log: string[] = [];
  const outcome = await deleteAll(planned, async ({ stack }) => {
    log.push(`begin ${stack.name}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    log.push(`end ${stack.name}`);
    if (failing.includes(stack.name)) throw new UserError('STACK_FAILED', `${stack.name} is stuck`, { hint: `mend ${stack.name}` });
  });
  return { log, outcome };
}

describe('several stacks', () => {
  const [base, middle, top, other] = ['Base', 'Middle', 'Top', 'Other'].map((name) => stackNamed(name)) as [Stack, Stack, Stack, Stack];
  const CHAIN = { Base: ['Middle'], Middle: ['Top'] };

  it('go side by side, but for those that import from each other: importers first, in whatever order they are named', async () => {
    const { log, outcome } = await carryOut(await plan([base, top, middle, other], CHAIN));
    expect(log.slice(0, 2).toSorted()).toEqual(['begin Other', 'begin Top']);
    expect(log.filter((line) => !line.endsWith('Other'))).toEqual([
      'begin Top',
      'end Top',
      'begin Middle',
      'end Middle',
      'begin Base',
      'end Base',
    ]);
    expect(describeOutcome(outcome).deleted.map(({ stackName }) => stackName)).toEqual(['Base', 'Top', 'Middle', 'Other']);
  });

  it('go on when one fails, but for those that it imports from; everything is told', async () => {
    const { log, outcome } = await carryOut(await plan([base, middle, top, other], CHAIN), ['Top']);
    expect(log).not.toContain('begin Middle');
    expect(log).not.toContain('begin Base');
    const failure = failureOf(outcome, { absent: [] });
    expect(failure).toMatchObject({
      code: 'EXPORT_IN_USE',
      message: '3 of 4 stacks could not be deleted: Base, Middle, Top',
      result: {
        absent: [],
        deleted: [{ stackName: 'Other' }],
        failed: [{ stackName: 'Base' }, { stackName: 'Middle' }, { stackName: 'Top', code: 'STACK_FAILED', hint: 'mend Top' }],
      },
    });
    expect(failure.details).toContain('Stack Middle was left alone: Top could not be deleted and imports from it');
    expect(failure.details).toContain('Top is stuck');
  });

  it('fail with the failure itself when there is only one', async () => {
    const { outcome } = await carryOut(await plan([other], {}), ['Other']);
    expect(failureOf(outcome, {})).toMatchObject({ code: 'STACK_FAILED', message: 'Other is stuck', hint: 'mend Other' });
  });

  it('are told apart after an interrupt: left, not begun, deleted', async () => {
    const planned = await plan([base, middle, top, other], CHAIN);
    const interrupted = new UserError('INTERRUPTED', 'stopped');
    const cut = await deleteAll(planned, ({ stack }) => (stack === top ? Promise.reject(interrupted) : Promise.resolve()));
    expect(interruptOf(cut, { absent: [] }, (name) => `watch ${name}`)).toMatchObject({
      code: 'INTERRUPTED',
      message: 'Stopped waiting for the stack Top; what has begun goes on without us',
      hint: 'See how it ends: watch Top; once that has ended, to delete the rest, run the same command again',
      details: ['Not begun: Base, Middle', 'Deleted: Other'],
      result: {
        absent: [],
        interrupted: [{ stackName: 'Top' }],
        notBegun: [{ stackName: 'Base' }, { stackName: 'Middle' }],
        deleted: [{ stackName: 'Other' }],
      },
    });
    expect(interruptOf((await carryOut(planned)).outcome, {}, String)).toBeUndefined();
  });

  it('do not begin when they may not', async () => {
    const planned = await plan([base, middle, top, other], CHAIN);
    let left = 1;
    const outcome = await deleteAll(
      planned,
      () => Promise.resolve(),
      () => Promise.resolve((left -= 1) >= 0),
    );
    expect(outcome.deleted).toHaveLength(1);
    expect(interruptOf(outcome, {}, String)).toMatchObject({
      message: 'Interrupted: nothing more was begun',
      hint: 'To delete the rest, run the same command again',
    });
  });

  it('keep the interrupt of a single one as it is', async () => {
    const interrupted = new UserError('INTERRUPTED', 'stopped');
    const outcome = await deleteAll(await plan([other], {}), () => Promise.reject(interrupted));
    expect(interruptOf(outcome, {}, String)).toBe(interrupted);
  });

  it('are all left alone when one is protected or imported from elsewhere, and each reason is told', async () => {
    const locked = stackNamed('Locked', { terminationProtection: true });
    const planned = await plan([base, locked, other], { Base: ['Elsewhere'] });
    expect(planned.map(({ refusal }) => refusal?.code)).toEqual(['EXPORT_IN_USE', 'STACK_PROTECTED', undefined]);
    expect(() => refuseAll(planned)).toThrow(
      expect.objectContaining({
        code: 'EXPORT_IN_USE',
        details: ['Base-out is imported by Elsewhere', 'Stack Locked is protected against deletion'],
      }),
    );
  });

  it('that import from each other are told apart', async () => {
    const planned = await plan([base, middle], { Base: ['Middle'], Middle: ['Base'] });
    expect(planned.map(({ refusal }) => refusal?.message)).toEqual([
      'Stack Base and Middle import from each other',
      'Stack Middle and Base import from each other',
    ]);
  });
});
