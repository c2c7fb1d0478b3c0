import {
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  ExecuteChangeSetCommand,
  ListChangeSetsCommand,
  UpdateStackCommand,
  type Change,
  type CloudFormationClient,
  type ResourceChangeDetail,
} from '@aws-sdk/client-cloudformation';

import type {
  ChangeSet,
  ChangeSetReference,
  ChangeSetRequest,
  ChangeSetSummary,
  PropertyDetail,
  ResourceChange,
  RollbackTriggers,
  Stacks,
} from './cloudformation-types.ts';

type ChangeSetMethods = Pick<
  Stacks,
  'createChangeSet' | 'changeSet' | 'changeSets' | 'executeChangeSet' | 'deleteChangeSet' | 'updateStack'
>;
type Call = <T>(operation: string, work: () => Promise<T>) => Promise<T>;

/** The part of the adapter that deals with change sets. `call` translates what goes wrong. */
export function changeSetMethods(client: CloudFormationClient, call: Call): ChangeSetMethods {
  return {
    createChangeSet: (request, signal) =>
      call('CreateChangeSet', async () => {
        const answer = await client.send(new CreateChangeSetCommand(changeSetInput(request)), abort(signal));
        return { id: answer.Id ?? '', stackId: answer.StackId ?? '' };
      }),

    changeSet: (reference, signal) => call('DescribeChangeSet', () => describe(client, reference, signal)),

    changeSets: (stackId, signal) => call('ListChangeSets', () => list(client, stackId, signal)),

    executeChangeSet: (id, { token, disableRollback }, signal) =>
      call('ExecuteChangeSet', async () => {
        const rollback = disableRollback === undefined ? {} : { DisableRollback: disableRollback };
        await client.send(new ExecuteChangeSetCommand({ ChangeSetName: id, ClientRequestToken: token, ...rollback }), abort(signal));
      }),

    deleteChangeSet: (id) =>
      call('DeleteChangeSet', async () => {
        await client.send(new DeleteChangeSetCommand({ ChangeSetName: id }));
      }),

    updateStack: (request, signal) =>
      call('UpdateStack', async () => {
        const rollback = request.disableRollback === true && request.express === undefined ? { DisableRollback: true } : {};
        const input = { ...operationInput(request), ClientRequestToken: request.token, ...rollback };
        await client.send(new UpdateStackCommand(input), abort(signal));
      }),
  };
}

async function describe(
  client: CloudFormationClient,
  { id, stackName, values }: ChangeSetReference,
  signal: AbortSignal | undefined,
): Promise<ChangeSet> {
  const changes: ResourceChange[] = [];
  const about = { ChangeSetName: id, ...(stackName === undefined ? {} : { StackName: stackName }) };
  const wanted = values === true ? { ...about, IncludePropertyValues: true } : about;
  let token: string | undefined;
  for (;;) {
    const next = token === undefined ? {} : { NextToken: token };
    const page = await client.send(new DescribeChangeSetCommand({ ...wanted, ...next }), abort(signal));
    changes.push(...(page.Changes ?? []).flatMap(readChange));
    token = page.NextToken;
    if (token !== undefined) continue;
    return {
      id: page.ChangeSetId ?? id,
      name: page.ChangeSetName ?? id,
      stackId: page.StackId ?? '',
      status: page.Status ?? '',
      statusReason: page.StatusReason,
      executionStatus: page.ExecutionStatus,
      onStackFailure: page.OnStackFailure,
      express: page.DeploymentConfig?.Mode === 'EXPRESS',
      description: page.Description,
      changes,
    };
  }
}

async function list(client: CloudFormationClient, stackId: string, signal: AbortSignal | undefined): Promise<ChangeSetSummary[]> {
  const found: ChangeSetSummary[] = [];
  let token: string | undefined;
  do {
    const next: { NextToken?: string } = token === undefined ? {} : { NextToken: token };
    const page = await client.send(new ListChangeSetsCommand({ StackName: stackId, ...next }), abort(signal));
    for (const summary of page.Summaries ?? []) {
      const { ChangeSetId: id = '', ChangeSetName: name = '', Status: status = '' } = summary;
      found.push({ id, name, status, description: summary.Description, createdAt: summary.CreationTime });
    }
    token = page.NextToken;
  } while (token !== undefined);
  return found;
}

function readChange(change: Change): ResourceChange[] {
  const resource = change.ResourceChange;
  if (resource === undefined) return [];
  return [
    {
      action: resource.Action ?? '',
      logicalId: resource.LogicalResourceId ?? '',
      resourceType: resource.ResourceType ?? '',
      replacement: resource.Replacement,
      policyAction: resource.PolicyAction,
      details: (resource.Details ?? []).map(readDetail),
      before: resource.BeforeContext,
      after: resource.AfterContext,
      nestedChangeSetId: resource.ChangeSetId,
    },
  ];
}

function readDetail({ Target: target }: ResourceChangeDetail): PropertyDetail {
  return {
    attribute: target?.Attribute ?? '',
    name: target?.Name,
    path: target?.Path,
    before: target?.BeforeValue,
    after: target?.AfterValue,
    requiresRecreation: target?.RequiresRecreation,
  };
}

function changeSetInput(request: ChangeSetRequest) {
  return {
    ...operationInput(request),
    ChangeSetName: request.changeSetName,
    ChangeSetType: request.type,
    ...(request.description === undefined ? {} : { Description: request.description }),
    ...(request.includeNestedStacks === true ? { IncludeNestedStacks: true } : {}),
    ...(request.importExistingResources === true ? { ImportExistingResources: true } : {}),
    ...(request.onStackFailure === undefined ? {} : { OnStackFailure: request.onStackFailure }),
  };
}

/** What a change set and an update without one have in common. */
function operationInput(request: Omit<ChangeSetRequest, 'changeSetName' | 'type'>) {
  return {
    StackName: request.stackName,
    ...templateInput(request.template),
    Parameters: request.parameters.map((parameter) =>
      'value' in parameter
        ? { ParameterKey: parameter.name, ParameterValue: parameter.value }
        : { ParameterKey: parameter.name, UsePreviousValue: true },
    ),
    Capabilities: [...request.capabilities] as ('CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM' | 'CAPABILITY_AUTO_EXPAND')[],
    Tags: Object.entries(request.tags).map(([Key, Value]) => ({ Key, Value })),
    ...(request.roleArn === undefined ? {} : { RoleARN: request.roleArn }),
    ...(request.notificationArns === undefined ? {} : { NotificationARNs: [...request.notificationArns] }),
    ...(request.rollbackTriggers === undefined ? {} : { RollbackConfiguration: rollbackConfiguration(request.rollbackTriggers) }),
    ...(request.express === undefined
      ? {}
      : { DeploymentConfig: { Mode: 'EXPRESS' as const, DisableRollback: request.express.disableRollback } }),
    ...(request.disableValidation === true ? { DisableValidation: true } : {}),
  };
}

function rollbackConfiguration({ alarmArns, monitoringMinutes }: RollbackTriggers) {
  return {
    ...(alarmArns === undefined ? {} : { RollbackTriggers: alarmArns.map((Arn) => ({ Arn, Type: 'AWS::CloudWatch::Alarm' })) }),
    ...(monitoringMinutes === undefined ? {} : { MonitoringTimeInMinutes: monitoringMinutes }),
  };
}

/** The template as a member of a request. */
export function templateInput(template: ChangeSetRequest['template']) {
  return 'body' in template ? { TemplateBody: template.body } : { TemplateURL: template.url };
}

export function abort(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
