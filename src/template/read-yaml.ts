import { Composer, CST, Parser } from 'yaml';
import { TemplateProblem } from './positions.ts';
import { MAX_DEPTH, type AliasNode, type MapEntry, type MapNode, type ScalarNode, type SeqNode, type SourceNode } from './source-node.ts';
import { longForm, plainScalarValue } from './yaml-scalar.ts';

type Token = CST.Token;
type Item = CST.CollectionItem;

/** Anchor and tag in front of a value. */
interface Props {
  readonly start: number;
  readonly end: number;
  readonly anchor: string | undefined;
  readonly tag: string | undefined;
}

/** Reads YAML through the library's concrete syntax tree, which knows every character. Throws TemplateProblem. */
export function readYaml(text: string): SourceNode | undefined {
  const tokens = [...new Parser().parse(text)];
  checkDepth(tokens);
  checkErrors(tokens);
  const documents = tokens.filter((token) => token.type === 'document');
  const extra = documents[1];
  if (extra !== undefined)
    throw new TemplateProblem('TEMPLATE_INVALID', extra.offset, 'there is a second document; a template is only one');
  const document = documents[0];
  if (document === undefined) return undefined;
  const node = new YamlReader().value(document.value, document.start, document.offset);
  return node.kind === 'scalar' && node.style === 'empty' ? undefined : node;
}

/** The library composes recursively, so depth is looked at first, and without recursion. */
function checkDepth(tokens: readonly Token[]): void {
  const pending: { token: Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) throw new TemplateProblem('TEMPLATE_INVALID', token.offset, `values are nested more than ${MAX_DEPTH} deep`);
    if (token.type === 'document' && token.value !== undefined) pending.push({ token: token.value, depth: 1 });
    if (!('items' in token)) continue;
    for (const item of token.items) {
      if (item.value !== undefined) pending.push({ token: item.value, depth: depth + 1 });
      if (item.key !== undefined && item.key !== null) pending.push({ token: item.key, depth: depth + 1 });
    }
  }
}

function checkErrors(tokens: readonly Token[]): void {
  const composer = new Composer({
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
    logLevel: 'silent',
    prettyErrors: false,
  });
  for (const document of composer.compose(tokens)) {
    const first = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0])[0];
    if (first !== undefined) throw new TemplateProblem('TEMPLATE_SYNTAX', first.pos[0], first.message);
  }
}

class YamlReader {
  readonly #anchors = new Map<string, SourceNode>();

  value(token: Token | null | undefined, before: readonly CST.SourceToken[], position: number): SourceNode {
    const props = propsOf(before, token?.offset ?? position);
    const core = props.tag === undefined ? undefined : coreTag(props.tag);
    if (props.tag === undefined || core !== undefined) return this.#anchored(this.#content(token, props, core), props);
    const inner = this.#content(token, { start: token?.offset ?? props.end, end: props.end, anchor: undefined, tag: undefined }, undefined);
    const key = longForm(shortTagName(props.tag, props.start));
    const end = Math.max(inner.end, props.end);
    const after = Math.max(inner.after, props.end);
    return this.#anchored({ kind: 'tagged', key, inner, start: props.start, tagEnd: props.end, end, after }, props);
  }

  #anchored(node: SourceNode, props: Props): SourceNode {
    if (props.anchor === undefined) return node;
    if (node.kind === 'alias') throw new TemplateProblem('TEMPLATE_SYNTAX', props.start, 'an alias cannot have an anchor of its own');
    node.anchor = props.anchor;
    const known = this.#anchors.get(props.anchor);
    // The anchor that begins last in the text counts, also when a value with the same anchor surrounds it.
    if (known === undefined || known.start < node.start) this.#anchors.set(props.anchor, node);
    return node;
  }

  #content(token: Token | null | undefined, props: Props, core: string | undefined): SourceNode {
    switch (token?.type) {
      case 'scalar':
      case 'single-quoted-scalar':
      case 'double-quoted-scalar':
      case 'block-scalar':
        return scalarNode(token, props, core);
      case 'alias':
        return this.#alias(token.source.slice(1), token.offset, token.offset + token.source.length);
      case 'block-map':
        return this.#map(token.items, props, 'block', undefined);
      case 'block-seq':
        return this.#blockSeq(token, props);
      case 'flow-collection':
        return token.start.type === 'flow-map-start'
          ? this.#map(token.items, props, 'flow', closingEnd(token))
          : this.#flowSeq(token, props);
      default:
        return { kind: 'scalar', value: null, style: 'empty', start: props.start, end: props.end, after: props.end };
    }
  }

  #alias(name: string, start: number, end: number): AliasNode {
    const target = this.#anchors.get(name);
    if (target === undefined) throw new TemplateProblem('TEMPLATE_INVALID', start, `no value before this place has the anchor "${name}"`);
    return { kind: 'alias', name, target, start, end, after: end };
  }

  #map(items: readonly Item[], props: Props, style: 'block' | 'flow', end: number | undefined): MapNode {
    const entries = items.filter((item) => item.key !== undefined || item.sep !== undefined).map((item) => this.#entry(item));
    const last = entries.at(-1);
    const lastEnd = last === undefined ? props.end : Math.max(last.value.end, last.keyEnd);
    const after = last === undefined ? props.end : Math.max(last.value.after, last.keyEnd);
    return { kind: 'map', style, entries, start: props.start, end: end ?? lastEnd, after: end ?? after };
  }

  #entry(item: Item): MapEntry {
    const offset = item.key?.offset ?? item.sep?.[0]?.offset ?? 0;
    const keyNode = this.value(item.key, item.start, offset);
    const { key, plain } = keyText(item.key, keyNode);
    const sep = item.sep ?? [];
    const colon = sep.findIndex((token) => token.type === 'map-value-ind');
    const colonEnd = colon === -1 ? undefined : (sep[colon]?.offset ?? 0) + 1;
    const value = this.value(item.value, colon === -1 ? [] : sep.slice(colon + 1), colonEnd ?? keyNode.end);
    return { key, keyStart: keyNode.start, keyEnd: keyNode.end, colonEnd, value, merge: plain && key === '<<' };
  }

  #blockSeq(token: CST.BlockSequence, props: Props): SeqNode {
    const items = token.items.flatMap((item) => {
      const dash = item.start.findIndex((part) => part.type === 'seq-item-ind');
      if (dash === -1) return [];
      return [this.value(item.value, item.start.slice(dash + 1), (item.start[dash]?.offset ?? 0) + 1)];
    });
    const last = items.at(-1);
    return { kind: 'seq', style: 'block', items, start: props.start, end: last?.end ?? props.end, after: last?.after ?? props.end };
  }

  #flowSeq(token: CST.FlowCollection, props: Props): SeqNode {
    const end = closingEnd(token);
    const items = token.items.flatMap((item) => {
      if (item.sep === undefined && item.key === undefined) return item.value === undefined ? [] : [this.value(item.value, item.start, 0)];
      const entry = this.#entry(item);
      const pairEnd = Math.max(entry.value.end, entry.colonEnd ?? entry.keyEnd);
      return [{ kind: 'map', style: 'pair', entries: [entry], start: entry.keyStart, end: pairEnd, after: pairEnd } satisfies MapNode];
    });
    return { kind: 'seq', style: 'flow', items, start: props.start, end, after: end };
  }
}

function propsOf(before: readonly CST.SourceToken[], position: number): Props {
  const parts = before.filter((token) => token.type === 'anchor' || token.type === 'tag');
  const last = parts.at(-1);
  return {
    start: parts[0]?.offset ?? position,
    end: last === undefined ? position : last.offset + last.source.length,
    anchor: parts.find((token) => token.type === 'anchor')?.source.slice(1),
    tag: parts.find((token) => token.type === 'tag')?.source,
  };
}

function scalarNode(token: CST.FlowScalar | CST.BlockScalar, props: Props, core: string | undefined): ScalarNode {
  const problem = (offset: number, _code: string, message: string): never => {
    throw new TemplateProblem('TEMPLATE_SYNTAX', offset, message);
  };
  const text = CST.resolveAsScalar(token, true, problem).value;
  if (token.type === 'block-scalar') return blockScalar(token, props, text);
  const end = token.offset + token.source.length;
  const base = { kind: 'scalar', start: props.start, end, after: end } as const;
  if (token.type === 'single-quoted-scalar') return { ...base, style: 'single', value: text };
  if (token.type === 'double-quoted-scalar') return { ...base, style: 'double', value: text };
  // A missing value inside `{ a: , b: }` is a scalar without characters.
  if (token.source === '') return { ...base, style: 'empty', value: core === 'str' ? '' : null, start: Math.min(props.start, end) };
  return { ...base, style: 'plain', value: core === 'str' ? text : plainScalarValue(text) };
}

function blockScalar(token: CST.BlockScalar, props: Props, value: string): ScalarNode {
  const header = token.props.find((part) => part.type === 'block-scalar-header');
  const lineBreak = token.props.find((part) => part.type === 'newline');
  const headerEnd = header === undefined ? token.offset : header.offset + (header as CST.SourceToken).source.length;
  const bodyStart = lineBreak === undefined ? headerEnd : lineBreak.offset + (lineBreak as CST.SourceToken).source.length;
  const content = token.source.replace(/\s+$/, '').length;
  const end = content === 0 ? headerEnd : bodyStart + content;
  return {
    kind: 'scalar',
    style: 'block',
    value,
    start: props.start,
    end,
    after: bodyStart + token.source.length,
    headerEnd,
    contentBreak: lineBreak?.offset,
  };
}

function closingEnd(token: CST.FlowCollection): number {
  const close = token.end.find((part) => part.type === 'flow-map-end' || part.type === 'flow-seq-end');
  return close === undefined ? token.offset + 1 : close.offset + 1;
}

/** Name of a tag of YAML's own (`!!str` → `str`); `!` alone means text. Undefined for CloudFormation's short forms. */
function coreTag(tag: string): string | undefined {
  if (tag === '!') return 'str';
  if (tag.startsWith('!!')) return tag.slice(2);
  return /^!<tag:yaml\.org,2002:([^>]*)>$/.exec(tag)?.[1];
}

function shortTagName(tag: string, offset: number): string {
  const name = /^!([A-Za-z0-9:]+)$/.exec(tag)?.[1];
  if (name === undefined)
    throw new TemplateProblem('TEMPLATE_INVALID', offset, `the tag ${JSON.stringify(tag)} is none that CloudFormation knows`);
  return name;
}

/** A key as its text, whatever it looks like (`200`, `True`); merge keys are only those without quotes. */
function keyText(token: Token | null | undefined, node: SourceNode): { key: string; plain: boolean } {
  const target = node.kind === 'alias' ? node.target : node;
  if (target?.kind !== 'scalar') throw new TemplateProblem('TEMPLATE_INVALID', node.start, 'a key must be a plain text');
  if (target.style === 'empty') throw new TemplateProblem('TEMPLATE_INVALID', node.start, 'a key is missing in front of the ":"');
  if (token?.type === 'scalar') return { key: CST.resolveAsScalar(token).value, plain: true };
  return { key: String(target.value), plain: false };
}
