import {
  DescribeStackDriftDetectionStatusCommand,
  DescribeStackResourceDriftsCommand,
  DescribeStacksCommand,
  DetectStackDriftCommand,
  type CloudFormationClient,
  type StackResourceDrift,
} from '@aws-sdk/client-cloudformation';

import { abort } from './cloudformation-change-sets.ts';
import type { ResourceDrift, Stacks, StackSummary } from './cloudformation-types.ts';

type InventoryMethods = Pick<Stacks, 'list' | 'detectDrift' | 'driftDetection' | 'drifts'>;
type Call = <T>(operation: string, work: () => Promise<T>) => Promise<T>;

/** The part of the adapter that takes stock: all stacks, and how far their resources have drifted. `call` translates what goes wrong. */
export function inventoryMethods(client: CloudFormationClient, call: Call): InventoryMethods {
  return {
    list: (signal) => call('DescribeStacks', () => listStacks(client, signal)),

    detectDrift: (stackId, signal) =>
      call('DetectStackDrift', async () => {
        const answer = await client.send(new DetectStackDriftCommand({ StackName: stackId }), abort(signal));
        return answer.StackDriftDetectionId ?? '';
      }),

    driftDetection: (detectionId, signal) =>
      call('DescribeStackDriftDetectionStatus', async () => {
        const command = new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId: detectionId });
        const answer = await client.send(command, abort(signal));
        return { status: answer.DetectionStatus ?? '', reason: answer.DetectionStatusReason, driftStatus: answer.StackDriftStatus };
      }),

    drifts: (stackId, signal) => call('DescribeStackResourceDrifts', () => listDrifts(client, stackId, signal)),
  };
}

async function listStacks(client: CloudFormationClient, signal: AbortSignal | undefined): Promise<StackSummary[]> {
  const found: StackSummary[] = [];
  let token: string | undefined;
  do {
    const next: { NextToken?: string } = token === undefined ? {} : { NextToken: token };
    const page = await client.send(new DescribeStacksCommand(next), abort(signal));
    for (const stack of page.Stacks ?? []) {
      if (stack.StackStatus === 'DELETE_COMPLETE') continue;
      found.push({
        id: stack.StackId ?? '',
        name: stack.StackName ?? '',
        status: stack.StackStatus ?? '',
        description: stack.Description,
        createdAt: stack.CreationTime,
        updatedAt: stack.LastUpdatedTime,
        parentId: stack.ParentId,
        tags: Object.fromEntries((stack.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
      });
    }
    token = page.NextToken;
  } while (token !== undefined);
  return found;
}

async function listDrifts(client: CloudFormationClient, stackId: string, signal: AbortSignal | undefined): Promise<ResourceDrift[]> {
  const found: ResourceDrift[] = [];
  let token: string | undefined;
  do {
    const next: { NextToken?: string } = token === undefined ? {} : { NextToken: token };
    const page = await client.send(new DescribeStackResourceDriftsCommand({ StackName: stackId, ...next }), abort(signal));
    found.push(...(page.StackResourceDrifts ?? []).map(readDrift));
    token = page.NextToken;
  } while (token !== undefined);
  return found;
}

function readDrift(drift: StackResourceDrift): ResourceDrift {
  return {
    logicalId: drift.LogicalResourceId ?? '',
    physicalId: drift.PhysicalResourceId ?? '',
    resourceType: drift.ResourceType ?? '',
    status: drift.StackResourceDriftStatus ?? '',
    differences: (drift.PropertyDifferences ?? []).map((difference) => ({
      path: difference.PropertyPath ?? '',
      kind: difference.DifferenceType ?? '',
      expected: difference.ExpectedValue,
      actual: difference.ActualValue,
    })),
  };
}
