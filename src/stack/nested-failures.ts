import type { StackEvent } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import { isFailedResource, isNestedFailure, isCancelled } from './failure.ts';
import type { StackDeps } from './operation.ts';

/** CloudFormation itself allows fewer levels; a wrong answer must not lead in circles. */
const DEEPEST = 12;

/** Which events are of the operation, by the server's clock. */
export interface TimeSpan {
  readonly from: Date;
  /** Undefined: until now. */
  readonly to: Date | undefined;
}

type Deps = Pick<StackDeps, 'stacks' | 'signal' | 'reporter'>;

/**
 * The events of an operation, and those of the nested stacks that failed in it, down to the resources. What is there already is not
 * asked for. Where a nested stack tells nothing (no rights, too long gone) its own failure remains.
 */
export async function withNestedFailures(events: readonly StackEvent[], span: TimeSpan, deps: Deps): Promise<readonly StackEvent[]> {
  let all: readonly StackEvent[] = events;
  const starts = new Map<string, Date>();
  for (let level = 0; level < DEEPEST; level += 1) {
    const open = all.filter((event) => isNestedFailure(event) && !starts.has(event.physicalId) && !isExplained(event.physicalId, all));
    const stackIds = [...new Set(open.map(({ physicalId }) => physicalId))];
    if (stackIds.length === 0) break;
    for (const stackId of stackIds) starts.set(stackId, startOf(stackId, all, starts, span.from));
    const found = await Promise.all(
      stackIds.map((stackId) => failuresIn(stackId, { ...span, from: starts.get(stackId) ?? span.from }, deps)),
    );
    all = [...all, ...found.flat()];
  }
  return all;
}

/** What only DescribeEvents tells of an operation: findings of validations and of hooks. */
export async function checksOf(stackId: string, span: TimeSpan, deps: Deps): Promise<readonly StackEvent[]> {
  const events = await deps.stacks
    .operationEvents({ stackId, failedOnly: true }, deps.signal)
    .catch((error: unknown) => unknown(stackId, error, deps));
  return (events ?? [])
    .filter((event) => isWithin(event, span))
    .filter(({ validation, hook }) => validation !== undefined || hook !== undefined);
}

function isExplained(stackId: string, events: readonly StackEvent[]): boolean {
  return events.some((event) => event.stackId === stackId && isFailedResource(event) && !isCancelled(event));
}

/** When the nested stack began to take part; where only failures are known, when its parent did. */
function startOf(stackId: string, events: readonly StackEvent[], starts: ReadonlyMap<string, Date>, from: Date): Date {
  const parent = events.find((event) => event.physicalId === stackId && event.stackId !== stackId);
  const begun = events
    .filter(({ logicalId, stackId: owner, status }) => {
      return logicalId === parent?.logicalId && owner === parent.stackId && status.endsWith('_IN_PROGRESS');
    })
    .map(({ timestamp }) => timestamp.getTime());
  return begun.length > 0 ? new Date(Math.min(...begun)) : (starts.get(parent?.stackId ?? '') ?? from);
}

async function failuresIn(stackId: string, span: TimeSpan, deps: Deps): Promise<readonly StackEvent[]> {
  const { stacks, signal } = deps;
  const failed = await stacks
    .operationEvents({ stackId, failedOnly: true }, signal)
    .catch((error: unknown) => unknown(stackId, error, deps));
  const fresh = (failed ?? []).filter((event) => isWithin(event, span));
  if (fresh.length > 0) return fresh;
  const all = await stacks.eventsAfter(stackId, undefined, signal).catch((error: unknown) => unknown(stackId, error, deps));
  return (all ?? []).filter((event) => isWithin(event, span));
}

function isWithin({ timestamp }: StackEvent, { from, to }: TimeSpan): boolean {
  return timestamp >= from && (to === undefined || timestamp <= to);
}

/** A failure is told with what is known of it: not being able to ask for more must not hide it. */
function unknown(stackId: string, error: unknown, { reporter }: Deps): undefined {
  if (!(error instanceof UserError) || error.code === 'INTERRUPTED') throw error;
  reporter.debug(`No events of ${stackId}: ${error.message}`);
  return undefined;
}
