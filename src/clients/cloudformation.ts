import {
  CancelUpdateStackCommand,
  CloudFormationClient,
  ContinueUpdateRollbackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  GetStackPolicyCommand,
  GetTemplateCommand,
  ListImportsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  RollbackStackCommand,
  UpdateTerminationProtectionCommand,
  ValidateTemplateCommand,
  type Stack as SdkStack,
  type StackEvent as SdkStackEvent,
} from '@aws-sdk/client-cloudformation';

import type { SdkClientConfig } from './aws-config.ts';
import { serviceFailure } from './aws-errors.ts';
import { abort, changeSetMethods, templateInput } from './cloudformation-change-sets.ts';
import { isMissingStack, translated } from './cloudformation-errors.ts';
import { inventoryMethods } from './cloudformation-inventory.ts';
import { readHook, readOperationEvents, readResourceFacts } from './cloudformation-operations.ts';
import type { EventMark, RollbackTriggers, Stack, StackEvent, StackResource, Stacks } from './cloudformation-types.ts';

export type * from './cloudformation-types.ts';

export async function createStacks(config: SdkClientConfig): Promise<Stacks> {
  const client = new CloudFormationClient({ ...config });
  const call = <T>(operation: string, work: () => Promise<T>): Promise<T> => translated(operation, config, work);

  const readTemplate = async (StackName: string, TemplateStage: 'Original' | 'Processed', signal: AbortSignal | undefined) =>
    (await client.send(new GetTemplateCommand({ StackName, TemplateStage }), abort(signal))).TemplateBody;

  return {
    endpoint: config.endpoint,
    ...changeSetMethods(client, call),
    ...inventoryMethods(client, call),

    find: (name, signal) =>
      call('DescribeStacks', async () => {
        try {
          const answer = await client.send(new DescribeStacksCommand({ StackName: name }), abort(signal));
          const stack = answer.Stacks?.[0];
          return stack === undefined || stack.StackStatus === 'DELETE_COMPLETE' ? undefined : readStack(stack);
        } catch (error) {
          if (isMissingStack(error)) return undefined;
          throw error;
        }
      }),

    findDeleted: (name, signal) =>
      call('ListStacks', async () => {
        const id = name.startsWith('arn:') ? name : await newestDeleted(client, name, signal);
        if (id === undefined) return undefined;
        try {
          const stack = (await client.send(new DescribeStacksCommand({ StackName: id }), abort(signal))).Stacks?.[0];
          return stack?.StackStatus === 'DELETE_COMPLETE' ? readStack(stack) : undefined;
        } catch (error) {
          if (isMissingStack(error)) return undefined;
          throw error;
        }
      }),

    template: (stackId, signal) => call('GetTemplate', () => readTemplate(stackId, 'Original', signal)),

    processedTemplate: (stackId, signal) => call('GetTemplate', () => readTemplate(stackId, 'Processed', signal)),

    validateTemplate: (template, signal) =>
      call('ValidateTemplate', async () => {
        const answer = await client.send(new ValidateTemplateCommand(templateInput(template)), abort(signal));
        return { capabilities: answer.Capabilities ?? [], transforms: answer.DeclaredTransforms ?? [] };
      }),

    eventsAfter: (stackId, mark, signal) => call('DescribeStackEvents', () => readEvents(client, stackId, mark, signal)),

    newestEventId: (stackId, signal) =>
      call('DescribeStackEvents', async () => {
        const answer = await client.send(new DescribeStackEventsCommand({ StackName: stackId }), abort(signal));
        return answer.StackEvents?.[0]?.EventId;
      }),

    operationEvents: (query, signal) => call('DescribeEvents', () => readOperationEvents(client, query, signal)),

    cancelUpdate: (stackId, token, signal) =>
      call('CancelUpdateStack', async () => {
        await client.send(new CancelUpdateStackCommand({ StackName: stackId, ClientRequestToken: token }), abort(signal));
      }),

    setTerminationProtection: (stackId, enabled, signal) =>
      call('UpdateTerminationProtection', async () => {
        const input = { StackName: stackId, EnableTerminationProtection: enabled };
        await client.send(new UpdateTerminationProtectionCommand(input), abort(signal));
      }),

    resources: (stackId, signal) => call('ListStackResources', () => readResources(client, stackId, signal)),

    policy: (stackId, signal) =>
      call('GetStackPolicy', async () => {
        const answer = await client.send(new GetStackPolicyCommand({ StackName: stackId }), abort(signal));
        return answer.StackPolicyBody === '' ? undefined : answer.StackPolicyBody;
      }),

    importers: (exportName, signal) => call('ListImports', () => readImporters(client, exportName, signal)),

    deleteStack: (stackId, { token, roleArn, retain, express }, signal) =>
      call('DeleteStack', async () => {
        const kept = retain === undefined || retain.length === 0 ? {} : { RetainResources: [...retain] };
        const mode = express === true ? { DeploymentConfig: { Mode: 'EXPRESS' as const } } : {};
        const input = { StackName: stackId, ClientRequestToken: token, ...role(roleArn), ...kept, ...mode };
        await client.send(new DeleteStackCommand(input), abort(signal));
      }),

    continueRollback: (stackId, { token, roleArn, skip }, signal) =>
      call('ContinueUpdateRollback', async () => {
        const skipped = skip === undefined || skip.length === 0 ? {} : { ResourcesToSkip: [...skip] };
        const input = { StackName: stackId, ClientRequestToken: token, ...role(roleArn), ...skipped };
        await client.send(new ContinueUpdateRollbackCommand(input), abort(signal));
      }),

    rollBack: (stackId, { token, roleArn }, signal) =>
      call('RollbackStack', async () => {
        await client.send(new RollbackStackCommand({ StackName: stackId, ClientRequestToken: token, ...role(roleArn) }), abort(signal));
      }),
  };
}

function role(roleArn: string | undefined): { RoleARN?: string } {
  return roleArn === undefined ? {} : { RoleARN: roleArn };
}

/** Of 100 events each: more than the largest stack has in one operation. */
const MAX_EVENT_PAGES = 100;

async function readEvents(
  client: CloudFormationClient,
  stackId: string,
  mark: EventMark | undefined,
  signal: AbortSignal | undefined,
): Promise<StackEvent[]> {
  const found: StackEvent[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_EVENT_PAGES; page += 1) {
    const command = new DescribeStackEventsCommand({ StackName: stackId, ...(token === undefined ? {} : { NextToken: token }) });
    const answer = await client.send(command, abort(signal));
    for (const event of (answer.StackEvents ?? []).map(readEvent)) {
      if (typeof mark === 'string' ? event.id === mark : mark?.(event) === true) return found.toReversed();
      found.push(event);
    }
    token = answer.NextToken;
    if (token === undefined) break;
  }
  return found.toReversed();
}

/** The list is newest first; it goes back 90 days. */
async function newestDeleted(client: CloudFormationClient, name: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  let token: string | undefined;
  for (let page = 0; page < MAX_EVENT_PAGES; page += 1) {
    const next: { NextToken?: string } = token === undefined ? {} : { NextToken: token };
    const answer = await client.send(new ListStacksCommand({ StackStatusFilter: ['DELETE_COMPLETE'], ...next }), abort(signal));
    const found = answer.StackSummaries?.find((stack) => stack.StackName === name);
    if (found !== undefined) return found.StackId;
    token = answer.NextToken;
    if (token === undefined) return undefined;
  }
  return undefined;
}

async function readResources(client: CloudFormationClient, stackId: string, signal: AbortSignal | undefined): Promise<StackResource[]> {
  const found: StackResource[] = [];
  let token: string | undefined;
  do {
    const next: { NextToken?: string } = token === undefined ? {} : { NextToken: token };
    const page = await client.send(new ListStackResourcesCommand({ StackName: stackId, ...next }), abort(signal));
    for (const resource of page.StackResourceSummaries ?? []) {
      found.push({
        logicalId: resource.LogicalResourceId ?? '',
        physicalId: resource.PhysicalResourceId ?? '',
        resourceType: resource.ResourceType ?? '',
        status: resource.ResourceStatus ?? '',
        reason: resource.ResourceStatusReason,
      });
    }
    token = page.NextToken;
  } while (token !== undefined);
  return found;
}

/** That nobody imports an export is a ValidationError too, told apart by its text (user guide, "Export … is not imported by any stack"). */
async function readImporters(client: CloudFormationClient, exportName: string, signal: AbortSignal | undefined): Promise<string[]> {
  try {
    const answer = await client.send(new ListImportsCommand({ ExportName: exportName }), abort(signal));
    return answer.Imports ?? [];
  } catch (error) {
    if (/not imported by any stack|does not exist/i.test(serviceFailure(error)?.message ?? '')) return [];
    throw error;
  }
}

function readStack(stack: SdkStack): Stack {
  return {
    id: stack.StackId ?? '',
    name: stack.StackName ?? '',
    status: stack.StackStatus ?? '',
    statusReason: stack.StackStatusReason,
    parameters: (stack.Parameters ?? []).map((parameter) => ({
      name: parameter.ParameterKey ?? '',
      value: parameter.ParameterValue ?? '',
      resolvedValue: parameter.ResolvedValue,
    })),
    outputs: (stack.Outputs ?? []).map((output) => ({
      name: output.OutputKey ?? '',
      value: output.OutputValue ?? '',
      description: output.Description,
      exportName: output.ExportName,
    })),
    tags: Object.fromEntries((stack.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
    terminationProtection: stack.EnableTerminationProtection ?? false,
    roleArn: stack.RoleARN,
    description: stack.Description,
    changeSetId: stack.ChangeSetId,
    createdAt: stack.CreationTime,
    updatedAt: stack.LastUpdatedTime,
    parentId: stack.ParentId,
    detailedStatus: stack.DetailedStatus,
    lastOperations: stack.LastOperations?.map(({ OperationId: id = '', OperationType: type = '' }) => ({ id, type })),
    express: stack.DeploymentConfig?.Mode === 'EXPRESS',
    notificationArns: stack.NotificationARNs,
    capabilities: stack.Capabilities,
    rollbackTriggers: readTriggers(stack.RollbackConfiguration),
    driftStatus: stack.DriftInformation?.StackDriftStatus,
  };
}

function readTriggers(configuration: SdkStack['RollbackConfiguration']): RollbackTriggers {
  return {
    alarmArns: (configuration?.RollbackTriggers ?? []).map(({ Arn: arn = '' }) => arn),
    monitoringMinutes: configuration?.MonitoringTimeInMinutes,
  };
}

function readEvent(event: SdkStackEvent): StackEvent {
  const hook = readHook(event);
  return {
    ...(hook === undefined ? {} : { hook }),
    ...readResourceFacts(event),
    timestamp: event.Timestamp ?? new Date(0),
  };
}
