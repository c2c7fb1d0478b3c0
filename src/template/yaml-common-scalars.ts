import type { ScalarNode } from './source-node.ts';
import { endOfLine, isGap, isLineEnd, nextLine, skipBlanks, uncommon } from './yaml-common.ts';
import { plainScalarValue } from './yaml-scalar.ts';

/** Text in quotes. Over several lines, the lines are folded; escapes that JSON does not know are uncommon. */
export function quotedScalar(text: string, start: number, parentIndent: number): ScalarNode {
  const quote = text[start];
  const pattern = quote === '"' ? /"(?:[^"\\]|\\[^])*"/y : /'(?:[^']|'')*'/y;
  pattern.lastIndex = start;
  const source = pattern.exec(text)?.[0] ?? uncommon();
  const end = start + source.length;
  const raw = source.includes('\n') ? foldQuoted(source.slice(1, -1), parentIndent) : source.slice(1, -1);
  if (quote === "'") return { kind: 'scalar', style: 'single', value: raw.replaceAll("''", "'"), start, end, after: end };
  return { kind: 'scalar', style: 'double', value: raw.includes('\\') ? unescape(raw) : raw, start, end, after: end };
}

/** Blanks around line ends go; one line end becomes a blank, more become one less. */
function foldQuoted(inner: string, parentIndent: number): string {
  if (/\\\r?\n|[\t]/.test(inner)) uncommon();
  const [first = '', ...rest] = inner.split(/\r?\n/);
  let result = first.trimEnd();
  let blank = 0;
  rest.forEach((line, index) => {
    const isLast = index === rest.length - 1;
    const indent = line.length - line.trimStart().length;
    if ((isLast || line.trim() !== '') && indent <= parentIndent) uncommon();
    const content = isLast ? line.trimStart() : line.trim();
    if (content === '' && !isLast) {
      blank += 1;
      return;
    }
    result += blank === 0 ? ' ' : '\n'.repeat(blank);
    result += content;
    blank = 0;
  });
  return result;
}

function unescape(raw: string): string {
  if (/\\[^"\\/bfnrtu]|[\t\n]/.test(raw.replaceAll('\\\\', ''))) uncommon();
  if (/\\u(?![0-9a-fA-F]{4})/.test(raw.replaceAll('\\\\', ''))) uncommon();
  return JSON.parse(`"${raw.replaceAll('\n', '\\n')}"`) as string;
}

/** Text without quotes in a block; lines that are indented deeper than the surrounding block go on with it. */
export function plainScalar(text: string, start: number, parentIndent: number): ScalarNode {
  if (!mayBeginPlain(text, start, false)) uncommon();
  const lineEnd = endOfLine(text, start);
  let end = plainEnd(text, start, lineEnd);
  let value = text.slice(start, end);
  // A comment ends the text; only then may something else follow on the line.
  let open = skipBlanks(text, end) === lineEnd;
  let at = nextLine(text, lineEnd);
  while (open && at < text.length) {
    let blank = 0;
    let from = skipBlanks(text, at);
    while (from < text.length && isLineEnd(text[from])) {
      blank += 1;
      at = nextLine(text, from);
      from = skipBlanks(text, at);
    }
    if (from >= text.length || from - at <= parentIndent || text[from] === '#') break;
    const stop = endOfLine(text, from);
    const nextEnd = plainEnd(text, from, stop);
    value += (blank === 0 ? ' ' : '\n'.repeat(blank)) + text.slice(from, nextEnd);
    end = nextEnd;
    open = skipBlanks(text, end) === stop;
    at = nextLine(text, stop);
  }
  return { kind: 'scalar', style: 'plain', value: plainScalarValue(value), start, end, after: end };
}

/** Where the text of one line ends: before a comment, without blanks behind it. `: ` inside would be a key: uncommon. */
function plainEnd(text: string, start: number, lineEnd: number): number {
  const line = text.slice(start, lineEnd);
  const comment = line.search(/ +#/);
  const content = comment === -1 ? line.trimEnd() : line.slice(0, comment);
  if (/:(?: |$)|\t/.test(content)) uncommon();
  return start + content.length;
}

/** Text without quotes between brackets, on one line. */
export function flowPlainScalar(text: string, start: number): ScalarNode {
  if (!mayBeginPlain(text, start, true)) uncommon();
  const pattern = /(?:[^\s,[\]{}:#]|:(?=[^\s,[\]{}])|(?<=\S)#|[ ](?=[ ]*[^\s,[\]{}:#]|[ ]*:[^\s,[\]{}]))+/y;
  pattern.lastIndex = start;
  const source = pattern.exec(text)?.[0] ?? uncommon();
  const end = start + source.length;
  return { kind: 'scalar', style: 'plain', value: plainScalarValue(source), start, end, after: end };
}

export function mayBeginPlain(text: string, at: number, inFlow: boolean): boolean {
  const char = text[at] ?? ' ';
  if (char === '-') return !isGap(text[at + 1]) && !(inFlow && /[,[\]{}]/.test(text[at + 1] ?? ''));
  return !/[\s?:,[\]{}#&*!|>'"%@`]/.test(char);
}

/** A block scalar (`|`, `>`), whose lines are indented deeper than the surrounding block. */
export function blockScalar(text: string, start: number, parentIndent: number): ScalarNode {
  const pattern = /[|>](?:([1-9])?([-+])?|[-+][1-9])(?= *(?:\r?\n|$)| +#)/y;
  pattern.lastIndex = start;
  const header = pattern.exec(text) ?? uncommon();
  const headerEnd = start + header[0].length;
  const chomp = /[-+]/.exec(header[0])?.[0] ?? '';
  const contentBreak = endOfLine(text, headerEnd);
  const bodyStart = nextLine(text, contentBreak);
  if (contentBreak >= text.length || /\d/.test(header[0])) uncommon();
  const { lines, bodyEnd } = blockLines(text, bodyStart, parentIndent, chomp === '+');
  const body = text.slice(bodyStart, bodyEnd).trimEnd();
  const value = lines.length === 0 ? '' : (header[0].startsWith('|') ? lines.join('\n') : foldLines(lines)) + (chomp === '-' ? '' : '\n');
  const end = body === '' ? headerEnd : bodyStart + body.length;
  return { kind: 'scalar', style: 'block', value, start, end, after: bodyEnd, headerEnd, contentBreak };
}

/** The lines without their indentation, and where the line after the last of them begins; blank lines at the end count for `keep` only. */
function blockLines(text: string, bodyStart: number, parentIndent: number, keep: boolean): { lines: string[]; bodyEnd: number } {
  const lines: string[] = [];
  let indent: number | undefined;
  let bodyEnd = bodyStart;
  let filled = 0;
  for (let at = bodyStart; at < text.length;) {
    const stop = endOfLine(text, at);
    let from = at;
    while (text[from] === ' ') from += 1;
    if (text[from] === '\t' && (indent === undefined || from - at < indent)) uncommon();
    // Blanks beyond the indentation are content, and need care.
    if (from === stop && from - at > (indent ?? 0)) uncommon();
    if (from < stop) {
      indent ??= from - at;
      // Content that is not deeper than what surrounds it does not belong to it.
      if (from - at < indent || indent <= parentIndent) break;
    }
    lines.push(from < stop && indent !== undefined ? text.slice(at + indent, stop) : '');
    at = nextLine(text, stop);
    if (from < stop || keep) {
      filled = lines.length;
      bodyEnd = at;
    }
  }
  if (indent === undefined || bodyEnd === bodyStart || (keep && bodyEnd >= text.length)) uncommon();
  return { lines: lines.slice(0, filled), bodyEnd };
}

/** `>`: lines become one, and empty lines stay line ends; lines that are indented deeper are uncommon. */
function foldLines(lines: readonly string[]): string {
  let result = lines[0] ?? '';
  let blank = 0;
  if (lines.some((line) => /^[ \t]/.test(line)) || result === '' || lines.at(-1) === '') uncommon();
  for (const line of lines.slice(1)) {
    if (line === '') {
      blank += 1;
      continue;
    }
    result += blank === 0 ? ' ' : '\n'.repeat(blank);
    result += line;
    blank = 0;
  }
  return result;
}
