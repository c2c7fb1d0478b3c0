import { isIntrinsic, scalarText } from '../template/read.ts';
import type { JsonValue } from '../template/types.ts';
import { isMap, member } from '../template/value.ts';

/** The name of the function call that a value is, or undefined. */
export function functionName(value: JsonValue | undefined): string | undefined {
  return isIntrinsic(value) ? Object.keys(value)[0] : undefined;
}

/**
 * The outermost level of a value in the one form that all spellings of it share: `Fn::GetAtt` as text with dots, `Fn::Sub` without
 * variables of its own as text. Scalars become text, as CloudFormation makes no difference between `128` and `"128"`, `true` and `"true"`.
 */
export function canonical(value: JsonValue): JsonValue {
  const text = scalarText(value);
  if (text !== undefined) return text;
  const name = functionName(value);
  if (name !== 'Fn::GetAtt' && name !== 'Fn::Sub') return value;
  const argument = member(value, name);
  if (!Array.isArray(argument)) return value;
  const list = argument as readonly JsonValue[];
  if (name === 'Fn::GetAtt') return list.every((item) => typeof item === 'string') ? { [name]: list.join('.') } : value;
  const [template, variables] = list;
  const isPlain = variables === undefined || (isMap(variables) && Object.keys(variables).length === 0);
  return typeof template === 'string' && isPlain ? { [name]: template } : value;
}

/** A text that is the same for values that mean the same: neither the order of keys nor the spelling of functions counts. */
export function canonicalKey(value: JsonValue): string {
  const form = canonical(value);
  if (Array.isArray(form)) return `[${(form as readonly JsonValue[]).map(canonicalKey).join(',')}]`;
  if (!isMap(form)) return JSON.stringify(form);
  const members = Object.keys(form).toSorted();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalKey(form[key] as JsonValue)}`).join(',')}}`;
}
