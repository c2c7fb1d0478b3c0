import { randomUUID } from 'node:crypto';

import type { Stack } from '../clients/cloudformation.ts';
import { UserError, isAbort } from '../errors.ts';
import type { Step } from '../output/reporter.ts';
import { stoppedWaiting, type DeployDeps } from './deploy.ts';
import { createEventLog } from './event-log.ts';
import { findFirstCause } from './failure.ts';
import { followStack } from './follow.ts';
import { planDeletion } from './plan.ts';

export interface DeleteRequest {
  readonly roleArn: string | undefined;
  readonly longestPauseMs: number | undefined;
}

/** Refuses what cannot be deleted now, before anything is asked or done. Throws UserError STACK_PROTECTED or STACK_STATE. */
export function checkDeletable(stack: Stack): void {
  if (stack.terminationProtection) {
    throw new UserError('STACK_PROTECTED', `Stack ${stack.name} is protected against deletion`, {
      hint: `Lift it first: aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ${stack.name}`,
    });
  }
  const plan = planDeletion(stack);
  if (typeof plan === 'object') throw new UserError('STACK_STATE', plan.refuse, { hint: plan.hint });
}

/** Deletes a stack, telling its events, and waits until it is gone. Throws UserError STACK_FAILED with the first cause. */
export async function deleteStack(stack: Stack, request: DeleteRequest, deps: DeployDeps): Promise<void> {
  await deps.reporter.step({ kind: 'stack', name: stack.name }, async (step) => {
    const log = createEventLog(deps, step, 0);
    const after = await deps.stacks.newestEventId(stack.id, deps.signal);
    if (planDeletion(stack) === 'delete') {
      await deps.stacks.deleteStack(stack.id, { roleArn: request.roleArn, token: `lambda-tool-${randomUUID()}` }, deps.signal);
    } else {
      step.note('is being deleted already');
    }
    try {
      const end = await followStack(deps.stacks, deps.clock, {
        stackId: stack.id,
        after,
        longestPauseMs: request.longestPauseMs,
        onEvent: (event) => log.add(event),
        signal: deps.signal,
      });
      finish(stack, end.status, step, log);
    } catch (error) {
      if (isAbort(error) || (deps.signal.aborted && !(error instanceof UserError))) throw stoppedWaiting(stack.name, stack.id, log);
      throw error;
    }
  });
}

function finish(stack: Stack, status: string, step: Step, log: ReturnType<typeof createEventLog>): void {
  if (status === 'DELETE_COMPLETE') {
    step.summary('deleted');
    return;
  }
  const cause = findFirstCause(log.events());
  throw new UserError('STACK_FAILED', `Stack ${stack.name} could not be deleted (${status})`, {
    details: cause === undefined ? [] : [`Cause   ${cause.logicalId} (${cause.resourceType})`, `        ${cause.reason}`],
    hint: `Remove what holds it, then: lambda-tool delete-serverless ${stack.name}`,
    result: { stackName: stack.name, stackId: stack.id, status, ...(cause === undefined ? {} : { cause }) },
  });
}
