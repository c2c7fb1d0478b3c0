import type { JsonValue } from '../template/types.ts';
import { isMap, member } from '../template/value.ts';
import { functionName } from './canonical.ts';

/** A value on one line as people write it: bare text, short function calls (`!Ref Stage`, `!GetAtt Role.Arn`), the rest as JSON. */
export function shortForm(value: JsonValue): string {
  if (typeof value === 'string') return value === '' ? '""' : value;
  const name = functionName(value);
  if (name !== undefined) return `!${name.replace(/^Fn::/, '')} ${argumentText(name, member(value, name) ?? null)}`;
  return nested(value);
}

function argumentText(name: string, argument: JsonValue): string {
  if (name === 'Fn::GetAtt' && Array.isArray(argument) && argument.every((item) => typeof item === 'string')) return argument.join('.');
  return typeof argument === 'string' ? argument : nested(argument);
}

function nested(value: JsonValue): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(inner).join(', ')}]`;
  if (!isMap(value)) return JSON.stringify(value);
  if (functionName(value) !== undefined) return shortForm(value);
  const members = Object.entries(value).map(([key, item]) => `${key}: ${inner(item)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function inner(value: JsonValue): string {
  if (typeof value !== 'string') return nested(value);
  return /^[\w./:@*$-][\w ./:@*$-]*$/.test(value) && !value.includes(': ') ? value : JSON.stringify(value);
}

/** The text of several lines that a value is: a text itself, or one that `Fn::Sub` fills in. Undefined for any other value. */
export function longText(value: JsonValue | undefined): string | undefined {
  const text = typeof value === 'string' ? value : member(value, 'Fn::Sub');
  return typeof text === 'string' && text.trimEnd().includes('\n') ? text : undefined;
}
