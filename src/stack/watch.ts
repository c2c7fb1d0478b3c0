import type { Stack, StackEvent } from '../clients/cloudformation.ts';
import type { Step } from '../output/reporter.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import type { PlaceOf } from './explain-failure.ts';
import { failedOperation } from './failed.ts';
import { findFirstCause } from './failure.ts';
import { isOwnEvent } from './follow-tree.ts';
import { isBusy } from './look.ts';
import { missingStack } from './missing-stack.ts';
import { followOperation, type StackDeps } from './operation.ts';
import { describeState } from './plan.ts';

export interface WatchRequest {
  /** Name or ARN. */
  readonly stackName: string;
  readonly longestPauseMs: number | undefined;
  /** Where a template has what failed; asked only after a failure. */
  readonly placesOf?: ((stack: Stack) => Promise<PlaceOf | undefined>) | undefined;
}

export type WatchOutcome =
  /** Nothing runs. */
  | { readonly kind: 'at-rest'; readonly stack: Stack }
  /** `stack` is undefined when it was deleted. */
  | {
      readonly kind: 'ended';
      readonly name: string;
      readonly stackId: string;
      readonly stack: Stack | undefined;
      readonly status: string;
      readonly durationMs: number;
    };

/**
 * Tells the events of whatever operation runs on a stack, from its beginning, until it has ended. Throws UserError STACK_NOT_FOUND,
 * STACK_FAILED with the first cause, INTERRUPTED, STACK_STILL_RUNNING.
 */
export async function watchStack(request: WatchRequest, deps: StackDeps): Promise<WatchOutcome> {
  const { stackName } = request;
  const stack = await deps.stacks.find(stackName, deps.signal);
  if (stack === undefined) throw await missingStack(stackName, deps);
  if (!isBusy(stack)) return { kind: 'at-rest', stack };
  const beginning = await findBeginning(stack, deps);
  // It may have ended between the two questions.
  if (beginning.kind === 'ended') return watchStack({ ...request, stackName: stack.id }, deps);
  return deps.reporter.step({ kind: 'stack', name: stack.name }, (step) => follow(stack, beginning.after, request, deps, step));
}

type Beginning = { readonly kind: 'running'; readonly after: string | undefined } | { readonly kind: 'ended' };

/** Where the operation that runs begins: after the newest event that tells of a stack at rest. */
async function findBeginning(stack: Stack, { stacks, signal }: StackDeps): Promise<Beginning> {
  let after: string | undefined;
  const isAtRest = (event: StackEvent): boolean => {
    if (!isOwnEvent(event) || (event.status.endsWith('_IN_PROGRESS') && event.status !== 'REVIEW_IN_PROGRESS')) return false;
    after = event.id;
    return true;
  };
  const events = await stacks.eventsAfter(stack.id, isAtRest, signal);
  if (events.length > 0) return { kind: 'running', after };
  const now = await stacks.find(stack.id, signal);
  return now !== undefined && isBusy(now) ? { kind: 'running', after } : { kind: 'ended' };
}

async function follow(
  stack: Stack,
  after: string | undefined,
  { longestPauseMs, placesOf }: WatchRequest,
  deps: StackDeps,
  step: Step,
): Promise<WatchOutcome> {
  const { id, name } = stack;
  step.note(describeState(stack), { lasting: true });
  const log = createEventLog(deps, step, 0);
  const { status } = await followOperation({ stack, log, longestPauseMs }, after, deps);
  if (!isGoodEnd(status, log, id)) {
    throw await failedOperation({ stackName: name, stackId: id, status, placeOf: await placesOf?.(stack) }, log, deps);
  }
  step.summary(`${log.describe()} · ${status}`);
  const now = status === 'DELETE_COMPLETE' ? undefined : await deps.stacks.find(id, deps.signal);
  return { kind: 'ended', name, stackId: id, stack: now, status, durationMs: durationOf(log) };
}

const GOOD = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE']);

/** A rollback that was asked for ends well with it; a deletion that cleans up after a failed creation does not. */
function isGoodEnd(status: string, log: EventLog, stackId: string): boolean {
  if (GOOD.has(status)) return true;
  const own = log.events().filter((event) => event.path.length === 0 && isOwnEvent(event) && event.status !== 'REVIEW_IN_PROGRESS');
  const begun = own[0]?.status ?? '';
  if (status === 'DELETE_COMPLETE') return begun.startsWith('DELETE_') || findFirstCause(log.events(), stackId) === undefined;
  return status.endsWith('ROLLBACK_COMPLETE') && begun.includes('ROLLBACK');
}

/** By the server's clock. */
function durationOf(log: EventLog): number {
  const events = log.events();
  return (events.at(-1)?.timestamp.getTime() ?? 0) - (events[0]?.timestamp.getTime() ?? 0);
}
