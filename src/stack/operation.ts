import type { EventMark, Stack } from '../clients/cloudformation.ts';
import type { LogReader } from '../clients/logs.ts';
import { UserError } from '../errors.ts';
import { attend, type AttendDeps, type Attendance, type Attended } from './attend.ts';
import { followStack, type FollowResult } from './follow.ts';
import { createPace } from './pace.ts';

export { newToken } from './token.ts';

/** What every piece of work on a stack needs. */
export interface StackDeps extends AttendDeps {
  /** Switches that lead a command to the same place (` --local`, ` --profile shop`), for the next thing to type. */
  readonly target?: string | undefined;
  /** Where functions write; absent where nothing is to be read. */
  readonly logs?: (() => Promise<LogReader>) | undefined;
}

/** An operation that runs already. */
export interface Operation extends Attended {
  readonly longestPauseMs: number | undefined;
}

export interface NewOperation extends Operation {
  /** Has CloudFormation begin. */
  readonly begin: () => Promise<void>;
}

/**
 * Begins an operation and tells its events until the stack has come to rest. Throws UserError INTERRUPTED when nobody waits any longer
 * or when an interrupt has stopped it, STACK_STILL_RUNNING when it takes longer than `--max-wait`.
 */
export async function runOperation({ begin, ...given }: NewOperation, deps: StackDeps): Promise<FollowResult> {
  const operation: Operation = { ...given, begun: given.begun ?? 'other' };
  const after = await deps.stacks.newestEventId(operation.stack.id, deps.signal).catch(goneMeansNone);
  const attendance = attend(operation, deps);
  try {
    await begin();
    attendance.hasBegun();
    return await followAttended(operation, after, attendance, deps);
  } finally {
    attendance.release();
  }
}

/** Tells the events that come after the one named until the stack has come to rest. Throws UserError INTERRUPTED, STACK_STILL_RUNNING. */
export async function followOperation(operation: Operation, after: EventMark | undefined, deps: StackDeps): Promise<FollowResult> {
  const attendance = attend(operation, deps);
  try {
    return await followAttended(operation, after, attendance, deps);
  } finally {
    attendance.release();
  }
}

async function followAttended(
  { stack, log, longestPauseMs }: Operation,
  after: EventMark | undefined,
  attendance: Attendance,
  deps: StackDeps,
): Promise<FollowResult> {
  const following = followStack(deps.stacks, deps.clock, {
    stackId: stack.id,
    after,
    longestPauseMs,
    onEvent: (event) => log.add(event),
    onNote: (text) => log.note(text),
    waiting: () => log.waiting(),
    signal: attendance.signal,
  });
  const end = await following.catch((error: unknown) => {
    throw attendance.explain(error);
  });
  return attendance.ended(end);
}

/** A stack of which nothing is known yet has no events. */
function goneMeansNone(error: unknown): undefined {
  if (error instanceof UserError && error.code === 'STACK_NOT_FOUND') return undefined;
  throw error;
}

/** The stack as it is now. Throws UserError STACK_NOT_FOUND. */
export async function reread(deps: StackDeps, stackId: string, stackName: string): Promise<Stack> {
  // A stack that came up must not count as failed because the last question was throttled.
  const pace = createPace({ clock: deps.clock, signal: deps.signal, onTrouble: (text) => deps.reporter.info(text) });
  const stack = await pace.patiently(() => deps.stacks.find(stackId, deps.signal));
  if (stack === undefined) throw new UserError('STACK_NOT_FOUND', `Stack ${stackName} is gone: somebody else has deleted it`);
  return stack;
}
