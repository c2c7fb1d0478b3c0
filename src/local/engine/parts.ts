/** What the steps of an operation share. */
import type { ResourceContext, ResourceProvider, ResourceState } from '../types.ts';
import { LOCAL_ACCOUNT_ID } from '../types.ts';
import { bindTemplate, type BoundTemplate } from './bound-template.ts';
import type { ResourceView, Scope } from './intrinsics.ts';
import { validationError } from './parse-template.ts';
import { parameterValue } from './parameters.ts';
import { pseudoParameters, type StackIdentity } from './pseudo.ts';
import { recordedAttribute } from './recorded.ts';
import type { Recorder } from './recorder.ts';
import type { ResourceRecord, StackContent, StackRecord } from './records.ts';
import type { StackStore } from './stack-store.ts';
import { asDict } from './values.ts';

/** What providers of the engine itself get besides the contract. */
export interface EngineContext extends ResourceContext {
  /** Tells the physical id before the creation is over. */
  readonly initiated: (physicalId: string) => void;
}

export interface EngineParts {
  readonly store: StackStore;
  readonly recorder: Recorder;
  /** The provider of a type, or the one that only records it. */
  providerFor(type: string): ResourceProvider;
  /** Whether nothing stands behind a resource; of custom resources the properties decide. */
  isRecorded(type: string, properties: Readonly<Record<string, unknown>>): boolean;
  /** The physical id that a resource would have because its properties name it. */
  nameOf(type: string, properties: Readonly<Record<string, unknown>>): string | undefined;
  log(message: string): void;
}

/** One operation on one stack. */
export interface Run {
  readonly uid: string;
  readonly bound: BoundTemplate;
  readonly scope: Scope;
  readonly signal: AbortSignal;
}

export function stackOf(parts: EngineParts, uid: string): StackRecord {
  const stack = parts.store.stack(uid);
  if (stack === undefined) throw new Error(`No record of stack ${uid}`);
  return stack;
}

export function identityOf(stack: StackRecord): StackIdentity {
  return { stackName: stack.name, stackId: stack.stackId, region: stack.region, notificationArns: stack.notificationArns };
}

/** Who exports a name in a region, among the stacks that are alive. */
export function findExport(store: StackStore, region: string, name: string): { stack: StackRecord; value: string } | undefined {
  for (const stack of store.stacks()) {
    if (stack.region !== region || stack.status === 'DELETE_COMPLETE') continue;
    const output = stack.outputs.find(({ exportName }) => exportName === name);
    if (output !== undefined) return { stack, value: output.value };
  }
  return undefined;
}

/** The stack that has a physical resource of a type, and under which logical id. */
export function ownerOf(
  store: StackStore,
  type: string,
  physicalId: string,
  region: string,
): { readonly stack: StackRecord; readonly record: ResourceRecord } | undefined {
  for (const stack of store.stacks()) {
    if (stack.region !== region || stack.status === 'DELETE_COMPLETE') continue;
    for (const record of store.resources(stack.uid).values()) {
      const isGone = record.status === 'DELETE_COMPLETE' || record.status === 'DELETE_SKIPPED';
      if (record.physicalId === physicalId && record.type === type && !isGone) return { stack, record };
    }
  }
  return undefined;
}

/** A scope for a stack's content; `resource` answers for its resources. */
export function scopeOf(
  parts: Pick<EngineParts, 'store'>,
  content: StackContent,
  identity: StackIdentity,
  resource: (logicalId: string) => ResourceView | undefined,
): Scope {
  const values = new Map(pseudoParameters(identity));
  for (const parameter of content.parameters) values.set(parameter.key, parameterValue(parameter));
  return {
    region: identity.region,
    values,
    mappings: asDict(content.processed['Mappings']),
    conditions: asDict(content.processed['Conditions']),
    resource,
    importValue(name) {
      const found = findExport(parts.store, identity.region, name);
      if (found === undefined) throw validationError(`No export named ${name} found`);
      return found.value;
    },
  };
}

/** How a resource that exists answers to references. */
export function viewOf(parts: Pick<EngineParts, 'isRecorded'>, record: ResourceRecord, region: string): ResourceView | undefined {
  const { physicalId, type, attributes, properties } = record;
  if (physicalId === undefined) return undefined;
  return {
    ref: physicalId,
    type,
    attribute: (name) =>
      parts.isRecorded(type, properties)
        ? recordedAttribute(type, physicalId, attributes, properties, name, region)
        : nested(attributes, name),
  };
}

/** `Endpoint.Address` is a dotted name, or a member of a member. */
function nested(attributes: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(attributes, name)) return attributes[name];
  return name.split('.').reduce<unknown>((value, part) => asDict(value)[part], attributes);
}

/** The run of an operation, its references answered from the records as they change. */
export function runOf(parts: EngineParts, uid: string, signal: AbortSignal): Run {
  const stack = stackOf(parts, uid);
  const scope = scopeOf(parts, stack, identityOf(stack), (logicalId) => {
    const record = parts.store.resources(uid).get(logicalId);
    return record === undefined ? undefined : viewOf(parts, record, stack.region);
  });
  return { uid, bound: bindTemplate(stack.processed, scope), scope, signal };
}

export function contextFor(parts: EngineParts, uid: string, logicalId: string, signal: AbortSignal): EngineContext {
  const stack = stackOf(parts, uid);
  return {
    stackName: stack.name,
    stackId: stack.stackId,
    logicalId,
    region: stack.region,
    accountId: LOCAL_ACCOUNT_ID,
    tags: stack.tags,
    signal,
    initiated: () => {},
  };
}

/** A record as a provider wants it; undefined before it has a physical id. */
export function stateOf(record: ResourceRecord): ResourceState | undefined {
  const { physicalId, attributes, properties } = record;
  return physicalId === undefined ? undefined : { physicalId, attributes, properties };
}
