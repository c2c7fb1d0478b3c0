import type { Hold, InterruptCause } from '../interrupts.ts';
import { isAbort, messageOf } from '../errors.ts';
import type { Prompts } from '../output/prompts.ts';
import type { WaitRules } from '../stack/attend.ts';
import type { StackDeps } from '../stack/operation.ts';
import { choice, WAIT } from '../stack/stop.ts';

/** What an interrupt means to stacks that are deleted side by side: one question, and one answer for all. */
export interface SharedAttendance {
  /** For the work on each of the stacks. */
  readonly deps: StackDeps;
  /** Whether another deletion may begin; while a person is asked nothing begins. */
  readonly mayBegin: () => Promise<boolean>;
  /** A deletion, from its beginning to its end. */
  during<T>(stackName: string, work: () => Promise<T>): Promise<T>;
  release(): void;
}

/** Attends to the interrupts of several deletions. `release` has to be called. */
export function attendAll(names: readonly string[], deps: StackDeps): SharedAttendance {
  const { waiting: rules } = deps;
  const running = new Set<string>();
  const begun = new Set<string>();
  const members = new Set<(cause: InterruptCause) => void>();
  const over = new AbortController();
  let question: Promise<void> | undefined;
  let leaving: InterruptCause | undefined;
  let stopped = false;

  const decide = async (cause: InterruptCause, { onInterrupt, prompts, reattach }: WaitRules): Promise<void> => {
    const canAsk = onInterrupt === undefined && prompts.available && (cause === 'SIGINT' || cause === 'SIGTERM');
    const standing = { running: [...running], waiting: names.filter((name) => !begun.has(name)), reattach };
    // A deletion cannot be stopped: to cancel is to leave.
    const answer = canAsk ? await deps.reporter.pause(() => askAboutAll(standing, prompts, over.signal)) : 'leave';
    if (answer === 'wait') return hold?.forget();
    stopped = true;
    if (answer === 'no-more') return deps.reporter.info('Nothing more is begun; another interrupt leaves at once');
    leaving = cause;
    // Each sees to it that its call to begin is not cut off.
    for (const tell of members) tell(cause);
    endWhenLeft();
  };
  const endWhenLeft = (): void => {
    if (leaving !== undefined && members.size === 0) hold?.end();
  };
  const hold: Hold | undefined = rules?.interrupts.hold((cause) => {
    question = decide(cause, rules).catch((error: unknown) => {
      if (over.signal.aborted) return;
      if (!isAbort(error)) deps.reporter.warn(`The question could not be asked: ${messageOf(error)}`);
      stopped = true;
      hold?.end();
    });
  });

  const join = (onInterrupt: (cause: InterruptCause) => void): Hold => {
    const member = (cause: InterruptCause): void => onInterrupt(cause);
    members.add(member);
    if (leaving !== undefined) queueMicrotask(() => member(leaving ?? 'abort'));
    const part = (): void => {
      members.delete(member);
      endWhenLeft();
    };
    return { end: part, release: part, forget: () => undefined };
  };

  return {
    deps: rules === undefined ? deps : { ...deps, waiting: { ...rules, onInterrupt: 'leave', interrupts: { hold: join } } },
    async mayBegin() {
      await question;
      return !stopped && !deps.signal.aborted;
    },
    async during(stackName, work) {
      begun.add(stackName);
      running.add(stackName);
      try {
        return await work();
      } finally {
        running.delete(stackName);
      }
    },
    release() {
      over.abort();
      hold?.release();
    },
  };
}

interface Standing {
  readonly running: readonly string[];
  readonly waiting: readonly string[];
  readonly reattach: (stackName: string) => string;
}

/** Asks a person what is to become of the deletions. Throws UserError INTERRUPTED when the question is left. */
async function askAboutAll(
  { running, waiting, reattach }: Standing,
  prompts: Prompts,
  signal: AbortSignal,
): Promise<'leave' | 'no-more' | 'wait'> {
  const leave = choice(waiting.length === 0 ? 'leave them' : 'leave them, begin no more', `re-attach with: ${reattach('NAME')}`);
  const noMore = choice('begin no more', 'wait for those that are being deleted');
  const answer = await prompts.select({
    message: `${sayRunning(running)}${sayWaiting(waiting)}. AWS goes on without us.`,
    choices: [leave, ...(waiting.length === 0 ? [] : [noMore]), WAIT],
    signal,
  });
  return answer === leave ? 'leave' : answer === WAIT ? 'wait' : 'no-more';
}

function sayRunning(names: readonly string[]): string {
  return names.length === 1 ? `Stack ${names[0]} is being deleted` : `The stacks ${names.join(', ')} are being deleted`;
}

function sayWaiting(names: readonly string[]): string {
  if (names.length === 0) return '';
  return names.length === 1 ? `, ${names[0]} waits for its turn` : `, ${names.join(', ')} wait for their turn`;
}
