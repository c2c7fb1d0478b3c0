import { describe, expect, it } from 'vitest';

import type { Stack, Stacks } from '../../src/clients/cloudformation.ts';
import { deleteAll, describeOutcome, failureOf } from '../../src/deletion/delete-all.ts';
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

  it('end with an interrupt when one is interrupted', async () => {
    const planned = await plan([top, other], {});
    const interrupted = new UserError('INTERRUPTED', 'stopped');
    await expect(deleteAll(planned, ({ stack }) => (stack === top ? Promise.reject(interrupted) : Promise.resolve()))).rejects.toBe(
      interrupted,
    );
    await expect(deleteAll(planned, () => Promise.reject(interrupted))).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: 'Stopped waiting for the stacks Top, Other; what has begun goes on without us',
    });
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
