/** Records in the shapes of CloudFormation's answers. Undefined members are left out of the XML. */
import type {
  ChangeRecord,
  ChangeSetRecord,
  DeploymentConfig,
  EventRecord,
  ResourceRecord,
  RollbackConfiguration,
  StackRecord,
} from '../engine/records.ts';
import { type ParameterRecord, shownValue } from '../engine/parameters.ts';

function renderStackDrift({ drift }: StackRecord): object {
  return drift === undefined
    ? { StackDriftStatus: 'NOT_CHECKED' }
    : { StackDriftStatus: drift.status, LastCheckTimestamp: drift.timestamp };
}

function renderResourceDrift({ drift }: ResourceRecord): object {
  return drift === undefined
    ? { StackResourceDriftStatus: 'NOT_CHECKED' }
    : { StackResourceDriftStatus: drift.status, LastCheckTimestamp: drift.timestamp };
}

export function renderParameters(parameters: readonly ParameterRecord[]): readonly object[] {
  return parameters.map((parameter) => ({
    ParameterKey: parameter.key,
    ParameterValue: shownValue(parameter),
    ResolvedValue: parameter.noEcho ? undefined : parameter.resolvedValue,
  }));
}

export function renderTags(tags: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function renderRollbackConfiguration(configuration: RollbackConfiguration | undefined): object {
  if (configuration === undefined) return {};
  return {
    RollbackTriggers: configuration.triggers.map(({ arn, type }) => ({ Arn: arn, Type: type })),
    MonitoringTimeInMinutes: configuration.monitoringMinutes,
  };
}

export function renderDeploymentConfig(config: DeploymentConfig | undefined): object | undefined {
  return config === undefined ? undefined : { Mode: config.mode, DisableRollback: config.disableRollback };
}

export function renderStack(stack: StackRecord, toLocal: (text: string) => string): object {
  return {
    StackId: stack.stackId,
    StackName: stack.name,
    ChangeSetId: stack.changeSetId,
    Description: stack.description,
    Parameters: renderParameters(stack.parameters),
    CreationTime: stack.creationTime,
    DeletionTime: stack.deletionTime,
    LastUpdatedTime: stack.lastUpdatedTime,
    RollbackConfiguration: renderRollbackConfiguration(stack.rollbackConfiguration),
    StackStatus: stack.status,
    DetailedStatus: stack.detailedStatus,
    DeploymentConfig: renderDeploymentConfig(stack.deploymentConfig),
    StackStatusReason: stack.statusReason,
    DisableRollback: stack.disableRollback,
    NotificationARNs: stack.notificationArns,
    TimeoutInMinutes: stack.timeoutInMinutes,
    Capabilities: stack.capabilities,
    Outputs: stack.outputs.map(({ key, value, description, exportName }) => ({
      OutputKey: key,
      OutputValue: toLocal(value),
      Description: description,
      ExportName: exportName,
    })),
    RoleARN: stack.roleArn,
    Tags: renderTags(stack.tags),
    EnableTerminationProtection: stack.terminationProtection,
    ParentId: stack.parentId,
    RootId: stack.rootId,
    DriftInformation: renderStackDrift(stack),
    LastOperations: stack.lastOperations.map(({ type, id }) => ({ OperationType: type, OperationId: id })),
  };
}

export function renderStackSummary(stack: StackRecord): object {
  return {
    StackId: stack.stackId,
    StackName: stack.name,
    TemplateDescription: stack.description,
    CreationTime: stack.creationTime,
    LastUpdatedTime: stack.lastUpdatedTime,
    DeletionTime: stack.deletionTime,
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    ParentId: stack.parentId,
    RootId: stack.rootId,
    DriftInformation: renderStackDrift(stack),
  };
}

export function renderEvent(stack: StackRecord, event: EventRecord): object {
  return {
    StackId: stack.stackId,
    EventId: event.id,
    StackName: stack.name,
    OperationId: event.operationId,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId ?? '',
    ResourceType: event.type,
    Timestamp: event.timestamp,
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
    ResourceProperties: event.properties,
    ClientRequestToken: event.token,
    DetailedStatus: event.detailedStatus,
  };
}

/** The newer DescribeEvents shape of an event. */
export function renderOperationEvent(stack: StackRecord, event: EventRecord): object {
  const { StackName: _name, ...members } = renderEvent(stack, event) as Record<string, unknown>;
  const { operation, validation } = event;
  return {
    ...members,
    ResourceStatus: event.status === '' ? undefined : event.status,
    OperationType: event.operationKind ?? stack.lastOperations.find(({ id }) => id === event.operationId)?.type,
    OperationStatus: operation?.status,
    EventType: eventType(event),
    StartTime: operation?.startTime,
    EndTime: operation?.endTime,
    DetailedStatus: validation === undefined ? event.detailedStatus : 'VALIDATION_FAILED',
    ValidationName: validation?.name,
    ValidationStatus: validation === undefined ? undefined : 'FAILED',
    ValidationStatusReason: validation?.reason,
    ValidationPath: validation?.path,
    ValidationFailureMode: validation?.mode,
  };
}

function eventType(event: EventRecord): string {
  if (event.validation !== undefined) return 'VALIDATION_ERROR';
  if (event.operation !== undefined) return 'STACK_EVENT';
  return event.status.endsWith('_FAILED') ? 'PROVISIONING_ERROR' : 'PROGRESS_EVENT';
}

/** What `Filters.FailedEvents` leaves. */
export function isFailed(event: EventRecord): boolean {
  return event.validation !== undefined || event.operation?.status === 'FAILED' || event.status.endsWith('_FAILED');
}

export function renderResource(stack: StackRecord, resource: ResourceRecord): object {
  return {
    StackName: stack.name,
    StackId: stack.stackId,
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    Timestamp: resource.timestamp,
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.statusReason,
    DriftInformation: renderResourceDrift(resource),
  };
}

export function renderResourceSummary(resource: ResourceRecord): object {
  return {
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    LastUpdatedTimestamp: resource.timestamp,
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.statusReason,
    DriftInformation: renderResourceDrift(resource),
  };
}

export function renderChange(change: ChangeRecord, withValues: boolean): object {
  return {
    Type: 'Resource',
    ResourceChange: {
      PolicyAction: change.policyAction,
      Action: change.action,
      LogicalResourceId: change.logicalId,
      PhysicalResourceId: change.physicalId,
      ResourceType: change.type,
      Replacement: change.replacement,
      Scope: change.scope,
      Details: change.details.map((detail) => ({
        Target: {
          Attribute: detail.attribute,
          Name: detail.name,
          RequiresRecreation: detail.requiresRecreation,
          ...(withValues
            ? { Path: detail.path, BeforeValue: detail.before, AfterValue: detail.after, AttributeChangeType: detail.changeType }
            : {}),
        },
        Evaluation: detail.evaluation,
        ChangeSource: detail.source,
        CausingEntity: detail.causingEntity,
      })),
      ChangeSetId: change.changeSetId,
      ...(withValues ? { BeforeContext: change.before, AfterContext: change.after } : {}),
    },
  };
}

/** While it runs the answer depends on how the stack is doing. */
export function executionStatus(changeSet: ChangeSetRecord, stack: StackRecord): string {
  if (changeSet.executionStatus !== 'EXECUTE_IN_PROGRESS' || stack.operation !== undefined) return changeSet.executionStatus;
  if (stack.status === 'REVIEW_IN_PROGRESS') return changeSet.executionStatus;
  return stack.status === 'CREATE_COMPLETE' || stack.status === 'UPDATE_COMPLETE' ? 'EXECUTE_COMPLETE' : 'EXECUTE_FAILED';
}

export function renderChangeSetSummary(changeSet: ChangeSetRecord, stack: StackRecord): object {
  return {
    StackId: stack.stackId,
    StackName: stack.name,
    ChangeSetId: changeSet.id,
    ChangeSetName: changeSet.name,
    ExecutionStatus: executionStatus(changeSet, stack),
    Status: changeSet.status,
    StatusReason: changeSet.statusReason,
    CreationTime: changeSet.creationTime,
    Description: changeSet.description,
    IncludeNestedStacks: changeSet.includeNestedStacks,
    ParentChangeSetId: changeSet.parentId,
    RootChangeSetId: changeSet.rootId,
    ImportExistingResources: changeSet.importExistingResources,
  };
}
