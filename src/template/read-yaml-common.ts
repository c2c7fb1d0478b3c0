import { MAX_DEPTH, type AliasNode, type MapEntry, type MapNode, type SeqNode, type SourceNode } from './source-node.ts';
import { blockScalar, flowPlainScalar, mayBeginPlain, plainScalar, quotedScalar } from './yaml-common-scalars.ts';
import {
  contentLine,
  endOfLine,
  expectLineEnd,
  isGap,
  isLineEnd,
  nextLine,
  skipBlanks,
  uncommon,
  Uncommon,
  type ContentLine,
} from './yaml-common.ts';
import { longForm } from './yaml-scalar.ts';

// Control characters, odd line ends and a byte order mark inside the text.
// oxlint-disable-next-line no-control-regex -- that is what is looked for
const ODD = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\uFEFF]|\r(?!\n)/;

/**
 * Reads the YAML that nearly all templates consist of, several times as fast as the library, into the same tree. Undefined for any
 * text that is not plainly of this kind, right or wrong: the library decides there, and finds the words for what is wrong.
 */
export function readCommonYaml(text: string): SourceNode | undefined {
  const first = text.startsWith('\uFEFF') ? 1 : 0;
  if (ODD.test(first === 1 ? text.slice(1) : text)) return undefined;
  try {
    return new CommonReader(text).document(first);
  } catch (error) {
    if (error instanceof Uncommon) return undefined;
    throw error;
  }
}

/** Anchor and tag in front of a value. */
interface Props {
  readonly start: number;
  readonly end: number;
  readonly anchor: string | undefined;
  readonly key: string | undefined;
}

class CommonReader {
  readonly #text: string;
  readonly #anchors = new Map<string, SourceNode>();
  /** The beginning of the line after what has been read. */
  #line = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(start: number): SourceNode {
    let line = start;
    const marker = /(?:[ \t]*(?:#.*)?\r?\n)*---[ ]*\r?\n/y;
    marker.lastIndex = start;
    if (marker.test(this.#text)) line = marker.lastIndex;
    const content = contentLine(this.#text, line) ?? uncommon();
    if (this.#text[content.at] === '%') uncommon();
    const root = this.#blockNode(content, -1);
    if (root.kind !== 'map' || contentLine(this.#text, this.#line) !== undefined) uncommon();
    return root;
  }

  /** A value that begins on a line of its own, deeper than its parent. */
  #blockNode(content: ContentLine, parentIndent: number): SourceNode {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) uncommon();
    const node = this.#blockContent(content, parentIndent);
    this.#depth -= 1;
    return node;
  }

  #blockContent(content: ContentLine, parentIndent: number): SourceNode {
    const text = this.#text;
    if (text[content.at] === '-' && isGap(text[content.at + 1])) return this.#seq(content);
    if (this.#keyAt(content.at) !== undefined) return this.#map(content);
    return this.#inline(content.at, parentIndent, undefined, false);
  }

  /** Where the key that begins here ends, and its colon; undefined when there is no key. */
  #keyAt(at: number): { keyEnd: number; colon: number; key: string; plain: boolean } | undefined {
    const text = this.#text;
    const char = text[at];
    if (char === '"' || char === "'") {
      const lineEnd = endOfLine(text, at);
      const close = this.#closingQuote(at, lineEnd);
      if (close === undefined) return undefined;
      const colon = skipBlanks(text, close);
      if (text[colon] !== ':' || !isGap(text[colon + 1])) return undefined;
      return { keyEnd: close, colon, key: String(quotedScalar(text, at, -1).value), plain: false };
    }
    if (!mayBeginPlain(text, at, false)) return undefined;
    const pattern = /(?:[^:#\r\n\t]|:(?=[^ \r\n])|(?<=[^ ])#)*:(?= |\r?\n|$)/y;
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined) return undefined;
    if (found.length > 1000) uncommon();
    const key = found.slice(0, -1).trimEnd();
    return { keyEnd: at + key.length, colon: at + found.length - 1, key, plain: true };
  }

  #closingQuote(at: number, lineEnd: number): number | undefined {
    const pattern = this.#text[at] === '"' ? /"(?:[^"\\\n]|\\[^\n])*"/y : /'(?:[^'\n]|'')*'/y;
    pattern.lastIndex = at;
    const found = pattern.exec(this.#text)?.[0];
    return found === undefined || at + found.length > lineEnd ? undefined : at + found.length;
  }

  #map(first: ContentLine): MapNode {
    const entries: MapEntry[] = [];
    let content: ContentLine | undefined = first;
    while (content !== undefined && content.indent === first.indent) {
      entries.push(this.#entry(content));
      content = contentLine(this.#text, this.#line);
    }
    if (content !== undefined && content.indent > first.indent) uncommon();
    const { value, keyEnd } = entries.at(-1) ?? uncommon();
    return {
      kind: 'map',
      style: 'block',
      entries,
      start: first.at,
      end: Math.max(value.end, keyEnd),
      after: Math.max(value.after, keyEnd),
    };
  }

  #entry(content: ContentLine): MapEntry {
    const { key, keyEnd, colon, plain } = this.#keyAt(content.at) ?? uncommon();
    const value = this.#valueAfter(colon + 1, content.indent, true);
    return { key, keyStart: content.at, keyEnd, colonEnd: colon + 1, value, merge: plain && key === '<<' };
  }

  #seq(first: ContentLine): SeqNode {
    const text = this.#text;
    const items: SourceNode[] = [];
    let content: ContentLine | undefined = first;
    while (content !== undefined && content.indent === first.indent && text[content.at] === '-' && isGap(text[content.at + 1])) {
      items.push(this.#item(content));
      content = contentLine(text, this.#line);
    }
    if (content !== undefined && content.indent > first.indent) uncommon();
    const last = items.at(-1) ?? uncommon();
    return { kind: 'seq', style: 'block', items, start: first.at, end: last.end, after: last.after };
  }

  #item(dash: ContentLine): SourceNode {
    const text = this.#text;
    const at = skipBlanks(text, dash.at + 1);
    const isCompact = !isLineEnd(text[at]) && ((text[at] === '-' && isGap(text[at + 1])) || this.#keyAt(at) !== undefined);
    if (isCompact) return this.#blockNode({ at, indent: dash.indent + at - dash.at }, dash.indent);
    return this.#valueAfter(dash.at + 1, dash.indent, false);
  }

  /** What follows a colon or dash: on the same line, or below it. */
  #valueAfter(from: number, indent: number, ofKey: boolean): SourceNode {
    const at = skipBlanks(this.#text, from);
    if (isLineEnd(this.#text[at]) || (this.#text[at] === '#' && at > from)) return this.#below(from, from, indent, ofKey, undefined);
    return this.#inline(at, indent, undefined, ofKey);
  }

  /** A value on the lines below its colon, dash, anchor or tag; empty when they belong to something else. */
  #below(from: number, emptyAt: number, indent: number, ofKey: boolean, props: Props | undefined): SourceNode {
    this.#line = nextLine(this.#text, expectLineEnd(this.#text, from));
    const content = contentLine(this.#text, this.#line);
    const isDash = content !== undefined && this.#text[content.at] === '-' && isGap(this.#text[content.at + 1]);
    if (content !== undefined && (content.indent > indent || (ofKey && isDash && content.indent === indent))) {
      // Anchors and tags on a line of their own, and further ones below them, are for the library.
      if (props !== undefined && /[&!]/.test(this.#text[content.at] ?? '')) uncommon();
      return this.#blockNode(content, indent);
    }
    return { kind: 'scalar', style: 'empty', value: null, start: emptyAt, end: emptyAt, after: emptyAt };
  }

  /** A value that begins in the middle of a line, or a scalar on lines of its own. */
  #inline(at: number, indent: number, props: Props | undefined, ofKey: boolean): SourceNode {
    const text = this.#text;
    if (props === undefined && (text[at] === '&' || text[at] === '!')) return this.#withProps(at, indent, ofKey);
    const node = this.#scalarOrFlow(at, indent);
    const isBlock = node.kind === 'scalar' && node.style === 'block';
    this.#line = isBlock ? node.after : nextLine(text, expectLineEnd(text, node.end));
    return node;
  }

  #scalarOrFlow(at: number, indent: number): SourceNode {
    switch (this.#text[at]) {
      case '"':
      case "'":
        return quotedScalar(this.#text, at, indent);
      case '|':
      case '>':
        return blockScalar(this.#text, at, indent);
      case '{':
      case '[':
        return this.#flow(at, indent);
      case '*':
        return this.#alias(at);
      default:
        return plainScalar(this.#text, at, indent);
    }
  }

  #withProps(at: number, indent: number, ofKey: boolean): SourceNode {
    const props = this.#props(at, false);
    const next = skipBlanks(this.#text, props.end);
    const isEmptyLine = isLineEnd(this.#text[next]) || (this.#text[next] === '#' && next > props.end);
    if (!isEmptyLine && this.#keyAt(next) !== undefined) uncommon();
    const inner = isEmptyLine ? this.#below(props.end, props.end, indent, ofKey, props) : this.#inline(next, indent, props, ofKey);
    return this.#decorate(inner, props);
  }

  #props(at: number, inFlow: boolean): Props {
    const text = this.#text;
    let anchor: string | undefined;
    let tag: string | undefined;
    let end = at;
    for (let next = at; text[next] === '&' || text[next] === '!'; next = skipBlanks(text, end)) {
      const pattern = /&([^\s,[\]{}]+)|!([A-Za-z0-9:]+)/y;
      pattern.lastIndex = next;
      const found = pattern.exec(text) ?? uncommon();
      if (found[1] === undefined ? tag !== undefined : anchor !== undefined) uncommon();
      anchor ??= found[1];
      tag ??= found[2];
      end = pattern.lastIndex;
      if (!isGap(text[end]) && !(inFlow && /[,\]}]/.test(text[end] ?? ''))) uncommon();
    }
    return { start: at, end, anchor, key: tag === undefined ? undefined : longForm(tag) };
  }

  #decorate(inner: SourceNode, props: Props): SourceNode {
    if (inner.kind === 'alias') uncommon();
    const { start, end: tagEnd, anchor, key } = props;
    const end = Math.max(inner.end, tagEnd);
    const after = Math.max(inner.after, tagEnd);
    const node: SourceNode = key === undefined ? { ...inner, start } : { kind: 'tagged', key, inner, start, tagEnd, end, after };
    if (anchor === undefined) return node;
    node.anchor = anchor;
    const known = this.#anchors.get(anchor);
    if (known === undefined || known.start < start) this.#anchors.set(anchor, node);
    return node;
  }

  #alias(at: number): AliasNode {
    const pattern = /\*([^\s,[\]{}]+)/y;
    pattern.lastIndex = at;
    const [source, name] = pattern.exec(this.#text) ?? uncommon();
    const target = this.#anchors.get(name ?? '') ?? uncommon();
    const end = at + source.length;
    return { kind: 'alias', name: name ?? '', target, start: at, end, after: end };
  }

  #flow(at: number, indent: number): SourceNode {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) uncommon();
    const node = this.#text[at] === '{' ? this.#flowMap(at, indent) : this.#flowSeq(at, indent);
    this.#depth -= 1;
    return node;
  }

  #flowMap(start: number, indent: number): MapNode {
    const entries: MapEntry[] = [];
    let at = this.#flowGap(start + 1, indent);
    while (this.#text[at] !== '}') {
      const entry = this.#flowEntry(at, indent);
      entries.push(entry);
      at = this.#flowComma(entry.value.end, indent, '}');
    }
    return { kind: 'map', style: 'flow', entries, start, end: at + 1, after: at + 1 };
  }

  #flowEntry(at: number, indent: number): MapEntry {
    const text = this.#text;
    const isQuoted = text[at] === '"' || text[at] === "'";
    const keyNode = isQuoted ? quotedScalar(text, at, indent) : flowPlainScalar(text, at);
    const colon = skipBlanks(text, keyNode.end);
    const isAdjacent = isQuoted && colon === keyNode.end;
    if (text[colon] !== ':' || (!isAdjacent && !isGap(text[colon + 1])) || text.slice(at, keyNode.end).includes('\n')) uncommon();
    const from = this.#flowGap(colon + 1, indent);
    const key = isQuoted ? String(keyNode.value) : text.slice(at, keyNode.end);
    return {
      key,
      keyStart: at,
      keyEnd: keyNode.end,
      colonEnd: colon + 1,
      value: this.#flowValue(from, indent),
      merge: !isQuoted && key === '<<',
    };
  }

  #flowSeq(start: number, indent: number): SeqNode {
    const items: SourceNode[] = [];
    let at = this.#flowGap(start + 1, indent);
    while (this.#text[at] !== ']') {
      const item = this.#flowValue(at, indent);
      items.push(item);
      at = this.#flowComma(item.end, indent, ']');
    }
    return { kind: 'seq', style: 'flow', items, start, end: at + 1, after: at + 1 };
  }

  #flowValue(at: number, indent: number): SourceNode {
    const char = this.#text[at];
    if (char === '&' || char === '!') {
      const props = this.#props(at, true);
      return this.#decorate(this.#flowBare(this.#flowGap(props.end, indent), indent), props);
    }
    return this.#flowBare(at, indent);
  }

  #flowBare(at: number, indent: number): SourceNode {
    const char = this.#text[at];
    if (char === '{' || char === '[') return this.#flow(at, indent);
    if (char === '"' || char === "'") return quotedScalar(this.#text, at, indent);
    return char === '*' ? this.#alias(at) : flowPlainScalar(this.#text, at);
  }

  /** The next place with something between brackets; lines must be indented deeper than the block around the brackets. */
  #flowGap(from: number, indent: number): number {
    const text = this.#text;
    let at = skipBlanks(text, from);
    while (isLineEnd(text[at]) || (text[at] === '#' && (at > from || text[from - 1] === ' '))) {
      const content = contentLine(text, nextLine(text, endOfLine(text, at))) ?? uncommon();
      if (content.indent <= indent) uncommon();
      at = content.at;
    }
    return at;
  }

  /** Behind an entry: a comma and what follows it, or the closing bracket. */
  #flowComma(from: number, indent: number, close: string): number {
    const at = this.#flowGap(from, indent);
    if (this.#text[at] === close) return at;
    if (this.#text[at] !== ',') uncommon();
    return this.#flowGap(at + 1, indent);
  }
}
