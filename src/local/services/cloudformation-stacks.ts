/** CloudFormation operations that begin, end or guard a stack's life. */
import { checkCapabilities } from '../engine/capabilities.ts';
import { type Engine, stateError } from '../engine/engine.ts';
import { nestedChangeFinder } from '../engine/nested-stacks.ts';
import { newStackId } from '../engine/names.ts';
import { importersOf } from '../engine/outputs.ts';
import { validationError, parseTemplate } from '../engine/parse-template.ts';
import { identityOf } from '../engine/parts.ts';
import { planChanges } from '../engine/plan.ts';
import { prepareContent, transformNames } from '../engine/prepare.ts';
import type { OnFailure, StackContent, StackRecord } from '../engine/records.ts';
import { paramFlag, paramText, paramTexts, type QueryOperation, type QueryParams, requiredText } from '../protocol/query-xml.ts';
import { ServiceError } from '../types.ts';
import {
  checkFollowUp,
  checkName,
  checkUpdatable,
  doesNotExist,
  type OperationContext,
  readDeploymentConfig,
  readList,
  readOnFailure,
  readParameters,
  readRollbackConfiguration,
  readTags,
  readTemplate,
  requireStack,
} from './cloudformation-input.ts';

export function stackOperations({ engine }: OperationContext): Readonly<Record<string, QueryOperation>> {
  return {
    CreateStack: (params, { region }) => createStack(engine, params, region),
    UpdateStack: (params, { region }) => updateStack(engine, params, region),
    DeleteStack: (params, { region }) => deleteStack(engine, params, region),
    CancelUpdateStack: (params, { region }) => cancelUpdate(engine, params, region),
    ContinueUpdateRollback: (params, { region }) => continueRollback(engine, params, region),
    RollbackStack: (params, { region }) => rollBackStack(engine, params, region),
    UpdateTerminationProtection(params, { region }) {
      const stack = requireStack(engine, params, region, doesNotExist);
      engine.parts.recorder.change(stack.uid, { terminationProtection: paramFlag(params, 'EnableTerminationProtection') ?? false });
      return { StackId: stack.stackId };
    },
    SetStackPolicy(params, { region }) {
      const stack = requireStack(engine, params, region, doesNotExist);
      engine.parts.recorder.change(stack.uid, { stackPolicy: readPolicy(engine, params, 'StackPolicy') });
    },
    GetStackPolicy: (params, { region }) => ({ StackPolicyBody: requireStack(engine, params, region, doesNotExist).stackPolicy }),
  };
}

/** A policy given as text or by address, checked for its syntax. */
function readPolicy(engine: Engine, params: QueryParams, prefix: string): string | undefined {
  const url = paramText(params, `${prefix}URL`);
  const body = paramText(params, `${prefix}Body`) ?? (url === undefined ? undefined : engine.readText(url));
  if (body === undefined) return undefined;
  try {
    JSON.parse(body);
  } catch (error) {
    throw validationError(`Error validating stack policy: ${error instanceof Error ? error.message : String(error)}`);
  }
  return body;
}

/** The content that a request asks for, over what the stack has. Throws ServiceError. */
export function contentFor(
  engine: Engine,
  params: QueryParams,
  stack: StackRecord | undefined,
  identity: { name: string; region: string; stackId: string },
): StackContent {
  return prepareContent(
    { store: engine.parts.store, readText: engine.readText },
    {
      templateBody: readTemplate(engine, params, stack),
      given: readParameters(params),
      previous: stack?.parameters ?? [],
      tags: readTags(params, stack?.tags ?? {}),
      capabilities: paramTexts(params, 'Capabilities'),
      identity: {
        stackName: identity.name,
        stackId: identity.stackId,
        region: identity.region,
        notificationArns: readList(params, 'NotificationARNs', stack?.notificationArns ?? []),
      },
    },
  );
}

/** A stack made at once, without a change set, runs its macros unseen. */
function expandsMacros(content: StackContent): boolean {
  return transformNames(parseTemplate(content.templateBody)).some((name) => name !== 'AWS::LanguageExtensions');
}

function createStack(engine: Engine, params: QueryParams, region: string): object {
  const name = requiredText(params, 'StackName');
  checkName(name, 'stackName');
  const token = paramText(params, 'ClientRequestToken');
  const existing = engine.parts.store.find(name, region);
  if (existing !== undefined) {
    if (token !== undefined && existing.operation?.token === token)
      return { StackId: existing.stackId, OperationId: existing.operation.id };
    throw new ServiceError('AlreadyExistsException', `Stack [${name}] already exists`);
  }
  const onFailure = readOnFailure(params);
  const stackId = newStackId(region, name);
  const content = contentFor(engine, params, undefined, { name, region, stackId });
  checkCapabilities(content.processed, content.capabilities, expandsMacros(content));
  const timeout = paramText(params, 'TimeoutInMinutes');
  const stack = engine.create(
    {
      name,
      region,
      stackId,
      roleArn: paramText(params, 'RoleARN'),
      timeoutInMinutes: timeout === undefined ? undefined : Number(timeout),
      terminationProtection: paramFlag(params, 'EnableTerminationProtection'),
      stackPolicy: readPolicy(engine, params, 'StackPolicy'),
    },
    content,
    { token, onFailure, ...modeOf(params, undefined, onFailure) },
  );
  return { StackId: stack.stackId, OperationId: stack.operation?.id };
}

function updateStack(engine: Engine, params: QueryParams, region: string): object {
  const stack = requireStack(engine, params, region, doesNotExist);
  const token = paramText(params, 'ClientRequestToken');
  if (token !== undefined && stack.operation?.token === token) return { StackId: stack.stackId, OperationId: stack.operation.id };
  checkUpdatable(stack);
  const onFailure = readOnFailure(params);
  checkFollowUp(stack, readDeploymentConfig(params), onFailure === 'DO_NOTHING');
  const content = contentFor(engine, params, stack, stack);
  checkCapabilities(content.processed, content.capabilities, expandsMacros(content));
  const plan = planChanges(
    engine.parts,
    stack,
    content,
    { ...identityOf(stack), notificationArns: content.notificationArns },
    { changedNestedStack: nestedChangeFinder(engine, stack) },
  );
  if (!plan.hasChanges) throw validationError('No updates are to be performed.');
  const { changes, express } = modeOf(params, stack, onFailure);
  const operation = engine.update(stack.uid, content, {
    token,
    onFailure,
    express,
    stackPolicy: readPolicy(engine, params, 'StackPolicyDuringUpdate'),
    changes: {
      ...changes,
      roleArn: paramText(params, 'RoleARN') ?? stack.roleArn,
      stackPolicy: readPolicy(engine, params, 'StackPolicy') ?? stack.stackPolicy,
    },
  });
  return { StackId: stack.stackId, OperationId: operation.id };
}

/** How an operation that needs no change set is carried out, and what of that the stack shows. */
function modeOf(
  params: QueryParams,
  stack: StackRecord | undefined,
  onFailure: OnFailure | undefined,
): { readonly express: boolean; readonly changes: Partial<StackRecord> } {
  const deploymentConfig = readDeploymentConfig(params);
  const rollbackConfiguration = readRollbackConfiguration(params, stack?.rollbackConfiguration);
  return {
    express: deploymentConfig?.mode === 'EXPRESS',
    changes: { disableRollback: onFailure === 'DO_NOTHING', deploymentConfig, rollbackConfiguration },
  };
}

const DELETABLE_WHILE_BUSY: ReadonlySet<string> = new Set(['CREATE_IN_PROGRESS', 'DELETE_IN_PROGRESS', 'REVIEW_IN_PROGRESS']);

function deleteStack(engine: Engine, params: QueryParams, region: string): undefined {
  const stack = engine.parts.store.find(requiredText(params, 'StackName'), region);
  // Deleting what is not there succeeds, as with AWS.
  if (stack === undefined || stack.status === 'DELETE_COMPLETE') return;
  if (stack.terminationProtection) {
    throw validationError(`Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`);
  }
  if (!DELETABLE_WHILE_BUSY.has(stack.status) && stack.status.endsWith('_IN_PROGRESS')) {
    throw validationError(`Stack [${stack.stackId}] cannot be deleted while in status ${stack.status}`);
  }
  const retained = paramTexts(params, 'RetainResources');
  if (retained.length > 0 && stack.status !== 'DELETE_FAILED') {
    throw validationError(
      `Invalid operation on stack [${stack.stackId}]. Specify which resources to retain only when the stack is in the DELETE_FAILED state.`,
    );
  }
  for (const { exportName } of stack.outputs) {
    const users = exportName === undefined ? [] : importersOf(engine.parts, stack.uid, exportName);
    if (users.length > 0) throw validationError(`Export ${exportName} cannot be deleted as it is in use by ${users.join(' and ')}`);
  }
  engine.remove(stack.uid, {
    token: paramText(params, 'ClientRequestToken'),
    skip: retained,
    changes: { roleArn: paramText(params, 'RoleARN') ?? stack.roleArn },
  });
}

function cancelUpdate(engine: Engine, params: QueryParams, region: string): undefined {
  const stack = requireStack(engine, params, region, doesNotExist);
  if (stack.status !== 'UPDATE_IN_PROGRESS') {
    throw validationError(`CancelUpdateStack cannot be called from current stack status`);
  }
  engine.cancel(stack.uid);
}

function continueRollback(engine: Engine, params: QueryParams, region: string): object {
  const stack = requireStack(engine, params, region, doesNotExist);
  if (stack.status !== 'UPDATE_ROLLBACK_FAILED') throw stateError(stack, 'continue update rolled back');
  const skip = paramTexts(params, 'ResourcesToSkip');
  const failed = [...engine.parts.store.resources(stack.uid).values()]
    .filter(({ status }) => status === 'UPDATE_FAILED')
    .map(({ logicalId }) => logicalId);
  const wrong = skip.filter((id) => !id.includes('.') && !failed.includes(id));
  if (wrong.length > 0) {
    throw validationError(
      `[${wrong.join(', ')}] cannot be skipped: only resources in the UPDATE_FAILED state can be specified in ResourcesToSkip`,
    );
  }
  engine.rollBack(stack.uid, 'CONTINUE_ROLLBACK', { token: paramText(params, 'ClientRequestToken'), skip });
  return {};
}

function rollBackStack(engine: Engine, params: QueryParams, region: string): object {
  const stack = requireStack(engine, params, region, doesNotExist);
  if (stack.status !== 'CREATE_FAILED' && stack.status !== 'UPDATE_FAILED') throw stateError(stack, 'rolled back');
  if (stack.deploymentConfig?.mode === 'EXPRESS') {
    throw validationError(`RollbackStack is not supported for stack [${stack.name}], whose last operation had deployment mode EXPRESS.`);
  }
  const operation = engine.rollBack(stack.uid, 'ROLLBACK', { token: paramText(params, 'ClientRequestToken') });
  return { StackId: stack.stackId, OperationId: operation.id };
}
