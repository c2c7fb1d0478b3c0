import type * as SdkModule from '@aws-sdk/client-cloudformation';
import type { Change, CloudFormationClient, Stack as SdkStack, StackEvent as SdkStackEvent } from '@aws-sdk/client-cloudformation';

import { UserError } from '../errors.ts';
import type { SdkClientConfig } from './aws-config.ts';
import { serviceFailure, translateAwsError } from './aws-errors.ts';

/** A stack as it stands. `id` is the ARN. */
export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly statusReason: string | undefined;
  readonly parameters: readonly StackParameter[];
  readonly outputs: readonly StackOutput[];
  readonly tags: Readonly<Record<string, string>>;
  readonly terminationProtection: boolean;
  readonly roleArn: string | undefined;
}

export interface StackParameter {
  readonly name: string;
  /** `****` for NoEcho parameters. */
  readonly value: string;
  /** Present for parameters whose value is looked up in the parameter store. */
  readonly resolvedValue: string | undefined;
}

export interface StackOutput {
  readonly name: string;
  readonly value: string;
  readonly description: string | undefined;
}

export interface StackEvent {
  readonly id: string;
  readonly timestamp: Date;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly resourceType: string;
  readonly status: string;
  readonly reason: string | undefined;
  readonly stackId: string;
}

export interface ChangeSetRequest {
  readonly stackName: string;
  readonly changeSetName: string;
  readonly type: 'CREATE' | 'UPDATE';
  readonly template: { readonly body: string } | { readonly url: string };
  readonly parameters: readonly ChangeSetParameter[];
  readonly capabilities: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly roleArn: string | undefined;
}

export type ChangeSetParameter = { readonly name: string; readonly value: string } | { readonly name: string; readonly usePrevious: true };

export interface ChangeSet {
  readonly status: string;
  readonly statusReason: string | undefined;
  readonly changes: readonly ResourceChange[];
}

/** What CloudFormation says of a template that it takes. */
export interface TemplateCheck {
  readonly capabilities: readonly string[];
  readonly transforms: readonly string[];
}

export interface ResourceChange {
  readonly action: string;
  readonly logicalId: string;
  readonly resourceType: string;
  readonly replacement: string | undefined;
}

/** The life of stacks, in our words. Every method throws a translated UserError. */
export interface Stacks {
  /** By name or ARN. A stack that was deleted is undefined, whatever it is asked by. */
  find(name: string, signal?: AbortSignal): Promise<Stack | undefined>;
  /** The template as it was deployed, byte for byte; undefined when the endpoint does not keep it. */
  template(stackId: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Has a template looked at without a stack. A template that CloudFormation refuses is a UserError TEMPLATE_INVALID. */
  validateTemplate(template: ChangeSetRequest['template'], signal?: AbortSignal): Promise<TemplateCheck>;
  /** The events that came after the one named (all of them without it), oldest first; at most a few pages are read. */
  eventsAfter(stackId: string, lastEventId: string | undefined, signal?: AbortSignal): Promise<StackEvent[]>;
  /** Id of the newest event, or undefined where there is none. */
  newestEventId(stackId: string, signal?: AbortSignal): Promise<string | undefined>;
  createChangeSet(request: ChangeSetRequest, signal?: AbortSignal): Promise<{ readonly id: string; readonly stackId: string }>;
  /** By ARN; changes are only complete once the status is. */
  changeSet(id: string, signal?: AbortSignal): Promise<ChangeSet>;
  executeChangeSet(id: string, token: string, signal?: AbortSignal): Promise<void>;
  deleteChangeSet(id: string): Promise<void>;
  deleteStack(
    stackId: string,
    options: { readonly roleArn?: string | undefined; readonly token: string },
    signal?: AbortSignal,
  ): Promise<void>;
}

/** Matches the answer for a stack that is not there: a ValidationError told apart by its text only (API reference of DescribeStacks). */
const MISSING_STACK = /does not exist|not exist/i;

export async function createStacks(config: SdkClientConfig): Promise<Stacks> {
  const sdk = await import('@aws-sdk/client-cloudformation');
  const client = new sdk.CloudFormationClient({ ...config });
  const call = <T>(operation: string, work: () => Promise<T>): Promise<T> => translated(operation, config, work);

  return {
    find: (name, signal) =>
      call('DescribeStacks', async () => {
        try {
          const answer = await client.send(new sdk.DescribeStacksCommand({ StackName: name }), abort(signal));
          const stack = answer.Stacks?.[0];
          return stack === undefined || stack.StackStatus === 'DELETE_COMPLETE' ? undefined : readStack(stack);
        } catch (error) {
          if (isMissingStack(error)) return undefined;
          throw error;
        }
      }),

    template: (stackId, signal) =>
      call('GetTemplate', async () => {
        const answer = await client.send(new sdk.GetTemplateCommand({ StackName: stackId, TemplateStage: 'Original' }), abort(signal));
        return answer.TemplateBody;
      }),

    validateTemplate: (template, signal) =>
      call('ValidateTemplate', async () => {
        const answer = await client.send(new sdk.ValidateTemplateCommand(templateInput(template)), abort(signal));
        return { capabilities: answer.Capabilities ?? [], transforms: answer.DeclaredTransforms ?? [] };
      }),

    eventsAfter: (stackId, lastEventId, signal) => call('DescribeStackEvents', () => readEvents(client, sdk, stackId, lastEventId, signal)),

    newestEventId: (stackId, signal) =>
      call('DescribeStackEvents', async () => {
        const answer = await client.send(new sdk.DescribeStackEventsCommand({ StackName: stackId }), abort(signal));
        return answer.StackEvents?.[0]?.EventId;
      }),

    createChangeSet: (request, signal) =>
      call('CreateChangeSet', async () => {
        const answer = await client.send(new sdk.CreateChangeSetCommand(changeSetInput(request)), abort(signal));
        return { id: answer.Id ?? '', stackId: answer.StackId ?? '' };
      }),

    changeSet: (id, signal) =>
      call('DescribeChangeSet', async () => {
        const changes: ResourceChange[] = [];
        let token: string | undefined;
        for (;;) {
          const page = await client.send(
            new sdk.DescribeChangeSetCommand({ ChangeSetName: id, ...(token === undefined ? {} : { NextToken: token }) }),
            abort(signal),
          );
          changes.push(...(page.Changes ?? []).flatMap(readChange));
          token = page.NextToken;
          if (token === undefined) return { status: page.Status ?? '', statusReason: page.StatusReason, changes };
        }
      }),

    executeChangeSet: (id, token, signal) =>
      call('ExecuteChangeSet', async () => {
        await client.send(new sdk.ExecuteChangeSetCommand({ ChangeSetName: id, ClientRequestToken: token }), abort(signal));
      }),

    deleteChangeSet: (id) =>
      call('DeleteChangeSet', async () => {
        await client.send(new sdk.DeleteChangeSetCommand({ ChangeSetName: id }));
      }),

    deleteStack: (stackId, options, signal) =>
      call('DeleteStack', async () => {
        const role = options.roleArn === undefined ? {} : { RoleARN: options.roleArn };
        await client.send(new sdk.DeleteStackCommand({ StackName: stackId, ClientRequestToken: options.token, ...role }), abort(signal));
      }),
  };
}

function abort(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** Whether an answer says that there is no such stack. */
function isMissingStack(error: unknown): boolean {
  const failure = serviceFailure(error);
  return failure !== undefined && (failure.name === 'ValidationError' || failure.status === 404) && MISSING_STACK.test(failure.message);
}

async function translated<T>(operation: string, config: SdkClientConfig, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isMissingStack(error)) throw new UserError('STACK_NOT_FOUND', (error as Error).message, { cause: error });
    const failure = serviceFailure(error);
    if (failure?.name === 'OperationInProgressException' || /is in [A-Z_]*IN_PROGRESS state/.test(failure?.message ?? '')) {
      throw new UserError('STACK_BUSY', `Another operation is running: ${failure?.message}`, {
        hint: 'Wait until it has ended, then run the command again',
        cause: error,
      });
    }
    // Somebody else has begun to create it after we looked.
    if (failure?.name === 'AlreadyExistsException' || /already exists and cannot be created again/.test(failure?.message ?? '')) {
      throw new UserError('STACK_BUSY', `Another deployment has begun to create the stack meanwhile: ${failure?.message}`, {
        hint: 'Wait until it has ended, then run the command again',
        cause: error,
      });
    }
    if (failure?.name === 'ValidationError') {
      throw new UserError('TEMPLATE_INVALID', `CloudFormation refuses the request (${operation}): ${failure.message}`, { cause: error });
    }
    throw translateAwsError(error, { service: 'CloudFormation', operation, endpoint: config.endpoint });
  }
}

const MAX_EVENT_PAGES = 20;

/** The module, loaded when the first client is made. */
type Sdk = Pick<typeof SdkModule, 'DescribeStackEventsCommand'>;

async function readEvents(
  client: CloudFormationClient,
  sdk: Sdk,
  stackId: string,
  lastEventId: string | undefined,
  signal: AbortSignal | undefined,
): Promise<StackEvent[]> {
  const found: StackEvent[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_EVENT_PAGES; page += 1) {
    const command = new sdk.DescribeStackEventsCommand({ StackName: stackId, ...(token === undefined ? {} : { NextToken: token }) });
    const answer = await client.send(command, abort(signal));
    for (const event of answer.StackEvents ?? []) {
      if (event.EventId === lastEventId) return found.toReversed();
      found.push(readEvent(event));
    }
    token = answer.NextToken;
    if (token === undefined) break;
  }
  return found.toReversed();
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
    })),
    tags: Object.fromEntries((stack.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
    terminationProtection: stack.EnableTerminationProtection ?? false,
    roleArn: stack.RoleARN,
  };
}

function readEvent(event: SdkStackEvent): StackEvent {
  return {
    id: event.EventId ?? '',
    timestamp: event.Timestamp ?? new Date(0),
    logicalId: event.LogicalResourceId ?? '',
    physicalId: event.PhysicalResourceId ?? '',
    resourceType: event.ResourceType ?? '',
    status: event.ResourceStatus ?? '',
    reason: event.ResourceStatusReason,
    stackId: event.StackId ?? '',
  };
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
    },
  ];
}

function templateInput(template: ChangeSetRequest['template']) {
  return 'body' in template ? { TemplateBody: template.body } : { TemplateURL: template.url };
}

function changeSetInput(request: ChangeSetRequest) {
  return {
    StackName: request.stackName,
    ChangeSetName: request.changeSetName,
    ChangeSetType: request.type,
    ...templateInput(request.template),
    Parameters: request.parameters.map((parameter) =>
      'value' in parameter
        ? { ParameterKey: parameter.name, ParameterValue: parameter.value }
        : { ParameterKey: parameter.name, UsePreviousValue: true },
    ),
    Capabilities: [...request.capabilities] as ('CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM' | 'CAPABILITY_AUTO_EXPAND')[],
    Tags: Object.entries(request.tags).map(([Key, Value]) => ({ Key, Value })),
    ...(request.roleArn === undefined ? {} : { RoleARN: request.roleArn }),
  };
}
