import { UserError } from '../errors.ts';
import type { JsonObject, JsonValue, Path, TemplateEdit } from './types.ts';
import { isMap, withMembers } from './value.ts';

/** The edits as a tree of paths: each branch is looked at once, however many edits there are. */
export interface EditTrie {
  /** The value set at exactly this path. */
  set?: { readonly value: JsonValue } | undefined;
  readonly children: Map<string, EditTrie>;
}

/** Later edits win; one that sets a map forgets what was set inside it before. */
export function trieOf(edits: readonly TemplateEdit[]): EditTrie {
  const root: EditTrie = { children: new Map() };
  for (const { path, value } of edits) {
    if (path.length === 0) throw new UserError('INTERNAL', 'an edit cannot replace a whole template');
    let node = root;
    for (const step of path) {
      const key = String(step);
      let child = node.children.get(key);
      if (child === undefined) {
        child = { children: new Map() };
        node.children.set(key, child);
      }
      node = child;
    }
    node.set = { value };
    node.children.clear();
  }
  return root;
}

/** The edits at and below a path, if there are any. */
export function trieAt(trie: EditTrie, path: Path): EditTrie | undefined {
  let node: EditTrie | undefined = trie;
  for (const step of path) node = node?.children.get(String(step));
  return node;
}

/** Whether the value at a path goes away because something around it is replaced. */
export function isReplacedAround(trie: EditTrie, path: Path): boolean {
  let node: EditTrie | undefined = trie;
  for (const step of path) {
    if (node === undefined) return false;
    if (node.set !== undefined) return true;
    node = node.children.get(String(step));
  }
  return false;
}

/** The value after the edits; everything that they do not touch is shared with the value before. */
export function editedValue(value: JsonValue | undefined, trie: EditTrie): JsonValue {
  const base = trie.set === undefined ? value : trie.set.value;
  if (trie.children.size === 0) return base ?? null;
  if (Array.isArray(base)) {
    const copy = [...(base as readonly JsonValue[])];
    for (const [key, child] of trie.children) {
      const index = Number(key);
      if (!(index in copy)) throw new UserError('INTERNAL', `an edit leads to item ${key} of a list that has ${copy.length}`);
      copy[index] = editedValue(copy[index], child);
    }
    return copy;
  }
  const map: JsonObject = isMap(base) ? base : {};
  return withMembers(
    map,
    [...trie.children].map(([key, child]) => [key, editedValue(Object.hasOwn(map, key) ? map[key] : undefined, child)] as const),
  );
}
