import type { ChangeSet, Stack } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import { carryOut } from './apply.ts';
import type { DeployOutcome } from './deploy.ts';
import { newToken, type StackDeps } from './operation.ts';
import { readChanges, type Preview } from './preview.ts';
import { collectChanges } from './preview-stack.ts';
import { readPolicy } from './stack-policy.ts';
import { executionRollback, replacedResources } from './switches.ts';

export interface ExecuteRequest {
  readonly stackName: string;
  /** Name or ARN. */
  readonly changeSet: string;
  /** Leave everything as it is when it fails. */
  readonly disableRollback: boolean;
  /** The stack is in a failed state: CloudFormation takes no update with rollback on. */
  readonly resume: boolean;
  readonly wait: boolean;
  readonly longestPauseMs: number | undefined;
}

/** A prepared change set that can be executed now. */
export interface PreparedDeployment {
  readonly stack: Stack;
  readonly changeSet: ChangeSet;
  readonly isCreation: boolean;
}

/** Looks a prepared change set up. Throws UserError STACK_NOT_FOUND, CHANGE_SET_NOT_FOUND, CHANGE_SET_FAILED. */
export async function findPrepared(request: ExecuteRequest, values: boolean, deps: StackDeps): Promise<PreparedDeployment> {
  const { stackName } = request;
  const stack = await deps.stacks.find(stackName, deps.signal);
  if (stack === undefined) {
    throw new UserError('STACK_NOT_FOUND', `There is no stack ${stackName}`, { hint: 'A change set is prepared with --prepare' });
  }
  const changeSet = await describe(request, stack, values, deps);
  if (changeSet.status === 'FAILED') {
    throw new UserError('CHANGE_SET_FAILED', `The change set ${changeSet.name} has failed: ${changeSet.statusReason ?? 'no reason given'}`);
  }
  if (changeSet.executionStatus !== undefined && changeSet.executionStatus !== 'AVAILABLE') {
    throw new UserError(
      'CHANGE_SET_NOT_FOUND',
      `The change set ${changeSet.name} cannot be executed any more (${changeSet.executionStatus})`,
      {
        hint: 'Prepare a new one with --prepare',
      },
    );
  }
  if (request.disableRollback && (changeSet.express === true || changeSet.onStackFailure !== undefined)) throw settled(changeSet);
  return { stack, changeSet, isCreation: stack.status === 'REVIEW_IN_PROGRESS' };
}

function settled({ name, express }: ChangeSet): UserError {
  const how = express === true ? 'it was made in express mode' : 'it was made with --on-failure';
  return new UserError('USAGE', `--disable-rollback cannot be added to the change set ${name}: ${how}, which has settled that`, {
    hint: 'Leave it out, or prepare a new change set',
  });
}

/** CloudFormation replaces no resource with rollback off: then it stays on. */
function keepsResources({ changes }: ChangeSet, { reporter }: StackDeps): boolean {
  const { sure, possible } = replacedResources(changes);
  if (sure.length + possible.length === 0) return true;
  reporter.warn(`Rollback stays on: CloudFormation replaces no resource without it (${[...sure, ...possible].join(', ')})`);
  return false;
}

async function describe(request: ExecuteRequest, stack: Stack, values: boolean, deps: StackDeps): Promise<ChangeSet> {
  try {
    return await deps.stacks.changeSet({ id: request.changeSet, stackName: stack.id, values }, deps.signal);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'CHANGE_SET_NOT_FOUND') throw error;
    throw new UserError('CHANGE_SET_NOT_FOUND', `Stack ${stack.name} has no change set ${request.changeSet}`, {
      hint: 'It was executed or deleted, or the stack was updated since; prepare a new one with --prepare',
      cause: error,
    });
  }
}

/** What executing it would do. */
export async function previewPrepared({ stack, changeSet, isCreation }: PreparedDeployment, deps: StackDeps): Promise<Preview> {
  const operation = isCreation ? 'create' : 'update';
  const policy = isCreation ? undefined : await readPolicy(stack, deps);
  const changes = readChanges(await collectChanges(changeSet, [], deps), operation, policy);
  return { stackName: stack.name, stackId: stack.id, changeSet: changeSet.name, operation, changes, findings: [] };
}

/** Executes a prepared change set and follows it to its end; one that cannot begin stays. Throws UserError STACK_FAILED, STACK_BUSY. */
export function executePrepared(prepared: PreparedDeployment, request: ExecuteRequest, deps: StackDeps): Promise<DeployOutcome> {
  const { stack, changeSet, isCreation } = prepared;
  const { wait, longestPauseMs } = request;
  const isOff = request.resume || (request.disableRollback && keepsResources(changeSet, deps));
  const rollback = executionRollback(isOff, changeSet);
  const begin = () => deps.stacks.executeChangeSet(changeSet.id, { token: newToken(), ...rollback }, deps.signal);
  const total = changeSet.changes.length;
  const action = isCreation ? 'created' : 'updated';
  return deps.reporter.step({ kind: 'stack', name: stack.name }, (step) =>
    carryOut({ stackName: stack.name, stackId: stack.id, action, total, begin, wait, longestPauseMs }, deps, step),
  );
}
