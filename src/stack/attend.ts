import type { Stacks } from '../clients/cloudformation.ts';
import type { Clock } from '../context.ts';
import { UserError, isAbort, messageOf } from '../errors.ts';
import type { Hold, InterruptCause, Interrupts } from '../interrupts.ts';
import type { Prompts } from '../output/prompts.ts';
import type { Reporter } from '../output/reporter.ts';
import type { EventLog } from './event-log.ts';
import type { FollowResult } from './follow.ts';
import { askWhatNow, stopOperation, tellStopped, wayToStop, type Begun } from './stop.ts';

/** How a run waits for a stack, and what may end the waiting before the operation has ended. */
export interface WaitRules {
  readonly interrupts: Pick<Interrupts, 'hold'>;
  readonly prompts: Prompts;
  /** `--on-interrupt`: what an interrupt does without a question. */
  readonly onInterrupt: 'leave' | 'cancel' | undefined;
  /** The command that takes the waiting up again. */
  readonly reattach: (stackName: string) => string;
  /** `--max-wait`: when the waiting ends, by our clock. The first call starts it. */
  readonly endsAt: (now: number) => number | undefined;
}

export interface AttendDeps {
  readonly stacks: Stacks;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly waiting?: WaitRules | undefined;
}

export interface Attended {
  readonly stack: { readonly id: string; readonly name: string };
  readonly log: EventLog;
  /** What was begun; undefined for what runs already, of which its events tell. */
  readonly begun?: Begun | undefined;
  /** True: somebody else's operation, which an interrupt leaves alone. */
  readonly foreign?: boolean | undefined;
}

/** One operation that is waited for. */
export interface Attendance {
  /** Aborted when nobody waits any longer. */
  readonly signal: AbortSignal;
  /** The operation has begun: an interrupt that came in between is dealt with now. */
  hasBegun(): void;
  /** What the end means. Throws UserError INTERRUPTED when it was brought about by an interrupt. */
  ended(end: FollowResult): FollowResult;
  /** What to throw for what stopped the following: UserError INTERRUPTED, STACK_STILL_RUNNING, or the error itself. */
  explain(error: unknown): unknown;
  release(): void;
}

/** A call that begins an operation is not cut off, unless it takes longer than this. */
const BEGIN_MS = 5_000;

/** Attends to an operation: interrupts and the longest time to wait. `release` has to be called. */
export function attend(operation: Attended, deps: AttendDeps): Attendance {
  const { stack, log } = operation;
  const rules = operation.foreign === true ? undefined : deps.waiting;
  const over = new AbortController();
  const timeUp = new AbortController();
  let begun = operation.begun === undefined;
  let early: InterruptCause | undefined;
  let stopping: Begun | undefined;

  const decide = async (cause: InterruptCause, hold: Hold, { onInterrupt, prompts, reattach }: WaitRules): Promise<void> => {
    const way = wayToStop(log.status(), operation.begun);
    const canAsk = onInterrupt === undefined && prompts.available && (cause === 'SIGINT' || cause === 'SIGTERM');
    const question = { stackName: stack.name, progress: log.progress(), status: log.status(), way, reattach: reattach(stack.name) };
    const choice = onInterrupt ?? (canAsk ? await deps.reporter.pause(() => askWhatNow(question, prompts, over.signal)) : 'leave');
    if (over.signal.aborted) return;
    if (choice === 'wait') return hold.forget();
    if (choice === 'leave' || way === undefined) {
      // What rolls back already is what was asked for.
      if (choice === 'leave' || log.status()?.includes('ROLLBACK') !== true) return hold.end();
      stopping = operation.begun ?? 'update';
      log.note(`${stack.name} rolls back already; waiting for its end. Another interrupt leaves at once`);
      return;
    }
    stopping = way;
    log.note(`${way === 'create' ? 'deleting what was begun' : 'cancelling the update'}; another interrupt leaves at once`);
    if (!(await stopOperation(way, stack.id, deps))) log.note(`${stack.name} cannot be stopped any more; waiting for its end`);
  };

  const hold = rules?.interrupts.hold((cause) => {
    if (begun) return takeUp(cause);
    early = cause;
    setTimeout(() => void (!begun && hold?.end()), BEGIN_MS).unref();
  });
  const takeUp = (cause: InterruptCause): void => {
    if (hold === undefined || rules === undefined) return;
    decide(cause, hold, rules).catch((error: unknown) => {
      if (over.signal.aborted) return;
      if (!isAbort(error)) deps.reporter.warn(`Stack ${stack.name} could not be stopped: ${messageOf(error)}`);
      hold.end();
    });
  };

  const endsAt = deps.waiting?.endsAt(deps.clock.now());
  if (endsAt !== undefined) {
    const alarm = deps.clock.sleep(Math.max(0, endsAt - deps.clock.now()), over.signal);
    alarm.then(
      () => timeUp.abort(),
      () => undefined,
    );
  }

  return {
    signal: AbortSignal.any([deps.signal, timeUp.signal]),
    hasBegun() {
      begun = true;
      if (early !== undefined) takeUp(early);
    },
    ended(end) {
      if (stopping !== undefined) throw tellStopped(stopping, stack, end);
      return end;
    },
    explain(error) {
      if (deps.signal.aborted && (isAbort(error) || !(error instanceof UserError))) return stoppedWaiting(operation, deps.waiting);
      return timeUp.signal.aborted && isAbort(error) ? stillRunning(operation, deps.waiting) : error;
    },
    release() {
      over.abort();
      hold?.release();
    },
  };
}

function reattachHint(stackName: string, rules: WaitRules | undefined): string {
  return `See how it ends: ${rules?.reattach(stackName) ?? `lambda-tool watch ${stackName}`}`;
}

/** What to tell when the user leaves while CloudFormation works: it goes on by itself. */
function stoppedWaiting({ stack, log }: Attended, rules: WaitRules | undefined): UserError {
  return new UserError('INTERRUPTED', `Stopped waiting for stack ${stack.name}${log.progress()}; the operation goes on without us`, {
    hint: `${reattachHint(stack.name, rules)}; once it has ended, run the same command again`,
    result: { stackName: stack.name, stackId: stack.id },
  });
}

function stillRunning({ stack, log }: Attended, rules: WaitRules | undefined): UserError {
  const status = log.status();
  const state = status === undefined ? '' : `, ${status}`;
  return new UserError(
    'STACK_STILL_RUNNING',
    `Stack ${stack.name} has not come to rest within --max-wait${log.progress()}${state}; the operation goes on without us`,
    { hint: reattachHint(stack.name, rules), result: { stackName: stack.name, stackId: stack.id, status } },
  );
}
