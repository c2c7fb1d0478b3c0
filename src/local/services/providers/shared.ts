/** Helpers of the resource providers. */
import { randomBytes } from 'node:crypto';
import type { ResourceContext, ResourceOutcome, ResourceProvider, ResourceState } from '../../types.ts';
import { ServiceError } from '../../types.ts';

export type Properties = Readonly<Record<string, unknown>>;

/** A text property; undefined when absent. */
export function text(properties: Properties, name: string): string | undefined {
  const value = properties[name];
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A text property that must be there. Throws ServiceError in CloudFormation's words. */
export function required(properties: Properties, name: string): string {
  const value = text(properties, name);
  if (value === undefined || value === '')
    throw new ServiceError('ValidationException', `Model validation failed (#: required key [${name}] not found)`);
  return value;
}

export function members(properties: Properties, name: string): Properties {
  const value = properties[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : {};
}

/** Tags of the stack, of CloudFormation and of the resource (a list of Key and Value, or a map), the last one wins. */
export function tagsOf(properties: Properties, context: ResourceContext): Readonly<Record<string, string>> {
  const own = properties['Tags'];
  const list = Array.isArray(own)
    ? (own as { Key?: unknown; Value?: unknown }[]).map(({ Key, Value }) => [String(Key), String(Value)])
    : [];
  const map = Array.isArray(own) ? [] : Object.entries(members(properties, 'Tags')).map(([key, value]) => [key, String(value)]);
  return {
    ...context.tags,
    'aws:cloudformation:stack-name': context.stackName,
    'aws:cloudformation:stack-id': context.stackId,
    'aws:cloudformation:logical-id': context.logicalId,
    ...(Object.fromEntries([...list, ...map]) as Record<string, string>),
  };
}

/** An id as API Gateway makes it: small letters and digits. */
export function shortId(length = 10): string {
  return [...randomBytes(length)].map((byte) => 'abcdefghijklmnopqrstuvwxyz0123456789'[byte % 36]).join('');
}

/** A provider for a type whose update is nothing but another creation under the same id. */
export function simpleProvider(
  type: string,
  createOnlyProperties: readonly string[],
  deeds: {
    readonly create: (properties: Properties, context: ResourceContext) => ResourceOutcome | Promise<ResourceOutcome>;
    readonly update?: (
      current: ResourceState,
      properties: Properties,
      context: ResourceContext,
    ) => ResourceOutcome | Promise<ResourceOutcome>;
    readonly delete?: (current: ResourceState, context: ResourceContext) => void | Promise<void>;
  },
): ResourceProvider {
  return {
    type,
    createOnlyProperties,
    create: async (properties, context) => await deeds.create(properties, context),
    update: async (current, properties, context) =>
      deeds.update === undefined
        ? { physicalId: current.physicalId, attributes: current.attributes }
        : await deeds.update(current, properties, context),
    delete: async (current, context) => await deeds.delete?.(current, context),
  };
}
