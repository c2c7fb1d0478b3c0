import type { ReportEvent } from '../output/reporter.ts';
import { buildTimeline, type Timeline, type TimelineEvent } from '../stack/timeline.ts';

/** What a run has done to one stack, nested ones included. */
export interface StackStory {
  readonly stackId: string;
  readonly stackName: string;
  /** The last status that the stack told of itself; undefined when it told none. */
  readonly status: string | undefined;
  readonly timeline: Timeline;
}

/** The stacks that events tell of, in the order of their first event. */
export function storiesOf(events: readonly ReportEvent[]): StackStory[] {
  const told = events.flatMap(readStackEvent);
  const parents = new Map(told.flatMap((event) => (isNestedStack(event) ? [[event.physicalId, event.stackId] as const] : [])));
  const rootOf = (stackId: string): string => {
    let root = stackId;
    for (let parent = parents.get(root); parent !== undefined && parent !== root; parent = parents.get(root)) root = parent;
    return root;
  };
  const byRoot = new Map<string, TimelineEvent[]>();
  for (const event of told) {
    const root = rootOf(event.stackId);
    byRoot.set(root, [...(byRoot.get(root) ?? []), event]);
  }
  return [...byRoot].map(([stackId, own]) => ({
    stackId,
    stackName: nameOf(stackId, own),
    status: own.findLast((event) => event.stackId === stackId && event.physicalId === stackId)?.status,
    timeline: buildTimeline(own),
  }));
}

function isNestedStack({ physicalId, stackId, resourceType }: TimelineEvent): boolean {
  return resourceType === 'AWS::CloudFormation::Stack' && physicalId !== '' && physicalId !== stackId;
}

function nameOf(stackId: string, events: readonly TimelineEvent[]): string {
  return /:stack\/([^/]+)\//.exec(stackId)?.[1] ?? events.find((event) => event.physicalId === stackId)?.logicalId ?? stackId;
}

function readStackEvent(event: ReportEvent): TimelineEvent[] {
  if (event.type !== 'stack-event') return [];
  const text = (key: string): string => (typeof event[key] === 'string' ? event[key] : '');
  const timestamp = new Date(text('timestamp'));
  if (Number.isNaN(timestamp.getTime())) return [];
  return [
    {
      timestamp,
      logicalId: text('logicalId'),
      physicalId: text('physicalId'),
      resourceType: text('resourceType'),
      status: text('status'),
      reason: typeof event['reason'] === 'string' ? event['reason'] : undefined,
      stackId: text('stackId'),
      path: Array.isArray(event['path']) ? event['path'].map(String) : [],
    },
  ];
}
