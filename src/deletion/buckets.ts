import type { ObjectStore } from '../clients/s3.ts';
import { UserError } from '../errors.ts';
import { plural } from '../output/format.ts';
import type { Step } from '../output/reporter.ts';
import type { Inventory, InventoryNode } from '../inventory/read-inventory.ts';
import { fatesOf, type Fate } from './retention.ts';

/** A bucket that is a resource of a stack, or of one nested in it. */
export interface StackBucket {
  readonly node: InventoryNode;
  readonly bucket: string;
  readonly fate: Fate;
}

const BUCKET = 'AWS::S3::Bucket';

/** The buckets that a stack has now. */
export function bucketsOf(inventory: Inventory): StackBucket[] {
  return fatesOf(inventory)
    .filter(({ node }) => node.resourceType === BUCKET && node.physicalId !== '')
    .map(({ node, fate }) => ({ node, bucket: node.physicalId, fate }));
}

/**
 * The buckets that were named to be emptied, by logical id (`Uploads`, `Nested/Uploads`, `Stack/Uploads`) or name; nothing but resources of these
 * stacks. Names of buckets that a stack no longer has are passed over. Throws UserError BUCKET_NOT_FOUND for any other name, USAGE
 * for one that means several buckets.
 */
export function chooseBuckets(names: readonly string[], inventories: readonly Inventory[]): StackBucket[] {
  const all = inventories.flatMap((inventory) =>
    bucketsOf(inventory).map((one) => ({ ...one, fullPath: fullPath(inventory, one.node.path) })),
  );
  const gone = new Set(inventories.flatMap((inventory) => inventory.gone.flatMap((path) => [path, fullPath(inventory, path)])));
  const chosen = names.flatMap((name) => {
    const found = findNamed(name, all);
    if (found.length > 1) throw ambiguous(name, found);
    if (found.length === 0 && !gone.has(name))
      throw notOfThese(
        name,
        all.map(({ fullPath: full, node }) => (inventories.length > 1 ? full : node.path)),
      );
    return found;
  });
  return [...new Map(chosen.map((one) => [one.bucket, one])).values()];
}

interface PlacedBucket extends StackBucket {
  /** `Shop/Uploads`, with the name of the stack: what tells the buckets of several stacks apart. */
  readonly fullPath: string;
}

function fullPath({ stackId }: Inventory, path: string): string {
  return `${stackId.split('/')[1] ?? stackId}/${path}`;
}

/** A path or the name of a bucket means one; a bare logical id also one in a nested stack. */
function findNamed(name: string, all: readonly PlacedBucket[]): PlacedBucket[] {
  const exact = all.filter(({ bucket, fullPath: full, node }) => node.path === name || bucket === name || full === name);
  return exact.length > 0 ? exact : all.filter(({ node }) => node.logicalId === name);
}

function notOfThese(name: string, known: readonly string[]): UserError {
  return new UserError('BUCKET_NOT_FOUND', `${name} is no bucket of what is to be deleted; nothing was changed`, {
    hint: known.length === 0 ? 'There are no buckets in it' : `Its buckets: ${known.join(', ')}`,
  });
}

function ambiguous(name: string, found: readonly PlacedBucket[]): UserError {
  return new UserError('USAGE', `--empty-buckets: ${name} means several buckets`, {
    hint: `Name the one: ${found.map(({ fullPath: full }) => full).join(', ')}`,
  });
}

/** Deletes everything that the buckets hold, all versions. Answers how much that was; a bucket that is gone holds nothing. */
export async function emptyBuckets(buckets: readonly StackBucket[], store: ObjectStore, step: Step, signal: AbortSignal): Promise<number> {
  let total = 0;
  for (const { bucket, node } of buckets) {
    const onProgress = (done: number): void => step.progress(`emptying ${node.path} · ${plural(done, 'version')} deleted`);
    onProgress(0);
    const deleted = await store.empty(bucket, { signal, onProgress }).catch(goneMeansEmpty);
    if (deleted > 0) step.note(`${node.path} (${bucket}) emptied: ${plural(deleted, 'version')} deleted`, { lasting: true });
    total += deleted;
  }
  return total;
}

function goneMeansEmpty(error: unknown): number {
  if (error instanceof UserError && error.code === 'BUCKET_NOT_FOUND') return 0;
  throw error;
}
