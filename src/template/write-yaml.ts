import { childNode, resolveAlias, type MapEntry, type MapNode, type ScalarNode, type SourceNode } from './source-node.ts';
import type { Splice } from './splice.ts';
import type { JsonValue } from './types.ts';
import { sameValue } from './value.ts';
import { lineEndOf, lineStartAt, type NewMember, type Place, type TemplateWriter } from './writer.ts';
import { plainScalarValue } from './yaml-scalar.ts';

/** Writes YAML: values in flow style on the line where they belong, members of block maps on lines of their own. */
export function yamlWriter(text: string): TemplateWriter {
  return {
    replace: (node, value, place, like) => replaceNode(text, node, flow(text, value, like, quoteStyleOf(node)), place),
    add: (map, members) => (map.style === 'block' ? addToBlock(text, map, members) : addToFlow(text, map, members)),
    expandMerges: (map, members) => expandMerges(text, map, members),
  };
}

function replaceNode(text: string, node: SourceNode, rendered: string, place: Place): Splice[] {
  const value = node.anchor === undefined ? rendered : `&${node.anchor} ${rendered}`;
  if (node.kind === 'scalar' && node.style === 'block') return replaceBlockScalar(node, value);
  if (isBlockCollection(node)) {
    const from = place.from;
    // From the colon on, when only blanks are in between; a comment there stays, and the value goes where it was.
    if (from !== undefined && text.slice(from, node.start).trim() === '') return [{ start: from, end: node.end, text: ` ${value}` }];
    return [{ start: node.start, end: node.end, text: node.kind === 'seq' ? ` ${value}` : value }];
  }
  const before = text[node.start - 1] ?? '\n';
  const blank = /[\s[{,]/.test(before) || before === '\uFEFF' ? '' : ' ';
  return [{ start: node.start, end: node.end, text: blank + value }];
}

function isBlockCollection(node: SourceNode): boolean {
  return (node.kind === 'map' || node.kind === 'seq') && node.style === 'block';
}

/** The header becomes the value, a comment behind it stays, the content goes. */
function replaceBlockScalar(node: ScalarNode, value: string): Splice[] {
  const header = { start: node.start, end: node.headerEnd ?? node.end, text: value };
  if (node.contentBreak === undefined || node.end <= node.contentBreak) return [header];
  return [header, { start: node.contentBreak, end: node.end, text: '' }];
}

function addToBlock(text: string, map: MapNode, members: readonly NewMember[]): Splice[] | undefined {
  const indent = blockIndent(text, map);
  if (indent === undefined) return undefined;
  const lineEnd = lineEndOf(text);
  const lines = members.map((member) => indent + memberText(text, member));
  // A block scalar ends with its line break, so the next line begins right there.
  if (text[map.after - 1] === '\n') return [{ start: map.after, end: map.after, text: lines.map((line) => line + lineEnd).join('') }];
  const at = lineEndFrom(text, map.after);
  return [{ start: at, end: at, text: lines.map((line) => lineEnd + line).join('') }];
}

/** The blanks in front of the keys of a block map; the first may stand behind the dashes of list items. */
function blockIndent(text: string, map: MapNode): string | undefined {
  for (const entry of map.entries) {
    const before = text.slice(lineStartAt(text, entry.keyStart), entry.keyStart);
    if (/^ *(?:- +)*$/.test(before)) return ' '.repeat(before.length);
  }
  return undefined;
}

function lineEndFrom(text: string, offset: number): number {
  const found = text.indexOf('\n', offset);
  if (found === -1) return text.length;
  return text[found - 1] === '\r' && found - 1 >= offset ? found - 1 : found;
}

function addToFlow(text: string, map: MapNode, members: readonly NewMember[]): Splice[] | undefined {
  if (map.style === 'pair') return undefined;
  const added = members.map((member) => memberText(text, member)).join(', ');
  const last = map.entries.at(-1);
  if (last === undefined) {
    const at = text.indexOf('{', map.start) + 1;
    return [{ start: at, end: at, text: added }];
  }
  const at = Math.max(last.value.end, last.keyEnd, last.colonEnd ?? 0);
  return [{ start: at, end: at, text: `, ${added}` }];
}

function expandMerges(text: string, map: MapNode, members: readonly NewMember[]): Splice[] {
  const indent = map.style === 'block' ? blockIndent(text, map) : undefined;
  const separator = indent === undefined ? ', ' : lineEndOf(text) + indent;
  return map.entries
    .filter((entry) => entry.merge)
    .map((entry: MapEntry, index) => {
      const written = index === 0 && members.length > 0 ? members.map((member) => memberText(text, member)).join(separator) : '<<: {}';
      return { start: entry.keyStart, end: entry.value.end, text: written };
    });
}

function memberText(text: string, member: NewMember): string {
  return `${scalarText(member.key)}: ${flow(text, member.value, member.like)}`;
}

type QuoteStyle = 'single' | 'double' | undefined;

function quoteStyleOf(node: SourceNode): QuoteStyle {
  return node.kind === 'scalar' && (node.style === 'single' || node.style === 'double') ? node.style : undefined;
}

/** A value on one line. `like` is a node with (nearly) the same value: where they agree, its spelling is kept. */
function flow(text: string, value: JsonValue, like: SourceNode | undefined, quotes?: QuoteStyle): string {
  const node = like === undefined ? undefined : resolveAlias(like);
  if (Array.isArray(value)) return `[${value.map((item, index) => flow(text, item as JsonValue, childOf(node, index))).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, item]) => `${scalarText(key)}: ${flow(text, item, childOf(node, key))}`);
    return `{${members.join(', ')}}`;
  }
  if (node?.kind === 'scalar' && node.style === 'plain' && sameValue(node.value, value)) {
    const spelling = text.slice(node.start, node.end).replace(/^&\S+\s+/, '');
    if (isSafePlain(spelling) || /^[-+.]?[0-9][\w.+-]*$/.test(spelling)) return spelling;
  }
  return scalarText(value, quotes);
}

function childOf(node: SourceNode | undefined, step: string | number): SourceNode | undefined {
  return node === undefined ? undefined : childNode(node, step);
}

// Words that some version of YAML reads as something other than text.
const NOT_TEXT = /^(?:null|true|false|yes|no|on|off|y|n|~)$/i;

/** Text that needs no quotes, whatever stands around it and whatever version of YAML reads it. */
function isSafePlain(value: string): boolean {
  return /^(?:[A-Za-z/_]|\.{1,2}\/)[\w./:@+=-]*$/.test(value) && !value.endsWith(':') && !NOT_TEXT.test(value);
}

function scalarText(value: string | number | boolean | null, quotes?: QuoteStyle): string {
  if (typeof value !== 'string') return String(value);
  if (quotes === undefined && isSafePlain(value) && plainScalarValue(value) === value) return value;
  if (quotes === 'single' && /^[\x20-\x7e]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return doubleQuoted(value);
}

/** JSON's text is YAML's double-quoted text, but for a few characters that YAML wants escaped. */
function doubleQuoted(value: string): string {
  return JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
