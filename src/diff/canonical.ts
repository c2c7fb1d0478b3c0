import { isIntrinsic, scalarText } from '../template/read.ts';
import type { JsonValue } from '../template/types.ts';
import { isMap, member } from '../template/value.ts';

/** The name of the function call that a value is, or undefined. */
export function functionName(value: JsonValue | undefined): string | undefined {
  return isIntrinsic(value) ? Object.keys(value)[0] : undefined;
}

/** Functions that can be written in more than one way. */
const SPELLINGS = new Set(['Fn::GetAtt', 'Fn::Sub']);

/**
 * The outermost level of a value in the one form that all spellings of it share: `Fn::GetAtt` as text with dots, `Fn::Sub` without
 * variables of its own as text. Scalars become text, as CloudFormation makes no difference between `128` and `"128"`, `true` and `"true"`.
 */
export function canonical(value: JsonValue): JsonValue {
  const text = scalarText(value);
  if (text !== undefined) return text;
  const name = functionName(value);
  if (name === undefined || !SPELLINGS.has(name)) return value;
  const argument = member(value, name);
  if (!Array.isArray(argument)) return value;
  const list = argument as readonly JsonValue[];
  if (name === 'Fn::GetAtt') return list.every((item) => typeof item === 'string') ? { [name]: list.join('.') } : value;
  const [template, variables] = list;
  const isPlain = variables === undefined || (isMap(variables) && Object.keys(variables).length === 0);
  return typeof template === 'string' && isPlain ? { [name]: template } : value;
}

/** Whether two values mean the same; quicker than writing both down. */
export function sameMeaning(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object')
    return typeof a !== typeof b && scalarText(a) !== undefined && scalarText(a) === scalarText(b);
  if (Array.isArray(a)) {
    const [list, other] = [a as readonly JsonValue[], b as readonly JsonValue[]];
    return Array.isArray(b) && list.length === other.length && list.every((item, index) => sameMeaning(item, other[index] as JsonValue));
  }
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  if (keys.length === 1 && SPELLINGS.has(keys[0] ?? '')) return canonicalKey(a) === canonicalKey(b);
  return keys.every((key) => Object.hasOwn(b, key) && sameMeaning(a[key] as JsonValue, b[key] as JsonValue));
}

/** A text that is the same for values that mean the same: neither the order of keys nor the spelling of functions counts. */
export function canonicalKey(value: JsonValue): string {
  const form = canonical(value);
  if (Array.isArray(form)) return `[${(form as readonly JsonValue[]).map(canonicalKey).join(',')}]`;
  if (!isMap(form)) return JSON.stringify(form);
  const members = Object.keys(form).toSorted();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalKey(form[key] as JsonValue)}`).join(',')}}`;
}
