/** Makes change sets: what an operation would do, checked beforehand, with those of nested stacks where they are asked for. */
import { ServiceError } from '../types.ts';
import type { Engine } from './engine.ts';
import { idPart, newChangeSetId, newStackId, physicalName } from './names.ts';
import { nestedChangeFinder, nestedContent } from './nested-stacks.ts';
import { maskSecrets } from './parameters.ts';
import type { EngineParts } from './parts.ts';
import { KNOWN_AFTER_APPLY, type Plan, planChanges, type PlannedResource } from './plan.ts';
import { STACK_TYPE } from './recorder.ts';
import type { ChangeRecord, ChangeSetRecord, StackContent, StackRecord } from './records.ts';
import { newOperation } from './start-operation.ts';
import { failureOf, type Finding, validatePlan } from './validate.ts';
import { compact, stableJson } from './values.ts';

export const NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set.";
const ONLY_FROM_ROOT = 'Only executable from the root change set.';

/** What a request says about the change set itself, and what its nested ones inherit. */
export type ChangeSetWish = Pick<
  ChangeSetRecord,
  | 'name'
  | 'type'
  | 'description'
  | 'roleArn'
  | 'onStackFailure'
  | 'deploymentConfig'
  | 'rollbackConfiguration'
  | 'importExistingResources'
  | 'clientToken'
  | 'includeNestedStacks'
> & { readonly validates: boolean };

/** What the template came to. */
export interface Prepared {
  readonly content: StackContent;
  /** Why the change set fails before it is even planned. */
  readonly reason?: string | undefined;
}

interface Family {
  readonly parent: StackRecord;
  readonly parentId: string;
  readonly rootId: string;
  readonly nestedAs: string;
}

/** Makes a change set for a stack that exists or is to be created in review. */
export function makeChangeSet(
  engine: Engine,
  wish: ChangeSetWish,
  stack: StackRecord | { readonly name: string; readonly region: string; readonly stackId: string },
  { content, reason }: Prepared,
  family?: Family,
): ChangeSetRecord {
  const { recorder, store } = engine.parts;
  const operation = newOperation('CREATE_CHANGESET', { token: wish.clientToken });
  const owner = 'uid' in stack ? stack : engine.reserve({ ...stack, parent: family?.parent }, inReview(content), operation);
  engine.note(owner.uid, operation);
  const { validates, ...members } = wish;
  const id = newChangeSetId(owner.region, wish.name);
  const draft = {
    ...members,
    id,
    uid: idPart(id),
    stackUid: owner.uid,
    content,
    creationTime: new Date().toISOString(),
    operationId: operation.id,
    parentId: family?.parentId,
    rootId: family?.rootId,
    nestedAs: family?.nestedAs,
  };
  const plan = reason === undefined ? planned(engine, wish, owner, content) : { problem: reason };
  const findings = validates && plan.plan !== undefined ? validatePlan(engine.parts, owner.region, plan.plan.resources) : [];
  for (const finding of findings) recorder.validation(owner.uid, operation, eventOf(finding, content));
  const children = wish.includeNestedStacks && plan.plan !== undefined ? nested(engine, wish, owner, draft, plan.plan) : [];
  const problem =
    plan.problem ?? failureOf(findings) ?? childProblem(children) ?? (plan.plan?.hasChanges === false ? NO_CHANGES : undefined);
  const record: ChangeSetRecord = compact({
    ...draft,
    status: problem === undefined ? 'CREATE_COMPLETE' : 'FAILED',
    statusReason: problem ?? (family === undefined ? undefined : ONLY_FROM_ROOT),
    executionStatus: problem === undefined && family === undefined ? 'AVAILABLE' : 'UNAVAILABLE',
    changes: withChildren(plan.plan?.changes ?? [], children),
  });
  store.saveChangeSet(record);
  recorder.operationStatus(owner.uid, operation, problem === undefined ? 'SUCCEEDED' : 'FAILED', problem);
  return record;
}

/** A stack in review has no template yet. */
function inReview(content: StackContent): StackContent {
  return { ...content, templateBody: '', processed: {}, parameters: [], outputs: [], warnings: {} };
}

function planned(
  engine: Engine,
  wish: ChangeSetWish,
  owner: StackRecord,
  content: StackContent,
): { readonly plan?: Plan; readonly problem?: string | undefined } {
  const stack = wish.type === 'CREATE' ? undefined : owner;
  const { name, notificationArns: _old, region, stackId } = owner;
  const identity = { stackName: name, stackId, region, notificationArns: content.notificationArns };
  try {
    const options = { changedNestedStack: nestedChangeFinder(engine, stack), importsExisting: wish.importExistingResources };
    const plan = planChanges(engine.parts, stack, content, identity, options);
    return { plan, problem: importProblem(engine.parts, plan.resources) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { problem: error.message };
  }
}

/** Imported resources have to stay when the stack goes. */
function importProblem(parts: EngineParts, resources: readonly PlannedResource[]): string | undefined {
  const loose = resources.filter(
    ({ change, deletionPolicy }) => change.action === 'Import' && deletionPolicy !== 'Retain' && deletionPolicy !== 'RetainExceptOnCreate',
  );
  if (loose.length === 0) return undefined;
  const affected = loose.map(({ change: { logicalId, physicalId, type } }) => {
    return `${logicalId} ({${parts.providerFor(type).live?.nameProperty ?? 'Id'}=${physicalId}})`;
  });
  return `CloudFormation is attempting to import some resources because they already exist in your account. The resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template for successful import. The affected resources are ${affected.join(', ')}`;
}

function eventOf({ logicalId, physicalId, type, name, reason, path, mode }: Finding, { parameters }: StackContent) {
  const shown = (text: string) => maskSecrets(text, parameters);
  const known = physicalId === undefined ? undefined : shown(physicalId);
  return { logicalId, physicalId: known, type, validation: { name, reason: shown(reason), path, mode } };
}

interface Child {
  readonly logicalId: string;
  readonly changeSet: ChangeSetRecord;
  readonly stackId: string;
}

/** Change sets of the nested stacks that the plan makes or changes. */
function nested(
  engine: Engine,
  wish: ChangeSetWish,
  owner: StackRecord,
  own: Pick<ChangeSetRecord, 'id' | 'rootId' | 'content'>,
  plan: Plan,
): readonly Child[] {
  const parent = { ...owner, ...own.content };
  return plan.resources.flatMap(({ change, properties }): Child[] => {
    if (change.type !== STACK_TYPE || properties === undefined || change.action === 'Remove') return [];
    const { logicalId } = change;
    const existing = change.physicalId === undefined ? undefined : engine.parts.store.stack(idPart(change.physicalId));
    const name = existing?.name ?? physicalName(owner.name, logicalId);
    const target = existing ?? { name, region: owner.region, stackId: newStackId(owner.region, name) };
    const type = existing === undefined ? ('CREATE' as const) : ('UPDATE' as const);
    const prepared = prepareNested(engine, properties, parent, { ...target, previous: existing });
    if (prepared === undefined) return [];
    const childWish = { ...wish, type, name: physicalName(wish.name, logicalId), clientToken: undefined, description: undefined };
    const family = { parent: owner, parentId: own.id, rootId: own.rootId ?? own.id, nestedAs: logicalId };
    const changeSet = makeChangeSet(engine, childWish, target, prepared, family);
    return [{ logicalId, changeSet, stackId: target.stackId }];
  });
}

/** Undefined when what is known only later decides whether the nested template can be read. */
function prepareNested(
  engine: Engine,
  properties: Readonly<Record<string, unknown>>,
  parent: StackRecord,
  child: { readonly name: string; readonly stackId: string; readonly previous: StackRecord | undefined },
): Prepared | undefined {
  try {
    return { content: nestedContent(engine, properties, parent, child) };
  } catch (error) {
    if (stableJson(properties).includes(KNOWN_AFTER_APPLY)) return undefined;
    if (!(error instanceof ServiceError)) throw error;
    return { content: inReview(child.previous ?? parent), reason: error.message };
  }
}

/** A nested stack without changes does not fail its parent. */
function childProblem(children: readonly Child[]): string | undefined {
  const failed = children.find(({ changeSet }) => changeSet.status === 'FAILED' && changeSet.statusReason !== NO_CHANGES);
  return failed === undefined ? undefined : `Nested change set ${failed.changeSet.id} was not successfully created: Currently in FAILED.`;
}

function withChildren(changes: readonly ChangeRecord[], children: readonly Child[]): readonly ChangeRecord[] {
  const byId = new Map(children.map((child) => [child.logicalId, child]));
  return changes.map((change) => {
    const child = byId.get(change.logicalId);
    return child === undefined ? change : { ...change, physicalId: child.stackId, changeSetId: child.changeSet.id };
  });
}

/** A change set with those of its nested stacks, the deepest last. */
export function withDescendants(engine: Engine, changeSet: ChangeSetRecord): readonly ChangeSetRecord[] {
  const children = [...engine.parts.store.allChangeSets()].filter(({ parentId }) => parentId === changeSet.id);
  return [changeSet, ...children.flatMap((child) => withDescendants(engine, child))];
}

/** Deletes a change set and those of its nested stacks, with the nested stacks that are in review only because of them. */
export function dropChangeSets(engine: Engine, root: ChangeSetRecord): void {
  for (const { parentId, stackUid, uid } of withDescendants(engine, root)) {
    engine.parts.store.dropChangeSet(uid);
    const isOrphan = parentId !== undefined && engine.parts.store.stack(stackUid)?.status === 'REVIEW_IN_PROGRESS';
    if (isOrphan && engine.parts.store.changeSets(stackUid).length === 0) engine.remove(stackUid, {});
  }
}
