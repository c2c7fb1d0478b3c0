import { isMap, valueAt } from '../template/value.ts';
import type { JsonValue, Path } from '../template/types.ts';

/** One member of a section, those inside `Fn::ForEach` loops included. */
export interface Entry {
  readonly name: string;
  readonly body: JsonValue;
  readonly path: Path;
  /** Loop variables around it. */
  readonly loops: readonly string[];
}

/** The members of a section of the template; loops are looked into, snippets that a transform makes are not. */
export function entriesOf(section: JsonValue | undefined, path: Path, loops: readonly string[] = []): Entry[] {
  if (!isMap(section)) return [];
  return Object.entries(section).flatMap(([name, body]) => {
    const place = [...path, name];
    if (isLoopKey(name)) return entriesOf(valueAt(body, [2]), [...place, 2], [...loops, ...loopVariables(body)]);
    return name === 'Fn::Transform' ? [] : [{ name, body, path: place, loops }];
  });
}

export function isLoopKey(key: string): boolean {
  return key.startsWith('Fn::ForEach::');
}

/** `Fn::ForEach::X: [variable, …]`; the variable may be a list, for collections of lists. */
export function loopVariables(loop: JsonValue): string[] {
  const variable = valueAt(loop, [0]);
  const list: readonly JsonValue[] = Array.isArray(variable) ? (variable as readonly JsonValue[]) : [variable ?? null];
  return list.filter((name): name is string => typeof name === 'string');
}

/** Whether a name holds a loop variable, so that it stands for several names. */
export function isDynamic(name: string): boolean {
  return name.includes('${') || name.includes('&{');
}

/** The names that a section declares. */
export class NameSet {
  readonly #names = new Set<string>();
  readonly #patterns: RegExp[] = [];
  /** True when a transform may add names that nobody can know before the deployment. */
  readonly open: boolean;

  constructor(entries: readonly Entry[], open: boolean) {
    this.open = open;
    for (const { name } of entries) {
      if (isDynamic(name)) this.#patterns.push(patternOf(name));
      else this.#names.add(name);
    }
  }

  has(name: string): boolean {
    return this.#names.has(name) || this.#patterns.some((pattern) => pattern.test(name));
  }

  /** The names that are written out. */
  list(): string[] {
    return [...this.#names];
  }
}

/** `Topic${Name}` → anything that begins with Topic. */
function patternOf(name: string): RegExp {
  const parts = name.split(/[$&]\{[^}]*\}/).map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
