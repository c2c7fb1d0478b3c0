import type { StackEvent } from '../clients/cloudformation.ts';
import { plural } from '../output/format.ts';
import { consoleLink } from './console-link.ts';
import { customResourceLog } from './custom-resource-log.ts';
import { analyseFailure, toCause, type Failure, type FailureCause } from './failure.ts';
import { findKnownCause } from './known-causes.ts';
import { checksOf, withNestedFailures } from './nested-failures.ts';
import type { StackDeps } from './operation.ts';

/** `serverless.template:41` for a resource, by the logical ids of its nested stacks and its own; undefined where it is not known. */
export type PlaceOf = (path: readonly string[]) => Promise<string | undefined>;

export interface FailedRun {
  readonly stackName: string;
  readonly stackId: string;
  /** The events of the operation, oldest first; those of nested stacks may be among them. */
  readonly events: readonly StackEvent[];
  readonly placeOf?: PlaceOf | undefined;
  /** When the operation ended, for one that others have followed. */
  readonly until?: Date | undefined;
}

const MOST_OTHERS = 3;

/** A failure with what helps: part of `result` of the JSON document. */
export interface ExplainedCause extends FailureCause {
  /** Id of a row of the table of known causes. */
  readonly known?: string | undefined;
  readonly hint?: string | undefined;
  /** `serverless.template:41`. */
  readonly place?: string | undefined;
  /** The last lines that the function behind a custom resource wrote for this request. */
  readonly log?: readonly string[] | undefined;
}

export interface FailureExplanation {
  readonly cause: ExplainedCause | undefined;
  /** Further failures that are no consequences. */
  readonly others: readonly FailureCause[];
  /** What failed while the operation was taken back. */
  readonly duringRollback: readonly ExplainedCause[];
  /** How many resources were only stopped because of the cause. */
  readonly cancelled: number;
  readonly consoleUrl: string | undefined;
}

/**
 * What an operation failed of: the first real cause, in whatever nested stack it is, with the line in the template, what is known of
 * such causes, and the log of a custom resource. Asks AWS only for what the events do not tell; what cannot be asked is left out.
 */
export async function explainFailure(run: FailedRun, deps: StackDeps): Promise<FailureExplanation> {
  const { stackId, events } = run;
  const span = { from: events[0]?.timestamp ?? new Date(0), to: run.until };
  const known = new Set(events.map(({ id }) => id));
  const checks = await checksOf(stackId, span, deps);
  const all = await withNestedFailures([...events, ...checks.filter(({ id }) => !known.has(id))], span, deps);
  const { first, others, duringRollback, cancelled } = analyseFailure(all, stackId);
  return {
    cause: first === undefined ? undefined : await explain(first, run, all, deps),
    others: others.map(toCause),
    duringRollback: await Promise.all(duringRollback.map((failure) => explain(failure, run, all, deps))),
    cancelled,
    consoleUrl: consoleLink(stackId, deps.stacks.endpoint),
  };
}

async function explain(failure: Failure, run: FailedRun, events: readonly StackEvent[], deps: StackDeps): Promise<ExplainedCause> {
  const { stackName } = run;
  const log = await customResourceLog(failure, events, deps);
  const reason = log === undefined ? failure.fullReason : `${failure.fullReason}\n${log.join('\n')}`;
  const found = findKnownCause({ ...failure, reason, stackName, target: deps.target ?? '' });
  const place = await run.placeOf?.(failure.path.split('/'));
  return {
    ...toCause(failure),
    ...(found === undefined ? {} : { known: found.id, hint: found.hint }),
    ...(place === undefined ? {} : { place }),
    ...(log === undefined ? {} : { log }),
  };
}

/** The lines about a failure, for people, with where to go on. The hint is not among them: an error has it at its end. */
export function describeFailure(explanation: FailureExplanation, stackName: string, target = ''): string[] {
  const links = [`lambda-tool diagnose ${stackName}${target}`, explanation.consoleUrl ?? []].flat();
  return [...failureLines(explanation), row('More', links.join(' · '))];
}

/** Cause, log, what else failed. */
export function failureLines(explanation: FailureExplanation, { withHint = false } = {}): string[] {
  const { cause, others, duringRollback, cancelled } = explanation;
  return [
    ...(cause === undefined ? [] : [...describeCause('Cause', cause), ...logLines(cause), ...(withHint ? hintLines(cause, 'Hint') : [])]),
    ...others.slice(0, MOST_OTHERS).flatMap((other) => describeCause('Also', other)),
    ...(others.length > MOST_OTHERS ? [row('', `and ${plural(others.length - MOST_OTHERS, 'more failure')}`)] : []),
    ...duringRollback.flatMap((failure) => [...describeCause('Back', failure, 'rolling back failed too: '), ...hintLines(failure, '')]),
    ...(cancelled > 0
      ? [row('Later', `${cancelled} other ${cancelled === 1 ? 'resource was' : 'resources were'} cancelled because of this one`)]
      : []),
  ];
}

/** Two lines or more: the resource with its type and place, and AWS's words. */
export function describeCause(title: string, cause: ExplainedCause, before = ''): string[] {
  const type = cause.resourceType === '' ? '' : ` (${cause.resourceType})`;
  const place = cause.place === undefined ? '' : `, ${cause.place}`;
  return [row(title, `${before}${cause.path}${type}${place}`), ...cause.reason.split('\n').map((line) => row('', line))];
}

function logLines({ log }: ExplainedCause): string[] {
  return (log ?? []).map((line, index) => row(index === 0 ? 'Log' : '', line));
}

function hintLines({ hint }: ExplainedCause, title: string): string[] {
  return hint === undefined ? [] : [row(title, hint)];
}

/** Words under each other, as the hint below them is written too. */
export function row(title: string, text: string): string {
  return `${title.padEnd(8)}${text}`;
}
