import type { Clock } from '../context.ts';
import { plural } from '../output/format.ts';
import type { Reporter, Step } from '../output/reporter.ts';
import { isOwnEvent, type FollowedEvent } from './follow-tree.ts';

/** An event with what its log knows of it. */
export interface LoggedEvent extends FollowedEvent {
  /** When the resource began what this event tells of, by the server's clock; undefined where that was not seen. */
  readonly startedAt: Date | undefined;
}

/** A resource that is in progress. */
export interface OpenResource {
  /** `Fn`, or `Parent/Fn` in a nested stack. */
  readonly name: string;
  readonly resourceType: string;
  readonly status: string;
  /** For how long, judged by the server's clock as far as its events tell. */
  readonly elapsedMs: number;
}

/** Collects the events of one operation and tells them as they come. */
export interface EventLog {
  add(event: FollowedEvent): void;
  /** Oldest first, those of nested stacks among them (`path`). */
  events(): readonly LoggedEvent[];
  /** "14 of 14 resources". */
  describe(): string;
  /** " (7 of 14 resources)", or nothing when none was to be counted. */
  progress(): string;
  /** How many resources have not begun yet; undefined where that is not known. */
  waiting(): number | undefined;
  /** The newest status of the stack itself that an event has told. */
  status(): string | undefined;
  /** What is in progress, the longest first; not nested stacks whose resources are shown. */
  open(): readonly OpenResource[];
  /** Tells something else about the operation. */
  note(text: string): void;
  /** Whether resources were done before they were ready (express mode). */
  stabilises(): boolean;
  /** Types of resources of which the endpoint said that it only records them. */
  recordedOnly(): readonly string[];
  /** What else the endpoint remarked about resources that came up: `Fn: …`. */
  remarks(): readonly string[];
}

/** The local target gives remarks as the reason of an event that tells of success; AWS gives none there. */
const RECORDED_ONLY = /^Recorded only/;
/** What express mode says of a resource whose configuration is applied (aws-cdk-cli pull request 1689); no remark of one resource. */
const EXPRESS_MODE = /using Express Mode/i;
const CAME_UP = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE']);
const STACK_TYPE = 'AWS::CloudFormation::Stack';

/** `total`: how many resources the operation changes, as far as known; 0 counts without an end. Resources of nested stacks are added when they begin. */
export function createEventLog(deps: { readonly reporter: Reporter; readonly clock: Clock }, step: Step, total: number): EventLog {
  const events: LoggedEvent[] = [];
  const open = new Map<string, LoggedEvent>();
  const done = new Set<string>();
  const nested = new Set<string>();
  const recorded = new Set<string>();
  const remarks = new Set<string>();
  let isExpress = false;
  let status: string | undefined;
  // The server's clock is not known, only a time that it has passed, and when we heard of it.
  let newest = { server: 0, heardAt: 0 };

  const takeRemarks = (event: FollowedEvent, isOwn: boolean): void => {
    for (const remark of event.reason?.split('; ') ?? []) {
      if (EXPRESS_MODE.test(remark)) isExpress = true;
      else if (RECORDED_ONLY.test(remark)) recorded.add(event.resourceType);
      else remarks.add(isOwn ? remark : `${nameOf(event)}: ${remark}`);
    }
  };
  const expected = (): number => (total > 0 ? total + nested.size : 0);
  const finished = (): number => (total > 0 ? Math.min(done.size, expected()) : done.size);
  const count = (): string => (total > 0 ? `${finished()}/${expected()}` : String(done.size));
  const words = (): string => (total > 0 ? `${finished()} of ${plural(expected(), 'resource')}` : plural(done.size, 'resource'));

  const keep = (event: FollowedEvent): LoggedEvent => {
    const key = keyOf(event);
    const logged = { ...event, startedAt: open.get(key)?.startedAt ?? (isInProgress(event) ? event.timestamp : undefined) };
    if (isInProgress(event)) open.set(key, logged);
    else open.delete(key);
    events.push(logged);
    if (event.timestamp.getTime() >= newest.server) newest = { server: event.timestamp.getTime(), heardAt: deps.clock.now() };
    return logged;
  };

  step.rows(() => describeOpen(openResources(open, newest.server + deps.clock.now() - newest.heardAt)));
  return {
    add(event) {
      const logged = keep(event);
      const isOwn = isOwnEvent(event);
      const isNested = event.path.length > 0;
      if (isOwn && !isNested) status = event.status;
      if (!isOwn && isNested) nested.add(nameOf(event));
      if (!isOwn && /(?<!ROLLBACK)_COMPLETE$/.test(event.status)) done.add(nameOf(event));
      if (CAME_UP.has(event.status)) takeRemarks(event, isOwn && !isNested);
      // What a nested stack says of itself its parent says as well.
      if (!isOwn || !isNested) {
        const lasting = !isOwn && !isInProgress(event);
        step.note(`${isOwn ? '' : `${count()} `}${line(logged)}`, { lasting });
        step.progress(`${words()}${isOwn ? '' : ` · ${nameOf(event)} ${event.status}`}`);
      }
      deps.reporter.event(asReport(logged));
    },
    events: () => events,
    describe: words,
    progress: () => (done.size === 0 && total === 0 ? '' : ` (${words()})`),
    waiting: () => (total > 0 && status?.includes('ROLLBACK') !== true ? expected() - done.size - openCount(open) : undefined),
    status: () => status,
    open: () => openResources(open, newest.server + deps.clock.now() - newest.heardAt),
    note: (text) => step.note(text, { lasting: true }),
    stabilises: () => isExpress,
    recordedOnly: () => [...recorded].toSorted(),
    remarks: () => [...remarks],
  };
}

/** `Fn`, or `Parent/Fn` for a resource of a nested stack. */
export function nameOf(event: Pick<FollowedEvent, 'path' | 'logicalId'>): string {
  return [...event.path, event.logicalId].join('/');
}

function isInProgress(event: FollowedEvent): boolean {
  return event.status.endsWith('_IN_PROGRESS');
}

function keyOf(event: FollowedEvent): string {
  return isOwnEvent(event) ? `${event.path.join('/')}/` : nameOf(event);
}

function openCount(open: ReadonlyMap<string, LoggedEvent>): number {
  return [...open.values()].filter((event) => !isOwnEvent(event)).length;
}

function openResources(open: ReadonlyMap<string, LoggedEvent>, serverNow: number): OpenResource[] {
  const events = [...open.values()].filter((event) => !isOwnEvent(event));
  const parents = new Set(events.map((event) => event.path.join('/')));
  return events
    .filter((event) => event.resourceType !== STACK_TYPE || !parents.has(nameOf(event)))
    .map((event) => ({
      name: nameOf(event),
      resourceType: event.resourceType,
      status: event.status,
      elapsedMs: Math.max(0, serverNow - (event.startedAt ?? event.timestamp).getTime()),
    }))
    .toSorted((one, other) => other.elapsedMs - one.elapsedMs);
}

const MOST_ROWS = 10;

function describeOpen(resources: readonly OpenResource[]): string[] {
  const shown = resources.slice(0, MOST_ROWS);
  const nameWidth = Math.min(40, Math.max(0, ...shown.map(({ name }) => name.length)));
  const typeWidth = Math.min(36, Math.max(0, ...shown.map(({ resourceType }) => resourceType.length)));
  const rows = shown.map(({ name, resourceType, status, elapsedMs }) => {
    const seconds = `${Math.floor(elapsedMs / 1000)} s`.padStart(6);
    return `${seconds}  ${name.padEnd(nameWidth)}  ${resourceType.padEnd(typeWidth)}  ${status}`;
  });
  return resources.length > MOST_ROWS ? [...rows, `        and ${resources.length - MOST_ROWS} more`] : rows;
}

function asReport(event: LoggedEvent) {
  const { logicalId, physicalId, resourceType, status, timestamp, reason, path, stackId } = event;
  const durationMs = durationOf(event);
  return {
    type: 'stack-event',
    stackId,
    logicalId,
    ...(path.length === 0 ? {} : { path }),
    physicalId,
    resourceType,
    status,
    timestamp: timestamp.toISOString(),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** How long the resource took, for the event that ends it. */
function durationOf(event: LoggedEvent): number | undefined {
  if (isInProgress(event) || event.startedAt === undefined) return undefined;
  return event.timestamp.getTime() - event.startedAt.getTime();
}

function line(event: LoggedEvent): string {
  const durationMs = durationOf(event);
  const took = durationMs === undefined ? '' : ` ${(durationMs / 1000).toFixed(1)} s`;
  const why = event.reason === undefined || CAME_UP.has(event.status) ? '' : `: ${event.reason}`;
  return `${nameOf(event)} ${event.resourceType} ${event.status}${took}${why}`;
}
