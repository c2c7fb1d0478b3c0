/** Small helpers for values of unknown shape, as templates are full of them. */
import { createHash } from 'node:crypto';

export type Dict = Readonly<Record<string, unknown>>;

export function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asDict(value: unknown): Dict {
  return isDict(value) ? value : {};
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Text of a scalar; undefined for everything else. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** `true`, and `"true"` in any case, as templates write it. */
export function isTrue(value: unknown): boolean {
  return scalarText(value)?.toLowerCase() === 'true';
}

/** The name and argument of `{ "Fn::X": … }`, `{ "Ref": … }` or `{ "Condition": "…" }`; undefined for plain data. */
export function intrinsicOf(value: unknown): readonly [string, unknown] | undefined {
  if (!isDict(value)) return undefined;
  const entries = Object.entries(value);
  const first = entries[0];
  if (entries.length !== 1 || first === undefined) return undefined;
  return first[0] === 'Ref' || first[0].startsWith('Fn::') ? first : undefined;
}

/** JSON with sorted keys, so that equal values have equal text. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (!isDict(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .toSorted()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${stableJson(value[key])}`);
  return `{${members.join(',')}}`;
}

export function sameValue(a: unknown, b: unknown): boolean {
  return stableJson(a) === stableJson(b);
}

/** Hexadecimal SHA-1 of the sorted JSON (an identity, not a protection). */
export function digestOf(value: unknown): string {
  return createHash('sha1')
    .update(typeof value === 'string' ? value : stableJson(value))
    .digest('hex');
}

/** Without the members that are undefined. */
export function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
