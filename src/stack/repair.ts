import type { Stack } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import type { Step } from '../output/reporter.ts';
import { beginDeletion } from './begin-deletion.ts';
import { createEventLog } from './event-log.ts';
import { exportsOf, refuseWhenImported } from './exports.ts';
import { failedOperation, failedResources } from './failed.ts';
import { adviseOnStuck } from './held.ts';
import { newToken, reread, runOperation, type StackDeps } from './operation.ts';
import { planDeployment, sayDeployment, type DeployPermissions, type ReadyPlan } from './plan.ts';

export interface RepairRequest {
  readonly stackName: string;
  readonly may: DeployPermissions;
  readonly roleArn: string | undefined;
  readonly longestPauseMs: number | undefined;
}

/** A stack that a change set can be made for: one to update, or none yet. */
export type SoundStack = { readonly kind: 'create' } | { readonly kind: 'update'; readonly stack: Stack; readonly resume: boolean };

/**
 * Brings a stack out of a failed state: deletes one that never came up, rolls a failed update back. Throws UserError STACK_FAILED
 * with the first cause when that fails too, EXPORT_IN_USE, STACK_STATE.
 */
export async function repairStack(plan: ReadyPlan, request: RepairRequest, deps: StackDeps, step: Step): Promise<SoundStack> {
  switch (plan.kind) {
    case 'create':
      return { kind: 'create' };
    case 'update':
      return { kind: 'update', stack: plan.stack, resume: plan.resume };
    case 'recreate':
      await removeStack(plan.stack, request, deps, step);
      return { kind: 'create' };
    case 'roll-back':
    case 'continue-rollback': {
      const stack = await rollBack(plan, request, deps, step);
      // A creation that failed, was resumed and failed again has no good state: its rollback leaves an empty stack.
      const next = planDeployment(stack, { ...request.may, resume: false });
      if (next.kind === 'recreate' || next.kind === 'update') return repairStack(next, request, deps, step);
      throw new UserError('STACK_STATE', `Stack ${stack.name} was rolled back and is ${stack.status}`, { hint: 'Run the command again' });
    }
  }
}

async function removeStack(stack: Stack, request: RepairRequest, deps: StackDeps, step: Step): Promise<void> {
  await refuseWhenImported(stack, exportsOf(stack), deps);
  step.note(sayDeployment(stack, 'recreate'), { lasting: true });
  const log = createEventLog(deps, step, 0);
  const begin = () => beginDeletion(stack, { roleArn: request.roleArn }, deps);
  const end = await runOperation({ stack, begin, log, longestPauseMs: request.longestPauseMs }, deps);
  if (end.status === 'DELETE_COMPLETE') return;
  const what = 'could not be deleted to be created anew';
  const advice = await adviseOnStuck(stack, failedResources(log), deps);
  throw await failedOperation({ stackName: stack.name, stackId: stack.id, status: end.status, what, ...advice }, log, deps);
}

type RollbackPlan = Extract<ReadyPlan, { kind: 'roll-back' | 'continue-rollback' }>;

async function rollBack(plan: RollbackPlan, request: RepairRequest, deps: StackDeps, step: Step): Promise<Stack> {
  const { stack } = plan;
  step.note(sayDeployment(stack, plan.kind), { lasting: true });
  const log = createEventLog(deps, step, 0);
  const begin = () => beginRollback(plan, request, deps);
  const end = await runOperation({ stack, begin, log, longestPauseMs: request.longestPauseMs }, deps);
  if (!end.status.endsWith('_FAILED')) return reread(deps, stack.id, stack.name);
  const what = 'could not be rolled back to its last good state';
  const stuck = failedResources(log).join(',');
  const hint = `Mend the cause and run the command again, or leave what is stuck as it is: --skip-resources ${stuck}`;
  throw await failedOperation({ stackName: stack.name, stackId: stack.id, status: end.status, what, hint }, log, deps);
}

async function beginRollback(plan: RollbackPlan, { roleArn }: RepairRequest, { stacks, signal }: StackDeps): Promise<void> {
  const options = { roleArn, token: newToken() };
  if (plan.kind === 'continue-rollback') return stacks.continueRollback(plan.stack.id, { ...options, skip: plan.skip }, signal);
  try {
    await stacks.rollBack(plan.stack.id, options, signal);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'TEMPLATE_INVALID') throw error;
    // A stack that failed in express mode takes no rollback (aws-cdk-cli issue 1739).
    throw new UserError('STACK_STATE', `Stack ${plan.stack.name} cannot be rolled back: ${error.message}`, {
      hint: 'Go on from where it stands: --resume, with --express when it failed in express mode',
      cause: error,
    });
  }
}
