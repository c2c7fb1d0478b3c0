import type { StackEvent } from '../clients/cloudformation.ts';
import { createStackTree, isOwnEvent, type FollowedEvent } from './follow-tree.ts';
import type { StackDeps } from './operation.ts';

const BEGINNING = /^(CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/;

/** The events of what was last done to a stack, oldest first, its nested stacks included. Throws UserError STACK_NOT_FOUND. */
export async function readLastOperation(
  stackId: string,
  { stacks, signal }: Pick<StackDeps, 'stacks' | 'signal'>,
): Promise<FollowedEvent[]> {
  // Events come with the newest first: everything after the beginning of an operation belongs to another one.
  let begun = false;
  const after = (event: StackEvent): boolean => {
    if (begun) return true;
    begun = isOwnEvent(event) && BEGINNING.test(event.status);
    return false;
  };
  return (await createStackTree(stacks, { stackId, after }).read(signal)) ?? [];
}
