import type { DeploymentRecord } from './types.ts';

export interface PruneWish {
  readonly liveStackIds: ReadonlySet<string>;
  /** The region whose stacks are known. */
  readonly region: string;
  readonly keepDeployments: number | undefined;
  /** Younger records are never forgotten. */
  readonly before: Date;
}

/**
 * Ids of the records that are not needed any more: those of stacks that are gone, and where a number is given, those of each stack that
 * are older than its newest N that succeeded. Records of stacks in other regions are left alone.
 */
export function forgetRecords(records: readonly DeploymentRecord[], wish: PruneWish): Set<string> {
  const byStack = new Map<string, DeploymentRecord[]>();
  for (const record of records) byStack.set(record.stackId, [...(byStack.get(record.stackId) ?? []), record]);
  const forgotten = new Set<string>();
  for (const [stackId, own] of byStack) {
    const first = wish.liveStackIds.has(stackId)
      ? oldestKept(own, wish.keepDeployments)
      : isOfRegion(stackId, wish.region)
        ? undefined
        : '';
    for (const { id, time } of own) if ((first === undefined || id < first) && new Date(time) <= wish.before) forgotten.add(id);
  }
  return forgotten;
}

/** The id of the oldest record that stays. */
function oldestKept(own: readonly DeploymentRecord[], keepDeployments: number | undefined): string {
  if (keepDeployments === undefined) return '';
  const good = own
    .filter(({ outcome }) => outcome === 'succeeded')
    .map(({ id }) => id)
    .toSorted();
  return good.at(-keepDeployments) ?? '';
}

/** Whether a stack would be in the list of a region's stacks; ids of emulators say no region. */
export function isOfRegion(stackId: string, region: string): boolean {
  return !stackId.startsWith('arn:') || stackId.split(':')[3] === region;
}
