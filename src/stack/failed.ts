import { UserError } from '../errors.ts';
import type { EventLog } from './event-log.ts';
import type { FailureExplanation, PlaceOf } from './explain-failure.ts';
import type { StackDeps } from './operation.ts';

export interface FailedOperation {
  readonly stackName: string;
  readonly stackId: string;
  readonly status: string;
  /** What happened, after "Stack X"; told from the status when it is left out. */
  readonly what?: string | undefined;
  /** What helps, when the cause is no known one. */
  readonly hint?: string | undefined;
  /** The hint says all that helps: a known cause adds nothing to it. */
  readonly hintIsEnough?: boolean | undefined;
  readonly placeOf?: PlaceOf | undefined;
}

const END_STATES: Readonly<Record<string, string>> = {
  ROLLBACK_COMPLETE: 'could not be created and was rolled back',
  ROLLBACK_FAILED: 'could not be created, and rolling back failed too',
  CREATE_FAILED: 'could not be created',
  DELETE_COMPLETE: 'could not be created and was removed again',
  DELETE_FAILED: 'could not be deleted completely',
  UPDATE_ROLLBACK_COMPLETE: 'could not be updated and is back at its last good state',
  UPDATE_ROLLBACK_FAILED: 'could not be updated, and rolling back failed too',
  UPDATE_FAILED: 'could not be updated',
  IMPORT_ROLLBACK_COMPLETE: 'could not import resources and is back at its last good state',
  IMPORT_ROLLBACK_FAILED: 'could not import resources, and rolling back failed too',
};

/**
 * The UserError STACK_FAILED of an operation that ended badly, with its first cause; told to ndjson as well. `result` has
 * `stackName`, `stackId`, `status` and what `failureData` gives.
 */
export async function failedOperation(operation: FailedOperation, log: Pick<EventLog, 'events'>, deps: StackDeps): Promise<UserError> {
  const { stackName, stackId, status, placeOf } = operation;
  // Loaded only where something has failed: the table of causes is long.
  const { describeFailure, explainFailure } = await import('./explain-failure.ts');
  const explanation = await explainFailure({ stackName, stackId, events: log.events(), placeOf }, deps);
  const data = failureData(explanation);
  deps.reporter.event({ type: 'stack-failed', stackName, status, ...data });
  return new UserError('STACK_FAILED', `Stack ${stackName} ${operation.what ?? END_STATES[status] ?? 'ended badly'} (${status})`, {
    details: describeFailure(explanation, stackName, deps.target),
    hint: hintOf(explanation, operation),
    result: { stackName, stackId, status, ...data },
  });
}

/** A known cause beats what the caller can say; where both say something, both are told. */
function hintOf({ cause }: FailureExplanation, { hint, hintIsEnough }: FailedOperation): string {
  if (hint !== undefined && hintIsEnough === true) return hint;
  if (cause?.hint === undefined) return hint ?? 'Mend the cause, then run the same command again';
  return hint === undefined ? cause.hint : `${cause.hint}. ${hint}`;
}

/** An explanation as the JSON document has it: what there is nothing of is left out. */
export function failureData({ cause, others, duringRollback, cancelled, consoleUrl }: FailureExplanation) {
  return {
    ...(cause === undefined ? {} : { cause }),
    ...(others.length === 0 ? {} : { otherCauses: others }),
    ...(duringRollback.length === 0 ? {} : { rollbackFailures: duringRollback }),
    ...(cancelled === 0 ? {} : { cancelled }),
    ...(consoleUrl === undefined ? {} : { consoleUrl }),
  };
}

/** Logical ids of the stack's own resources whose last step failed, each once. */
export function failedResources(log: Pick<EventLog, 'events'>): string[] {
  const own = log.events().filter((event) => event.path.length === 0 && event.physicalId !== event.stackId);
  const last = new Map(own.map((event) => [event.logicalId, event.status]));
  return [...last].flatMap(([logicalId, status]) => (status.endsWith('_FAILED') ? [logicalId] : []));
}
