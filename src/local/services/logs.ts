/** CloudWatch Logs: where functions write, and the part of its API that reads it back. */
import { createJsonService, type JsonOperation } from '../protocol/aws-json.ts';
import { LOCAL_ACCOUNT_ID, type LogSink, type Service, ServiceError, type Store } from '../types.ts';
import { compileFilterPattern } from './logs/filter-pattern.ts';
import { createLogFiles, type LogEvent, type LogFiles, type LogGroup } from './logs/log-files.ts';

type Input = Readonly<Record<string, unknown>>;

/** The service and the sink that writes to it. Wire `logs` into LocalAws and `service` into the dispatcher; nothing to close. */
export function createLogs(store: Store): { readonly service: Service; readonly logs: LogSink } {
  const files = createLogFiles(store);
  const logs: LogSink = {
    createGroup: (name, retentionDays) => files.putGroup({ name, createdMs: files.group(name)?.createdMs ?? Date.now(), retentionDays }),
    deleteGroup: (name) => files.deleteGroup(name),
    groupExists: (name) => files.group(name) !== undefined,
    retentionDays: (name) => files.group(name)?.retentionDays,
    append: (group, stream, message, timestampMs) => files.append(group, stream, message, timestampMs),
  };
  const service = createJsonService({ name: 'logs', targetPrefix: 'Logs_20140328', version: '1.1', operations: operationsOf(files) });
  return { service, logs };
}

function operationsOf(files: LogFiles): Readonly<Record<string, JsonOperation>> {
  return {
    CreateLogGroup(input) {
      const name = required(input, 'logGroupName');
      if (files.group(name) !== undefined)
        throw new ServiceError('ResourceAlreadyExistsException', 'The specified log group already exists');
      files.putGroup({ name, createdMs: Date.now() });
    },
    DeleteLogGroup: (input) => files.deleteGroup(groupIn(files, input).name),
    PutRetentionPolicy(input) {
      files.putGroup({ ...groupIn(files, input), retentionDays: Number(input['retentionInDays']) });
    },
    DeleteRetentionPolicy(input) {
      files.putGroup({ ...groupIn(files, input), retentionDays: undefined });
    },
    DescribeLogGroups: (input, request) => describeGroups(files, input, request.region),
    CreateLogStream(input) {
      const { name } = groupIn(files, input);
      const stream = required(input, 'logStreamName');
      if (files.hasStream(name, stream))
        throw new ServiceError('ResourceAlreadyExistsException', 'The specified log stream already exists');
      files.createStream(name, stream);
    },
    DescribeLogStreams: (input, request) => describeStreams(files, input, request.region),
    PutLogEvents(input) {
      const { name } = groupIn(files, input);
      const stream = streamIn(files, name, input);
      for (const event of list(input['logEvents'])) {
        files.append(name, stream, text(event, 'message') ?? '', Number(event['timestamp'] ?? Date.now()));
      }
      return { nextSequenceToken: '0' };
    },
    GetLogEvents: (input) => getEvents(files, input),
    FilterLogEvents: (input) => filterEvents(files, input),
    ListTagsForResource: () => ({ tags: {} }),
    ListTagsLogGroup: () => ({ tags: {} }),
    TagResource: () => undefined,
  };
}

function describeGroups(files: LogFiles, input: Input, region: string): unknown {
  const prefix = text(input, 'logGroupNamePrefix') ?? '';
  const pattern = text(input, 'logGroupNamePattern') ?? '';
  const groups = files.groups().filter(({ name }) => name.startsWith(prefix) && name.includes(pattern));
  const page = pageOf(groups, input, 50);
  return {
    logGroups: page.items.map((group) => ({
      logGroupName: group.name,
      creationTime: group.createdMs,
      arn: `${groupArn(region, group.name)}:*`,
      logGroupArn: groupArn(region, group.name),
      metricFilterCount: 0,
      storedBytes: 0,
      logGroupClass: 'STANDARD',
      ...(group.retentionDays === undefined ? {} : { retentionInDays: group.retentionDays }),
    })),
    ...page.next,
  };
}

function describeStreams(files: LogFiles, input: Input, region: string): unknown {
  const group = groupIn(files, input);
  const prefix = text(input, 'logStreamNamePrefix') ?? '';
  const byTime = input['orderBy'] === 'LastEventTime';
  const streams = files
    .streams(group.name)
    .filter(({ name }) => name.startsWith(prefix))
    .toSorted((a, b) => (byTime ? a.changedMs - b.changedMs : a.name < b.name ? -1 : 1));
  const page = pageOf(input['descending'] === true ? streams.toReversed() : streams, input, 50);
  return {
    logStreams: page.items.map((stream) => {
      const events = files.read(group.name, stream.name);
      const [first, last] = [events[0], events.at(-1)];
      return {
        logStreamName: stream.name,
        creationTime: stream.createdMs,
        arn: `${groupArn(region, group.name)}:log-stream:${stream.name}`,
        storedBytes: 0,
        uploadSequenceToken: '0',
        ...(first === undefined || last === undefined
          ? {}
          : { firstEventTimestamp: first.timestampMs, lastEventTimestamp: last.timestampMs, lastIngestionTime: last.ingestedMs }),
      };
    }),
    ...page.next,
  };
}

/** Tokens say which event comes next: `f/<index>` forwards, `b/<index>` backwards; at the end a token repeats itself, as on AWS. */
function getEvents(files: LogFiles, input: Input): unknown {
  const { name } = groupIn(files, input);
  const events = inRange(files.read(name, streamIn(files, name, input)), input);
  const limit = Number(input['limit'] ?? 10_000);
  const [direction, index] = (text(input, 'nextToken') ?? '').split('/');
  let from = input['startFromHead'] === true ? 0 : Math.max(0, events.length - limit);
  let to = Math.min(events.length, from + limit);
  if (direction === 'f') [from, to] = [Number(index), Math.min(events.length, Number(index) + limit)];
  if (direction === 'b') [from, to] = [Math.max(0, Number(index) - limit), Number(index)];
  return {
    events: events
      .slice(from, to)
      .map((event) => ({ timestamp: event.timestampMs, message: event.message, ingestionTime: event.ingestedMs })),
    nextForwardToken: `f/${Math.max(from, to)}`,
    nextBackwardToken: `b/${from}`,
  };
}

function filterEvents(files: LogFiles, input: Input): unknown {
  const { name } = groupIn(files, input);
  const fits = compileFilterPattern(text(input, 'filterPattern') ?? '');
  const names = Array.isArray(input['logStreamNames']) ? new Set(input['logStreamNames'] as string[]) : undefined;
  const prefix = text(input, 'logStreamNamePrefix') ?? '';
  const streams = files.streams(name).filter((stream) => stream.name.startsWith(prefix) && (names?.has(stream.name) ?? true));
  const found = streams.flatMap((stream) =>
    inRange(files.read(name, stream.name), input)
      .filter((event) => fits(event.message))
      .map((event) => ({
        logStreamName: stream.name,
        timestamp: event.timestampMs,
        message: event.message,
        ingestionTime: event.ingestedMs,
        eventId: event.id,
      })),
  );
  // Sorting is stable: what came at the same millisecond stays in its stream's order.
  const page = pageOf(
    found.toSorted((a, b) => a.timestamp - b.timestamp),
    input,
    10_000,
  );
  return { events: page.items, searchedLogStreams: [], ...page.next };
}

function inRange(events: readonly LogEvent[], input: Input): readonly LogEvent[] {
  const from = Number(input['startTime'] ?? 0);
  const to = Number(input['endTime'] ?? Number.POSITIVE_INFINITY);
  return events.filter((event) => event.timestampMs >= from && event.timestampMs <= to);
}

function pageOf<T>(
  items: readonly T[],
  input: Input,
  usual: number,
): { readonly items: readonly T[]; readonly next: { readonly nextToken?: string } } {
  const from = Number(text(input, 'nextToken') ?? 0);
  const to = from + Number(input['limit'] ?? usual);
  return { items: items.slice(from, to), next: to < items.length ? { nextToken: String(to) } : {} };
}

function groupIn(files: LogFiles, input: Input): LogGroup {
  const name =
    text(input, 'logGroupName') ??
    text(input, 'logGroupIdentifier')
      ?.replace(/^arn:[^:]+:logs:[^:]*:\d+:log-group:/, '')
      .replace(/:\*$/, '');
  const group = files.group(name ?? required(input, 'logGroupName'));
  if (group === undefined) throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.');
  return group;
}

function streamIn(files: LogFiles, group: string, input: Input): string {
  const name = required(input, 'logStreamName');
  if (!files.hasStream(group, name)) throw new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.');
  return name;
}

function groupArn(region: string, name: string): string {
  return `arn:aws:logs:${region}:${LOCAL_ACCOUNT_ID}:log-group:${name}`;
}

function text(input: Input, name: string): string | undefined {
  const value = input[name];
  return typeof value === 'string' ? value : undefined;
}

function required(input: Input, name: string): string {
  const value = text(input, name);
  if (value !== undefined && value !== '') return value;
  throw new ServiceError(
    'InvalidParameterException',
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}

function list(value: unknown): readonly Input[] {
  return Array.isArray(value) ? (value as Input[]) : [];
}
