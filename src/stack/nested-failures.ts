import type { StackEvent } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import { isFailedResource, isNestedFailure, isCancelled } from './failure.ts';
import type { StackDeps } from './operation.ts';

/** CloudFormation itself allows fewer levels; a wrong answer must not lead in circles. */
const DEEPEST = 12;

type Deps = Pick<StackDeps, 'stacks' | 'signal' | 'reporter'>;

/**
 * The events of an operation, and those of the nested stacks that failed in it, down to the resources. What is there already is not
 * asked for. Where a nested stack tells nothing (no rights, too long gone) its own failure remains.
 */
export async function withNestedFailures(events: readonly StackEvent[], deps: Deps): Promise<readonly StackEvent[]> {
  let all: readonly StackEvent[] = events;
  const asked = new Set<string>();
  for (let level = 0; level < DEEPEST; level += 1) {
    const open = all.filter((event) => isNestedFailure(event) && !asked.has(event.physicalId) && !isExplained(event.physicalId, all));
    const stackIds = [...new Set(open.map(({ physicalId }) => physicalId))];
    if (stackIds.length === 0) break;
    for (const stackId of stackIds) asked.add(stackId);
    const found = await Promise.all(stackIds.map((stackId) => failuresIn(stackId, startOf(stackId, all), deps)));
    all = [...all, ...found.flat()];
  }
  return all;
}

/**
 * What only DescribeEvents tells of an operation: findings of validations and of hooks. `since`: when the operation began, by the
 * server's clock.
 */
export async function checksOf(stackId: string, since: Date, deps: Deps): Promise<readonly StackEvent[]> {
  const events = await deps.stacks
    .operationEvents({ stackId, failedOnly: true }, deps.signal)
    .catch((error: unknown) => unknown(stackId, error, deps));
  return (events ?? []).filter(({ timestamp, validation, hook }) => timestamp >= since && (validation !== undefined || hook !== undefined));
}

function isExplained(stackId: string, events: readonly StackEvent[]): boolean {
  return events.some((event) => event.stackId === stackId && isFailedResource(event) && !isCancelled(event));
}

/** When the nested stack began to take part in the operation. */
function startOf(stackId: string, events: readonly StackEvent[]): Date {
  const times = events.filter((event) => event.physicalId === stackId).map(({ timestamp }) => timestamp.getTime());
  const parent = events.find((event) => event.physicalId === stackId);
  const begun = events
    .filter((event) => event.logicalId === parent?.logicalId && event.stackId === parent.stackId)
    .map(({ timestamp }) => timestamp.getTime());
  return new Date(Math.min(...times, ...begun));
}

async function failuresIn(stackId: string, since: Date, deps: Deps): Promise<readonly StackEvent[]> {
  const { stacks, signal } = deps;
  const failed = await stacks
    .operationEvents({ stackId, failedOnly: true }, signal)
    .catch((error: unknown) => unknown(stackId, error, deps));
  const fresh = (failed ?? []).filter(({ timestamp }) => timestamp >= since);
  if (fresh.length > 0) return fresh;
  const all = await stacks.eventsAfter(stackId, undefined, signal).catch((error: unknown) => unknown(stackId, error, deps));
  return (all ?? []).filter(({ timestamp }) => timestamp >= since);
}

/** A failure is told with what is known of it: not being able to ask for more must not hide it. */
function unknown(stackId: string, error: unknown, { reporter }: Deps): undefined {
  if (!(error instanceof UserError) || error.code === 'INTERRUPTED') throw error;
  reporter.debug(`No events of ${stackId}: ${error.message}`);
  return undefined;
}
