import { plural } from '../output/format.ts';
import type { Step } from '../output/reporter.ts';
import { discardChangeSet, type PreparedChangeSet } from './change-set.ts';
import { settled, type DeployAction, type DeployOutcome, type DeployRequest } from './deploy.ts';
import { createEventLog } from './event-log.ts';
import type { PlaceOf } from './explain-failure.ts';
import { failedOperation } from './failed.ts';
import { removeEmptyStack, tidyUp } from './leftovers.ts';
import { newToken, reread, runOperation, type StackDeps } from './operation.ts';
import { makeChangeSet, previewOf } from './preview-stack.ts';
import { repairStack, type SoundStack } from './repair.ts';
import { warnOfPolicy } from './stack-policy.ts';
import { executionRollback, hasWishedSettings, isRollbackOff } from './switches.ts';

/** Makes the stack fit for a deployment, then makes a change set, has it approved where that is asked for, and executes it. */
export async function applyChanges(request: DeployRequest, deps: StackDeps): Promise<DeployOutcome> {
  const { plan, approve, stackName } = request;
  const title = { kind: 'stack', name: stackName } as const;
  if (approve === undefined) {
    return deps.reporter.step(title, async (step) => {
      const sound = await repairStack(plan, request, deps, step);
      const prepared = await makeChangeSet(sound, request, deps);
      return prepared.kind === 'unchanged'
        ? nothingToChange(sound, prepared.stackId, request, deps, step)
        : execute(request, sound, prepared, deps, step);
    });
  }
  // A question needs the terminal for itself, so it is asked between two steps.
  const { sound, prepared } = await deps.reporter.step(title, async (step) => {
    const found = await repairStack(plan, request, deps, step);
    const made = await makeChangeSet(found, request, deps, { values: true });
    step.summary(made.kind === 'unchanged' ? 'nothing to change' : plural(made.changeSet.changes.length, 'change'));
    return { sound: found, prepared: made };
  });
  if (prepared.kind === 'unchanged')
    return deps.reporter.step(title, (step) => nothingToChange(sound, prepared.stackId, request, deps, step));
  if (!(await approved(request, sound, prepared, deps))) {
    await giveUp(request, sound, prepared.id, deps);
    return settled('declined', sound.kind === 'update' ? sound.stack : undefined);
  }
  return deps.reporter.step(title, (step) => execute(request, sound, prepared, deps, step));
}

type ReadyChangeSet = Extract<PreparedChangeSet, { kind: 'ready' }>;

/** A change set must not stay behind because showing it failed or the question was left unanswered. */
async function approved(request: DeployRequest, sound: SoundStack, prepared: ReadyChangeSet, deps: StackDeps): Promise<boolean> {
  try {
    return (await request.approve?.(await previewOf(sound, prepared, request, deps))) ?? true;
  } catch (error) {
    await giveUp(request, sound, prepared.id, deps);
    throw error;
  }
}

async function giveUp(request: DeployRequest, sound: SoundStack, changeSetId: string, deps: StackDeps): Promise<void> {
  await discardChangeSet(deps.stacks, changeSetId);
  if (sound.kind === 'create') await removeEmptyStack(request.stackName, deps);
}

async function nothingToChange(
  sound: SoundStack,
  stackId: string,
  request: DeployRequest,
  deps: StackDeps,
  step: Step,
): Promise<DeployOutcome> {
  if (sound.kind === 'update' && sound.resume) return (await import('./replay.ts')).replay(sound, request, deps, step);
  step.summary('nothing to change');
  await tidyUp(stackId, deps);
  const stack = await reread(deps, stackId, request.stackName);
  if (!hasWishedSettings(stack, request.switches))
    deps.reporter.warn('CloudFormation takes other notification topics or rollback alarms only together with another change');
  return settled('unchanged', stack);
}

async function execute(
  request: DeployRequest,
  sound: SoundStack,
  prepared: ReadyChangeSet,
  deps: StackDeps,
  step: Step,
): Promise<DeployOutcome> {
  if (request.knownGood === true && sound.kind === 'update' && sound.resume) {
    await discardChangeSet(deps.stacks, prepared.id);
    return (await import('./replay.ts')).replay(sound, request, deps, step);
  }
  const action = request.plan.kind === 'recreate' ? 'recreated' : sound.kind === 'update' ? 'updated' : 'created';
  const { changeSet, stackId } = prepared;
  const isOff = isRollbackOff(request.switches, sound) && prepared.keepsRollback !== true;
  let isExecuted = false;
  const begin = async (): Promise<void> => {
    deps.signal.throwIfAborted();
    await deps.stacks.executeChangeSet(prepared.id, { token: newToken(), ...executionRollback(isOff, changeSet) }, deps.signal);
    isExecuted = true;
    request.onBegin?.(stackId);
  };
  const hint = isOff
    ? `Everything was left as it is; go on from there with lambda-tool ${request.knownGood === true ? 'rollback' : 'deploy'}-serverless -sn ${request.stackName} --resume${deps.target ?? ''}`
    : undefined;
  try {
    if (sound.kind === 'update' && request.approve === undefined) await warnOfPolicy(sound.stack, changeSet.changes, deps);
    const outcome = await carryOut({ ...request, action, stackId, total: changeSet.changes.length, begin, hint }, deps, step);
    return { ...outcome, findings: prepared.findings };
  } catch (error) {
    // Also when the last look before it was refused or interrupted.
    if (!isExecuted) await giveUp(request, sound, prepared.id, deps);
    throw error;
  }
}

export interface Execution {
  readonly stackName: string;
  readonly stackId: string;
  readonly action: Exclude<DeployAction, 'unchanged' | 'declined'>;
  /** How many resources change; 0 when that is not known. */
  readonly total: number;
  readonly begin: () => Promise<void>;
  readonly wait: boolean;
  readonly longestPauseMs: number | undefined;
  readonly placeOf?: PlaceOf | undefined;
  /** What helps when it fails, besides mending the cause. */
  readonly hint?: string | undefined;
}

/** Has a creation or update begin and follows it to its end. Throws UserError STACK_FAILED with the first cause. */
export async function carryOut(execution: Execution, deps: StackDeps, step: Step): Promise<DeployOutcome> {
  const { stackName, stackId, action, total } = execution;
  const begin = async (): Promise<void> => {
    await execution.begin();
    step.note(`${action === 'updated' ? 'update' : 'creation'} started${total > 0 ? `, ${plural(total, 'resource')}` : ''}`);
  };
  if (!execution.wait) {
    await begin();
    step.summary('started, not waited for');
    return { ...settled(action, await reread(deps, stackId, stackName)), finished: false };
  }
  const log = createEventLog(deps, step, total);
  const stack = { id: stackId, name: stackName };
  const begun = action === 'updated' ? 'update' : 'create';
  const { status } = await runOperation({ stack, begin, begun, log, longestPauseMs: execution.longestPauseMs }, deps);
  if (status !== 'CREATE_COMPLETE' && status !== 'UPDATE_COMPLETE') {
    throw await failedOperation({ stackName, stackId, status, placeOf: execution.placeOf, hint: execution.hint }, log, deps);
  }
  step.summary(log.describe());
  const now = await reread(deps, stackId, stackName);
  const stabilising = now.detailedStatus === 'CONFIGURATION_COMPLETE' || log.stabilises();
  return { action, stack: now, finished: true, recordedOnly: log.recordedOnly(), remarks: log.remarks(), stabilising };
}
