import type { Context } from '../context.ts';
import type { Identity } from '../deployment/identity.ts';
import { previewRemoval, type RemovalWish } from '../deployment/remove-artifacts.ts';
import type { Inventory } from '../inventory/read-inventory.ts';
import type { Table } from '../output/reporter.ts';
import type { Verdict } from '../records/removal.ts';
import { referenceText } from '../records/references.ts';
import type { StackBucket } from './buckets.ts';
import { forecastDeletion } from './forecast.ts';
import type { PlannedDeletion } from './order.ts';
import { forecastForMachines, renderForecasts } from './render-forecast.ts';

export interface DryRun {
  readonly planned: readonly PlannedDeletion[];
  /** By the ARN of the stack. */
  readonly inventories: ReadonlyMap<string, Inventory>;
  readonly chosen: readonly StackBucket[];
  readonly absent: readonly string[];
  readonly artifacts: RemovalWish | undefined;
}

/** Looks at everything that a deletion would do, and tells it. Changes nothing. */
export async function answerDryRun(dryRun: DryRun, identity: Identity, context: Context): Promise<void> {
  const { absent, chosen, inventories, planned } = dryRun;
  const forecasts = await Promise.all(
    planned.flatMap((deletion) => {
      const inventory = inventories.get(deletion.stack.id);
      return inventory === undefined ? [] : [forecastDeletion(deletion, inventory, chosen, context)];
    }),
  );
  const going = forecasts.filter(({ obstacles }) => obstacles.length === 0).map(({ stack }) => stack);
  const verdicts = dryRun.artifacts === undefined ? [] : ((await previewRemoval(going, dryRun.artifacts, context)) ?? []);
  context.reporter.info('Nothing was changed.');
  context.reporter.result({
    data: { ...identity, dryRun: true, absent, stacks: forecasts.map(forecastForMachines), artifacts: artifactsForMachines(verdicts) },
    human: [...renderForecasts(forecasts), ...artifactTable(verdicts)],
  });
}

/** In the shape of what a deletion answers: what would be removed and what would stay. */
function artifactsForMachines(verdicts: readonly Verdict[]): object {
  const location = ({ artifact }: Verdict): string => referenceText(artifact.reference);
  return {
    removed: verdicts.filter(({ keep }) => keep === undefined).map(location),
    kept: verdicts.flatMap((verdict) => (verdict.keep === undefined ? [] : [{ location: location(verdict), reason: verdict.keep }])),
  };
}

function artifactTable(verdicts: readonly Verdict[]): (string | Table)[] {
  if (verdicts.length === 0) return [];
  const rows = verdicts.map(({ artifact, keep }) => [referenceText(artifact.reference), keep === undefined ? 'removed' : `stays: ${keep}`]);
  return ['', { columns: ['Artifact', 'What happens'], rows }];
}
