import { scalarText } from '../template/read.ts';
import { member } from '../template/value.ts';
import { walkInventory, type Inventory, type InventoryNode } from '../inventory/read-inventory.ts';

/** What becomes of a resource when its stack is deleted. */
export type Fate = 'delete' | 'retain' | 'snapshot';

export interface FatedResource {
  readonly node: InventoryNode;
  readonly fate: Fate;
}

/**
 * The fate of every resource by its DeletionPolicy; what is in a retained nested stack stays with it. `inventory` is of the processed
 * template: the serverless transform hands policies on to what it makes. Pure.
 */
export function fatesOf(inventory: Inventory): FatedResource[] {
  return [...walkInventory(inventory.roots)].map(({ above, node }) => {
    const kept = above.some((one) => one.isStack && ownFate(one) === 'retain');
    return { node, fate: kept ? 'retain' : ownFate(node) };
  });
}

/** Types that leave a snapshot unless the template says otherwise (user guide, "DeletionPolicy attribute"). */
function leavesSnapshot({ entry, resourceType }: InventoryNode): boolean {
  if (resourceType === 'AWS::RDS::DBCluster') return true;
  return resourceType === 'AWS::RDS::DBInstance' && entry !== undefined && entry.properties['DBClusterIdentifier'] === undefined;
}

function ownFate(node: InventoryNode): Fate {
  const policy = node.entry === undefined ? undefined : scalarText(member(node.entry.body, 'DeletionPolicy'));
  // RetainExceptOnCreate only deletes what a failed creation rolls back.
  if (policy === 'Retain' || policy === 'RetainExceptOnCreate') return 'retain';
  if (policy === 'Snapshot' || (policy === undefined && leavesSnapshot(node))) return 'snapshot';
  return 'delete';
}
