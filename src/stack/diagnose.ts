import type { OperationEvent, Stack } from '../clients/cloudformation.ts';
import { missingStack } from './missing-stack.ts';
import { UserError } from '../errors.ts';
import { consoleLink } from './console-link.ts';
import { explainFailure, type FailureExplanation, type PlaceOf } from './explain-failure.ts';
import { analyseFailure, toCause, type FailureCause } from './failure.ts';
import type { StackDeps } from './operation.ts';
import { splitOperations, type OperationKind, type StackOperation } from './operations.ts';
import { STACK_STATUSES } from './statuses.ts';
import { wayOut, type WayOut } from './way-out.ts';

/** An operation with its explanation. */
export interface ExplainedOperation {
  readonly operation: StackOperation;
  /** As DescribeStacks names it (`LastOperations`), where the endpoint tells. */
  readonly operationId: string | undefined;
  readonly failure: FailureExplanation | undefined;
}

export interface Diagnosis {
  readonly stack: Stack;
  /** After "Stack X": one clause. */
  readonly meaning: string;
  /** Up, and the last operation succeeded. */
  readonly healthy: boolean;
  /** Undefined for a stack that no operation was ever made on. */
  readonly last: ExplainedOperation | undefined;
  /** The newest operation before the last one that failed, when the last one went well. */
  readonly earlier: ExplainedOperation | undefined;
  /** What a validation found in a change set that came after the last operation. */
  readonly changeSet: readonly FailureCause[];
  readonly next: WayOut;
  readonly consoleUrl: string | undefined;
}

/** Good states to be in: up, as the last template says. */
const UP = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'IMPORT_COMPLETE']);

const TYPES: Readonly<Record<OperationKind, readonly string[]>> = {
  create: ['CREATE_STACK'],
  update: ['UPDATE_STACK'],
  delete: ['DELETE_STACK'],
  import: ['UPDATE_STACK', 'CREATE_STACK'],
  rollback: ['ROLLBACK'],
  'continue-rollback': ['CONTINUE_ROLLBACK'],
};

/** Finds a stack by name or ARN, also one that was deleted lately. Throws UserError STACK_NOT_FOUND. */
export async function findStackToDiagnose(name: string, region: string, deps: StackDeps): Promise<Stack> {
  const { stacks, signal } = deps;
  const found = (await stacks.find(name, signal)) ?? (await findDeleted(name, { stacks, signal }));
  if (found !== undefined) return found;
  const elsewhere = /^arn:[^:]+:cloudformation:([^:]+):/.exec(name)?.[1];
  if (elsewhere === undefined || elsewhere === region)
    throw await missingStack(name, deps, ', and none of that name was deleted within 90 days');
  throw new UserError('STACK_NOT_FOUND', `There is no stack ${name} in ${region}`, {
    hint: `The ARN is of another region: add --region ${elsewhere}`,
    result: { stackName: name },
  });
}

/** An endpoint without that call, or an identity without that right, knows no deleted stacks. */
async function findDeleted(name: string, { stacks, signal }: Pick<StackDeps, 'stacks' | 'signal'>): Promise<Stack | undefined> {
  try {
    return await stacks.findDeleted(name, signal);
  } catch (error) {
    if (error instanceof UserError && (error.code === 'ENDPOINT_NOT_IMPLEMENTED' || error.code === 'ACCESS_DENIED')) return undefined;
    throw error;
  }
}

/** Says what the last operation on a stack was, what it failed of, and the way out. */
export async function diagnoseStack(stack: Stack, placeOf: PlaceOf | undefined, deps: StackDeps): Promise<Diagnosis> {
  const events = await deps.stacks.eventsAfter(stack.id, undefined, deps.signal);
  const operations = splitOperations(events, stack.id);
  const last = operations.at(-1);
  const before = last?.outcome === 'succeeded' ? operations.slice(0, -1).findLast(({ outcome }) => outcome === 'failed') : undefined;
  const explain = (operation: StackOperation): Promise<ExplainedOperation> => explainOperation(operation, stack, placeOf, deps);
  const failed = last?.outcome === 'failed' || (last?.outcome === 'in-progress' && stack.status.includes('ROLLBACK'));
  return {
    stack,
    meaning: STACK_STATUSES[stack.status]?.meaning ?? 'is in a state that this version of lambda-tool does not know',
    healthy: UP.has(stack.status) && last?.outcome !== 'failed',
    last: last === undefined ? undefined : { ...(await explain(last)), operationId: newestId(last.kind, stack) },
    earlier: before === undefined ? undefined : await explain(before),
    changeSet: await findingsOfChangeSet(stack, deps),
    next: wayOut({
      parentId: stack.parentId,
      express: stack.express,
      stackName: stack.name,
      status: stack.status,
      failed,
      stuck: stuckIn(last, stack.id),
      target: deps.target ?? '',
    }),
    consoleUrl: consoleLink(stack.id, deps.stacks.endpoint),
  };
}

async function explainOperation(
  operation: StackOperation,
  stack: Stack,
  placeOf: PlaceOf | undefined,
  deps: StackDeps,
): Promise<ExplainedOperation> {
  const { events, outcome, endedAt } = operation;
  if (outcome === 'succeeded') return { operation, operationId: undefined, failure: undefined };
  const run = { stackName: stack.name, stackId: stack.id, events, placeOf, until: endedAt };
  return { operation, operationId: undefined, failure: await explainFailure(run, deps) };
}

function newestId(kind: OperationKind, stack: Stack): string | undefined {
  return stack.lastOperations?.find(({ type }) => TYPES[kind].includes(type))?.id;
}

/** Resources of the stack itself whose last step failed. */
function stuckIn(operation: StackOperation | undefined, stackId: string): string[] {
  const own = (operation?.events ?? []).filter((event) => event.stackId === stackId && event.physicalId !== stackId);
  const last = new Map(own.map(({ logicalId, status }) => [logicalId, status]));
  return [...last].flatMap(([logicalId, status]) => (status.endsWith('_FAILED') ? [logicalId] : []));
}

/** A change set leaves no event behind but in DescribeEvents, and only when it is the newest operation does it say something of now. */
async function findingsOfChangeSet(stack: Stack, { stacks, signal }: StackDeps): Promise<readonly FailureCause[]> {
  const newest = stack.lastOperations?.[0];
  if (newest?.type !== 'CREATE_CHANGESET') return [];
  const events: readonly OperationEvent[] = (await stacks.operationEvents({ operationId: newest.id, failedOnly: true }, signal)) ?? [];
  const { first, others } = analyseFailure(events, stack.id);
  return first === undefined ? [] : [first, ...others].map(toCause);
}
