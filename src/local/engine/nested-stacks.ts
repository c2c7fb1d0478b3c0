/** AWS::CloudFormation::Stack: a stack as a resource of another. */
import { type ResourceOutcome, type ResourceProvider, ServiceError } from '../types.ts';
import { TemplateFailure } from './failure.ts';
import type { Engine, StartOptions } from './engine.ts';
import { physicalName } from './names.ts';
import type { GivenParameter } from './parameters.ts';
import { type EngineContext, identityOf, stackOf } from './parts.ts';
import { planChanges } from './plan.ts';
import { prepareContent } from './prepare.ts';
import { STACK_TYPE } from './recorder.ts';
import type { ChangeSetRecord, ResourceRecord, StackContent, StackRecord } from './records.ts';
import { idPart } from './names.ts';
import { asDict, asList, type Dict, sameValue, scalarText } from './values.ts';

export function nestedStackProvider(engine: Engine): ResourceProvider {
  return {
    type: STACK_TYPE,
    createOnlyProperties: [],
    create: (properties, context) => createNested(engine, properties, context as EngineContext),
    update: (current, properties, context) => updateNested(engine, current.physicalId, properties, context),
    async delete(current) {
      const uid = idPart(current.physicalId);
      const child = engine.parts.store.stack(uid);
      if (child === undefined || child.status === 'DELETE_COMPLETE') return;
      engine.remove(uid, {});
      await engine.wait(uid);
      const { status, statusReason } = stackOf(engine.parts, uid);
      if (status !== 'DELETE_COMPLETE')
        throw new TemplateFailure(`Embedded stack ${current.physicalId} was not successfully deleted: ${statusReason ?? status}`);
    },
  };
}

/** The content a nested stack would have with these properties. Throws ServiceError. */
export function nestedContent(
  engine: Engine,
  properties: Dict,
  parent: StackRecord,
  child: { name: string; stackId: string; previous?: StackRecord | undefined },
): StackContent {
  const location = scalarText(properties['TemplateURL']);
  if (location === undefined) throw new ServiceError('ValidationError', 'Property TemplateURL is required');
  const own = Object.fromEntries(asList(properties['Tags']).map((tag) => [String(asDict(tag)['Key']), String(asDict(tag)['Value'])]));
  return prepareContent(
    { store: engine.parts.store, readText: engine.readText },
    {
      templateBody: engine.readText(location),
      given: Object.entries(asDict(properties['Parameters'])).map(givenParameter),
      previous: child.previous?.parameters ?? [],
      tags: { ...parent.tags, ...own },
      capabilities: parent.capabilities,
      identity: { ...identityOf(parent), stackName: child.name, stackId: child.stackId },
    },
  );
}

function givenParameter([key, value]: [string, unknown]): GivenParameter {
  return { key, value: Array.isArray(value) ? value.join(',') : (scalarText(value) ?? '') };
}

async function createNested(engine: Engine, properties: Dict, context: EngineContext): Promise<ResourceOutcome> {
  const parent = stackOf(engine.parts, idPart(context.stackId));
  const reviewed = reviewedStack(engine, parent, context.logicalId);
  const name = reviewed?.stack.name ?? physicalName(parent.name, context.logicalId);
  const content = nestedContent(engine, properties, parent, { name, stackId: reviewed?.stack.stackId ?? '' });
  const child = engine.create(
    { name, region: parent.region, parent, existing: reviewed?.stack, changeSetId: reviewed?.changeSetId },
    content,
    inherited(parent),
  );
  context.initiated(child.stackId);
  const ended = await waitOrCancel(engine, child.uid, context.signal);
  if (ended.status !== 'CREATE_COMPLETE') {
    throw new TemplateFailure(
      `Embedded stack ${child.stackId} was not successfully created: ${ended.statusReason ?? firstReason(engine, child.uid)}`,
    );
  }
  return outcomeOf(ended);
}

/** The stack that a nested change set has made in review for this one. */
function reviewedStack(
  engine: Engine,
  parent: StackRecord,
  logicalId: string,
): { readonly stack: StackRecord; readonly changeSetId: string } | undefined {
  const changeSet = nestedChangeSet(engine, parent, logicalId);
  const stack = changeSet === undefined ? undefined : engine.parts.store.stack(changeSet.stackUid);
  return changeSet === undefined || stack?.status !== 'REVIEW_IN_PROGRESS' ? undefined : { stack, changeSetId: changeSet.id };
}

/** The change set of a nested stack that belongs to the one which its parent executes. */
function nestedChangeSet(engine: Engine, { changeSetId }: StackRecord, logicalId: string): ChangeSetRecord | undefined {
  if (changeSetId === undefined) return undefined;
  return [...engine.parts.store.allChangeSets()].find(({ nestedAs, parentId }) => nestedAs === logicalId && parentId === changeSetId);
}

/** How the operation on a nested stack follows the one on its parent. */
function inherited({ operation }: StackRecord): StartOptions {
  const onFailure = operation?.onFailure === 'DO_NOTHING' ? 'DO_NOTHING' : 'ROLLBACK';
  return { onFailure, express: operation?.express, changes: { disableRollback: onFailure === 'DO_NOTHING' } };
}

async function waitOrCancel(engine: Engine, uid: string, signal: AbortSignal): Promise<StackRecord> {
  const cancel = () => engine.cancel(uid);
  signal.addEventListener('abort', cancel, { once: true });
  await engine.wait(uid);
  signal.removeEventListener('abort', cancel);
  return stackOf(engine.parts, uid);
}

/** The reason given when the stack turned back. */
function firstReason(engine: Engine, uid: string): string {
  const events = engine.parts.store.events(uid);
  return (
    events.findLast((event) => event.type === STACK_TYPE && event.reason !== undefined && event.status.includes('ROLLBACK'))?.reason ?? ''
  );
}

async function updateNested(
  engine: Engine,
  stackId: string,
  properties: Dict,
  context: { readonly stackId: string; readonly logicalId: string; readonly signal: AbortSignal },
): Promise<ResourceOutcome> {
  const child = stackOf(engine.parts, idPart(stackId));
  const parent = stackOf(engine.parts, idPart(context.stackId));
  const content = nestedContent(engine, properties, parent, { name: child.name, stackId, previous: child });
  const plan = planChanges(engine.parts, child, content, identityOf(child), { changedNestedStack: nestedChangeFinder(engine, child) });
  if (!plan.hasChanges) return outcomeOf(child);
  const { changes, ...start } = inherited(parent);
  const changeSetId = nestedChangeSet(engine, parent, context.logicalId)?.id ?? child.changeSetId;
  engine.update(child.uid, content, { ...start, changes: { ...changes, changeSetId } });
  const ended = await waitOrCancel(engine, child.uid, context.signal);
  if (ended.status !== 'UPDATE_COMPLETE') {
    const reason = ended.statusReason ?? firstReason(engine, child.uid);
    throw new TemplateFailure(
      `Embedded stack ${stackId} was not successfully updated. Currently in ${ended.status} with reason: ${reason}`,
    );
  }
  return outcomeOf(ended);
}

function outcomeOf(stack: StackRecord): ResourceOutcome {
  return { physicalId: stack.stackId, attributes: Object.fromEntries(stack.outputs.map(({ key, value }) => [`Outputs.${key}`, value])) };
}

/** Whether a nested stack would change although its resource's properties do not: the template behind its address may be another. */
export function nestedChangeFinder(engine: Engine, parent: StackRecord | undefined): (record: ResourceRecord, properties: Dict) => boolean {
  return (record, properties) => {
    const child = engine.parts.store.stack(idPart(record.physicalId ?? ''));
    if (child === undefined || parent === undefined || !sameValue(record.properties, properties)) return false;
    const content = nestedContent(engine, properties, parent, { name: child.name, stackId: child.stackId, previous: child });
    const options = { changedNestedStack: nestedChangeFinder(engine, child) };
    return planChanges(engine.parts, child, content, identityOf(child), options).hasChanges;
  };
}
