import type { JsonValue, Path } from './types.ts';

/**
 * The one tree that both formats are read into. It knows where everything stands in the text, so that an edit can be a splice
 * of the text. All offsets are UTF-16 indexes into the text of the template.
 */
export type SourceNode = ScalarNode | MapNode | SeqNode | TaggedNode | AliasNode;

/** Values nested deeper than this are refused: no template needs it, and every walk over the tree may then be recursive. */
export const MAX_DEPTH = 200;

interface NodeBase {
  /** Where the value begins, its anchor and tag included. */
  start: number;
  /** Right after the last character of the value; comments and line breaks that follow are not part of it. */
  end: number;
  /** The first place where text may follow: later than `end` for a YAML block scalar, whose last line break belongs to it. */
  after: number;
  /** Name of the YAML anchor on this value. */
  anchor?: string | undefined;
}

export interface ScalarNode extends NodeBase {
  kind: 'scalar';
  value: string | number | boolean | null;
  /** `empty` is a value that is not written at all (`Key:`). */
  style: 'plain' | 'single' | 'double' | 'block' | 'empty';
  /** Only for block scalars: the end of the header (`|-`), and where the line break before the content stands. */
  headerEnd?: number | undefined;
  contentBreak?: number | undefined;
}

export interface MapEntry {
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  /** Right after the colon; undefined where the text has none (`{ a }`, `? a`). */
  readonly colonEnd: number | undefined;
  readonly value: SourceNode;
  /** A YAML merge key (`<<`), which stands for the keys of other maps. */
  readonly merge: boolean;
}

export interface MapNode extends NodeBase {
  kind: 'map';
  /** `pair` is the one-entry map without braces inside a flow sequence (`[a: b]`). */
  style: 'block' | 'flow' | 'pair';
  entries: MapEntry[];
  index?: Map<string, MapEntry> | undefined;
}

export interface SeqNode extends NodeBase {
  kind: 'seq';
  style: 'block' | 'flow';
  items: SourceNode[];
}

/** A YAML short form: `!Sub x` is seen as the map `{ "Fn::Sub": x }`. */
export interface TaggedNode extends NodeBase {
  kind: 'tagged';
  key: string;
  /** Right after the tag (and an anchor beside it). */
  tagEnd: number;
  inner: SourceNode;
}

export interface AliasNode extends NodeBase {
  kind: 'alias';
  name: string;
  /** Undefined until resolved; every alias of a finished tree has one. */
  target?: SourceNode | undefined;
}

/** An alias in a place of its own, or one inside the value of a merge key. */
export interface AliasPlace {
  readonly node: AliasNode;
  readonly path: Path;
}

/** A map that has merge keys, with the anchored values they refer to. */
export interface MergePlace {
  readonly map: MapNode;
  readonly path: Path;
  readonly targets: readonly SourceNode[];
}

/** What is known about the text of a template beyond its plain value. */
export interface SourceTree {
  readonly root: MapNode;
  readonly value: JsonValue;
  readonly aliases: readonly AliasPlace[];
  readonly merges: readonly MergePlace[];
  /** The place in the text of each value that has an anchor. */
  readonly anchorPaths: ReadonlyMap<SourceNode, Path>;
}

/** The value behind an alias (aliases never lead to aliases), or the node itself. */
export function resolveAlias(node: SourceNode): SourceNode {
  return node.kind === 'alias' && node.target !== undefined ? node.target : node;
}

/** The entry a map spells itself for that key. */
export function findEntry(map: MapNode, key: string): MapEntry | undefined {
  if (map.entries.length <= 8) return map.entries.findLast((entry) => entry.key === key && !entry.merge);
  map.index ??= new Map(map.entries.filter((entry) => !entry.merge).map((entry) => [entry.key, entry]));
  return map.index.get(key);
}

/** The maps that the merge keys of a map stand for, the strongest first. */
export function mergedMaps(map: MapNode): SourceNode[] {
  return map.entries
    .filter((entry) => entry.merge)
    .flatMap((entry) => {
      const value = resolveAlias(entry.value);
      return value.kind === 'seq' ? value.items : [entry.value];
    });
}

/** One step of a path, through aliases and merge keys; undefined when nothing is there. */
export function childNode(parent: SourceNode, step: string | number): SourceNode | undefined {
  const node = resolveAlias(parent);
  if (node.kind === 'tagged') return String(step) === node.key ? node.inner : undefined;
  if (node.kind === 'seq') return node.items[Number(step)];
  if (node.kind !== 'map') return undefined;
  const own = findEntry(node, String(step));
  if (own !== undefined) return own.value;
  for (const merged of mergedMaps(node)) {
    const found = childNode(merged, step);
    if (found !== undefined) return found;
  }
  return undefined;
}
