import type { StackEvent, Stacks } from '../clients/cloudformation.ts';
import type { Clock } from '../context.ts';

export interface FollowRequest {
  readonly stackId: string;
  /** The newest event before the operation began; nothing up to it is reported. Ids, so no clock has to be right. */
  readonly after: string | undefined;
  /** Longest pause between two looks, in milliseconds (`--stack-polling-delay`). */
  readonly longestPauseMs?: number | undefined;
  readonly onEvent: (event: StackEvent) => void;
  readonly signal: AbortSignal;
}

/** The state in which the operation ended. `DELETE_COMPLETE` also stands for a stack that is gone. */
export interface FollowResult {
  readonly status: string;
  readonly reason: string | undefined;
}

const FAST_MS = 250;
const USUAL_MS = 900;
const SLOW_MS = 2500;
const FAST_UNTIL_MS = 6_000;
const SLOW_AFTER_MS = 120_000;
/** Every so many looks the stack itself is asked, for endpoints that report no events for stacks. */
const LOOKS_PER_CHECK = 4;
const STACK_TYPE = 'AWS::CloudFormation::Stack';

/** What of the adapter following needs. */
export type Followed = Pick<Stacks, 'find' | 'eventsAfter'>;

/** Reports the events of one operation as they come and answers when the stack has come to rest. */
export async function followStack(stacks: Followed, clock: Clock, request: FollowRequest): Promise<FollowResult> {
  const started = clock.now();
  const open = new Set<string>();
  let last = request.after;
  for (let look = 1; ; look += 1) {
    const events = await stacks.eventsAfter(request.stackId, last, request.signal).catch(goneMeansNoEvents);
    for (const event of events ?? []) {
      last = event.id;
      track(open, event);
      request.onEvent(event);
    }
    const end = events?.findLast((event) => isEndOfStack(event, request.stackId));
    if (end !== undefined) return { status: end.status, reason: end.reason };
    if (events === undefined || look % LOOKS_PER_CHECK === 0) {
      const rest = await restingState(stacks, request);
      if (rest !== undefined) return rest;
    }
    await clock.sleep(pause(clock.now() - started, open.size, request.longestPauseMs), request.signal);
  }
}

/** Fast at first and whenever little is left to wait for, slow in the long middle of a large operation. */
function pause(elapsedMs: number, openResources: number, longestMs: number | undefined): number {
  const usual = elapsedMs < FAST_UNTIL_MS ? FAST_MS : elapsedMs > SLOW_AFTER_MS && openResources > 2 ? SLOW_MS : USUAL_MS;
  return longestMs === undefined ? usual : Math.min(usual, longestMs);
}

function track(open: Set<string>, event: StackEvent): void {
  if (event.resourceType === STACK_TYPE && event.physicalId === event.stackId) return;
  if (event.status.endsWith('_IN_PROGRESS')) open.add(event.logicalId);
  else open.delete(event.logicalId);
}

function isEndOfStack(event: StackEvent, stackId: string): boolean {
  return event.resourceType === STACK_TYPE && event.physicalId === stackId && !event.status.endsWith('_IN_PROGRESS');
}

function goneMeansNoEvents(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'STACK_NOT_FOUND') return undefined;
  throw error;
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
