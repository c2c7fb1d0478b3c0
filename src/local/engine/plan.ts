/** What a change set says an operation would do. Pure: nothing is touched. */
import { decideUpdate, isTagged } from './apply-resource.ts';
import type { BoundResource, BoundTemplate } from './bound-template.ts';
import { NO_VALUE, resolveValue, type ResourceView, type Scope } from './intrinsics.ts';
import { type EngineParts, ownerOf, viewOf } from './parts.ts';
import { maskSecrets, type ParameterRecord } from './parameters.ts';
import { validationError } from './parse-template.ts';
import { bindContent } from './prepare.ts';
import type { StackIdentity } from './pseudo.ts';
import type { ChangeDetail, ChangeRecord, ResourceRecord, StackContent, StackRecord } from './records.ts';
import { isThere } from './rollback.ts';
import { referencesIn } from './references.ts';
import { type Dict, sameValue, scalarText, stableJson } from './values.ts';

/** CloudFormation's own placeholder for a value that only the operation will tell. */
export const KNOWN_AFTER_APPLY = '{{changeSet:KNOWN_AFTER_APPLY}}';

export interface Plan {
  readonly changes: readonly ChangeRecord[];
  /** False when an operation would have nothing at all to do. */
  readonly hasChanges: boolean;
  readonly resources: readonly PlannedResource[];
}

/** A change with what it comes from. */
export interface PlannedResource {
  readonly change: ChangeRecord;
  /** As they would be applied; undefined for a removal. */
  readonly properties?: Dict | undefined;
  /** As the stack has it. */
  readonly record?: ResourceRecord | undefined;
  readonly deletionPolicy?: string | undefined;
}

export interface PlanOptions {
  readonly changedNestedStack: (record: ResourceRecord, properties: Dict) => boolean;
  /** Resources that exist under the name which the template gives them are taken over. */
  readonly importsExisting?: boolean | undefined;
}

interface Planning {
  readonly parts: EngineParts;
  readonly stack: StackRecord | undefined;
  readonly content: StackContent;
  readonly bound: BoundTemplate;
  readonly scope: Scope;
  readonly records: ReadonlyMap<string, ResourceRecord>;
  /** Resources whose identity the operation makes or changes. */
  readonly unknown: Set<string>;
  readonly options: PlanOptions;
}

/** Throws ServiceError `ValidationError`, e.g. when a resource would change its type. */
export function planChanges(
  parts: EngineParts,
  stack: StackRecord | undefined,
  content: StackContent,
  identity: StackIdentity,
  options: PlanOptions,
): Plan {
  const records = new Map([...(stack === undefined ? [] : parts.store.resources(stack.uid))].filter(([, record]) => isThere(record)));
  const unknown = new Set<string>();
  const { bound, scope } = bindContent(parts, content, identity, (id) =>
    plannedView(parts, records.get(id), bound.resources.get(id), unknown, identity),
  );
  const planning: Planning = { parts, stack, content, bound, scope, records, unknown, options };
  checkTypes(planning);
  const changes = inOrder(bound).flatMap((resource) => planResource(planning, resource) ?? []);
  const removed = [...records.values()].filter(({ logicalId }) => !bound.resources.has(logicalId)).map(planRemoval);
  const all = [...changes, ...removed].toSorted((a, b) => (a.change.logicalId < b.change.logicalId ? -1 : 1));
  const secrets = [...content.parameters, ...(stack?.parameters ?? [])];
  return {
    resources: all,
    changes: all.map(({ change }) => withoutSecrets(change, secrets)),
    hasChanges: all.length > 0 || outputsChanged(planning) || stackChanged(planning),
  };
}

function withoutSecrets(change: ChangeRecord, parameters: readonly ParameterRecord[]): ChangeRecord {
  const shown = (text: string | undefined) => (text === undefined ? undefined : maskSecrets(text, parameters));
  const details = change.details.map((detail) => ({ ...detail, before: shown(detail.before), after: shown(detail.after) }));
  return { ...change, details, before: shown(change.before), after: shown(change.after) };
}

function plannedView(
  parts: EngineParts,
  record: ResourceRecord | undefined,
  wanted: BoundResource | undefined,
  unknown: ReadonlySet<string>,
  identity: StackIdentity,
): ResourceView | undefined {
  const known = record === undefined || unknown.has(record.logicalId) ? undefined : viewOf(parts, record, identity.region);
  if (known !== undefined) return { ...known, attribute: (name) => known.attribute(name) ?? KNOWN_AFTER_APPLY };
  return wanted === undefined ? undefined : { ref: KNOWN_AFTER_APPLY, type: wanted.type, attribute: () => KNOWN_AFTER_APPLY };
}

function checkTypes({ bound, records }: Planning): void {
  const changed = [...bound.resources.values()].filter(({ logicalId, type }) => (records.get(logicalId)?.type ?? type) !== type);
  if (changed.length > 0) throw typeChangeError(changed.map(({ logicalId }) => logicalId));
}

/** Resources after those that they depend on. */
function inOrder(bound: BoundTemplate): readonly BoundResource[] {
  const sorted = new Map<string, BoundResource>();
  const visit = (resource: BoundResource): void => {
    if (sorted.has(resource.logicalId)) return;
    for (const id of resource.dependsOn) {
      const dependency = bound.resources.get(id);
      if (dependency !== undefined) visit(dependency);
    }
    sorted.set(resource.logicalId, resource);
  };
  for (const resource of bound.resources.values()) visit(resource);
  return [...sorted.values()];
}

function planResource(planning: Planning, wanted: BoundResource): PlannedResource | undefined {
  const record = planning.records.get(wanted.logicalId);
  const properties = plannedProperties(wanted.properties, planning.scope);
  const { logicalId, type } = wanted;
  const { deletionPolicy } = wanted;
  if (record?.physicalId === undefined) {
    planning.unknown.add(logicalId);
    const importedId = existingId(planning, type, properties);
    const action = importedId === undefined ? 'Add' : 'Import';
    const after = stableJson({ Properties: properties });
    const change: ChangeRecord = { action, logicalId, type, physicalId: importedId, scope: [], details: [], after };
    return { change, properties, deletionPolicy };
  }
  const decision = decideUpdate(planning.parts, type, record, properties);
  const details = [
    ...decision.changed.map((name) => propertyDetail(planning, wanted, record, properties, name)),
    ...otherDetails(planning, wanted, record, properties),
  ];
  if (details.length === 0) return undefined;
  const replacement = replacementOf(details);
  if (replacement !== 'False') planning.unknown.add(logicalId);
  const change: ChangeRecord = {
    action: 'Modify',
    logicalId,
    type,
    physicalId: record.physicalId,
    replacement,
    scope: [...new Set(details.map(({ attribute }) => attribute))],
    details,
    before: stableJson({ Properties: record.properties }),
    after: stableJson({ Properties: properties }),
    ...(replacement === 'False' ? {} : { policyAction: wanted.updateReplacePolicy === 'Retain' ? 'ReplaceAndRetain' : 'ReplaceAndDelete' }),
  };
  return { change, properties, record, deletionPolicy };
}

/** The physical id of a resource that is there already and belongs to no stack, where those are to be imported. */
function existingId({ parts, options, scope }: Planning, type: string, properties: Dict): string | undefined {
  const name = options.importsExisting === true ? parts.nameOf(type, properties) : undefined;
  if (name === undefined || parts.providerFor(type).live?.read(name, scope.region) === undefined) return undefined;
  return ownerOf(parts.store, type, name, scope.region) === undefined ? name : undefined;
}

/** Like resolving, but what cannot be computed from unknown values is unknown too. */
function plannedProperties(properties: Dict, scope: Scope): Dict {
  const planned: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(properties)) {
    const resolved = tryResolve(value, scope);
    if (resolved !== NO_VALUE) planned[name] = resolved;
  }
  return planned;
}

function tryResolve(value: unknown, scope: Scope): unknown {
  try {
    return resolveValue(value, scope);
  } catch (error) {
    if (stableJson(value).includes('Fn::ImportValue')) throw error;
    return KNOWN_AFTER_APPLY;
  }
}

function propertyDetail(planning: Planning, wanted: BoundResource, record: ResourceRecord, properties: Dict, name: string): ChangeDetail {
  const [before, after] = [record.properties[name], properties[name]];
  const dynamic = stableJson(after ?? null).includes(KNOWN_AFTER_APPLY);
  const createOnly = planning.parts.providerFor(wanted.type).createOnlyProperties.includes(name);
  return {
    attribute: name === 'Tags' ? 'Tags' : 'Properties',
    name: name === 'Tags' ? undefined : name,
    requiresRecreation: createOnly ? (dynamic ? 'Conditionally' : 'Always') : 'Never',
    evaluation: dynamic ? 'Dynamic' : 'Static',
    path: `/Properties/${name}`,
    before: before === undefined ? undefined : (scalarText(before) ?? stableJson(before)),
    after: after === undefined ? undefined : (scalarText(after) ?? stableJson(after)),
    changeType: before === undefined ? 'Add' : after === undefined ? 'Remove' : 'Modify',
    ...causeOf(planning, wanted.properties[name]),
  };
}

/** What makes the value differ: a parameter with another value, a resource that changes, or the template itself. */
function causeOf({ stack, content, unknown }: Planning, value: unknown): Pick<ChangeDetail, 'source' | 'causingEntity'> {
  const { refs, attributes } = referencesIn(value);
  const attribute = [...attributes].find((name) => unknown.has(name));
  if (attribute !== undefined) return { source: 'ResourceAttribute', causingEntity: attribute };
  const reference = [...refs].find((name) => unknown.has(name));
  if (reference !== undefined) return { source: 'ResourceReference', causingEntity: reference };
  const parameter = content.parameters.find(
    ({ key, value: now }) => refs.has(key) && stack?.parameters.find((old) => old.key === key)?.value !== now,
  );
  if (parameter !== undefined) return { source: 'ParameterReference', causingEntity: parameter.key };
  return { source: 'DirectModification' };
}

function otherDetails(planning: Planning, wanted: BoundResource, record: ResourceRecord, properties: Dict): readonly ChangeDetail[] {
  const plain = { requiresRecreation: 'Never', evaluation: 'Static', source: 'DirectModification' } as const;
  const details: ChangeDetail[] = [];
  if (!sameValue(wanted.metadata, record.metadata)) details.push({ ...plain, attribute: 'Metadata' });
  if (wanted.deletionPolicy !== record.deletionPolicy) details.push({ ...plain, attribute: 'DeletionPolicy' });
  if (wanted.updateReplacePolicy !== record.updateReplacePolicy) details.push({ ...plain, attribute: 'UpdateReplacePolicy' });
  const tagsChanged = planning.stack !== undefined && !sameValue(planning.stack.tags, planning.content.tags);
  if (tagsChanged && isTagged(wanted.type)) details.push({ ...plain, attribute: 'Tags' });
  if (record.status.endsWith('_FAILED') && details.length === 0) details.push({ ...plain, attribute: 'Properties', evaluation: 'Dynamic' });
  if (wanted.type === 'AWS::CloudFormation::Stack' && planning.options.changedNestedStack(record, properties)) {
    details.push({ ...plain, attribute: 'Properties', evaluation: 'Dynamic', source: 'Automatic' });
  }
  return details;
}

function replacementOf(details: readonly ChangeDetail[]): 'True' | 'False' | 'Conditional' {
  if (details.some(({ requiresRecreation }) => requiresRecreation === 'Always')) return 'True';
  return details.some(({ requiresRecreation }) => requiresRecreation === 'Conditionally') ? 'Conditional' : 'False';
}

function planRemoval(record: ResourceRecord): PlannedResource {
  const { logicalId, physicalId, type, deletionPolicy, properties } = record;
  const policyAction = deletionPolicy === 'Delete' ? 'Delete' : deletionPolicy === 'Snapshot' ? 'Snapshot' : 'Retain';
  const before = stableJson({ Properties: properties });
  return { change: { action: 'Remove', logicalId, physicalId, type, scope: [], details: [], policyAction, before }, record };
}

function outputsChanged({ stack, bound, scope }: Planning): boolean {
  if (stack === undefined) return true;
  const before = stack.outputs.map(({ key, value, description, exportName }) => ({ key, value, description, exportName }));
  const after = bound.outputs.map(({ key, value, description, exportName }) => ({
    key,
    value: scalarText(tryResolve(value, scope)) ?? KNOWN_AFTER_APPLY,
    description,
    exportName: exportName === undefined ? undefined : scalarText(tryResolve(exportName, scope)),
  }));
  const sorted = (list: readonly { key: string }[]) => list.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return !sameValue(sorted(before), sorted(after));
}

function stackChanged({ stack, content }: Planning): boolean {
  return stack === undefined || stack.status.endsWith('_FAILED') || !sameValue(stack.tags, content.tags);
}

/** The refusal of another type for the same logical id. */
export function typeChangeError(ids: readonly string[]): Error {
  return validationError(
    `Update of resource type is not permitted. The new template modifies resource type of the following resources: [${ids.join(', ')}]`,
  );
}
