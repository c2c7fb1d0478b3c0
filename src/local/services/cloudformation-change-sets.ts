/** CloudFormation operations on change sets. */
import { checkCapabilities } from '../engine/capabilities.ts';
import { type ChangeSetWish, dropChangeSets, makeChangeSet, type Prepared, withDescendants } from '../engine/change-sets.ts';
import type { Engine, StartOptions } from '../engine/engine.ts';
import { idPart, newStackId } from '../engine/names.ts';
import { parseTemplate, validationError } from '../engine/parse-template.ts';
import { resolveParameters } from '../engine/parameters.ts';
import { transformNames } from '../engine/prepare.ts';
import type { ChangeSetRecord, StackContent, StackRecord } from '../engine/records.ts';
import { paramFlag, paramText, type QueryOperation, type QueryParams, requiredText } from '../protocol/query-xml.ts';
import { ServiceError } from '../types.ts';
import {
  checkFollowUp,
  checkName,
  checkUpdatable,
  doesNotExist,
  type OperationContext,
  pageOf,
  readDeploymentConfig,
  readList,
  readOnFailure,
  readParameters,
  readRollbackConfiguration,
  readTags,
  readTemplate,
  requireStack,
} from './cloudformation-input.ts';
import {
  executionStatus,
  renderChange,
  renderChangeSetSummary,
  renderDeploymentConfig,
  renderParameters,
  renderRollbackConfiguration,
  renderTags,
} from './cloudformation-render.ts';
import { contentFor } from './cloudformation-stacks.ts';

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
  const wish = readWish(params, name, type, existing);
  if (existing !== undefined && wish.deploymentConfig !== undefined) {
    checkFollowUp(existing, wish.deploymentConfig, wish.deploymentConfig.disableRollback);
  }
  const twin = engine.parts.store.changeSets(existing?.uid ?? '').find((changeSet) => changeSet.name === name);
  // One that was executed gives its name free when the operation is over: CloudFormation deletes it then.
  if (twin !== undefined && existing !== undefined && executionStatus(twin, existing).startsWith('EXECUTE_')) dropChangeSets(engine, twin);
  else if (twin !== undefined && existing !== undefined) return repeated(twin, existing, params);
  const stack = existing ?? { name: stackName, region, stackId: newStackId(region, stackName) };
  const { id } = makeChangeSet(engine, wish, stack, prepare(engine, params, type === 'CREATE' ? undefined : existing, stack));
  return { Id: id, StackId: stack.stackId };
}

function readWish(params: QueryParams, name: string, type: 'CREATE' | 'UPDATE', existing: StackRecord | undefined): ChangeSetWish {
  const onFailure = readOnFailure(params);
  if (onFailure === 'DELETE' && type === 'UPDATE') {
    throw validationError('OnStackFailure of DELETE is only valid for change sets of type CREATE.');
  }
  const deploymentConfig = readDeploymentConfig(params);
  return {
    name,
    type,
    description: paramText(params, 'Description'),
    roleArn: paramText(params, 'RoleARN'),
    onStackFailure: deploymentConfig === undefined ? onFailure : undefined,
    deploymentConfig,
    rollbackConfiguration: readRollbackConfiguration(params, existing?.rollbackConfiguration),
    importExistingResources: paramFlag(params, 'ImportExistingResources'),
    clientToken: paramText(params, 'ClientToken'),
    includeNestedStacks: paramFlag(params, 'IncludeNestedStacks') ?? false,
    validates: paramFlag(params, 'DisableValidation') !== true,
  };
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
    return { content: emptyContent(templateBody, params, stack), reason: error.message };
  }
  checkCapabilities(content.processed, content.capabilities, false);
  return { content };
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
    RollbackConfiguration: renderRollbackConfiguration(changeSet.rollbackConfiguration),
    Capabilities: content.capabilities,
    Tags: renderTags(content.tags),
    Changes: items.map((change) => renderChange(change, withValues)),
    NextToken: next,
    OnStackFailure: changeSet.onStackFailure,
    DeploymentConfig: renderDeploymentConfig(changeSet.deploymentConfig),
  };
}

function executeChangeSet(engine: Engine, params: QueryParams, region: string): object {
  const { changeSet, stack } = findChangeSet(engine, params, region);
  checkExecutable(changeSet, stack);
  const { deploymentConfig, onStackFailure, rollbackConfiguration } = changeSet;
  const disableRollback = paramFlag(params, 'DisableRollback');
  if (disableRollback !== undefined && onStackFailure !== undefined) {
    throw validationError('DisableRollback cannot be specified when the change set was created with OnStackFailure.');
  }
  if (disableRollback !== undefined && deploymentConfig !== undefined) {
    throw validationError('DisableRollback cannot be specified when the change set was created with DeploymentConfig.');
  }
  const off = deploymentConfig?.disableRollback ?? disableRollback ?? false;
  const onFailure = onStackFailure ?? (off ? 'DO_NOTHING' : 'ROLLBACK');
  if (changeSet.type === 'UPDATE') {
    checkUpdatable(stack);
    checkFollowUp(stack, deploymentConfig, onFailure === 'DO_NOTHING');
  }
  dropOthers(engine, changeSet);
  for (const one of withDescendants(engine, changeSet))
    engine.parts.store.saveChangeSet({ ...one, executionStatus: 'EXECUTE_IN_PROGRESS' });
  const roleArn = changeSet.roleArn ?? stack.roleArn;
  start(engine, changeSet, stack, {
    token: paramText(params, 'ClientRequestToken'),
    onFailure,
    express: deploymentConfig?.mode === 'EXPRESS',
    imports: importsOf(changeSet),
    changes: {
      changeSetId: changeSet.id,
      disableRollback: onFailure === 'DO_NOTHING',
      deploymentConfig,
      rollbackConfiguration,
      roleArn,
    },
  });
  return {};
}

/** Throws ServiceError `InvalidChangeSetStatus`. */
function checkExecutable(changeSet: ChangeSetRecord, stack: StackRecord): void {
  const status = executionStatus(changeSet, stack);
  if (status === 'AVAILABLE') return;
  const isNested = changeSet.parentId !== undefined && changeSet.status !== 'FAILED';
  const shown = changeSet.status === 'FAILED' ? changeSet.status : status;
  throw new ServiceError(
    'InvalidChangeSetStatus',
    isNested
      ? `ChangeSet [${changeSet.id}] is only executable from the root change set [${changeSet.rootId}]`
      : `ChangeSet [${changeSet.id}] cannot be executed in its current status of [${shown}]`,
  );
}

function importsOf({ changes }: ChangeSetRecord): Readonly<Record<string, string>> | undefined {
  const imported = changes.flatMap(({ action, logicalId, physicalId }): [string, string][] =>
    action === 'Import' && physicalId !== undefined ? [[logicalId, physicalId]] : [],
  );
  return imported.length === 0 ? undefined : Object.fromEntries(imported);
}

function start(engine: Engine, changeSet: ChangeSetRecord, stack: StackRecord, options: StartOptions): void {
  if (changeSet.type === 'UPDATE') return void engine.update(stack.uid, changeSet.content, options);
  const { name, parentId, region, rootId, stackPolicy, terminationProtection } = stack;
  const roleArn = options.changes?.roleArn;
  const changes = { ...options.changes, parentId, rootId };
  engine.create({ name, region, existing: stack, roleArn, terminationProtection, stackPolicy }, changeSet.content, { ...options, changes });
}

/** Executing one change set makes the stack's others void. */
function dropOthers(engine: Engine, executed: ChangeSetRecord): void {
  for (const other of engine.parts.store.changeSets(executed.stackUid)) if (other.uid !== executed.uid) dropChangeSets(engine, other);
}

function deleteChangeSet(engine: Engine, params: QueryParams, region: string): object {
  const name = requiredText(params, 'ChangeSetName');
  const { changeSet, stack } = findChangeSet(engine, params, region);
  const status = executionStatus(changeSet, stack);
  if (status === 'EXECUTE_IN_PROGRESS') {
    throw new ServiceError('InvalidChangeSetStatus', `ChangeSet [${name}] cannot be deleted in its current status of [${status}]`);
  }
  if (changeSet.parentId !== undefined && engine.parts.store.changeSet(idPart(changeSet.parentId)) !== undefined) {
    throw validationError(`ChangeSet [${name}] is nested and can only be deleted from its root change set [${changeSet.rootId}]`);
  }
  dropChangeSets(engine, changeSet);
  return {};
}
