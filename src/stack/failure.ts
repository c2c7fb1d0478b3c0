import type { OperationEvent, StackEvent } from '../clients/cloudformation.ts';
import { cleanReason } from './failure-reason.ts';
import { pathFinder, type PathFinder } from './nested-path.ts';

/** The resource with which an operation went wrong. The first five members are a contract of the JSON document. */
export interface FailureCause {
  readonly logicalId: string;
  readonly resourceType: string;
  /** Empty for a resource that never came to be. */
  readonly physicalId: string;
  readonly status: string;
  /** AWS's words without the frames that services put around them. */
  readonly reason: string;
  /** The stack that it is in: a nested one for a resource of such. */
  readonly stackId: string;
  /** `Database/Table`: the nested stacks down to the resource. */
  readonly path: string;
  /** What failed: a resource, the check of a hook or of a pre-deployment validation, or the stack as a whole. */
  readonly kind: 'resource' | 'hook' | 'validation' | 'stack';
  /** When, by the server's clock, as ISO 8601. */
  readonly at: string;
}

/** A failure with what only this program needs of it. */
export interface Failure extends FailureCause {
  /** AWS's words as they came: the frame holds the name of the service and the error code of the handler. */
  readonly fullReason: string;
  readonly time: number;
}

/** What went wrong in one operation. */
export interface FailureAnalysis {
  readonly first: Failure | undefined;
  /** Later failures that are not consequences of the first. */
  readonly others: readonly Failure[];
  /** What failed while the operation was taken back. */
  readonly duringRollback: readonly Failure[];
  /** How many resources were only stopped because of the first. */
  readonly cancelled: number;
}

const CANCELLED = /^(Resource|Stack) (creation|update|deletion|import) cancell?ed/i;
/** Words that only say that something else failed. */
const CONSEQUENCE =
  /^(Resource creation Initiated$|The following resource\(s\) failed|Operation failed, ContinueUpdateRollback|Update rollback (completed|failed))/i;
/** Of a stack that turns back because of a resource; what remains are timeouts, alarms and people. */
const ROLLBACK_OF_RESOURCES = /^(The following resource\(s\) failed|.*The following resource\(s\) failed to)/is;
const STACK_TYPE = 'AWS::CloudFormation::Stack';
const HOOKS_FAILED = /The following hook\(s\) failed/i;

/**
 * The first real failure of one operation and what else went wrong. `events` are those of the operation, of the stack and, as far
 * as known, of its nested stacks, in any order: what counts is the server's time. Pure.
 */
export function analyseFailure(events: readonly StackEvent[], rootStackId: string): FailureAnalysis {
  const sorted = events.toSorted((one, other) => one.timestamp.getTime() - other.timestamp.getTime());
  const pathOf = pathFinder(sorted, rootStackId);
  const failures = [...resourceFailures(sorted, pathOf), ...checkFailures(sorted, pathOf)].toSorted((one, other) => one.time - other.time);
  const turned = rollbackTimes(sorted);
  const inRollback = (failure: Failure): boolean =>
    !failure.status.startsWith('CREATE_') && pathOf.stacksAbove(failure.stackId).some((id) => failure.time >= (turned.get(id) ?? Infinity));
  const before = failures.filter((failure) => !inRollback(failure));
  const during = once(failures.filter(inRollback));
  const [first, ...others] = once(before);
  const cancelled = new Set(sorted.filter(isCancelled).map((event) => `${event.stackId} ${event.logicalId}`)).size;
  if (first !== undefined) return { first, others, duringRollback: during, cancelled };
  // A rollback that was asked for, and failed, has no other failures than its own.
  if (during.length > 0) return { first: during[0], others: during.slice(1), duringRollback: [], cancelled };
  return { first: stackFailure(sorted, rootStackId, pathOf), others: [], duringRollback: [], cancelled };
}

/** The first failed event that is not a consequence of another one. */
export function findFirstCause(events: readonly StackEvent[], rootStackId = events[0]?.stackId ?? ''): FailureCause | undefined {
  const { first } = analyseFailure(events, rootStackId);
  return first === undefined ? undefined : toCause(first);
}

/** The part that is told to others. */
export function toCause({ fullReason: _full, time: _time, ...cause }: Failure): FailureCause {
  return cause;
}

/** Whether a nested stack failed as a resource of its parent: then the reason is to be looked for inside. */
export function isNestedFailure(event: StackEvent): boolean {
  return isFailedResource(event) && event.resourceType === STACK_TYPE && event.physicalId.startsWith('arn:') && !isCancelled(event);
}

export function isFailedResource(event: StackEvent): boolean {
  return event.status.endsWith('_FAILED') && event.physicalId !== event.stackId;
}

export function isCancelled(event: StackEvent): boolean {
  return event.status.endsWith('_FAILED') && CANCELLED.test(event.reason ?? '');
}

function resourceFailures(events: readonly StackEvent[], pathOf: PathFinder): Failure[] {
  const real = events.filter(
    (event) => isFailedResource(event) && !isCancelled(event) && !CONSEQUENCE.test(event.reason ?? '') && !isCheck(event),
  );
  const blamed = new Set(real.flatMap((event) => pathOf.stacksAbove(event.stackId)));
  return real
    .filter((event) => !isNestedFailure(event) || !blamed.has(event.physicalId))
    .map((event) => toFailure(event, 'resource', withHookReason(event, events), pathOf));
}

/** A hook's own words are in another event than the failure that it caused. */
function withHookReason(event: StackEvent, events: readonly StackEvent[]): string | undefined {
  if (event.reason === undefined || !HOOKS_FAILED.test(event.reason)) return event.reason;
  const words = events
    .filter((other) => other.stackId === event.stackId && other.logicalId === event.logicalId && isFailedHook(other))
    .map(({ hook }) => hook?.reason ?? '')
    .filter((text) => text !== '' && event.reason?.includes(text) !== true);
  return words.length === 0 ? event.reason : `${event.reason}: ${[...new Set(words)].join('; ')}`;
}

function isFailedHook({ hook }: StackEvent): boolean {
  return hook !== undefined && hook.status.endsWith('FAILED') && hook.mode !== 'WARN';
}

function validationOf(event: StackEvent): OperationEvent['validation'] {
  return 'validation' in event ? (event as OperationEvent).validation : undefined;
}

function isCheck(event: StackEvent): boolean {
  return validationOf(event) !== undefined || ('eventType' in event && event.eventType === 'HOOK_INVOCATION_ERROR');
}

/** Findings of validations, and of hooks that no failed resource tells of. */
function checkFailures(events: readonly StackEvent[], pathOf: PathFinder): Failure[] {
  const told = new Set(
    events
      .filter((event) => event.status.endsWith('_FAILED') && HOOKS_FAILED.test(event.reason ?? ''))
      .map(({ stackId, logicalId }) => `${stackId} ${logicalId}`),
  );
  return events.flatMap((event) => {
    const validation = validationOf(event);
    if (validation !== undefined) {
      if (validation.status !== 'FAILED' || validation.mode === 'WARN') return [];
      const where = validation.path === undefined ? '' : ` (${validation.path})`;
      return [toFailure({ ...event, status: 'VALIDATION_FAILED' }, 'validation', `${validation.reason}${where}`, pathOf)];
    }
    if (!isFailedHook(event) || told.has(`${event.stackId} ${event.logicalId}`)) return [];
    const words = `The hook ${event.hook?.type ?? ''} refuses it: ${event.hook?.reason ?? 'no reason given'}`;
    return [toFailure({ ...event, status: event.hook?.status ?? event.status }, 'hook', words, pathOf)];
  });
}

/** What the stack itself says when no resource has failed: a timeout, an alarm, a person. */
function stackFailure(events: readonly StackEvent[], rootStackId: string, pathOf: PathFinder): Failure | undefined {
  const own = events.filter((event) => event.physicalId === event.stackId && event.stackId === rootStackId);
  const turned = own.find((event) => event.status.endsWith('ROLLBACK_IN_PROGRESS') && isReason(event.reason));
  const found = turned ?? own.find((event) => event.status.endsWith('_FAILED'));
  return found === undefined ? undefined : toFailure(found, 'stack', found.reason, pathOf);
}

function isReason(reason: string | undefined): boolean {
  return reason !== undefined && reason !== '' && !ROLLBACK_OF_RESOURCES.test(reason);
}

/** When each stack turned back. */
function rollbackTimes(events: readonly StackEvent[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const event of events) {
    if (event.physicalId !== event.stackId || !event.status.endsWith('ROLLBACK_IN_PROGRESS') || times.has(event.stackId)) continue;
    times.set(event.stackId, event.timestamp.getTime());
  }
  return times;
}

/** A resource that is tried again and fails again is told once. */
function once(failures: readonly Failure[]): Failure[] {
  const seen = new Set<string>();
  return failures.filter(({ path, kind, reason }) => {
    const key = `${path} ${kind === 'validation' ? reason : ''}`;
    return !seen.has(key) && seen.add(key);
  });
}

function toFailure(event: StackEvent, kind: FailureCause['kind'], reason: string | undefined, pathOf: PathFinder): Failure {
  const { logicalId, resourceType, physicalId, status, stackId, timestamp } = event;
  const path = [...pathOf.pathTo(stackId), logicalId].join('/');
  const facts = { logicalId, resourceType, physicalId, status, stackId, path, kind };
  return { ...facts, reason: cleanReason(reason), at: timestamp.toISOString(), fullReason: reason ?? '', time: timestamp.getTime() };
}
