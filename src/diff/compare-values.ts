import type { JsonObject, JsonValue, Path } from '../template/types.ts';
import { isMap, member } from '../template/value.ts';
import { align, type AlignStep } from './align.ts';
import { canonical, canonicalKey, functionName, sameMeaning } from './canonical.ts';

/** Two values that differ and are not taken apart any further. */
export interface Difference {
  readonly path: Path;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/** Functions with parts that are values of their own; a call of any other is one value. */
const DIVISIBLE = new Set(['Fn::If', 'Fn::Sub', 'Fn::Join', 'Fn::Transform']);

/** The smallest parts in which two values differ, in the order of the second. Nothing when they mean the same. */
export function compareValues(before: JsonValue | undefined, after: JsonValue | undefined, path: Path = []): Difference[] {
  if (before === undefined) return after === undefined ? [] : [{ path, after }];
  if (after === undefined) return [{ path, before }];
  // At the top only: further down it would be asked again and again.
  if (path.length === 0 && sameMeaning(before, after)) return [];
  const [a, b] = [canonical(before), canonical(after)];
  if (isMap(a) && isMap(b)) {
    if (!isWhole(a, b)) return compareMaps(a, b, path);
  } else if (Array.isArray(a) && Array.isArray(b)) {
    return compareLists(a as readonly JsonValue[], b as readonly JsonValue[], path);
  } else if (typeof a !== 'object' && a === b) {
    return [];
  }
  return canonicalKey(a) === canonicalKey(b) ? [] : [{ path, before, after }];
}

/** Whether a difference between two maps is told as one: as soon as either is a function call that has no parts. */
function isWhole(a: JsonObject, b: JsonObject): boolean {
  const name = functionName(a);
  if (name === undefined && functionName(b) === undefined) return false;
  if (name === undefined || name !== functionName(b) || !DIVISIBLE.has(name)) return true;
  return typeof member(a, name) !== 'object' || typeof member(b, name) !== 'object';
}

function compareMaps(before: JsonObject, after: JsonObject, path: Path): Difference[] {
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  return [...Object.keys(after), ...gone].flatMap((key) => compareValues(member(before, key), member(after, key), [...path, key]));
}

function compareLists(before: readonly JsonValue[], after: readonly JsonValue[], path: Path): Difference[] {
  const differences: Difference[] = [];
  let removed: number[] = [];
  let added: number[] = [];
  const closeGap = (): void => {
    if (removed.length + added.length > 0) differences.push(...compareGap(before, after, removed, added, path));
    [removed, added] = [[], []];
  };
  for (const step of alignValues(before, after)) {
    if (step.kind === 'removed') removed.push(step.before);
    else if (step.kind === 'added') added.push(step.after);
    else closeGap();
  }
  closeGap();
  return differences;
}

/** As `align`, but for what is the same at both ends; only what is between is written down to be compared. */
function alignValues(before: readonly JsonValue[], after: readonly JsonValue[]): AlignStep[] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && sameMeaning(before[start] as JsonValue, after[start] as JsonValue)) start += 1;
  let end = 0;
  while (end < shorter - start && sameMeaning(before.at(-1 - end) as JsonValue, after.at(-1 - end) as JsonValue)) end += 1;
  const keys = (list: readonly JsonValue[]): string[] => list.slice(start, list.length - end).map(canonicalKey);
  return align(keys(before), keys(after)).map((step) => ({ ...step, before: step.before + start, after: step.after + start }));
}

/** Between two items that stay, those that went are compared with those that came: by their name, or one after the other. */
function compareGap(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  removed: readonly number[],
  added: readonly number[],
  path: Path,
): Difference[] {
  const left = [...removed];
  const takePartner = (item: JsonValue): number | undefined => {
    const name = nameOf(item);
    const found = left.findIndex((index) => {
      const other = before[index] as JsonValue;
      return nameOf(other) === name && kindOf(other) === kindOf(item);
    });
    return found < 0 ? undefined : left.splice(found, 1)[0];
  };
  const come = added.flatMap((index) => {
    const item = after[index] as JsonValue;
    const partner = takePartner(item);
    return compareValues(partner === undefined ? undefined : before[partner], item, [...path, index]);
  });
  return [...come, ...left.map((index) => ({ path: [...path, index], before: before[index] as JsonValue }))];
}

const NAME_KEYS = ['Key', 'Name', 'Sid', 'Id', 'AttributeName', 'IndexName', 'PolicyName', 'ParameterKey'] as const;

function nameOf(item: JsonValue): string | undefined {
  for (const key of NAME_KEYS) {
    const name = member(item, key);
    if (typeof name === 'string') return `${key}=${name}`;
  }
  return undefined;
}

function kindOf(value: JsonValue): string {
  if (Array.isArray(value)) return 'list';
  return isMap(value) ? (functionName(value) ?? 'map') : 'scalar';
}

/** A path as people read it: `Policies[0].Effect`; keys that are no words in quotes. */
export function shownPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (!/^[\w:/-]+$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
