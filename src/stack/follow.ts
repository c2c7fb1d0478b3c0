import type { EventMark, Stacks } from '../clients/cloudformation.ts';
import type { Clock } from '../context.ts';
import { messageOf } from '../errors.ts';
import { createStackTree, isOwnEvent, type FollowedEvent } from './follow-tree.ts';
import { createPace } from './pace.ts';

export interface FollowRequest {
  readonly stackId: string;
  /** The newest event before the operation began; nothing up to it is reported. Ids, so no clock has to be right. */
  readonly after: EventMark | undefined;
  /** Longest pause between two looks, in milliseconds (`--stack-polling-delay`). */
  readonly longestPauseMs?: number | undefined;
  readonly onEvent: (event: FollowedEvent) => void;
  /** Something that a person who waits should know. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** How many resources have not begun yet, as far as known: it sets the pace. */
  readonly waiting?: (() => number | undefined) | undefined;
  readonly signal: AbortSignal;
}

/** The state in which the operation ended. `DELETE_COMPLETE` also stands for a stack that is gone. */
export interface FollowResult {
  readonly status: string;
  readonly reason: string | undefined;
}

/** After so many looks without news the stack itself is asked, for endpoints that report no events for stacks; then ever more rarely. */
const QUIET_LOOKS = 4;
const MOST_QUIET_LOOKS = 64;

/** What of the adapter following needs. */
export type Followed = Pick<Stacks, 'find' | 'eventsAfter'>;

/**
 * Reports the events of one operation, those of nested stacks too, as they come and answers when the stack has come to rest. Looks
 * with DescribeStackEvents: it lists the newest first, so that a look costs one call for each stack that is in progress, while
 * DescribeEvents would be read anew from the operation's first event on.
 */
export async function followStack(stacks: Followed, clock: Clock, request: FollowRequest): Promise<FollowResult> {
  const { stackId, signal, longestPauseMs, onNote } = request;
  const started = clock.now();
  const pace = createPace({ clock, signal, longestPauseMs, onTrouble: onNote });
  const tree = createStackTree(stacks, {
    stackId,
    after: request.after,
    onUnreadable: (path, error) => onNote?.(`The events of ${path.join('/')} may not be read: ${messageOf(error)}`),
  });
  const look = async (): Promise<{ readonly count: number | undefined; readonly end: FollowResult | undefined }> => {
    const events = await pace.patiently(() => tree.read(signal));
    for (const event of events ?? []) request.onEvent(event);
    return { count: events?.length, end: events?.findLast((event) => isEnd(event, stackId)) };
  };
  let quiet = 0;
  let quietLooks = QUIET_LOOKS;
  for (;;) {
    const { count, end } = await look();
    if (end !== undefined) return { status: end.status, reason: end.reason };
    quiet = count === 0 ? quiet + 1 : 0;
    if (count === undefined || quiet >= quietLooks) {
      const rest = await pace.patiently(() => restingState(stacks, request));
      if (rest !== undefined) {
        // What has happened between the last look and this question.
        const last = (await look()).end;
        return last === undefined ? rest : { status: last.status, reason: last.reason };
      }
      quiet = 0;
      quietLooks = Math.min(quietLooks * 2, MOST_QUIET_LOOKS);
    }
    await clock.sleep(pace.pauseMs({ elapsedMs: clock.now() - started, waiting: request.waiting?.() }), signal);
  }
}

function isEnd(event: FollowedEvent, stackId: string): boolean {
  return event.path.length === 0 && isOwnEvent(event) && event.physicalId === stackId && !event.status.endsWith('_IN_PROGRESS');
}

/** The state of a stack that has come to rest although no event has told so. */
async function restingState(stacks: Followed, request: FollowRequest): Promise<FollowResult | undefined> {
  const stack = await stacks.find(request.stackId, request.signal);
  if (stack === undefined) return { status: 'DELETE_COMPLETE', reason: undefined };
  if (stack.status.endsWith('_IN_PROGRESS')) return undefined;
  const late = await stacks.eventsAfter(stack.id, request.after, request.signal);
  // Right after an execution was accepted the stack may still show the state before it: only events prove an end.
  return late.length > 0 ? { status: stack.status, reason: stack.statusReason } : undefined;
}
