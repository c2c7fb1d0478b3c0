import type { Stack } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import type { StackDeps } from './operation.ts';
import { refusalError } from './refusal.ts';
import { describeState, planDeployment, type DeployPermissions, type ReadyPlan } from './plan.ts';

/**
 * Looks at the stack and decides what a deployment does; while another operation runs, its events are told until it has ended, and
 * then it is decided again. Throws UserError STACK_STATE or STACK_PROTECTED.
 */
export async function lookAtStack(
  stackName: string,
  may: DeployPermissions,
  longestPauseMs: number | undefined,
  deps: StackDeps,
): Promise<ReadyPlan> {
  for (;;) {
    const plan = planDeployment(await deps.stacks.find(stackName, deps.signal), may);
    if (plan.kind === 'refuse') throw refusalError(plan, deps.target);
    if (plan.kind !== 'wait') return plan;
    await waitForRest(plan.stack, longestPauseMs, deps);
  }
}

/** Tells the events of an operation that somebody else has begun, until it has ended. Throws UserError INTERRUPTED. */
export async function waitForRest(stack: Stack, longestPauseMs: number | undefined, deps: StackDeps): Promise<void> {
  await deps.reporter.step({ kind: 'stack', name: stack.name }, async (step) => {
    const after = await deps.stacks.newestEventId(stack.id, deps.signal).catch(goneMeansNone);
    // It may have ended between the first look and the newest event: no further event would come then.
    const now = await deps.stacks.find(stack.id, deps.signal);
    if (now === undefined || !isBusy(now)) return step.summary(`the other operation has ended (${now?.status ?? 'DELETE_COMPLETE'})`);
    const [{ createEventLog }, { followOperation }] = await Promise.all([import('./event-log.ts'), import('./operation.ts')]);
    step.note(`${describeState(now)}; waiting until that has ended`, { lasting: true });
    const end = await followOperation({ stack, log: createEventLog(deps, step, 0), longestPauseMs, foreign: true }, after, deps);
    step.summary(`the other operation has ended (${end.status})`);
  });
}

/** Whether an operation runs on a stack. */
export function isBusy(stack: Stack): boolean {
  return stack.status.endsWith('_IN_PROGRESS') && stack.status !== 'REVIEW_IN_PROGRESS';
}

function goneMeansNone(error: unknown): undefined {
  if (error instanceof UserError && error.code === 'STACK_NOT_FOUND') return undefined;
  throw error;
}
