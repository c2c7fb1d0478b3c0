import { randomUUID } from 'node:crypto';

import type { Stack, StackEvent, Stacks } from '../clients/cloudformation.ts';
import type { Clock } from '../context.ts';
import { UserError, isAbort } from '../errors.ts';
import { plural } from '../output/format.ts';
import type { Reporter, Step } from '../output/reporter.ts';
import { changeSetName, prepareChangeSet, type PreparedChangeSet } from './change-set.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { countCancelled, findFirstCause } from './failure.ts';
import { followStack } from './follow.ts';
import { chooseParameters } from './parameters.ts';
import type { StackPlan } from './plan.ts';
import { isAlreadyDeployed, type Wish } from './unchanged.ts';

export interface DeployRequest extends Wish {
  readonly stackName: string;
  readonly plan: Exclude<StackPlan, { kind: 'refuse' }>;
  /** What the change set is made from: the text itself, or a URL when it is too long for a request. */
  readonly template: { readonly body: string } | { readonly url: string };
  readonly capabilities: readonly string[];
  /** False: answer as soon as the operation has begun. */
  readonly wait: boolean;
  readonly longestPauseMs: number | undefined;
  /** `serverless.template:41` for a logical id, where it is known. */
  readonly placeOf: (logicalId: string) => string | undefined;
}

export interface DeployDeps {
  readonly stacks: Stacks;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

export type DeployAction = 'created' | 'updated' | 'recreated' | 'unchanged';

export interface DeployOutcome {
  readonly action: DeployAction;
  readonly stack: Stack;
  /** False when nobody waited for the end (`--stack-wait false`). */
  readonly finished: boolean;
  /** Resources that only the local target's records hold, by type. */
  readonly recordedOnly: readonly string[];
  /** Further remarks of the endpoint about what came up. */
  readonly remarks: readonly string[];
}

/** Brings the stack to the wished state. Throws UserError CHANGE_SET_FAILED, STACK_FAILED, STACK_BUSY, INTERRUPTED. */
export async function deployStack(request: DeployRequest, deps: DeployDeps): Promise<DeployOutcome> {
  const { plan } = request;
  if (plan.kind === 'update' && (await isAlreadyDeployed(deps.stacks, plan.stack, request, deps.signal))) {
    return unchanged(plan.stack);
  }
  return deps.reporter.step({ kind: 'stack', name: request.stackName }, async (step) => {
    if (plan.kind === 'recreate') await removeFailedStack(plan.stack, request, deps, step);
    const prepared = await prepare(request, deps);
    if (prepared.kind === 'unchanged') {
      step.summary('nothing to change');
      return unchanged(await reread(deps, prepared.stackId, request.stackName));
    }
    return execute(request, deps, prepared, step);
  });
}

function unchanged(stack: Stack): DeployOutcome {
  return { action: 'unchanged', stack, finished: true, recordedOnly: [], remarks: [] };
}

async function prepare(request: DeployRequest, deps: DeployDeps): Promise<PreparedChangeSet> {
  const { plan } = request;
  const current = plan.kind === 'update' ? plan.stack : undefined;
  try {
    return await prepareChangeSet(
      deps.stacks,
      deps.clock,
      {
        stackName: request.stackName,
        changeSetName: changeSetName(deps.clock.now()),
        type: current === undefined ? 'CREATE' : 'UPDATE',
        template: request.template,
        parameters: chooseParameters(request.declared, request.given, current).parameters,
        capabilities: request.capabilities,
        tags: request.tags,
        roleArn: request.roleArn,
      },
      deps.signal,
    );
  } catch (error) {
    if (current === undefined) await removeEmptyStack(request, deps);
    throw error;
  }
}

/** A first change set that fails leaves a stack without resources behind (REVIEW_IN_PROGRESS); it goes with it. */
async function removeEmptyStack(request: DeployRequest, deps: DeployDeps): Promise<void> {
  try {
    const stack = await deps.stacks.find(request.stackName);
    if (stack?.status === 'REVIEW_IN_PROGRESS') await deps.stacks.deleteStack(stack.id, { token: token() });
  } catch (error) {
    deps.reporter.debug(`The empty stack ${request.stackName} could not be removed: ${String(error)}`);
  }
}

async function removeFailedStack(stack: Stack, request: DeployRequest, deps: DeployDeps, step: Step): Promise<void> {
  step.note(`deleting the stack that never came up (${stack.status})`);
  const after = await deps.stacks.newestEventId(stack.id, deps.signal);
  await deps.stacks.deleteStack(stack.id, { roleArn: request.roleArn, token: token() }, deps.signal);
  const log = createEventLog(deps, step, 0);
  const end = await follow(stack, after, request, deps, log);
  if (end.status !== 'DELETE_COMPLETE') throw failed(request, deps, log, stack, end.status, 'could not be deleted to be created anew');
}

async function execute(
  request: DeployRequest,
  deps: DeployDeps,
  prepared: Extract<PreparedChangeSet, { kind: 'ready' }>,
  step: Step,
): Promise<DeployOutcome> {
  const { stacks, signal } = deps;
  const action = actionOf(request.plan);
  const total = prepared.changeSet.changes.length;
  const after = await stacks.newestEventId(prepared.stackId, signal).catch(() => undefined);
  try {
    signal.throwIfAborted();
    await stacks.executeChangeSet(prepared.id, token(), signal);
  } catch (error) {
    await stacks.deleteChangeSet(prepared.id).catch(() => undefined);
    if (request.plan.kind !== 'update') await removeEmptyStack(request, deps);
    throw error;
  }
  step.note(`${request.plan.kind === 'update' ? 'update' : 'creation'} started${total > 0 ? `, ${plural(total, 'resource')}` : ''}`);
  if (!request.wait) {
    step.summary('started, not waited for');
    return { action, stack: await reread(deps, prepared.stackId, request.stackName), finished: false, recordedOnly: [], remarks: [] };
  }
  const log = createEventLog(deps, step, total);
  const end = await follow({ id: prepared.stackId, name: request.stackName }, after, request, deps, log);
  const stack = await reread(deps, prepared.stackId, request.stackName);
  if (end.status !== 'CREATE_COMPLETE' && end.status !== 'UPDATE_COMPLETE') throw failed(request, deps, log, stack, end.status);
  step.summary(log.describe());
  return { action, stack, finished: true, recordedOnly: log.recordedOnly(), remarks: log.remarks() };
}

function actionOf(plan: DeployRequest['plan']): DeployAction {
  return plan.kind === 'recreate' ? 'recreated' : plan.kind === 'update' ? 'updated' : 'created';
}

async function follow(
  stack: { id: string; name: string },
  after: string | undefined,
  request: DeployRequest,
  deps: DeployDeps,
  log: EventLog,
) {
  try {
    return await followStack(deps.stacks, deps.clock, {
      stackId: stack.id,
      after,
      longestPauseMs: request.longestPauseMs,
      onEvent: (event: StackEvent) => log.add(event),
      signal: deps.signal,
    });
  } catch (error) {
    if (isAbort(error) || deps.signal.aborted) throw stoppedWaiting(stack.name, stack.id, log);
    throw error;
  }
}

/** What to tell when the user leaves while CloudFormation works: it goes on by itself. */
export function stoppedWaiting(stackName: string, stackId: string, log: EventLog): UserError {
  return new UserError('INTERRUPTED', `Stopped waiting for stack ${stackName}${log.progress()}; the operation goes on without us`, {
    hint: `See how it ends: aws cloudformation describe-stack-events --stack-name ${stackName}; once it has ended, run the same command again`,
    result: { stackName, stackId },
  });
}

async function reread(deps: DeployDeps, stackId: string, stackName: string): Promise<Stack> {
  const stack = await deps.stacks.find(stackId, deps.signal);
  if (stack === undefined) throw new UserError('STACK_NOT_FOUND', `Stack ${stackName} is gone: somebody else has deleted it`);
  return stack;
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

function failed(request: DeployRequest, deps: DeployDeps, log: EventLog, stack: Stack, status: string, what?: string): UserError {
  const events = log.events();
  const cause = findFirstCause(events);
  const cancelled = countCancelled(events);
  const place = cause === undefined ? undefined : request.placeOf(cause.logicalId);
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
  deps.reporter.event({ type: 'stack-failed', stackName: request.stackName, status, ...(cause === undefined ? {} : { cause }) });
  return new UserError('STACK_FAILED', `Stack ${request.stackName} ${what ?? END_STATES[status] ?? 'ended badly'} (${status})`, {
    details,
    hint: hintFor(cause?.reason),
    result: { stackName: request.stackName, stackId: stack.id, status, ...(cause === undefined ? {} : { cause }) },
  });
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
  [/not authorized|access ?denied/i, 'The identity (or --cloudformation-role) lacks a permission'],
  [
    /NoSuchKey|does not exist in the (bucket|repository)|S3 Error Code/i,
    'An artifact is missing where the template says: deploy again without changing bucket or repository in between',
  ],
];

function hintFor(reason: string | undefined): string {
  const known = KNOWN_CAUSES.find(([pattern]) => reason !== undefined && pattern.test(reason));
  return known?.[1] ?? 'Mend the cause, then run the same command again';
}

function token(): string {
  return `lambda-tool-${randomUUID()}`;
}
