import { UserError } from '../errors.ts';
import type { EventLog } from './event-log.ts';
import { countCancelled, findFirstCause } from './failure.ts';
import type { StackDeps } from './operation.ts';

export interface FailedOperation {
  readonly stackName: string;
  readonly stackId: string;
  readonly status: string;
  /** What happened, after "Stack X"; told from the status when it is left out. */
  readonly what?: string | undefined;
  /** What helps, when the cause is no known one. */
  readonly hint?: string | undefined;
  /** `serverless.template:41` for a logical id, where it is known. */
  readonly placeOf?: ((logicalId: string) => string | undefined) | undefined;
}

const END_STATES: Readonly<Record<string, string>> = {
  ROLLBACK_COMPLETE: 'could not be created and was rolled back',
  ROLLBACK_FAILED: 'could not be created, and rolling back failed too',
  CREATE_FAILED: 'could not be created',
  DELETE_COMPLETE: 'could not be created and was removed again',
  UPDATE_ROLLBACK_COMPLETE: 'could not be updated and is back at its last good state',
  UPDATE_ROLLBACK_FAILED: 'could not be updated, and rolling back failed too',
  UPDATE_FAILED: 'could not be updated',
};

/** An operation that ended badly, with its first cause; told to ndjson as well. */
export function failedOperation(operation: FailedOperation, log: EventLog, deps: Pick<StackDeps, 'reporter'>): UserError {
  const { stackName, stackId, status } = operation;
  const cause = findFirstCause(log.events());
  const cancelled = countCancelled(log.events());
  const place = cause === undefined ? undefined : operation.placeOf?.(cause.logicalId);
  const details =
    cause === undefined
      ? []
      : [
          `Cause   ${cause.logicalId} (${cause.resourceType})${place === undefined ? '' : `, ${place}`}`,
          `        ${cause.reason}`,
          ...(cancelled > 0
            ? [`Later   ${cancelled} other ${cancelled === 1 ? 'resource was' : 'resources were'} cancelled because of this one`]
            : []),
        ];
  deps.reporter.event({ type: 'stack-failed', stackName, status, ...(cause === undefined ? {} : { cause }) });
  return new UserError('STACK_FAILED', `Stack ${stackName} ${operation.what ?? END_STATES[status] ?? 'ended badly'} (${status})`, {
    details,
    hint: hintFor(cause?.reason) ?? operation.hint ?? 'Mend the cause, then run the same command again',
    result: { stackName, stackId, status, ...(cause === undefined ? {} : { cause }) },
  });
}

/** Logical ids of the stack's own resources whose last step failed, each once. */
export function failedResources(log: EventLog): string[] {
  const own = log.events().filter((event) => event.path.length === 0 && event.physicalId !== event.stackId);
  const last = new Map(own.map((event) => [event.logicalId, event.status]));
  return [...last].flatMap(([logicalId, status]) => (status.endsWith('_FAILED') ? [logicalId] : []));
}

/** Causes that people meet again and again, and what helps. */
const KNOWN_CAUSES: readonly (readonly [RegExp, string])[] = [
  [/already exists/i, 'Something else has that name: remove the explicit name from the template, or delete the other one'],
  [/manifest|media type/i, 'Lambda takes one image manifest without attestations: build the image again with this tool'],
  [
    /cannot be assumed|not authorized to perform: sts:AssumeRole/i,
    'The trust policy of the role must name the service; a new role needs some seconds, so try again',
  ],
  [/limit exceeded|quota/i, 'A quota of the account is used up: remove what is not needed, or ask AWS for more'],
  [/denied by stack policy/i, 'The stack policy protects this resource: change the policy, or leave the resource as it is'],
  [/not authorized|access ?denied/i, 'The identity (or --cloudformation-role) lacks a permission'],
  [
    /NoSuchKey|does not exist in the (bucket|repository)|S3 Error Code/i,
    'An artifact is missing where the template says: deploy again without changing bucket or repository in between',
  ],
];

function hintFor(reason: string | undefined): string | undefined {
  return KNOWN_CAUSES.find(([pattern]) => reason !== undefined && pattern.test(reason))?.[1];
}
