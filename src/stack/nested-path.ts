import type { StackEvent } from '../clients/cloudformation.ts';

/** Where nested stacks are in the tree of stacks. */
export interface PathFinder {
  /** Logical ids from the root down to a stack; empty for the root and for one that nothing is known of. */
  pathTo(stackId: string): readonly string[];
  /** The stack itself, its parent and so on, up to the root. */
  stacksAbove(stackId: string): readonly string[];
}

/** Reads the tree out of the events: the event of a nested stack in its parent names both. */
export function pathFinder(events: readonly StackEvent[], rootStackId: string): PathFinder {
  const parents = new Map<string, { readonly stackId: string; readonly logicalId: string }>();
  for (const { resourceType, physicalId, stackId, logicalId } of events) {
    if (resourceType !== 'AWS::CloudFormation::Stack' || physicalId === '' || physicalId === stackId) continue;
    parents.set(physicalId, { stackId, logicalId });
  }
  const upwards = (stackId: string): { stacks: string[]; names: string[] } => {
    const stacks = [stackId];
    const names: string[] = [];
    for (let at = parents.get(stackId); at !== undefined && !stacks.includes(at.stackId); at = parents.get(at.stackId)) {
      stacks.push(at.stackId);
      names.unshift(at.logicalId);
      if (at.stackId === rootStackId) break;
    }
    return { stacks, names };
  };
  return { pathTo: (stackId) => upwards(stackId).names, stacksAbove: (stackId) => upwards(stackId).stacks };
}
