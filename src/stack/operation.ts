import { randomUUID } from 'node:crypto';

import type { EventMark, Stack, Stacks } from '../clients/cloudformation.ts';
import type { LogReader } from '../clients/logs.ts';
import type { Clock } from '../context.ts';
import { UserError, isAbort } from '../errors.ts';
import type { Reporter } from '../output/reporter.ts';
import type { EventLog } from './event-log.ts';
import { followStack, type FollowResult } from './follow.ts';
import { createPace } from './pace.ts';

/** What every piece of work on a stack needs. */
export interface StackDeps {
  readonly stacks: Stacks;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Switches that lead a command to the same place (` --local`, ` --profile shop`), for the next thing to type. */
  readonly target?: string | undefined;
  /** Where functions write; absent where nothing is to be read. */
  readonly logs?: (() => Promise<LogReader>) | undefined;
}

export interface Operation {
  readonly stack: { readonly id: string; readonly name: string };
  /** Has CloudFormation begin; left out for an operation that runs already. */
  readonly begin?: (() => Promise<void>) | undefined;
  readonly log: EventLog;
  readonly longestPauseMs: number | undefined;
}

/** Begins an operation and tells its events until the stack has come to rest. Throws UserError INTERRUPTED when nobody waits any longer. */
export async function runOperation({ stack, begin, log, longestPauseMs }: Operation, deps: StackDeps): Promise<FollowResult> {
  const after = await deps.stacks.newestEventId(stack.id, deps.signal);
  await begin?.();
  return followOperation({ stack, log, longestPauseMs }, after, deps);
}

/** Tells the events that come after the one named until the stack has come to rest. Throws UserError INTERRUPTED. */
export async function followOperation(
  { stack, log, longestPauseMs }: Omit<Operation, 'begin'>,
  after: EventMark | undefined,
  deps: StackDeps,
): Promise<FollowResult> {
  try {
    return await followStack(deps.stacks, deps.clock, {
      stackId: stack.id,
      after,
      longestPauseMs,
      onEvent: (event) => log.add(event),
      onNote: (text) => log.note(text),
      waiting: () => log.waiting(),
      signal: deps.signal,
    });
  } catch (error) {
    if (isAbort(error) || (deps.signal.aborted && !(error instanceof UserError))) throw stoppedWaiting(stack.name, stack.id, log);
    throw error;
  }
}

/** What to tell when the user leaves while CloudFormation works: it goes on by itself. */
export function stoppedWaiting(stackName: string, stackId: string, log: EventLog): UserError {
  return new UserError('INTERRUPTED', `Stopped waiting for stack ${stackName}${log.progress()}; the operation goes on without us`, {
    hint: `See how it ends: aws cloudformation describe-stack-events --stack-name ${stackName}; once it has ended, run the same command again`,
    result: { stackName, stackId },
  });
}

/** The stack as it is now. Throws UserError STACK_NOT_FOUND. */
export async function reread(deps: StackDeps, stackId: string, stackName: string): Promise<Stack> {
  // A stack that came up must not count as failed because the last question was throttled.
  const pace = createPace({ clock: deps.clock, signal: deps.signal, onTrouble: (text) => deps.reporter.info(text) });
  const stack = await pace.patiently(() => deps.stacks.find(stackId, deps.signal));
  if (stack === undefined) throw new UserError('STACK_NOT_FOUND', `Stack ${stackName} is gone: somebody else has deleted it`);
  return stack;
}

/** Lets CloudFormation know a request that is sent twice. */
export function newToken(): string {
  return `lambda-tool-${randomUUID()}`;
}
