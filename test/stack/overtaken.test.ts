import { describe, expect, it } from 'vitest';

import type { Stack, Stacks } from '../../src/clients/cloudformation.ts';
import { UserError, type ErrorCode } from '../../src/errors.ts';
import type { StackDeps } from '../../src/stack/operation.ts';
import { retryOvertaken } from '../../src/stack/overtaken.ts';
import type { DeployPermissions, ReadyPlan } from '../../src/stack/plan.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { recordingReporter } from '../support/recording-reporter.ts';

const STACK = { id: 'arn:shop', name: 'Shop', status: 'CREATE_COMPLETE' } as Stack;
const MAY = { waitForStack: true, recreate: true, continueRollback: true, skipResources: [], resume: false } as DeployPermissions;

function attempt(errors: readonly ErrorCode[], options: { waits?: boolean; begun?: boolean } = {}) {
  const plans: ReadyPlan['kind'][] = [];
  const reporter = recordingReporter();
  const stacks = { find: () => Promise.resolve(STACK) } as unknown as Stacks;
  const deps: StackDeps = { stacks, clock: fakeClock(), reporter, signal: new AbortController().signal };
  const may = { ...MAY, waitForStack: options.waits ?? true };
  const contested = { stackName: 'Shop', plan: { kind: 'create', reuse: undefined } as ReadyPlan, may, longestPauseMs: undefined };
  const outcome = retryOvertaken(contested, deps, (plan, begin) => {
    plans.push(plan.kind);
    if (options.begun === true) begin();
    const code = errors[plans.length - 1];
    return code === undefined ? Promise.resolve('done') : Promise.reject(new UserError(code, `lost by ${code}`));
  });
  return { outcome, plans, lines: reporter.lines };
}

describe('a run that others overtake', () => {
  it.each(['STACK_BUSY', 'CHANGE_SET_NOT_FOUND', 'STACK_NOT_FOUND'] as const)(
    'looks again after %s, and goes on from what it finds',
    async (code) => {
      const { outcome, plans, lines } = attempt([code, 'CHANGE_SET_NOT_FOUND', code]);
      expect(await outcome).toBe('done');
      expect(plans).toEqual(['create', 'update', 'update', 'update']);
      expect(lines).toContain(`info: Another operation on stack Shop came first; looking at it again`);
    },
  );

  it('ends as STACK_BUSY, whatever was lost, when it may not wait or is overtaken for ever', async () => {
    await expect(attempt(['CHANGE_SET_NOT_FOUND'], { waits: false }).outcome).rejects.toMatchObject({
      code: 'STACK_BUSY',
      message: 'Another deployment of stack Shop came first: lost by CHANGE_SET_NOT_FOUND',
    });
    await expect(attempt(Array.from({ length: 20 }, () => 'CHANGE_SET_NOT_FOUND' as const)).outcome).rejects.toMatchObject({
      code: 'STACK_BUSY',
    });
  });

  it('leaves alone what goes wrong after it has begun, and every other failure', async () => {
    const begun = attempt(['STACK_NOT_FOUND'], { begun: true });
    await expect(begun.outcome).rejects.toMatchObject({ code: 'STACK_NOT_FOUND' });
    await expect(attempt(['CHANGE_SET_FAILED']).outcome).rejects.toMatchObject({ code: 'CHANGE_SET_FAILED' });
    expect(begun.plans).toHaveLength(1);
  });
});
