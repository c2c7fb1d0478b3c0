import type { JsonObject, JsonValue, Path, Template } from './types.ts';
import { isMap, member, textMember, valueAt } from './value.ts';

/** A resource that is a map with a Type. */
export interface ResourceEntry {
  readonly logicalId: string;
  readonly type: string;
  readonly path: Path;
  readonly body: JsonObject;
  /** Empty when the resource has none. */
  readonly properties: JsonObject;
  /** The loops (`Fn::ForEach`) around it, the outermost first: it stands for several resources then. */
  readonly loops: readonly Loop[];
  /** Which of the resources of its loops this is, when its variables are replaced by their values. */
  readonly round?: Round | undefined;
}

/** `Fn::ForEach::Name: [variable, collection, body]` */
export interface Loop {
  readonly variable: string;
  readonly collection: JsonValue;
}

/** The values of the variables of all loops around a resource, the outermost first. */
export interface Round {
  readonly variables: readonly string[];
  readonly values: readonly string[];
}

export interface ParameterEntry {
  readonly name: string;
  /** `String` when the template says none. */
  readonly type: string;
  readonly default?: string | undefined;
  readonly hasDefault: boolean;
  readonly noEcho: boolean;
  readonly description?: string | undefined;
  readonly allowedValues?: readonly string[] | undefined;
}

export interface OutputEntry {
  readonly name: string;
  readonly value: JsonValue;
  readonly description?: string | undefined;
}

/** Whether a value is one function call: `{ "Ref": … }`, `{ "Condition": … }`, `{ "Fn::…": … }`. */
export function isIntrinsic(value: JsonValue | undefined): value is JsonObject {
  if (!isMap(value)) return false;
  const [key, ...others] = Object.keys(value);
  return key !== undefined && others.length === 0 && (key === 'Ref' || key === 'Condition' || key.startsWith('Fn::'));
}

/** The resources in the order of the text, those inside `Fn::ForEach` loops included; what is no map with a Type is passed over. */
export function resourcesOf(template: Template): ResourceEntry[] {
  return resourcesIn(member(template.value, 'Resources'), ['Resources'], []);
}

function resourcesIn(value: JsonValue | undefined, path: Path, loops: readonly Loop[]): ResourceEntry[] {
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([logicalId, body]) => {
    const place = [...path, logicalId];
    if (logicalId.startsWith('Fn::ForEach::')) return loopBody(body, place, loops);
    const type = textMember(body, 'Type');
    if (!isMap(body) || type === undefined) return [];
    const properties = member(body, 'Properties');
    return [{ logicalId, type, path: place, body, properties: isMap(properties) ? properties : {}, loops }];
  });
}

function loopBody(loop: JsonValue, path: Path, outer: readonly Loop[]): ResourceEntry[] {
  const variable = valueAt(loop, [0]);
  const inner = typeof variable === 'string' ? [...outer, { variable, collection: valueAt(loop, [1]) ?? null }] : outer;
  return resourcesIn(valueAt(loop, [2]), [...path, 2], inner);
}

/** What `Globals` says for all resources of a serverless kind (`Function`, `Api`, …). */
export function globalsOf(template: Template, kind: string): JsonObject {
  const globals = valueAt(template.value, ['Globals', kind]);
  return isMap(globals) ? globals : {};
}

/** The declared parameters, in the order of the text. */
export function templateParameters(template: Template): ParameterEntry[] {
  const parameters = member(template.value, 'Parameters');
  if (!isMap(parameters)) return [];
  return Object.entries(parameters)
    .filter(([name, body]) => isMap(body) && !name.startsWith('Fn::'))
    .map(([name, body]) => ({
      name,
      type: textMember(body, 'Type') ?? 'String',
      default: scalarText(member(body, 'Default')),
      hasDefault: member(body, 'Default') !== undefined,
      noEcho: scalarText(member(body, 'NoEcho'))?.toLowerCase() === 'true',
      description: textMember(body, 'Description'),
      allowedValues: textList(member(body, 'AllowedValues')),
    }));
}

/** The declared outputs, in the order of the text. */
export function templateOutputs(template: Template): OutputEntry[] {
  const outputs = member(template.value, 'Outputs');
  if (!isMap(outputs)) return [];
  return Object.entries(outputs)
    .filter(([name, body]) => isMap(body) && !name.startsWith('Fn::'))
    .map(([name, body]) => ({ name, value: member(body, 'Value') ?? null, description: textMember(body, 'Description') }));
}

/** `Transform` as a list of names; transforms with parameters (`AWS::Include`) by their name. */
export function transformsOf(template: Template): string[] {
  const transform = member(template.value, 'Transform');
  const items: readonly JsonValue[] = Array.isArray(transform)
    ? (transform as readonly JsonValue[])
    : transform === undefined
      ? []
      : [transform];
  return items.flatMap((item) => (typeof item === 'string' ? [item] : [textMember(item, 'Name') ?? []].flat()));
}

/** A text, number or boolean as the text CloudFormation makes of it. */
export function scalarText(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function textList(value: JsonValue | undefined): readonly string[] | undefined {
  return Array.isArray(value) ? (value as readonly JsonValue[]).flatMap((item) => scalarText(item) ?? []) : undefined;
}
