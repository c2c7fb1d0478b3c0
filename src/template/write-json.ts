import { skipTrivia } from './json-trivia.ts';
import type { MapEntry, MapNode } from './source-node.ts';
import type { Splice } from './splice.ts';
import type { JsonValue } from './types.ts';
import { indentAt, lineEndOf, lineStartAt, type NewMember, type TemplateWriter } from './writer.ts';

/** Writes JSON in the style that the text has: its indentation, its blanks around colons, its line ends. */
export function jsonWriter(text: string, root: MapNode): TemplateWriter {
  const style: JsonStyle = { text, lineEnd: lineEndOf(text), unit: indentUnit(text, root), colon: colonStyle(text, root.entries[0]) };
  return {
    replace: (node, value) => [{ start: node.start, end: node.end, text: render(style, value, indentAt(text, node.start)) }],
    add: (map, members) => addMembers(style, map, members),
    expandMerges: () => [],
  };
}

interface JsonStyle {
  readonly text: string;
  readonly lineEnd: string;
  /** One step of indentation; empty when the template is written on one line. */
  readonly unit: string;
  /** What stands between key and value: `: ` or ` : `. */
  readonly colon: string;
}

function indentUnit(text: string, root: MapNode): string {
  const first = root.entries[0];
  if (!text.slice(root.start, root.end).includes('\n')) return '';
  if (first === undefined) return '  ';
  const step = indentAt(text, first.keyStart).slice(indentAt(text, root.start).length);
  return step === '' || lineStartAt(text, first.keyStart) <= root.start ? '  ' : step;
}

function colonStyle(text: string, entry: MapEntry | undefined): string {
  const between = entry === undefined ? ': ' : text.slice(entry.keyEnd, entry.value.start);
  return /^[ ]*:[ ]*$/.test(between) ? between : ': ';
}

/** JSON text; lone surrogates come out as escapes, so that the result is valid in every encoding. */
function render(style: JsonStyle, value: JsonValue, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const inner = indent + style.unit;
  const parts = Array.isArray(value)
    ? value.map((item) => render(style, item as JsonValue, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}${style.colon}${render(style, item, inner)}`);
  if (parts.length === 0) return `${open}${close}`;
  if (style.unit === '') return `${open}${parts.join(commaOf(style))}${close}`;
  const lines = parts.join(`,${style.lineEnd}${inner}`);
  return `${open}${style.lineEnd}${inner}${lines}${style.lineEnd}${indent}${close}`;
}

/** Between members on one line: without a blank where colons have none either. */
function commaOf(style: JsonStyle): string {
  return style.colon.endsWith(' ') ? ', ' : ',';
}

function addMembers(style: JsonStyle, map: MapNode, members: readonly NewMember[]): Splice[] {
  const last = map.entries.at(-1);
  if (last === undefined) return fillEmpty(style, map, members);
  const comma = commaAfter(style.text, last.value.end);
  const colon = colonStyle(style.text, last) === ': ' ? style.colon : colonStyle(style.text, last);
  const own = { ...style, colon };
  if (lineStartAt(style.text, last.keyStart) <= map.start) return [besideLast(own, last, comma, members)];
  const indent = indentAt(style.text, last.keyStart);
  const end = blankStart(style.text, map.end - 1);
  const lines = members.map((member) => memberText(own, member, indent)).join(`,${style.lineEnd}${indent}`);
  const added = { start: end, end, text: style.lineEnd + indent + lines };
  return comma === undefined ? [{ start: last.value.end, end: last.value.end, text: ',' }, added] : [added];
}

/** `{ "a": 1 }`: the new members go on the same line. */
function besideLast(style: JsonStyle, last: MapEntry, comma: number | undefined, members: readonly NewMember[]): Splice {
  const text = members.map((member) => memberText({ ...style, unit: '' }, member, '')).join(commaOf(style));
  const at = comma === undefined ? last.value.end : comma + 1;
  return { start: at, end: at, text: comma === undefined ? commaOf(style) + text : ` ${text}` };
}

function fillEmpty(style: JsonStyle, map: MapNode, members: readonly NewMember[]): Splice[] {
  const outer = indentAt(style.text, map.start);
  const inner = outer + style.unit;
  const start = blankStart(style.text, map.end - 1);
  const texts = members.map((member) => memberText(style, member, inner));
  if (style.unit === '') return [{ start, end: map.end - 1, text: texts.join(commaOf(style)) }];
  const lines = texts.join(`,${style.lineEnd}${inner}`);
  return [{ start, end: map.end - 1, text: `${style.lineEnd}${inner}${lines}${style.lineEnd}${outer}` }];
}

function memberText(style: JsonStyle, member: NewMember, indent: string): string {
  return `${JSON.stringify(member.key)}${style.colon}${render(style, member.value, indent)}`;
}

/** The offset of the first blank in front of a place. */
function blankStart(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && /\s/.test(text[at - 1] ?? '')) at -= 1;
  return at;
}

/** The comma behind a value, comments skipped; undefined when there is none. */
function commaAfter(text: string, offset: number): number | undefined {
  const next = skipTrivia(text, offset);
  return text[next] === ',' ? next : undefined;
}
