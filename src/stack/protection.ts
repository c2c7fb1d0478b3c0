import type { DeployOutcome } from './deploy.ts';
import type { StackDeps } from './operation.ts';

/**
 * Sets or lifts termination protection after a deployment that went well, also one that had nothing to change. One call, and none when it
 * is as wished already.
 */
export async function keepProtection(outcome: DeployOutcome, wished: boolean | undefined, deps: StackDeps): Promise<DeployOutcome> {
  const { stack } = outcome;
  if (wished === undefined || stack === undefined || outcome.action === 'declined' || stack.terminationProtection === wished)
    return outcome;
  if (!outcome.finished) {
    deps.reporter.warn(`Termination protection of ${stack.name} stays as it is: nobody waits for the end of the deployment`);
    return outcome;
  }
  await deps.stacks.setTerminationProtection(stack.id, wished, deps.signal);
  deps.reporter.info(wished ? `Stack ${stack.name} is protected against deletion now` : `Stack ${stack.name} can be deleted now`);
  return { ...outcome, stack: { ...stack, terminationProtection: wished } };
}
