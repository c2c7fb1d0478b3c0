import type { Architecture, FunctionHandler } from '../artifacts/types.ts';
import { knownText, referenceError, referenceOf, type KnownTemplate, type Search } from './collect.ts';
import { globalsOf, isIntrinsic, type ResourceEntry } from './read.ts';
import type { JsonObject, JsonValue, Path } from './types.ts';
import { isMap, member } from './value.ts';

/** A property of a resource, or what `Globals` says for it, with the place the value stands in. */
export function propertyOrGlobal(
  search: Pick<Search, 'template'>,
  resource: ResourceEntry,
  name: string,
): { value: JsonValue; path: Path } | undefined {
  const own = member(resource.properties, name);
  if (own !== undefined) return { value: own, path: [...resource.path, 'Properties', name] };
  const kind = serverlessKind(resource.type);
  if (kind === undefined) return undefined;
  const inherited = member(globalsOf(search.template, kind), name);
  return inherited === undefined ? undefined : { value: inherited, path: ['Globals', kind, name] };
}

/** `Function` for `AWS::Serverless::Function`; Globals exist for these types only. */
export function serverlessKind(resourceType: string): string | undefined {
  return /^AWS::Serverless::(\w+)$/.exec(resourceType)?.[1];
}

/** Whether a function runs from an image; what the resource or Globals say, in any case of letters. */
export function isImageFunction(search: KnownTemplate, resource: ResourceEntry): boolean {
  return knownText(search, propertyOrGlobal(search, resource, 'PackageType')?.value)?.toLowerCase() === 'image';
}

/** The runtime, where the template says one that is known before the deployment. */
export function runtimeOf(search: Search, resource: ResourceEntry): string | undefined {
  return knownText(search, propertyOrGlobal(search, resource, 'Runtime')?.value);
}

/** What has to be in the package for the function to start; undefined when that is not known, or may come from a layer. */
export function handlerOf(search: Search, resource: ResourceEntry): FunctionHandler | undefined {
  const runtime = runtimeOf(search, resource);
  const isFunction = resource.type === 'AWS::Serverless::Function' || resource.type === 'AWS::Lambda::Function';
  if (runtime === undefined || !isFunction || propertyOrGlobal(search, resource, 'Layers') !== undefined) return undefined;
  const name = knownText(search, propertyOrGlobal(search, resource, 'Handler')?.value);
  return { runtime, name };
}

/** Logical ids of the layers that a function refers to in its own template. AWS SAM adds those of Globals. */
export function layersOf({ template }: Pick<Search, 'template'>, resource: ResourceEntry): string[] {
  const kind = serverlessKind(resource.type);
  const lists = [kind === undefined ? undefined : member(globalsOf(template, kind), 'Layers'), member(resource.properties, 'Layers')];
  const items = lists.flatMap((list): readonly JsonValue[] => (Array.isArray(list) ? (list as readonly JsonValue[]) : []));
  return items.flatMap((item) => {
    const name = isMap(item) ? member(item, 'Ref') : undefined;
    return typeof name === 'string' ? [name] : [];
  });
}

/**
 * The one architecture of a function: its own, else that of Globals, else the default. A value that is not known before the
 * deployment counts as the default. Throws UserError TEMPLATE_INVALID for more than one.
 */
export function architectureOf(search: Search, resource: ResourceEntry, fallback: Architecture): Architecture {
  const found = propertyOrGlobal(search, resource, 'Architectures');
  if (found === undefined || isIntrinsic(found.value)) return fallback;
  const list = Array.isArray(found.value) ? (found.value as readonly JsonValue[]) : [found.value];
  const reference = referenceOf(search.template, resource, found.path);
  if (list.length > 1)
    throw referenceError('TEMPLATE_INVALID', reference, `names ${list.length} architectures; a function has exactly one`);
  const name = knownText(search, list[0]);
  if (name === 'arm64' || name === 'x86_64') return name;
  if (name !== undefined)
    search.found.warnings.push(`${resource.logicalId}: the architecture ${JSON.stringify(name)} is not known; ${fallback} is assumed`);
  return fallback;
}

/** The resource's `Metadata` map. */
export function metadataOf(resource: ResourceEntry): JsonObject {
  const metadata = member(resource.body, 'Metadata');
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? (metadata as JsonObject) : {};
}
