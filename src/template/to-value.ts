import { TemplateProblem } from './positions.ts';
import {
  findEntry,
  mergedMaps,
  resolveAlias,
  type AliasPlace,
  type MapNode,
  type MergePlace,
  type SourceNode,
  type SourceTree,
} from './source-node.ts';
import type { JsonObject, JsonValue, Path } from './types.ts';

/** Aliases can make a small text stand for an enormous value; no template that CloudFormation accepts has this many values. */
const MAX_VALUES = 500_000;

/** Stands for a merge key in the path of an alias: no key of a map is spelt like this. */
export const MERGE_STEP = '\0<<';

interface Sized {
  readonly value: JsonValue;
  /** Number of values with all aliases written out. */
  readonly size: number;
}

/** Sets an own property, also one called `__proto__`. */
export function setOwn(target: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/** The plain view of a tree, and the places of its anchors, aliases and merge keys. Throws TemplateProblem. */
export function describeTree(root: SourceNode): Omit<SourceTree, 'root'> {
  const walk = new TreeWalk();
  const { value } = walk.convert(root, []);
  return { value, aliases: walk.aliases, merges: walk.merges, anchorPaths: walk.anchorPaths };
}

class TreeWalk {
  readonly aliases: AliasPlace[] = [];
  readonly merges: MergePlace[] = [];
  readonly anchorPaths = new Map<SourceNode, Path>();
  readonly #known = new Map<SourceNode, Sized>();

  convert(node: SourceNode, path: Path): Sized {
    if (node.anchor !== undefined) this.anchorPaths.set(node, path);
    const converted = this.#content(node, path);
    if (converted.size > MAX_VALUES)
      throw new TemplateProblem('TEMPLATE_INVALID', node.start, `written out, the aliases stand for more than ${MAX_VALUES} values`);
    if (node.anchor !== undefined) this.#known.set(node, converted);
    return converted;
  }

  #content(node: SourceNode, path: Path): Sized {
    switch (node.kind) {
      case 'scalar':
        return { value: node.value, size: 1 };
      case 'alias':
        this.aliases.push({ node, path });
        return this.#aliased(node);
      case 'tagged':
        return this.#tagged(node.key, node.inner, path);
      case 'seq': {
        const items = node.items.map((item, index) => this.convert(item, [...path, index]));
        return { value: items.map((item) => item.value), size: sum(items) };
      }
      case 'map':
        return this.#map(node, path);
    }
  }

  #aliased(node: SourceNode): Sized {
    const target = resolveAlias(node);
    const known = this.#known.get(target);
    if (known === undefined)
      throw new TemplateProblem('TEMPLATE_INVALID', node.start, 'an alias refers to a value that it is itself a part of');
    return known;
  }

  #tagged(key: string, inner: SourceNode, path: Path): Sized {
    // `!GetAtt a.b` is the one short form whose long form is spelt differently: ["a", "b"].
    if (key === 'Fn::GetAtt' && inner.kind === 'scalar' && typeof inner.value === 'string' && inner.value.includes('.')) {
      const dot = inner.value.indexOf('.');
      return { value: { [key]: [inner.value.slice(0, dot), inner.value.slice(dot + 1)] }, size: 3 };
    }
    const { value, size } = this.convert(inner, [...path, key]);
    return { value: { [key]: value }, size: size + 1 };
  }

  #map(node: MapNode, path: Path): Sized {
    refuseDuplicates(node);
    const result: Record<string, JsonValue> = {};
    const merged: JsonValue[] = [];
    let size = 1;
    for (const entry of node.entries) {
      const converted = this.convert(entry.value, [...path, entry.merge ? MERGE_STEP : entry.key]);
      size += converted.size;
      if (!entry.merge) setOwn(result, entry.key, converted.value);
      else if (resolveAlias(entry.value).kind === 'seq') merged.push(...(converted.value as readonly JsonValue[]));
      else merged.push(converted.value);
    }
    if (merged.length > 0) this.#merge(node, path, result, merged);
    return { value: result, size };
  }

  /** Keys of merged maps go in where the map has no key of its own; earlier maps are stronger. */
  #merge(node: MapNode, path: Path, result: Record<string, JsonValue>, merged: readonly JsonValue[]): void {
    const nodes = mergedMaps(node);
    const other = nodes.find((source) => resolveAlias(source).kind !== 'map');
    if (other !== undefined) throw new TemplateProblem('TEMPLATE_INVALID', other.start, 'only maps can be merged with "<<"');
    this.merges.push({ map: node, path, targets: nodes.filter((source) => source.kind === 'alias').map(resolveAlias) });
    for (const value of merged) {
      for (const [key, item] of Object.entries(value as JsonObject)) {
        if (!Object.hasOwn(result, key)) setOwn(result, key, item);
      }
    }
  }
}

function sum(items: readonly Sized[]): number {
  return items.reduce((total, item) => total + item.size, 1);
}

function refuseDuplicates(node: MapNode): void {
  for (const entry of node.entries) {
    // Of two entries with one key, the last is found.
    const found = entry.merge ? entry : findEntry(node, entry.key);
    if (found !== undefined && found !== entry) {
      throw new TemplateProblem('TEMPLATE_INVALID', found.keyStart, `the key ${JSON.stringify(entry.key)} is there twice`);
    }
  }
}
