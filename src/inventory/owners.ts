import type { ResourceEntry } from '../template/read.ts';
import type { JsonValue } from '../template/types.ts';
import { isMap, member, valueAt } from '../template/value.ts';

interface Named {
  readonly logicalId: string;
  readonly resourceType: string;
}

/** The APIs that the serverless transform makes for events that name none, and the type of these events. */
const IMPLICIT_APIS: Readonly<Record<string, string>> = { ServerlessRestApi: 'Api', ServerlessHttpApi: 'HttpApi' };
const SERVERLESS = 'AWS::Serverless::';

/**
 * Which resource belongs to which other one of its stack: logical id → logical id of the owner. Pure.
 * A declared resource belongs to the one of the same service that a property named after it refers to (`FunctionName: !Ref Fn`);
 * a generated one to the longest logical id that its own begins with, as the serverless transform names them.
 */
export function findOwners(resources: readonly Named[], entries: readonly ResourceEntry[]): Map<string, string> {
  const types = new Map(resources.map(({ logicalId, resourceType }) => [logicalId, resourceType]));
  const declared = new Map(resources.map(({ logicalId }) => [logicalId, entryOf(logicalId, entries)]));
  const candidates = new Map(resources.map((one) => [one.logicalId, candidatesOf(one, declared.get(one.logicalId), types)]));
  const owners = new Map<string, string>();
  for (const { logicalId } of resources) {
    const entry = declared.get(logicalId);
    const owner =
      entry !== undefined
        ? nearest(candidates.get(logicalId) ?? [], candidates)
        : Object.hasOwn(IMPLICIT_APIS, logicalId)
          ? onlyUser(IMPLICIT_APIS[logicalId] ?? '', entries)
          : longestBeginning(logicalId, types);
    if (owner !== undefined && types.has(owner) && !leadsTo(owner, logicalId, owners)) owners.set(logicalId, owner);
  }
  return owners;
}

/** The entry of the template for a logical id; that of a loop stands for several. */
export function entryOf(logicalId: string, entries: readonly ResourceEntry[]): ResourceEntry | undefined {
  return (
    entries.find((entry) => entry.logicalId === logicalId) ??
    entries.find((entry) => entry.loops.length > 0 && loopPattern(entry).test(logicalId))
  );
}

/** `Topic${Name}` → /^Topic.+$/; `&{Name}` is the same without signs that a logical id cannot have. */
function loopPattern({ logicalId }: ResourceEntry): RegExp {
  const texts = logicalId.split(/[$&]\{[^}]*\}/).map((text) => text.replaceAll(/[^\w]/g, String.raw`\$&`));
  return new RegExp(`^${texts.join('.+')}$`);
}

function candidatesOf(one: Named, entry: ResourceEntry | undefined, types: ReadonlyMap<string, string>): string[] {
  if (entry === undefined || entry.type.startsWith(SERVERLESS)) return [];
  const found = Object.entries(entry.properties).flatMap(([property, value]) =>
    referencesIn(value).filter((target) => isOwner(types.get(target), one.resourceType, property)),
  );
  return [...new Set(found)].filter((target) => target !== one.logicalId);
}

function isOwner(target: string | undefined, type: string, property: string): boolean {
  if (target === undefined || target === type || serviceOf(target) !== serviceOf(type)) return false;
  const kind = target.slice(target.lastIndexOf('::') + 2);
  return property.toLowerCase().includes(kind.toLowerCase());
}

function serviceOf(type: string): string {
  return type.slice(0, type.lastIndexOf('::'));
}

/** Of several the one that belongs to all others itself: a method to its path, not to the API. */
function nearest(owners: readonly string[], candidates: ReadonlyMap<string, readonly string[]>): string | undefined {
  const belongs = (one: string, other: string): boolean => one === other || candidates.get(one)?.includes(other) === true;
  return owners.find((one) => owners.every((other) => belongs(one, other))) ?? owners[0];
}

/** Logical ids in `Ref`, `Fn::GetAtt` and `Fn::Sub`, anywhere in a value. */
function referencesIn(value: JsonValue): string[] {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).flatMap(referencesIn);
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return [inner];
    if (key === 'Fn::GetAtt') return [firstText(inner).split('.')[0] ?? ''];
    const text = key === 'Fn::Sub' ? firstText(inner) : '';
    const inText = [...text.matchAll(/\$\{(\w+)(?:\.[^}]*)?\}/g)].map((match) => match[1] ?? '');
    return [...inText, ...referencesIn(inner)];
  });
}

/** A text, or the first of a list that begins with one. */
function firstText(value: JsonValue): string {
  const text = Array.isArray(value) ? valueAt(value, [0]) : value;
  return typeof text === 'string' ? text : '';
}

/** The function whose events make an API of their own, when it is the only one. */
function onlyUser(eventType: string, entries: readonly ResourceEntry[]): string | undefined {
  const users = entries.filter(({ properties }) => {
    const events = member(properties, 'Events');
    return isMap(events) && Object.values(events).some((event) => usesImplicitApi(event, eventType));
  });
  return users.length === 1 ? users[0]?.logicalId : undefined;
}

function usesImplicitApi(event: JsonValue, eventType: string): boolean {
  if (valueAt(event, ['Type']) !== eventType) return false;
  return valueAt(event, ['Properties', 'RestApiId']) === undefined && valueAt(event, ['Properties', 'ApiId']) === undefined;
}

function longestBeginning(logicalId: string, types: ReadonlyMap<string, string>): string | undefined {
  const beginnings = [...types.keys()].filter((other) => other.length < logicalId.length && logicalId.startsWith(other));
  return beginnings.toSorted((one, other) => other.length - one.length)[0];
}

function leadsTo(from: string, logicalId: string, owners: ReadonlyMap<string, string>): boolean {
  for (let at: string | undefined = from; at !== undefined; at = owners.get(at)) if (at === logicalId) return true;
  return false;
}
