/** Brings one resource to what the template says: creates it, changes it in place, replaces it, or leaves it alone. */
import type { ResourceOutcome } from '../types.ts';
import type { BoundResource } from './bound-template.ts';
import { CustomResourceFailure, failureReason, resolving, TemplateFailure } from './failure.ts';
import { resolveValue } from './intrinsics.ts';
import { contextFor, type EngineParts, type Run, stackOf, stateOf } from './parts.ts';
import { recordedReason } from './recorded.ts';
import type { OldResource, ResourceRecord } from './records.ts';
import { policyDenial } from './stack-policy.ts';
import { asDict, type Dict, sameValue } from './values.ts';

/** Types whose stack tags are carried on to the resource, so that changed stack tags change it. */
const TAGGED =
  /^AWS::(?:Lambda::Function|IAM::Role|ApiGateway::(?:RestApi|Stage)|ApiGatewayV2::(?:Api|Stage)|Logs::LogGroup|S3::Bucket|CloudFormation::Stack)$/;

export function isTagged(type: string): boolean {
  return TAGGED.test(type);
}

/** Rejects when the resource failed; its record and event then say why. */
export async function applyResource(parts: EngineParts, run: Run, logicalId: string, signal: AbortSignal): Promise<void> {
  const wanted = run.bound.resources.get(logicalId);
  if (wanted === undefined) throw new Error(`No resource ${logicalId} in the template`);
  const current = parts.store.resources(run.uid).get(logicalId);
  const existing = stackOf(parts, run.uid).operation?.imports?.[logicalId];
  if (current?.physicalId === undefined && existing !== undefined) importResource(parts, run, wanted, existing);
  else if (current?.physicalId === undefined) await createResource(parts, run, wanted, current, signal);
  else await updateResource(parts, run, wanted, current, signal);
}

function templatePart(wanted: BoundResource) {
  const { logicalId, type, metadata, deletionPolicy, updateReplacePolicy, dependsOn } = wanted;
  return { logicalId, type, metadata, deletionPolicy, updateReplacePolicy, dependsOn };
}

/** Takes over a resource that is there already, in the words of AWS's imports. Its settings stay as they are. */
function importResource(parts: EngineParts, run: Run, wanted: BoundResource, physicalId: string): void {
  const { operation, region } = stackOf(parts, run.uid);
  const baseline = operation?.kind === 'UPDATE_STACK' ? ('absent' as const) : undefined;
  const base = { ...templatePart(wanted), attributes: {}, properties: {}, baseline };
  parts.recorder.resourceStatus(run.uid, { ...base, status: 'IMPORT_IN_PROGRESS' }, 'Resource import started.');
  let reason = `Resource of type '${wanted.type}' with identifier '${physicalId}' was not found.`;
  try {
    const properties = resolving(() => asDict(resolveValue(wanted.properties, run.scope)));
    const found = parts.providerFor(wanted.type).live?.read(physicalId, region);
    if (found !== undefined) {
      const record = { ...base, physicalId, properties, attributes: found.attributes, imported: true };
      parts.recorder.resourceStatus(run.uid, { ...record, status: 'IMPORT_COMPLETE' }, 'Resource import completed.');
      const applying = 'Apply stack-level tags to imported resource if applicable.';
      parts.recorder.resourceStatus(run.uid, { ...record, status: 'UPDATE_IN_PROGRESS' }, applying);
      return void parts.recorder.resourceStatus(run.uid, { ...record, status: 'UPDATE_COMPLETE' });
    }
  } catch (error) {
    reason = failureReason(error);
  }
  parts.recorder.resourceStatus(run.uid, { ...base, status: 'IMPORT_FAILED' }, reason);
  throw new TemplateFailure(reason);
}

async function createResource(
  parts: EngineParts,
  run: Run,
  wanted: BoundResource,
  before: ResourceRecord | undefined,
  signal: AbortSignal,
): Promise<void> {
  const isUpdate = stackOf(parts, run.uid).operation?.kind === 'UPDATE_STACK';
  const baseline = before?.baseline ?? (isUpdate ? ('absent' as const) : undefined);
  const base = { ...templatePart(wanted), attributes: {}, properties: {}, baseline };
  parts.recorder.resourceStatus(run.uid, { ...base, status: 'CREATE_IN_PROGRESS' });
  let properties: Dict = {};
  let started: string | undefined;
  const initiated = (physicalId: string) => {
    started = physicalId;
    const record = { ...base, properties, physicalId, status: 'CREATE_IN_PROGRESS' };
    parts.recorder.resourceStatus(run.uid, record, 'Resource creation Initiated');
  };
  try {
    properties = resolving(() => asDict(resolveValue(wanted.properties, run.scope)));
    const context = { ...contextFor(parts, run.uid, wanted.logicalId, signal), initiated };
    const outcome = await parts.providerFor(wanted.type).create(properties, context);
    if (started === undefined) initiated(outcome.physicalId);
    started = outcome.physicalId;
    finish(parts, run, { ...base, ...outcome, properties }, 'CREATE', signal);
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    const reason = signal.aborted ? 'Resource creation cancelled' : failureReason(error);
    const physicalId = started ?? (error instanceof CustomResourceFailure ? error.physicalId : undefined);
    parts.recorder.resourceStatus(run.uid, { ...base, properties, physicalId, status: 'CREATE_FAILED' }, reason);
    throw error;
  }
}

/** The resource is there, but another failed meanwhile. */
class Cancelled extends Error {}

function finish(
  parts: EngineParts,
  run: Run,
  { remarks, ...record }: Omit<ResourceRecord, 'timestamp' | 'status'> & Pick<ResourceOutcome, 'remarks'>,
  verb: 'CREATE' | 'UPDATE',
  signal: AbortSignal,
): void {
  if (signal.aborted) {
    const reason = verb === 'CREATE' ? 'Resource creation cancelled' : 'Resource update cancelled';
    parts.recorder.resourceStatus(run.uid, { ...record, status: `${verb}_FAILED` }, reason);
    throw new Cancelled(reason);
  }
  parts.recorder.resourceStatus(run.uid, { ...record, status: `${verb}_COMPLETE` }, completeReason(parts, run.uid, { ...record, remarks }));
}

const EXPRESS_DONE = 'Resource operation completed using Express Mode. It may continue becoming available in the background.';

/** What a client should know about a finished resource: that it is only recorded, what the transform ignored, what its provider remarks. */
function completeReason(
  parts: EngineParts,
  uid: string,
  record: Pick<ResourceRecord, 'type' | 'logicalId' | 'properties'> & Pick<ResourceOutcome, 'remarks'>,
): string | undefined {
  const { operation, warnings } = stackOf(parts, uid);
  const remarks = [...(warnings[record.logicalId] ?? []), ...(record.remarks ?? [])];
  if (operation?.express === true) remarks.push(EXPRESS_DONE);
  if (parts.isRecorded(record.type, record.properties)) remarks.unshift(recordedReason(record.type));
  return remarks.length === 0 ? undefined : remarks.join('; ');
}

export interface UpdateDecision {
  readonly changed: readonly string[];
  readonly replaces: boolean;
}

/** Which top-level properties differ, and whether that makes another physical resource. */
export function decideUpdate(parts: EngineParts, type: string, before: ResourceRecord, properties: Dict): UpdateDecision {
  const names = new Set([...Object.keys(before.properties), ...Object.keys(properties)]);
  const changed = [...names].filter((name) => !sameValue(before.properties[name], properties[name]));
  const createOnly = parts.providerFor(type).createOnlyProperties;
  return { changed, replaces: type !== before.type || changed.some((name) => createOnly.includes(name)) };
}

async function updateResource(
  parts: EngineParts,
  run: Run,
  wanted: BoundResource,
  current: ResourceRecord,
  signal: AbortSignal,
): Promise<void> {
  const { baseline: _old, replaced: _gone, ...plain } = current;
  const baseline = current.baseline ?? plain;
  const base = { ...current, ...templatePart(wanted), baseline, drift: undefined };
  let changed = { ...base };
  try {
    const properties = resolving(() => asDict(resolveValue(wanted.properties, run.scope)));
    const decision = decideUpdate(parts, wanted.type, current, properties);
    if (!needsUpdate(parts, run.uid, current, decision)) return parts.recorder.keepResource(run.uid, base);
    parts.recorder.resourceStatus(
      run.uid,
      { ...base, status: 'UPDATE_IN_PROGRESS' },
      decision.replaces ? 'Requested update requires the creation of a new physical resource; hence creating one.' : undefined,
    );
    checkPolicy(parts, run.uid, base, decision.replaces);
    const outcome = await changeOrReplace(parts, run, base, current, properties, decision.replaces, signal);
    changed = { ...base, ...outcome, properties, ...replacedBy(outcome, current) };
    if (decision.replaces)
      parts.recorder.resourceStatus(run.uid, { ...changed, status: 'UPDATE_IN_PROGRESS' }, 'Resource creation Initiated');
    finish(parts, run, changed, 'UPDATE', signal);
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    const reason = signal.aborted ? 'Resource update cancelled' : failureReason(error);
    parts.recorder.resourceStatus(run.uid, { ...changed, status: 'UPDATE_FAILED' }, reason);
    throw error;
  }
}

const REPLACEMENT_WITHOUT_ROLLBACK = 'Replacement type updates not supported on stack with disable-rollback.';

function checkPolicy(parts: EngineParts, uid: string, { logicalId, type }: ResourceRecord, replaces: boolean): void {
  const { operation, stackPolicy } = stackOf(parts, uid);
  if (replaces && operation?.onFailure === 'DO_NOTHING') throw new TemplateFailure(REPLACEMENT_WITHOUT_ROLLBACK);
  const denial = policyDenial(operation?.stackPolicy ?? stackPolicy, replaces ? 'Update:Replace' : 'Update:Modify', logicalId, type);
  if (denial !== undefined) throw new TemplateFailure(denial);
}

function needsUpdate(parts: EngineParts, uid: string, current: ResourceRecord, decision: UpdateDecision): boolean {
  if (decision.changed.length > 0 || decision.replaces || current.status.endsWith('_FAILED')) return true;
  const stack = stackOf(parts, uid);
  const tagsChanged = stack.baseline !== undefined && !sameValue(stack.tags, stack.baseline.tags);
  return (tagsChanged && isTagged(current.type)) || current.type === 'AWS::CloudFormation::Stack';
}

function changeOrReplace(
  parts: EngineParts,
  run: Run,
  base: ResourceRecord,
  current: ResourceRecord,
  properties: Dict,
  replaces: boolean,
  signal: AbortSignal,
): Promise<ResourceOutcome> {
  const provider = parts.providerFor(base.type);
  const context = contextFor(parts, run.uid, base.logicalId, signal);
  const state = stateOf(current);
  if (replaces || state === undefined) return provider.create(properties, context);
  return provider.update(state, properties, context);
}

/** The physical resource that this update leaves behind, if it does. */
function replacedBy(outcome: ResourceOutcome, current: ResourceRecord): { readonly replaced?: readonly OldResource[] } {
  const { physicalId, attributes, properties, type } = current;
  if (physicalId === undefined || physicalId === outcome.physicalId) return {};
  const old = { physicalId, attributes, properties, type, policy: current.updateReplacePolicy };
  return { replaced: [...(current.replaced ?? []), old] };
}
