import type { StackEvent } from '../clients/cloudformation.ts';
import type { LogQuery } from '../clients/logs.ts';
import { isAbort, messageOf } from '../errors.ts';
import type { Failure } from './failure.ts';
import { linesOfRequest } from './function-log-lines.ts';
import type { StackDeps } from './operation.ts';
import { serviceFunction } from './service-function.ts';

const CUSTOM = /^(Custom::|AWS::CloudFormation::CustomResource$)/;
/** Clocks of services differ by little; a function writes its last lines after it has answered. */
const BEFORE_MS = 2_000;
const AFTER_MS = 10_000;

/**
 * The last lines that the function behind a custom resource wrote for the request that failed; undefined for other resources, for
 * functions of other accounts, and where no log can be read.
 */
export async function customResourceLog(
  failure: Failure,
  events: readonly StackEvent[],
  deps: StackDeps,
): Promise<readonly string[] | undefined> {
  if (!CUSTOM.test(failure.resourceType) || deps.logs === undefined) return undefined;
  try {
    const group = await serviceFunction(failure, events, deps);
    if (group === undefined) return undefined;
    const found = await (await deps.logs()).events(queryFor(group, failure, events), deps.signal);
    const lines = linesOfRequest(found ?? [], requestOf(failure.fullReason), failure.time);
    return lines.length === 0 ? undefined : lines;
  } catch (error) {
    if (isAbort(error) || deps.signal.aborted) throw error;
    // The log is a help; a missing permission must not hide the failure.
    deps.reporter.debug(`The log of the custom resource ${failure.path} cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

function queryFor(group: string, failure: Failure, events: readonly StackEvent[]): LogQuery {
  const begun = events.findLast(
    (event) =>
      event.stackId === failure.stackId &&
      event.logicalId === failure.logicalId &&
      event.status.endsWith('_IN_PROGRESS') &&
      event.timestamp.getTime() <= failure.time &&
      event.reason === undefined,
  );
  // cfn-response names the stream in what it answers.
  const stream = /CloudWatch Log Stream: (\d{4}\/\d{2}\/\d{2}\/\S+?)[\s)]*(?:$|\s|\()/.exec(failure.fullReason)?.[1];
  return { group, stream, fromMs: (begun?.timestamp.getTime() ?? failure.time - 3_600_000) - BEFORE_MS, toMs: failure.time + AFTER_MS };
}

/** Id that CloudFormation gave its request; functions that log their event have written it. */
function requestOf(reason: string): string | undefined {
  return /request ?id[: ]+\[?([0-9a-f]{8}-[0-9a-f-]{27})/i.exec(reason)?.[1];
}
