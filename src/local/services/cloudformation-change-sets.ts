/** CloudFormation operations on change sets. */
import { checkCapabilities } from '../engine/capabilities.ts';
import type { Engine } from '../engine/engine.ts';
import { idPart, newChangeSetId, newStackId } from '../engine/names.ts';
import { nestedChangeFinder } from '../engine/nested-stacks.ts';
import { parseTemplate, validationError } from '../engine/parse-template.ts';
import { resolveParameters } from '../engine/parameters.ts';
import { planChanges } from '../engine/plan.ts';
import { transformNames } from '../engine/prepare.ts';
import type { ChangeSetRecord, StackContent, StackRecord } from '../engine/records.ts';
import { compact } from '../engine/values.ts';
import { paramFlag, paramText, type QueryOperation, type QueryParams, requiredText } from '../protocol/query-xml.ts';
import { newOperation } from '../engine/start-operation.ts';
import { ServiceError } from '../types.ts';
import {
  checkName,
  checkUpdatable,
  doesNotExist,
  type OperationContext,
  pageOf,
  readList,
  readOnFailure,
  readParameters,
  readTags,
  readTemplate,
  requireStack,
} from './cloudformation-input.ts';
import { executionStatus, renderChange, renderChangeSetSummary, renderParameters, renderTags } from './cloudformation-render.ts';
import { contentFor } from './cloudformation-stacks.ts';

const NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set.";

export function changeSetOperations({ engine }: OperationContext): Readonly<Record<string, QueryOperation>> {
  return {
    CreateChangeSet: (params, { region }) => createChangeSet(engine, params, region),
    DescribeChangeSet: (params, { region }) => describeChangeSet(engine, params, region),
    ExecuteChangeSet: (params, { region }) => executeChangeSet(engine, params, region),
    DeleteChangeSet: (params, { region }) => deleteChangeSet(engine, params, region),
    ListChangeSets(params, { region }) {
      const stack = requireStack(engine, params, region, doesNotExist);
      const { items, next } = pageOf(engine.parts.store.changeSets(stack.uid), paramText(params, 'NextToken'));
      return { Summaries: items.map((changeSet) => renderChangeSetSummary(changeSet, stack)), NextToken: next };
    },
  };
}

/** By ARN, or by name and stack. Throws ServiceError `ChangeSetNotFound` (404). */
export function findChangeSet(engine: Engine, params: QueryParams, region: string): { changeSet: ChangeSetRecord; stack: StackRecord } {
  const name = requiredText(params, 'ChangeSetName');
  const { store } = engine.parts;
  const byId = name.startsWith('arn:');
  const stackName = paramText(params, 'StackName');
  if (!byId && stackName === undefined) throw validationError('StackName must be specified if ChangeSetName is not specified as an ARN.');
  const owner = stackName === undefined ? undefined : store.find(stackName, region);
  if (!byId && owner === undefined) throw validationError(doesNotExist(stackName ?? ''));
  const changeSet = byId
    ? [...store.allChangeSets()].find(({ id }) => id === name)
    : store.changeSets(owner?.uid ?? '').find((candidate) => candidate.name === name);
  const stack = changeSet === undefined ? undefined : store.stack(changeSet.stackUid);
  if (changeSet === undefined || stack === undefined)
    throw new ServiceError('ChangeSetNotFound', `ChangeSet [${name}] does not exist`, 404);
  return { changeSet, stack };
}

function createChangeSet(engine: Engine, params: QueryParams, region: string): object {
  const name = requiredText(params, 'ChangeSetName');
  checkName(name, 'changeSetName');
  const type = changeSetType(params);
  const stackName = requiredText(params, 'StackName');
  const existing = existingStack(engine, stackName, region, type, name);
  const twin = engine.parts.store.changeSets(existing?.uid ?? '').find((changeSet) => changeSet.name === name);
  // One that was executed gives its name free when the operation is over: CloudFormation deletes it then.
  if (twin !== undefined && existing !== undefined && executionStatus(twin, existing).startsWith('EXECUTE_'))
    engine.parts.store.dropChangeSet(twin.uid);
  else if (twin !== undefined && existing !== undefined) return repeated(twin, existing, params);
  const stackId = existing?.stackId ?? newStackId(region, stackName);
  const identity = { name: existing?.name ?? stackName, region, stackId };
  const outcome = prepare(engine, params, type === 'CREATE' ? undefined : existing, identity);
  const operation = newOperation('CREATE_CHANGESET', { token: paramText(params, 'ClientToken') });
  const stack = existing ?? engine.reserve({ name: stackName, region, stackId }, inReview(outcome.content), operation);
  engine.note(stack.uid, operation);
  const id = newChangeSetId(region, name);
  const failed = outcome.reason !== undefined;
  const changeSet = {
    id,
    uid: idPart(id),
    name,
    stackUid: stack.uid,
    type,
    status: failed ? 'FAILED' : 'CREATE_COMPLETE',
    statusReason: outcome.reason,
    executionStatus: failed ? 'UNAVAILABLE' : 'AVAILABLE',
    creationTime: new Date().toISOString(),
    description: paramText(params, 'Description'),
    roleArn: paramText(params, 'RoleARN'),
    onStackFailure: readOnFailure(params),
    content: outcome.content,
    changes: outcome.changes,
    clientToken: paramText(params, 'ClientToken'),
    operationId: operation.id,
    includeNestedStacks: paramFlag(params, 'IncludeNestedStacks') ?? false,
  } as const;
  engine.parts.store.saveChangeSet(compact(changeSet));
  engine.parts.recorder.operationStatus(stack.uid, operation, failed ? 'FAILED' : 'SUCCEEDED', outcome.reason);
  return { Id: id, StackId: stack.stackId };
}

/** A stack in review has no template yet. */
function inReview(content: StackContent): StackContent {
  return { ...content, templateBody: '', processed: {}, parameters: [], outputs: [], warnings: {} };
}

function changeSetType(params: QueryParams): 'CREATE' | 'UPDATE' {
  const type = paramText(params, 'ChangeSetType') ?? 'UPDATE';
  if (type === 'CREATE' || type === 'UPDATE') return type;
  throw validationError(`The local target makes change sets of type CREATE and UPDATE, not ${type}`);
}

/** Throws ServiceError when the stack's absence, presence or status does not fit the type. */
function existingStack(
  engine: Engine,
  stackName: string,
  region: string,
  type: 'CREATE' | 'UPDATE',
  changeSetName: string,
): StackRecord | undefined {
  const stack = engine.parts.store.find(stackName, region);
  if (type === 'CREATE') {
    if (stack === undefined) checkName(stackName, 'stackName');
    else if (stack.status !== 'REVIEW_IN_PROGRESS') {
      throw validationError(`Stack [${stackName}] already exists and cannot be created again with the changeSet [${changeSetName}].`);
    }
    return stack;
  }
  if (stack === undefined || stack.status === 'DELETE_COMPLETE') throw validationError(doesNotExist(stackName));
  checkUpdatable(stack);
  return stack;
}

/** The same request again answers the same; another one under the same name is refused. */
function repeated(twin: ChangeSetRecord, stack: StackRecord, params: QueryParams): object {
  const token = paramText(params, 'ClientToken');
  if (token !== undefined && token === twin.clientToken) return { Id: twin.id, StackId: stack.stackId };
  const attribute = token === undefined ? 'Template' : 'ClientToken';
  throw new ServiceError(
    'AlreadyExistsException',
    `ChangeSet ${twin.name} cannot be created due to a mismatch with existing attribute ${attribute}`,
  );
}

interface Prepared {
  readonly content: StackContent;
  readonly changes: ChangeSetRecord['changes'];
  /** Why the change set fails. */
  readonly reason?: string | undefined;
}

/** What AWS finds out at once is thrown; what it finds out while it makes the change set is its reason. */
function prepare(
  engine: Engine,
  params: QueryParams,
  stack: StackRecord | undefined,
  identity: { name: string; region: string; stackId: string },
): Prepared {
  const templateBody = readTemplate(engine, params, stack);
  let content: StackContent;
  try {
    content = contentFor(engine, params, stack, identity);
  } catch (error) {
    const document = parseTemplate(templateBody);
    if (!(error instanceof ServiceError) || transformNames(document).length === 0 || !isLate(error)) throw error;
    return { content: emptyContent(templateBody, params, stack), changes: [], reason: error.message };
  }
  checkCapabilities(content.processed, content.capabilities, false);
  const planIdentity = {
    stackName: identity.name,
    stackId: identity.stackId,
    region: identity.region,
    notificationArns: content.notificationArns,
  };
  try {
    const plan = planChanges(engine.parts, stack, content, planIdentity, nestedChangeFinder(engine, stack));
    return { content, changes: plan.changes, reason: plan.hasChanges ? undefined : NO_CHANGES };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { content, changes: [], reason: error.message };
  }
}

/** Parameters are looked at before the transforms run. */
function isLate(error: ServiceError): boolean {
  return !/^Parameters?:? /.test(error.message);
}

function emptyContent(templateBody: string, params: QueryParams, stack: StackRecord | undefined): StackContent {
  return {
    templateBody,
    processed: {},
    parameters: resolveParameters(parseTemplate(templateBody), readParameters(params), stack?.parameters ?? []),
    tags: readTags(params, stack?.tags ?? {}),
    outputs: [],
    capabilities: [],
    notificationArns: readList(params, 'NotificationARNs', stack?.notificationArns ?? []),
    warnings: {},
  };
}

function describeChangeSet(engine: Engine, params: QueryParams, region: string): object {
  const { changeSet, stack } = findChangeSet(engine, params, region);
  const { content } = changeSet;
  const { items, next } = pageOf(changeSet.changes, paramText(params, 'NextToken'));
  const withValues = paramFlag(params, 'IncludePropertyValues') ?? false;
  return {
    ...renderChangeSetSummary(changeSet, stack),
    Parameters: renderParameters(content.parameters),
    NotificationARNs: content.notificationArns,
    RollbackConfiguration: {},
    Capabilities: content.capabilities,
    Tags: renderTags(content.tags),
    Changes: items.map((change) => renderChange(change, withValues)),
    NextToken: next,
    OnStackFailure: changeSet.onStackFailure,
  };
}

function executeChangeSet(engine: Engine, params: QueryParams, region: string): object {
  const { changeSet, stack } = findChangeSet(engine, params, region);
  const status = executionStatus(changeSet, stack);
  if (status !== 'AVAILABLE') {
    const shown = changeSet.status === 'FAILED' ? changeSet.status : status;
    throw new ServiceError('InvalidChangeSetStatus', `ChangeSet [${changeSet.id}] cannot be executed in its current status of [${shown}]`);
  }
  const disableRollback = paramFlag(params, 'DisableRollback');
  if (disableRollback !== undefined && changeSet.onStackFailure !== undefined) {
    throw validationError('DisableRollback cannot be specified when the change set was created with OnStackFailure.');
  }
  const onFailure = changeSet.onStackFailure ?? (disableRollback === true ? 'DO_NOTHING' : undefined);
  if (changeSet.type === 'UPDATE') checkUpdatable(stack);
  dropOthers(engine, changeSet);
  engine.parts.store.saveChangeSet({ ...changeSet, executionStatus: 'EXECUTE_IN_PROGRESS' });
  const roleArn = changeSet.roleArn ?? stack.roleArn;
  const start = {
    token: paramText(params, 'ClientRequestToken'),
    onFailure,
    changes: { changeSetId: changeSet.id, disableRollback: onFailure === 'DO_NOTHING', roleArn },
  };
  if (changeSet.type === 'UPDATE') engine.update(stack.uid, changeSet.content, start);
  else {
    const { name, terminationProtection, stackPolicy } = stack;
    engine.create({ name, region: stack.region, existing: stack, roleArn, terminationProtection, stackPolicy }, changeSet.content, start);
  }
  return {};
}

/** Executing one change set makes the stack's others void. */
function dropOthers(engine: Engine, executed: ChangeSetRecord): void {
  for (const { uid } of engine.parts.store.changeSets(executed.stackUid)) {
    if (uid !== executed.uid) engine.parts.store.dropChangeSet(uid);
  }
}

function deleteChangeSet(engine: Engine, params: QueryParams, region: string): object {
  const name = requiredText(params, 'ChangeSetName');
  const { changeSet, stack } = findChangeSet(engine, params, region);
  const status = executionStatus(changeSet, stack);
  if (status === 'EXECUTE_IN_PROGRESS') {
    throw new ServiceError('InvalidChangeSetStatus', `ChangeSet [${name}] cannot be deleted in its current status of [${status}]`);
  }
  engine.parts.store.dropChangeSet(changeSet.uid);
  return {};
}
