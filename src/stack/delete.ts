import type { Stack } from '../clients/cloudformation.ts';
import type { UserError } from '../errors.ts';
import type { Step } from '../output/reporter.ts';
import { beginDeletion } from './begin-deletion.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { exportsOf, refuseWhenImported } from './exports.ts';
import { failedOperation, failedResources } from './failed.ts';
import { adviseOnStuck } from './held.ts';
import { waitForRest } from './look.ts';
import { runOperation, type StackDeps } from './operation.ts';
import { refusalError } from './refusal.ts';
import { planDeletion } from './plan.ts';

export interface DeleteRequest {
  readonly roleArn: string | undefined;
  readonly longestPauseMs: number | undefined;
  /** False: a stack with a running operation is refused. */
  readonly waitForStack: boolean;
  /** Termination protection may be lifted. */
  readonly liftProtection: boolean;
  /** False: answer as soon as the deletion has begun. */
  readonly wait?: boolean | undefined;
  /** Logical ids of resources that may stay behind when they cannot be deleted. */
  readonly retain: readonly string[];
  /** Empties buckets of the stack, as soon as nothing else runs on it; answers how many versions were deleted. */
  readonly emptyBuckets?: ((step: Step) => Promise<number>) | undefined;
}

/** Refuses what cannot be deleted. Throws UserError STACK_PROTECTED, STACK_STATE or EXPORT_IN_USE. */
async function checkDeletable(
  stack: Stack,
  request: Pick<DeleteRequest, 'waitForStack' | 'liftProtection'>,
  deps: StackDeps,
): Promise<void> {
  const plan = planDeletion(stack, request);
  if (plan.kind === 'refuse') throw refusalError(plan, deps.target);
  if (plan.kind !== 'follow') await refuseWhenImported(stack, exportsOf(stack), deps);
}

/**
 * Deletes a stack, telling its events, and waits until it is gone; an operation that runs is waited for first. Throws UserError
 * STACK_FAILED with the first cause.
 */
export async function deleteStack(stack: Stack, request: DeleteRequest, deps: StackDeps): Promise<void> {
  let current: Stack | undefined = stack;
  while (current !== undefined && planDeletion(current, request).kind !== 'delete') {
    if (request.wait === false && current.status === 'DELETE_IN_PROGRESS') return;
    await checkDeletable(current, request, deps);
    await waitForRest(current, request.longestPauseMs, deps);
    current = await deps.stacks.find(stack.id, deps.signal);
  }
  if (current === undefined) return;
  const settled = current;
  await deps.reporter.step({ kind: 'stack', name: stack.name }, (step) => deleteSettled(settled, request, deps, step));
}

async function deleteSettled(stack: Stack, request: DeleteRequest, deps: StackDeps, step: Step): Promise<void> {
  const known = await stuckAlready(stack, request, deps);
  await request.emptyBuckets?.(step);
  if (request.wait === false) {
    await beginDeletion(stack, { roleArn: request.roleArn, retain: known }, deps);
    return step.summary('deletion started, not waited for');
  }
  let first = await attempt(stack, request, known, deps, step);
  // Until it was deleted itself, a function may have gone on writing.
  if (first.status === 'DELETE_FAILED' && ((await request.emptyBuckets?.(step)) ?? 0) > 0) {
    first = await attempt(stack, request, known, deps, step);
  }
  if (first.status === 'DELETE_COMPLETE') return leave(known, deps, step);
  // CloudFormation leaves resources behind only when the stack is in DELETE_FAILED, and only those that failed.
  const stuck = failedResources(first.log);
  const retain = stuck.filter((logicalId) => request.retain.includes(logicalId));
  if (first.status !== 'DELETE_FAILED' || retain.length === 0) throw await undeletable(stack, first, stuck, deps);
  const second = await attempt(stack, request, retain, deps, step);
  if (second.status !== 'DELETE_COMPLETE') throw await undeletable(stack, second, failedResources(second.log), deps);
  leave([...known, ...retain], deps, step);
}

function leave(retained: readonly string[], deps: StackDeps, step: Step): void {
  if (retained.length === 0) return step.summary('deleted');
  deps.reporter.warn(`Left behind, and no longer part of any stack: ${retained.join(', ')}`);
  step.summary(`deleted, but for ${retained.join(', ')}`);
}

/** Resources to retain that an earlier deletion could not delete: it need not be tried again. */
async function stuckAlready(stack: Stack, { retain }: DeleteRequest, { stacks, signal }: StackDeps): Promise<string[]> {
  if (stack.status !== 'DELETE_FAILED' || retain.length === 0) return [];
  const resources = await stacks.resources(stack.id, signal);
  return resources
    .filter(({ status, logicalId }) => status === 'DELETE_FAILED' && retain.includes(logicalId))
    .map(({ logicalId }) => logicalId);
}

interface Attempt {
  readonly status: string;
  readonly log: EventLog;
}

async function attempt(stack: Stack, request: DeleteRequest, retain: readonly string[], deps: StackDeps, step: Step): Promise<Attempt> {
  const log = createEventLog(deps, step, 0);
  const { longestPauseMs, roleArn } = request;
  const begin = () => beginDeletion(stack, { roleArn, retain }, deps);
  const { status } = await runOperation({ stack, begin, log, longestPauseMs }, deps);
  return { status, log };
}

async function undeletable(stack: Stack, { status, log }: Attempt, stuck: readonly string[], deps: StackDeps): Promise<UserError> {
  const advice = await adviseOnStuck(stack, stuck, deps);
  return failedOperation({ stackName: stack.name, stackId: stack.id, status, what: 'could not be deleted', ...advice }, log, deps);
}
