import type { ChangeSetSummary } from '../clients/cloudformation.ts';
import { messageOf } from '../errors.ts';
import { newToken, type StackDeps } from './operation.ts';

/** Names of change sets that this tool has made (see changeSetName). */
const OURS = /^lambda-tool-\d{8}-\d{6}-[0-9a-f]{4}$/;
/** A run that still works on its change set is younger than this, whatever its clock says. */
const STALE_MS = 60 * 60 * 1000;

/** The description of a change set that is meant to stay until somebody executes it begins so. */
export const PREPARED = 'Prepared by lambda-tool deploy-serverless --prepare';

/** A change set that a run of ours has left behind when it was killed: not one of other tools, prepared on purpose, or of a run that goes on. */
export function isLeftover(changeSet: ChangeSetSummary, nowMs: number): boolean {
  if (!OURS.test(changeSet.name) || changeSet.description?.startsWith(PREPARED) === true) return false;
  return changeSet.createdAt !== undefined && nowMs - changeSet.createdAt.getTime() > STALE_MS;
}

/**
 * Removes change sets that killed runs have left, and answers with those that stay. Executing a change set makes CloudFormation
 * remove all others, so this is for runs that execute none. What cannot be tidied up is no failure.
 */
export async function removeLeftovers(stackId: string, deps: StackDeps): Promise<readonly ChangeSetSummary[]> {
  const changeSets = await deps.stacks.changeSets(stackId, deps.signal);
  const left = changeSets.filter((changeSet) => isLeftover(changeSet, deps.clock.now()));
  for (const { id, name } of left) {
    await deps.stacks.deleteChangeSet(id);
    deps.reporter.debug(`The change set ${name}, left by an earlier run, is removed`);
  }
  return changeSets.filter((changeSet) => !left.includes(changeSet) && !changeSet.status.startsWith('DELETE_'));
}

/** The same, where it must not disturb what else is going on. */
export async function tidyUp(stackId: string, deps: StackDeps): Promise<void> {
  try {
    await removeLeftovers(stackId, deps);
  } catch (error) {
    deps.reporter.debug(`Change sets of earlier runs could not be looked for: ${messageOf(error)}`);
  }
}

/**
 * A first change set that is not executed leaves a stack without resources behind (REVIEW_IN_PROGRESS): it goes with it, unless
 * somebody else's change set waits in it. Also done after an interrupt.
 */
export async function removeEmptyStack(stackName: string, deps: StackDeps): Promise<void> {
  const patient = { ...deps, signal: new AbortController().signal };
  try {
    const stack = await deps.stacks.find(stackName);
    if (stack?.status !== 'REVIEW_IN_PROGRESS') return;
    const others = await removeLeftovers(stack.id, patient).catch(() => []);
    if (others.length > 0) deps.reporter.debug(`Stack ${stackName} holds the change set ${others[0]?.name} and stays`);
    else await deps.stacks.deleteStack(stack.id, { token: newToken() });
  } catch (error) {
    deps.reporter.debug(`The empty stack ${stackName} could not be removed: ${messageOf(error)}`);
  }
}
