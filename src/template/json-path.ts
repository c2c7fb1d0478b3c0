import type { JsonValue, Path } from './types.ts';
import { isMap, member } from './value.ts';

/** A JSONPath that cannot be read; the message says why. */
export class JsonPathProblem extends Error {}

type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'any' };
interface Part {
  readonly step: Step;
  /** `..`: the step may be taken at any depth. */
  readonly deep: boolean;
}

/**
 * The paths of all values that a JSONPath selects, in the order of the text: `$.a.b`, `['a b']`, `[0]`, `[-1]`, `[*]`, `.*`, `..name`. Names without
 * quotes reach to the next `.` or `[`, so `Fn::Sub` needs none. Filters and slices are refused. Throws JsonPathProblem.
 */
export function selectPaths(root: JsonValue, expression: string): Path[] {
  let places: { path: Path; value: JsonValue }[] = [{ path: [], value: root }];
  for (const part of parseJsonPath(expression)) {
    const from = part.deep ? places.flatMap((place) => withDescendants(place.path, place.value)) : places;
    places = from.flatMap((place) => take(part.step, place.path, place.value));
  }
  return unique(places.map((place) => place.path));
}

function parseJsonPath(expression: string): Part[] {
  const text = expression.trim();
  const parts: Part[] = [];
  let at = text.startsWith('$') ? 1 : 0;
  // Newtonsoft's dialect, which the templates come from, lets a path begin with its first name.
  if (at === 0 && !/^[.[]/.test(text)) at = readName(text, 0, false, parts);
  while (at < text.length) {
    const deep = text.startsWith('..', at);
    if (deep) at += 2;
    else if (text[at] === '.') at += 1;
    else if (text[at] !== '[') throw new JsonPathProblem(`"." or "[" expected at character ${at + 1}`);
    at = text[at] === '[' ? readBracket(text, at, deep, parts) : readName(text, at, deep, parts);
  }
  return parts;
}

function readName(text: string, at: number, deep: boolean, parts: Part[]): number {
  const name = /[^.[]*/y;
  name.lastIndex = at;
  const found = name.exec(text)?.[0] ?? '';
  if (found === '') throw new JsonPathProblem(`a name is missing at character ${at + 1}`);
  parts.push({ deep, step: found === '*' ? { kind: 'any' } : { kind: 'name', name: found } });
  return at + found.length;
}

function readBracket(text: string, at: number, deep: boolean, parts: Part[]): number {
  const bracket = /\[\s*(?:(\*)|(-?[0-9]+)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/y;
  bracket.lastIndex = at;
  const found = bracket.exec(text);
  if (found === null) throw new JsonPathProblem(`an index, a name in quotes or * expected in the brackets at character ${at + 1}`);
  const [whole, any, index, single, double] = found;
  const name = (single ?? double ?? '').replace(/\\(.)/g, '$1');
  parts.push({
    deep,
    step: any !== undefined ? { kind: 'any' } : index !== undefined ? { kind: 'index', index: Number(index) } : { kind: 'name', name },
  });
  return at + whole.length;
}

function take(step: Step, path: Path, value: JsonValue): { path: Path; value: JsonValue }[] {
  if (step.kind === 'any') return children(path, value);
  if (step.kind === 'name') {
    const found = member(value, step.name);
    return found === undefined ? [] : [{ path: [...path, step.name], value: found }];
  }
  if (!Array.isArray(value)) return [];
  const index = step.index < 0 ? value.length + step.index : step.index;
  return index in value ? [{ path: [...path, index], value: value[index] as JsonValue }] : [];
}

function children(path: Path, value: JsonValue): { path: Path; value: JsonValue }[] {
  if (Array.isArray(value)) return value.map((item, index) => ({ path: [...path, index], value: item as JsonValue }));
  return isMap(value) ? Object.entries(value).map(([key, item]) => ({ path: [...path, key], value: item })) : [];
}

function withDescendants(path: Path, value: JsonValue): { path: Path; value: JsonValue }[] {
  return [{ path, value }, ...children(path, value).flatMap((child) => withDescendants(child.path, child.value))];
}

function unique(paths: readonly Path[]): Path[] {
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
}
