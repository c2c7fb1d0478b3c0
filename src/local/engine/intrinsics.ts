/** Evaluates intrinsic functions. Pure: everything they may ask for comes in through the scope. */
import { splitCidr } from './cidr.ts';
import { validationError } from './parse-template.ts';
import { availabilityZones, isPseudoParameter } from './pseudo.ts';
import { asDict, asList, type Dict, intrinsicOf, isDict, scalarText, stableJson } from './values.ts';

/** What a resource answers to Ref and Fn::GetAtt. */
export interface ResourceView {
  readonly ref: unknown;
  /** Undefined when the type has no such attribute. */
  attribute(name: string): unknown;
  readonly type: string;
}

export interface Scope {
  readonly region: string;
  /** Parameters and pseudo parameters: what Ref answers. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly mappings: Dict;
  readonly conditions: Dict;
  /** Undefined: no such resource, or not created yet. */
  resource(logicalId: string): ResourceView | undefined;
  /** Throws ServiceError when nobody exports the name. */
  importValue(name: string): string;
}

/** Answer of `{ "Ref": "AWS::NoValue" }`: the property or list item that has it is left out. */
export const NO_VALUE: unique symbol = Symbol('AWS::NoValue');

type Evaluate = (argument: unknown, scope: Scope) => unknown;

/** The value with every intrinsic function replaced by its answer. Throws ServiceError `ValidationError`. */
export function resolveValue(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item) => resolveValue(item, scope)).filter((item) => item !== NO_VALUE);
  if (!isDict(value)) return value;
  const call = intrinsicOf(value);
  if (call !== undefined) return evaluate(call[0], call[1], scope);
  const object: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const resolved = resolveValue(member, scope);
    if (resolved !== NO_VALUE) object[key] = resolved;
  }
  return object;
}

/** Replaces every Fn::If by its chosen branch and leaves the rest as it is. */
export function foldConditions(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item) => foldConditions(item, scope));
  if (!isDict(value)) return value;
  if (Object.hasOwn(value, 'Fn::If') && Object.keys(value).length === 1) return foldConditions(chosenBranch(value['Fn::If'], scope), scope);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, foldConditions(member, scope)]));
}

/** Answer of a condition of the template. Throws ServiceError when it is undefined or refers to itself. */
export function evaluateCondition(name: string, scope: Scope, open: readonly string[] = []): boolean {
  if (open.includes(name)) throw validationError(`Template error: Found circular condition dependency between ${open.join(', ')}`);
  if (!Object.hasOwn(scope.conditions, name)) {
    throw validationError(`Template format error: Unresolved condition dependency ${name} in the Conditions block of the template`);
  }
  return truth(scope.conditions[name], scope, [...open, name]);
}

function truth(expression: unknown, scope: Scope, open: readonly string[]): boolean {
  const [name, argument] = Object.entries(asDict(expression))[0] ?? [];
  const all = () => asList(argument).map((item) => truth(item, scope, open));
  switch (name) {
    case 'Condition':
      return evaluateCondition(String(argument), scope, open);
    case 'Fn::Not':
      return !(all()[0] ?? false);
    case 'Fn::And':
      return all().every(Boolean);
    case 'Fn::Or':
      return all().some(Boolean);
    case 'Fn::Equals': {
      const [left, right] = asList(argument).map((item) => resolveValue(item, scope));
      return comparable(left) === comparable(right);
    }
    default:
      throw validationError('Template format error: Every Condition member must be an intrinsic condition function.');
  }
}

function comparable(value: unknown): string {
  return scalarText(value) ?? stableJson(value);
}

function evaluate(name: string, argument: unknown, scope: Scope): unknown {
  const implementation = FUNCTIONS[name];
  if (implementation === undefined) throw validationError(`Template error: unsupported function: ${name}`);
  return implementation(argument, scope);
}

function chosenBranch(argument: unknown, scope: Scope): unknown {
  const [condition, whenTrue, whenFalse] = asList(argument);
  if (typeof condition !== 'string' || asList(argument).length !== 3) {
    throw validationError('Template error: Fn::If requires a list argument with three elements');
  }
  return evaluateCondition(condition, scope) ? whenTrue : whenFalse;
}

function text(value: unknown, of: string): string {
  const found = scalarText(value);
  if (found === undefined) throw validationError(`Template error: every ${of} object must have string values`);
  return found;
}

function lookUp(name: string, scope: Scope): unknown {
  if (name === 'AWS::NoValue') return NO_VALUE;
  if (scope.values.has(name)) return scope.values.get(name);
  const resource = isPseudoParameter(name) ? undefined : scope.resource(name);
  if (resource === undefined) {
    throw validationError(`Template format error: Unresolved resource dependencies [${name}] in the Resources block of the template`);
  }
  return resource.ref;
}

/** Both forms: `[resource, attribute]` (the attribute may be dotted or a Ref) and `resource.attribute`. */
export function splitGetAtt(argument: unknown): readonly [string, unknown] | undefined {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    return dot > 0 ? [argument.slice(0, dot), argument.slice(dot + 1)] : undefined;
  }
  const [resource, ...attribute] = asList(argument);
  if (typeof resource !== 'string' || attribute.length === 0) return undefined;
  return [resource, attribute.length === 1 ? attribute[0] : attribute.join('.')];
}

function getAttribute(logicalId: string, attribute: string, scope: Scope): unknown {
  const resource = scope.resource(logicalId);
  if (resource === undefined) throw validationError(`Template error: instance of Fn::GetAtt references undefined resource ${logicalId}`);
  const value = resource.attribute(attribute);
  if (value === undefined) {
    throw validationError(`Template error: resource ${logicalId} does not support attribute type ${attribute} in Fn::GetAtt`);
  }
  return value;
}

/** `${Name}`, `${Resource.Attribute}`, `${!Literal}`. */
export const SUB_PATTERN = /\$\{([^{}]*)\}/g;

function substitute(argument: unknown, scope: Scope): string {
  const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
  if (typeof template !== 'string') {
    throw validationError(
      "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
    );
  }
  const own = asDict(variables);
  return template.replace(SUB_PATTERN, (_, inner: string) => {
    if (inner.startsWith('!')) return `\${${inner.slice(1)}}`;
    const name = inner.trim();
    if (Object.hasOwn(own, name)) return text(resolveValue(own[name], scope), 'Fn::Sub');
    return text(referenceInText(name, scope), 'Fn::Sub');
  });
}

function referenceInText(name: string, scope: Scope): unknown {
  if (scope.values.has(name)) {
    const value = scope.values.get(name);
    return Array.isArray(value) ? value.join(',') : value;
  }
  const dot = name.indexOf('.');
  return dot > 0 ? getAttribute(name.slice(0, dot), name.slice(dot + 1), scope) : lookUp(name, scope);
}

function findInMap(argument: unknown, scope: Scope): unknown {
  const parts = asList(argument).map((part) => resolveValue(part, scope));
  const [map, top, second] = parts.slice(0, 3).map((part) => text(part, 'Fn::FindInMap'));
  const options = asDict(parts[3]);
  const mapping = scope.mappings[map ?? ''];
  const value = asDict(asDict(mapping)[top ?? ''])[second ?? ''];
  if (value !== undefined) return resolveValue(value, scope);
  if (Object.hasOwn(options, 'DefaultValue')) return options['DefaultValue'];
  if (mapping === undefined)
    throw validationError(`Template error: Mapping named '${map}' is not present in the 'Mappings' section of template.`);
  throw validationError(`Template error: Unable to get mapping for ${map}::${top}::${second}`);
}

function select(argument: unknown, scope: Scope): unknown {
  const [index, items] = asList(argument).map((part) => resolveValue(part, scope));
  const list = typeof items === 'string' ? items.split(',') : items;
  const position = Number(index);
  if (!Array.isArray(list) || !Number.isInteger(position)) {
    throw validationError('Template error: Fn::Select requires a list argument with two elements: an integer index and a list');
  }
  if (position < 0 || position >= list.length)
    throw validationError(`Template error: Fn::Select  cannot select nonexistent value at index ${position}`);
  return list[position];
}

function join(argument: unknown, scope: Scope): string {
  const [delimiter, items] = asList(argument).map((part) => resolveValue(part, scope));
  if (typeof delimiter !== 'string' || !Array.isArray(items)) {
    throw validationError(
      'Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.',
    );
  }
  return items.map((item) => text(item, 'Fn::Join')).join(delimiter);
}

function split(argument: unknown, scope: Scope): readonly string[] {
  const [delimiter, source] = asList(argument).map((part) => resolveValue(part, scope));
  if (typeof delimiter !== 'string' || typeof source !== 'string') {
    throw validationError(
      'Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.',
    );
  }
  return source.split(delimiter);
}

function cidr(argument: unknown, scope: Scope): readonly string[] {
  const [block, count, bits] = asList(argument).map((part) => resolveValue(part, scope));
  return splitCidr(text(Array.isArray(block) ? block[0] : block, 'Fn::Cidr'), Number(count), Number(bits ?? 8));
}

function length(argument: unknown, scope: Scope): number {
  const value = resolveValue(argument, scope);
  if (!Array.isArray(value)) throw validationError('Template error: Fn::Length requires a list');
  return value.length;
}

const FUNCTIONS: Readonly<Record<string, Evaluate>> = {
  Ref: (argument, scope) => lookUp(text(resolveValue(argument, scope), 'Ref'), scope),
  'Fn::GetAtt': (argument, scope) => {
    const parts = splitGetAtt(argument);
    if (parts === undefined) {
      throw validationError(
        'Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute',
      );
    }
    return getAttribute(parts[0], text(resolveValue(parts[1], scope), 'Fn::GetAtt'), scope);
  },
  'Fn::Sub': substitute,
  'Fn::Join': join,
  'Fn::Select': select,
  'Fn::Split': split,
  'Fn::If': (argument, scope) => resolveValue(chosenBranch(argument, scope), scope),
  'Fn::FindInMap': findInMap,
  'Fn::Base64': (argument, scope) => Buffer.from(text(resolveValue(argument, scope), 'Fn::Base64')).toString('base64'),
  'Fn::GetAZs': (argument, scope) => {
    const region = resolveValue(argument, scope);
    return availabilityZones(typeof region === 'string' && region !== '' ? region : scope.region);
  },
  'Fn::ImportValue': (argument, scope) => scope.importValue(text(resolveValue(argument, scope), 'Fn::ImportValue')),
  'Fn::Cidr': cidr,
  'Fn::Length': length,
  'Fn::ToJsonString': (argument, scope) => JSON.stringify(resolveValue(argument, scope)),
  ...Object.fromEntries(
    ['Fn::And', 'Fn::Or', 'Fn::Not', 'Fn::Equals'].map((name) => [
      name,
      (argument: unknown, scope: Scope) => truth({ [name]: argument }, scope, []),
    ]),
  ),
};
