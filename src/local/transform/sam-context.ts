/** What the parts of the serverless transform share: where resources go, how values are read, what is wrong. */
import { evaluateCondition, foldConditions, resolveValue, type Scope } from '../engine/intrinsics.ts';
import { asDict, type Dict, digestOf, intrinsicOf, isDict, scalarText } from '../engine/values.ts';

/** A resource of the template whose properties have the globals in them and every Fn::If decided. */
export interface SamResource {
  readonly id: string;
  readonly type: string;
  readonly properties: Dict;
  /** Condition, DependsOn, Metadata, DeletionPolicy …: everything but type and properties. */
  readonly attributes: Dict;
}

/** A path and method of an API that leads to a function. */
export interface Route {
  readonly path: string;
  readonly method: string;
  /** The function's ARN as it stands in the text of a Fn::Sub. */
  readonly target: string;
  readonly event: Dict;
  readonly condition: string | undefined;
}

export interface SamContext {
  readonly scope: Scope;
  /** The result; plain resources are in it from the start. */
  readonly resources: Record<string, Dict>;
  readonly warnings: Record<string, string[]>;
  /** Resources that are wrong, with what is. */
  readonly problems: Map<string, string>;
  /** `MyFunction.Alias` → the logical id that it stands for; a plain name → its new name. */
  readonly references: Map<string, string>;
  /** Properties of the template's serverless APIs. */
  readonly apiProperties: ReadonlyMap<string, Dict>;
  /** Routes by the logical id of their API, in the order of the events. */
  readonly routes: Map<string, readonly Route[]>;
}

/** A mistake in one resource of the template. */
export class SamProblem extends Error {}

export function addResource(context: SamContext, id: string, type: string, properties: Dict, attributes: Dict = {}): void {
  context.resources[id] = { Type: type, ...attributes, Properties: withoutUndefined(properties) };
}

export function warn(context: SamContext, id: string, message: string): void {
  (context.warnings[id] ??= []).push(`Ignored by the local target: ${message}`);
}

export function withoutUndefined(properties: Dict): Dict {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}

/** Attributes that derived resources take over. */
export function passedOn({ attributes }: SamResource): Dict {
  return withoutUndefined({ Condition: attributes['Condition'] });
}

/** The value with references to parameters followed; undefined when it depends on a resource. */
export function known(context: SamContext, value: unknown): unknown {
  try {
    return resolveValue(value, context.scope);
  } catch {
    // Whatever cannot be known yet stays an intrinsic function: the engine will resolve it, or say what is wrong with it.
    return undefined;
  }
}

export function knownText(context: SamContext, value: unknown): string | undefined {
  return scalarText(known(context, value));
}

/** Parameters inside a value replaced where that is possible, so that a digest changes with them. */
export function withKnownValues(context: SamContext, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withKnownValues(context, item));
  if (!isDict(value)) return value;
  if (intrinsicOf(value) !== undefined) {
    const found = known(context, value);
    if (found !== undefined && typeof found !== 'symbol') return found;
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withKnownValues(context, member)]));
}

/** Ten hexadecimal digits, as SAM appends them to logical ids. */
export function shortDigest(value: unknown): string {
  return digestOf(value).slice(0, 10);
}

/** `Prefix` + suffix, or a digest of the suffix when a logical id could not hold it. */
export function derivedId(prefix: string, suffix: string): string {
  if (suffix === '') return prefix;
  return prefix + (/^[A-Za-z0-9]+$/.test(suffix) ? suffix : shortDigest(suffix));
}

/** Fn::If decided, and top-level properties without a value left out. */
export function foldProperties(properties: unknown, scope: Scope): Dict {
  const folded = asDict(foldConditions(properties ?? {}, scope));
  return Object.fromEntries(Object.entries(folded).filter(([, value]) => !isNoValue(value) && value !== null));
}

function isNoValue(value: unknown): boolean {
  return isDict(value) && value['Ref'] === 'AWS::NoValue';
}

export function isIncluded(resource: Dict, scope: Scope): boolean {
  const condition = scalarText(resource['Condition']);
  return condition === undefined || evaluateCondition(condition, scope);
}

/** `{ a: b }` → `[{ Key: a, Value: b }]`, with the tag that SAM puts first. */
export function tagList(tags: unknown, createdBy?: string): readonly Dict[] | undefined {
  const own = Object.entries(asDict(tags)).map(([Key, Value]) => ({ Key, Value }));
  const all = createdBy === undefined ? own : [{ Key: createdBy, Value: 'SAM' }, ...own];
  return all.length === 0 ? undefined : all;
}

/** `s3://bucket/key?versionId=v`, or a map with Bucket, Key and Version; undefined when it is neither. */
export function objectPointer(value: unknown): { readonly Bucket: unknown; readonly Key: unknown; readonly Version?: unknown } | undefined {
  if (isDict(value)) {
    const { Bucket, Key, Version } = value;
    if (Bucket === undefined || Key === undefined) return undefined;
    return Version === undefined ? { Bucket, Key } : { Bucket, Key, Version };
  }
  const match = typeof value === 'string' ? /^s3:\/\/([^/]+)\/(.+?)(?:\?versionId=(.*))?$/.exec(value) : null;
  if (match === null) return undefined;
  const [, bucket, key, version] = match;
  return version === undefined ? { Bucket: bucket, Key: key } : { Bucket: bucket, Key: key, Version: version };
}

/** The logical id in `{ Ref: X }` or `X`. */
export function referredId(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const reference = asDict(value)['Ref'];
  return typeof reference === 'string' ? reference : undefined;
}
