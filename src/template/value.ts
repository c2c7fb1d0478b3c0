import { setOwn } from './to-value.ts';
import type { JsonObject, JsonValue, Path } from './types.ts';

/** Whether a value is a map. */
export function isMap(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member of a map, or undefined: never something inherited. */
export function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The value at a path, or undefined. */
export function valueAt(root: JsonValue | undefined, path: Path): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const step of path) value = Array.isArray(value) ? (value as readonly JsonValue[])[Number(step)] : member(value, String(step));
  return value;
}

/** A string member of a map. */
export function textMember(value: JsonValue | undefined, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === 'string' ? found : undefined;
}

/** Whether two values are the same; the order of keys does not matter. */
export function sameValue(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameValue(item as JsonValue, b[index] as JsonValue));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]));
}

/** A copy of a map with some members set; order is kept, new keys come last. */
export function withMembers(map: JsonObject, members: Iterable<readonly [string, JsonValue]>): JsonObject {
  const copy: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(map)) setOwn(copy, key, value);
  for (const [key, value] of members) setOwn(copy, key, value);
  return copy;
}

/** A path as people write it: `Properties.Code.S3Key`. */
export function pathText(path: Path): string {
  return path.map(String).join('.');
}
