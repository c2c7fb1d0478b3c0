import type { Context } from '../context.ts';
import { formatAge } from '../output/format.ts';
import type { Answer } from '../output/reporter.ts';
import { createPresence } from './presence.ts';
import { shortId } from './targets.ts';
import type { DeploymentRecord } from './types.ts';

/** The answer of `rollback-serverless --list`: the recorded deployments, newest first. */
export async function describeDeployments(
  records: readonly DeploymentRecord[],
  current: DeploymentRecord | undefined,
  facts: { readonly account: string; readonly region: string; readonly stackName: string; readonly stackId: string },
  context: Context,
): Promise<Answer> {
  const presence = createPresence(context);
  const entries = await Promise.all(
    records.map(async (record) => ({ record, missing: (await presence.missing(record.artifacts)).length, isCurrent: record === current })),
  );
  const now = context.clock.now();
  const rows = entries.map(({ record, missing, isCurrent }) => [
    shortId(record),
    formatAge(new Date(record.time), now),
    `${sayAction(record)}${isCurrent ? ' (current)' : ''}`,
    shortArn(record.by),
    record.commit?.slice(0, 10) ?? '',
    `${record.artifacts.length - missing} of ${record.artifacts.length}`,
  ]);
  return {
    data: {
      ...facts,
      deployments: entries.map(({ record, missing, isCurrent }) => describeRecord(record, missing, isCurrent)),
    },
    human:
      rows.length === 0
        ? [`No deployment of ${facts.stackName} is recorded.`]
        : [{ columns: ['Id', 'When', 'What', 'By', 'Commit', 'Artifacts'], rows }],
  };
}

function describeRecord(record: DeploymentRecord, missing: number, isCurrent: boolean) {
  const { id, time, action, outcome, of, by, commit, toolVersion, artifacts } = record;
  return {
    id,
    time,
    action,
    outcome,
    current: isCurrent,
    ...(of === undefined ? {} : { of }),
    by,
    ...(commit === undefined ? {} : { commit }),
    artifacts: { total: artifacts.length, present: artifacts.length - missing },
    toolVersion,
  };
}

/** "updated", "rolled back to 3f2a1c07", "updated: failed". */
export function sayAction({ action, outcome, of, changeSet }: DeploymentRecord): string {
  if (outcome === 'prepared') return `prepared ${changeSet ?? ''}`.trim();
  const done = action === 'rolled-back' ? `rolled back to ${of === undefined ? 'an earlier one' : shortId({ id: of })}` : action;
  return outcome === 'succeeded' ? done : `${done}: ${outcome === 'failed' ? 'failed' : 'not waited for'}`;
}

/** The part of an ARN that tells people: `Deploy/alice`, `bob`, `root`. */
export function shortArn(arn: string): string {
  const resource = arn.split(':').slice(5).join(':');
  return resource === '' ? arn : resource.replace(/^(?:user|assumed-role|federated-user)\//, '');
}
