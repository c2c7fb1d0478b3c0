import type { StackEvent } from '../clients/cloudformation.ts';
import type { Clock } from '../context.ts';
import { plural } from '../output/format.ts';
import type { Reporter, Step } from '../output/reporter.ts';

/** Collects the events of one operation and tells them as they come. */
export interface EventLog {
  add(event: StackEvent): void;
  /** Oldest first. */
  events(): readonly StackEvent[];
  /** "14 of 14 resources". */
  describe(): string;
  /** " (7 of 14 resources)", or nothing when none was to be counted. */
  progress(): string;
  /** Types of resources of which the endpoint said that it only records them. */
  recordedOnly(): readonly string[];
  /** What else the endpoint remarked about resources that came up: `Fn: …`. */
  remarks(): readonly string[];
}

/** The local target gives remarks as the reason of an event that tells of success; AWS gives none there. */
const RECORDED_ONLY = /^Recorded only/;
const CAME_UP = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE']);

/** `total`: how many resources the operation changes, as far as known; 0 counts without an end. */
export function createEventLog(deps: { readonly reporter: Reporter; readonly clock: Clock }, step: Step, total: number): EventLog {
  const events: StackEvent[] = [];
  const started = new Map<string, number>();
  const done = new Set<string>();
  const recorded = new Set<string>();
  const remarks = new Set<string>();
  const takeRemarks = (event: StackEvent, ofStack: boolean): void => {
    for (const remark of event.reason?.split('; ') ?? []) {
      if (RECORDED_ONLY.test(remark)) recorded.add(event.resourceType);
      else remarks.add(ofStack ? remark : `${event.logicalId}: ${remark}`);
    }
  };

  const count = (): string => (total > 0 ? `${Math.min(done.size, total)}/${total}` : String(done.size));
  const words = (): string => (total > 0 ? `${Math.min(done.size, total)} of ${plural(total, 'resource')}` : plural(done.size, 'resource'));

  return {
    add(event) {
      events.push(event);
      const ofStack = event.physicalId === event.stackId;
      const seconds = duration(started, event);
      if (!ofStack && /(?<!ROLLBACK)_COMPLETE$/.test(event.status)) done.add(event.logicalId);
      if (CAME_UP.has(event.status)) takeRemarks(event, ofStack);
      step.note(`${ofStack ? '' : `${count()} `}${line(event, seconds)}`, { lasting: !ofStack && !event.status.endsWith('_IN_PROGRESS') });
      step.progress(`${words()}${ofStack ? '' : ` · ${event.logicalId} ${event.status}`}`);
      deps.reporter.event({
        type: 'stack-event',
        logicalId: event.logicalId,
        physicalId: event.physicalId,
        resourceType: event.resourceType,
        status: event.status,
        timestamp: event.timestamp.toISOString(),
        ...(event.reason === undefined ? {} : { reason: event.reason }),
      });
    },
    events: () => events,
    describe: words,
    progress: () => (done.size === 0 && total === 0 ? '' : ` (${words()})`),
    recordedOnly: () => [...recorded].toSorted(),
    remarks: () => [...remarks],
  };
}

/** Seconds since the resource began, for the event that ends it. */
function duration(started: Map<string, number>, event: StackEvent): number | undefined {
  const key = `${event.logicalId} ${event.physicalId === event.stackId}`;
  if (event.status.endsWith('_IN_PROGRESS')) {
    if (!started.has(key)) started.set(key, event.timestamp.getTime());
    return undefined;
  }
  const from = started.get(key);
  started.delete(key);
  return from === undefined ? undefined : (event.timestamp.getTime() - from) / 1000;
}

function line(event: StackEvent, seconds: number | undefined): string {
  const took = seconds === undefined ? '' : ` ${seconds.toFixed(1)} s`;
  const why = event.reason === undefined || CAME_UP.has(event.status) ? '' : `: ${event.reason}`;
  return `${event.logicalId} ${event.resourceType} ${event.status}${took}${why}`;
}
