import type { Stack } from '../clients/cloudformation.ts';
import type { DeploymentRecord } from '../records/types.ts';
import { STACK_STATUSES } from '../stack/statuses.ts';
import type { DriftReport } from './drift.ts';
import type { Endpoint } from './endpoints.ts';
import { walkInventory, type Inventory } from './read-inventory.ts';

/** Who deployed the stack last with this tool, where there is a record of it. */
export type DeploymentNote = Pick<DeploymentRecord, 'id' | 'time' | 'by' | 'commit' | 'outcome'>;

/** Everything that is told of a stack. */
export interface Description {
  readonly account: string;
  readonly region: string;
  readonly stack: Stack;
  readonly inventory: Inventory;
  readonly endpoints: readonly Endpoint[];
  readonly drift: DriftReport | undefined;
  readonly deployment: DeploymentNote | undefined;
}

export interface LastOperation {
  readonly type: 'create' | 'update' | 'delete' | 'import';
  readonly outcome: 'running' | 'succeeded' | 'failed';
  readonly startedAt: Date | undefined;
}

/** What a stack was last put through, from its status: each of them tells operation and outcome. */
export function lastOperation({ createdAt, status, updatedAt }: Stack): LastOperation | undefined {
  if (status === 'REVIEW_IN_PROGRESS') return undefined;
  const type = status.startsWith('UPDATE_')
    ? 'update'
    : status.startsWith('DELETE_')
      ? 'delete'
      : status.startsWith('IMPORT_')
        ? 'import'
        : 'create';
  const failed = /ROLLBACK|FAILED/.test(status);
  const outcome = status.endsWith('_IN_PROGRESS') ? 'running' : failed ? 'failed' : 'succeeded';
  return { type, outcome, startedAt: type === 'create' ? createdAt : (updatedAt ?? createdAt) };
}

/** "is up", as the table of states has it. */
export function meaningOf(stack: Stack): string {
  return STACK_STATUSES[stack.status]?.meaning ?? 'is in a state that this version of lambda-tool does not know';
}

/** Names of the outputs that tell an address, or something below it. */
export function outputsTelling(endpoint: Endpoint, { outputs }: Stack): string[] {
  const base = endpoint.url?.replace(/\/$/, '');
  if (base === undefined) return [];
  return outputs.filter(({ value }) => value === base || value.startsWith(`${base}/`)).map(({ name }) => name);
}

/** The `result` of `--output json`; docs/commands/describe-serverless.md has the table. */
export function describeForMachines(description: Description): object {
  const { account, region, stack, deployment, drift } = description;
  const operation = lastOperation(stack);
  return {
    account,
    region,
    stackName: stack.name,
    stackId: stack.id,
    status: stack.status,
    meaning: meaningOf(stack),
    ...given({ statusReason: stack.statusReason, detailedStatus: stack.detailedStatus, description: stack.description }),
    ...given({ createdAt: stack.createdAt?.toISOString(), updatedAt: stack.updatedAt?.toISOString(), parentId: stack.parentId }),
    ...(operation === undefined ? {} : { lastOperation: { ...operation, startedAt: operation.startedAt?.toISOString() } }),
    ...(deployment === undefined ? {} : { lastDeployment: deployment }),
    outputs: Object.fromEntries(stack.outputs.map(({ name, value }) => [name, value])),
    exports: Object.fromEntries(stack.outputs.flatMap(({ name, exportName }) => (exportName === undefined ? [] : [[exportName, name]]))),
    endpoints: description.endpoints.map((endpoint) => ({ ...endpoint, outputs: outputsTelling(endpoint, stack) })),
    resources: [...walkInventory(description.inventory.roots)].map(({ node, above }) => ({
      path: node.path,
      logicalId: node.logicalId,
      resourceType: node.resourceType,
      physicalId: node.physicalId,
      status: node.status,
      ...given({ reason: node.reason, owner: above[0]?.path }),
      stackId: node.stackId,
    })),
    parameters: Object.fromEntries(stack.parameters.map(({ name, value, resolvedValue }) => [name, resolvedValue ?? value])),
    tags: stack.tags,
    capabilities: stack.capabilities ?? [],
    ...given({ roleArn: stack.roleArn }),
    terminationProtection: stack.terminationProtection,
    notificationArns: stack.notificationArns ?? [],
    driftStatus: drift?.status ?? stack.driftStatus ?? 'NOT_CHECKED',
    ...(drift === undefined ? {} : { drift: { resources: drift.resources, notChecked: drift.notChecked } }),
  };
}

/** Without the members that have no value. */
function given(members: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])),
  );
}
