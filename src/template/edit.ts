import { UserError } from '../errors.ts';
import { editedValue, isReplacedAround, trieAt, trieOf, type EditTrie } from './edit-trie.ts';
import { parseAgain, sourceOf } from './parse.ts';
import { childNode, findEntry, resolveAlias, type MapNode, type SourceNode, type SourceTree } from './source-node.ts';
import { applySplices, type Splice } from './splice.ts';
import { MERGE_STEP } from './to-value.ts';
import type { JsonObject, JsonValue, Path, Template, TemplateEdit } from './types.ts';
import { sameValue, valueAt } from './value.ts';
import { jsonWriter } from './write-json.ts';
import { yamlWriter } from './write-yaml.ts';
import type { NewMember, Place, TemplateWriter } from './writer.ts';

export interface EditOptions {
  /** Writes every YAML alias and merge key out, for readers that do not know them. */
  readonly expandAliases?: boolean | undefined;
}

/**
 * The text of a template after edits. Only the places that change are written anew; comments, quotes, order and layout of
 * everything else stay as they are, byte for byte. An edit behind an alias or merge key, or inside an anchored value that other
 * places refer to, changes the value at its own path only: the other places are written out where they would have changed with it.
 * The result is read again and compared with the value that was wanted; a difference is a defect (UserError INTERNAL).
 */
export function applyEdits(template: Template, edits: readonly TemplateEdit[], options: EditOptions = {}): string {
  return editTemplate(template, edits, options).text;
}

/** As applyEdits, but answers with the new template: it has been read anyway. */
export function editTemplate(template: Template, edits: readonly TemplateEdit[], options: EditOptions = {}): Template {
  const tree = sourceOf(template);
  const trie = trieOf(edits);
  const wanted = editedValue(template.value, trie) as JsonObject;
  const editor = new Editor(template, tree, trie, wanted, options.expandAliases === true);
  const text = applySplices(template.text, editor.splices());
  if (text === template.text && edits.length === 0) return template;
  const result = reread(template, text);
  if (!sameValue(result.value, wanted)) {
    throw new UserError('INTERNAL', `${template.path}: writing ${edits.length} changes into the template did not give the value wanted`);
  }
  return result;
}

function reread(template: Template, text: string): Template {
  try {
    return parseAgain(template, text);
  } catch (error) {
    throw new UserError('INTERNAL', `${template.path}: the template cannot be read after changes were written into it`, { cause: error });
  }
}

class Editor {
  readonly #template: Template;
  readonly #tree: SourceTree;
  readonly #trie: EditTrie;
  readonly #wanted: JsonObject;
  readonly #expandAll: boolean;
  readonly #writer: TemplateWriter;
  readonly #expanded = new Set<MapNode>();
  readonly #splices: Splice[] = [];

  constructor(template: Template, tree: SourceTree, trie: EditTrie, wanted: JsonObject, expandAll: boolean) {
    this.#template = template;
    this.#tree = tree;
    this.#trie = trie;
    this.#wanted = wanted;
    this.#expandAll = expandAll;
    this.#writer = template.format === 'json' ? jsonWriter(template.text, tree.root) : yamlWriter(template.text);
  }

  splices(): readonly Splice[] {
    this.#expandMerges();
    this.#visit(this.#tree.root, this.#trie, [], { from: undefined });
    this.#expandAliases();
    return this.#splices;
  }

  #visit(node: SourceNode, trie: EditTrie, path: Path, place: Place): void {
    if (trie.set !== undefined) return this.#replace(node, path, place);
    if (trie.children.size === 0) return;
    if (node.kind === 'map') return this.#visitMap(node, trie, path, place);
    // What happens behind an alias is decided with all aliases in view.
    if (node.kind === 'alias') return;
    // What cannot be done inside is done around: decided first, so that nothing inside is written twice.
    if ([...trie.children.keys()].some((key) => this.#needsLongForm(node, key, path))) return this.#replace(node, path, place);
    for (const [key, child] of trie.children) {
      const next = childNode(node, key);
      if (next !== undefined) this.#visit(next, child, [...path, key], { from: node.kind === 'tagged' ? node.tagEnd : undefined });
    }
  }

  #needsLongForm(node: SourceNode, key: string, path: Path): boolean {
    if (childNode(node, key) === undefined) return true;
    // `!GetAtt` takes text apart at its dot, so text that shall stay whole needs the long form.
    return node.kind === 'tagged' && key === 'Fn::GetAtt' && typeof this.#wantedAt([...path, key]) === 'string';
  }

  #visitMap(node: MapNode, trie: EditTrie, path: Path, place: Place): void {
    const missing = [...trie.children.keys()].filter((key) => findEntry(node, key) === undefined && !this.#isWrittenOut(node, path, key));
    const members = missing.map((key): NewMember => ({ key, value: this.#wantedAt([...path, key]), like: childNode(node, key) }));
    const added = members.length === 0 ? [] : this.#writer.add(node, members);
    if (added === undefined) return this.#replace(node, path, place);
    for (const [key, child] of trie.children) {
      const entry = findEntry(node, key);
      if (entry !== undefined) this.#visit(entry.value, child, [...path, key], { from: entry.colonEnd });
    }
    this.#splices.push(...added);
  }

  /** Whether a key comes from a merge key that is written out, so that it must not be added again. */
  #isWrittenOut(node: MapNode, path: Path, key: string): boolean {
    if (!this.#expanded.has(node)) return false;
    return Object.hasOwn(valueAt(this.#template.value, path) as object, key);
  }

  #replace(node: SourceNode, path: Path, place: Place): void {
    this.#splices.push(...this.#writer.replace(node, this.#wantedAt(path), place, node));
  }

  #expandMerges(): void {
    for (const { map, path, targets } of this.#tree.merges) {
      if (!this.#expandAll && !targets.some((target) => this.#changes(target))) continue;
      this.#expanded.add(map);
      const merged = Object.keys(valueAt(this.#template.value, path) as object).filter((key) => findEntry(map, key) === undefined);
      const members = merged.map((key) => ({ key, value: this.#wantedAt([...path, key]), like: childNode(map, key) }));
      this.#splices.push(...this.#writer.expandMerges(map, members));
    }
  }

  #expandAliases(): void {
    for (const { node, path } of this.#tree.aliases) {
      if (path.includes(MERGE_STEP)) continue;
      const target = resolveAlias(node);
      const touched = this.#expandAll || this.#changes(target) || trieAt(this.#trie, path) !== undefined;
      if (!touched || (!this.#expandAll && this.#staysSame(path, target))) continue;
      this.#splices.push(...this.#writer.replace(node, this.#wantedAt(path), { from: undefined }, target));
    }
  }

  /** Whether an anchored value is not what it was, or not there any more. */
  #changes(target: SourceNode): boolean {
    const path = this.#tree.anchorPaths.get(target) ?? [];
    return trieAt(this.#trie, path) !== undefined || isReplacedAround(this.#trie, path);
  }

  #staysSame(path: Path, target: SourceNode): boolean {
    const anchorPath = this.#tree.anchorPaths.get(target) ?? [];
    return !isReplacedAround(this.#trie, anchorPath) && sameValue(this.#wantedAt(path), this.#wantedAt(anchorPath));
  }

  #wantedAt(path: Path): JsonValue {
    return valueAt(this.#wanted, path) ?? null;
  }
}
