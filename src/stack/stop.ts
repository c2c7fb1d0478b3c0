import type { Stacks } from '../clients/cloudformation.ts';
import type { Clock } from '../context.ts';
import { UserError, isAbort } from '../errors.ts';
import type { Prompts } from '../output/prompts.ts';
import type { FollowResult } from './follow.ts';
import { newToken } from './token.ts';

/** What an operation does, as far as it matters for stopping it. */
export type Begun = 'create' | 'update' | 'other';
/** How it can be stopped: a creation by deleting the stack, an update by cancelling it. */
export type WayToStop = 'create' | 'update';

/** How an operation can be stopped now; undefined when CloudFormation takes no stop: it deletes, rolls back or cleans up. */
export function wayToStop(status: string | undefined, begun: Begun | undefined): WayToStop | undefined {
  if (status === 'CREATE_IN_PROGRESS') return 'create';
  if (status === 'UPDATE_IN_PROGRESS') return 'update';
  return status === undefined || status === 'REVIEW_IN_PROGRESS' ? (begun === 'other' ? undefined : begun) : undefined;
}

export interface StopQuestion {
  readonly stackName: string;
  /** " (7 of 14 resources)". */
  readonly progress: string;
  readonly status: string | undefined;
  readonly way: WayToStop | undefined;
  readonly reattach: string;
}

export const WAIT = 'keep waiting';

/** Asks a person what is to become of the operation. Throws UserError INTERRUPTED when the question is left. */
export async function askWhatNow(question: StopQuestion, prompts: Prompts, signal: AbortSignal): Promise<'leave' | 'cancel' | 'wait'> {
  const { stackName, progress, way, reattach } = question;
  const leave = choice('leave it running', `re-attach with: ${reattach}`);
  const stop = {
    create: choice('delete what was begun', 'the creation is stopped'),
    update: choice('cancel the update', 'roll back what was done so far'),
  };
  const choices = [leave, ...(way === undefined ? [] : [stop[way]]), WAIT];
  const what = describe(question);
  const answer = await prompts.select({
    message: `Stack ${stackName} ${what}${progress}. AWS goes on without us.`,
    choices,
    signal,
  });
  return answer === leave ? 'leave' : answer === WAIT ? 'wait' : 'cancel';
}

/** An answer and what it means, under each other. */
export function choice(what: string, means: string): string {
  return `${what.padEnd(23)}${means}`;
}

function describe({ status, way }: StopQuestion): string {
  if (way === 'create') return 'is being created';
  if (way === 'update') return 'is being updated';
  if (status === 'DELETE_IN_PROGRESS') return 'is being deleted';
  return status?.includes('ROLLBACK') === true ? 'is rolling back' : 'is at work';
}

const TRIES = 6;
const RETRY_MS = 1_000;

/** Stops what runs; answers false when it is too late for that. Not aborted by an interrupt: it is what the interrupt asked for. */
export async function stopOperation(way: WayToStop, stackId: string, deps: { stacks: Stacks; clock: Clock }): Promise<boolean> {
  const { stacks, clock } = deps;
  const token = newToken();
  for (let attempt = 1; ; attempt += 1) {
    try {
      await (way === 'create' ? stacks.deleteStack(stackId, { token }) : stacks.cancelUpdate(stackId, token));
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // Right after it was accepted an execution may not have begun yet: then the stack shows no operation.
      const status = (await stacks.find(stackId))?.status;
      const isTooLate = status === undefined || (status.endsWith('_IN_PROGRESS') && wayToStop(status, way) !== way);
      if (isTooLate || attempt === TRIES) return false;
      await clock.sleep(RETRY_MS);
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof UserError && !isAbort(error) && (error.code === 'TEMPLATE_INVALID' || error.code === 'STACK_BUSY');
}

/** How an interrupt ended that stopped the operation. */
export function tellStopped(way: Begun, stack: { readonly id: string; readonly name: string }, { status }: FollowResult): UserError {
  const result = { stackName: stack.name, stackId: stack.id, status };
  const name = `stack ${stack.name}`;
  if (way === 'create' && status === 'DELETE_COMPLETE') {
    return new UserError('INTERRUPTED', `Interrupted: the creation of ${name} was stopped, and what was begun is deleted`, { result });
  }
  if (status === 'UPDATE_ROLLBACK_COMPLETE') {
    const what = `Interrupted: the update of ${name} was cancelled, and the stack is back at its last good state (${status})`;
    return new UserError('INTERRUPTED', what, { result });
  }
  const wasDone = status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE';
  const what = wasDone ? `Interrupted, but ${name} was done before it could be stopped` : `Interrupted: ${name} ended as ${status}`;
  return new UserError('INTERRUPTED', wasDone ? `${what} (${status})` : what, {
    result,
    hint: 'Run the command again to go on from there',
  });
}
