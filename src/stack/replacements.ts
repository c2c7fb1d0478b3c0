import type { Stack } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import { discardChangeSet, type PreparedChangeSet } from './change-set.ts';
import type { StackDeps } from './operation.ts';
import { describeState } from './plan.ts';
import type { SoundStack } from './repair.ts';
import { isExpress, isRollbackOff, replacedResources, type StackSwitches } from './switches.ts';

/**
 * With rollback off CloudFormation replaces no resource: the update fails and leaves the stack in UPDATE_FAILED (aws-cdk-cli issue 1931). So a
 * change set with replacements keeps rollback on, and is made again where express mode has settled that with it. From a failed state there is
 * no rollback: then it is refused, before anything is changed. Throws UserError STACK_STATE.
 */
export async function mindReplacements(
  made: PreparedChangeSet,
  sound: SoundStack,
  switches: StackSwitches,
  makeAgain: (switches: StackSwitches) => Promise<PreparedChangeSet>,
  deps: StackDeps,
): Promise<PreparedChangeSet> {
  if (made.kind === 'unchanged' || sound.kind === 'create' || !isRollbackOff(switches, sound)) return made;
  const { sure, possible } = replacedResources(made.changeSet.changes);
  if (sound.resume) {
    if (sure.length === 0) return made;
    await discardChangeSet(deps.stacks, made.id);
    throw refused(sound.stack, sure, isExpress(switches, sound), deps.target);
  }
  const replaced = [...sure, ...possible];
  if (replaced.length === 0) return made;
  const would = sure.length > 0 ? 'would be' : 'may be';
  deps.reporter.warn(`Rollback stays on: CloudFormation replaces no resource without it, and ${replaced.join(', ')} ${would} replaced`);
  if (!isExpress(switches, sound)) return { ...made, keepsRollback: true };
  await discardChangeSet(deps.stacks, made.id);
  return makeAgain({ ...switches, disableRollback: false });
}

function refused(stack: Stack, replaced: readonly string[], express: boolean, target = ''): UserError {
  const state = describeState(stack);
  return new UserError(
    'STACK_STATE',
    `${state}: it takes updates without rollback only, and CloudFormation replaces no resource then (${replaced.join(', ')})`,
    {
      hint: express
        ? `Go back to the last deployment that worked first: lambda-tool rollback-serverless ${stack.name}${target}, or deploy its template with --express. Then deploy this one`
        : 'Leave out --resume: the stack is rolled back to its last good state first, and then updated',
      result: { stackName: stack.name, status: stack.status, replaced },
    },
  );
}
