import type { ShownError } from '../output/render.ts';
import type { ReportEvent } from '../output/reporter.ts';
import { storiesOf, type StackStory } from './told-events.ts';

/** How a run ended, as far as whoever writes about it has to know. */
export interface RunEnd {
  readonly command: string;
  /** The stack that was asked for. */
  readonly wished: string | undefined;
  readonly error: ShownError | undefined;
  /** The answer's data, or what is known after a failure. */
  readonly result: unknown;
  readonly warnings: readonly string[];
  /** What the run has told on its way. */
  readonly events: readonly ReportEvent[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface ReportedArtifact {
  readonly logicalIds: readonly string[];
  readonly kind: string;
  readonly location: string;
  readonly built: boolean;
  readonly published: boolean;
}

export interface ReportedCause {
  /** `Table`, or `Orders/Table` in a nested stack. */
  readonly logicalId: string;
  readonly resourceType: string;
  readonly reason: string;
  /** `serverless.template:41`. */
  readonly place: string | undefined;
}

/** What a report tells of a run, whatever it is written as. */
export interface RunReport {
  readonly command: string;
  readonly ok: boolean;
  /** `Shop`; several names when several stacks were deleted. Empty for a run that never came to a stack. */
  readonly subject: string;
  /** One word: `created`, `updated`, `deleted`, `failed`, `interrupted` … */
  readonly outcome: string;
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly stackIds: readonly string[];
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outputs: readonly (readonly [name: string, value: string])[];
  readonly artifacts: readonly ReportedArtifact[];
  readonly stories: readonly StackStory[];
  readonly error: ShownError | undefined;
  readonly cause: ReportedCause | undefined;
  /** The stack in AWS's console. */
  readonly consoleUrl: string | undefined;
  readonly warnings: readonly string[];
}

/** Puts together what a report tells, out of what the run has told and answered. `hide` masks secrets in every text. */
export function reportRun(end: RunEnd, hide: (text: string) => string): RunReport {
  const masked = JSON.parse(JSON.stringify(end, (_, value: unknown) => (typeof value === 'string' ? hide(value) : value))) as RunEnd;
  const { command, error, warnings, events, startedAt, endedAt } = masked;
  const result = record(masked.result);
  const identity = events.find(({ type }) => type === 'identity');
  const stories = storiesOf(events);
  const lists = result['dryRun'] === true ? ['stacks'] : ['deleted', 'deleting', 'failed'];
  const deleted = lists.flatMap((key) => list(result[key]).map(record));
  const named = [result['stackName'], ...deleted.map((stack) => stack['stackName']), ...stories.map(({ stackName }) => stackName)];
  return {
    command,
    ok: error === undefined,
    subject: unique(named).join(', ') || (end.wished ?? ''),
    outcome: outcomeOf(error, result),
    account: text(result['account']) ?? text(identity?.['account']),
    region: text(result['region']) ?? text(identity?.['region']),
    stackIds: unique([result['stackId'], ...deleted.map((stack) => stack['stackId']), ...stories.map(({ stackId }) => stackId)]),
    startedAt,
    endedAt,
    outputs: Object.entries(record(result['outputs'])).map(([name, value]) => [name, String(value)] as const),
    artifacts: readArtifacts(result, events),
    stories,
    error,
    cause: readCause(result, error),
    consoleUrl: text(result['consoleUrl']),
    warnings,
  };
}

function outcomeOf(error: ShownError | undefined, result: Readonly<Record<string, unknown>>): string {
  if (error !== undefined) return error.code === 'INTERRUPTED' ? 'interrupted' : 'failed';
  if (result['dryRun'] === true) return 'dry run';
  if (list(result['deleting']).length > 0) return 'being deleted';
  if (result['deleted'] !== undefined) return 'deleted';
  if (result['finished'] === false) return 'started';
  return text(result['action']) ?? text(result['status']) ?? 'done';
}

/** The answer has them all; after a failure the events have those that were published. */
function readArtifacts(result: Readonly<Record<string, unknown>>, events: readonly ReportEvent[]): ReportedArtifact[] {
  const answered = list(result['artifacts']);
  const found = answered.length > 0 ? answered.map(record) : events.filter(({ type }) => type === 'artifact');
  return found.map((artifact) => ({
    logicalIds: unique(list(artifact['logicalIds'])),
    kind: text(artifact['kind']) ?? '',
    location: text(artifact['location']) ?? '',
    built: artifact['built'] === true,
    published: artifact['published'] === true,
  }));
}

function readCause(result: Readonly<Record<string, unknown>>, error: ShownError | undefined): ReportedCause | undefined {
  const cause = record(result['cause']);
  const logicalId = text(cause['path']) ?? text(cause['logicalId']);
  if (logicalId === undefined || error === undefined) return undefined;
  return {
    logicalId,
    resourceType: text(cause['resourceType']) ?? '',
    reason: text(cause['reason']) ?? '',
    place: text(cause['place']),
  };
}

/** `built and published`, `published`, `was there already`. */
export function describeWork({ built, published }: ReportedArtifact): string {
  if (!published) return 'was there already';
  return built ? 'built and published' : 'published';
}

/** An object, or an empty one for whatever is none. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function unique(values: readonly unknown[]): string[] {
  return [...new Set(values.flatMap((value) => text(value) ?? []))];
}
