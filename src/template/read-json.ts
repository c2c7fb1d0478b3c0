import { createScanner, type JSONScanner } from 'jsonc-parser';
import { TemplateProblem } from './positions.ts';
import { MAX_DEPTH, type MapEntry, type SourceNode } from './source-node.ts';

// jsonc-parser declares these as const enums, which a compiler that looks at one file at a time cannot read.
const Token = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  colon: 6,
  null: 7,
  true: 8,
  false: 9,
  string: 10,
  number: 11,
  eof: 17,
};
const SCAN_ERRORS: Readonly<Record<number, string>> = {
  1: 'a comment has no end',
  2: 'a text has no closing quote on its line',
  3: 'a number has no end',
  4: 'a \\u escape needs four hexadecimal digits',
  5: 'a text holds an escape that JSON does not know',
  6: 'a text holds a control character; write it as an escape',
};

/** Reads JSON with comments and trailing commas into the common tree. Throws TemplateProblem. */
export function readJson(text: string): SourceNode {
  // A byte order mark is not white space for the scanner; a blank in its place keeps all offsets.
  const scanner = createScanner(text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text, true);
  scanner.scan();
  const root = readValue(scanner, text, 1);
  if (kindOf(scanner) !== Token.eof) throw unexpected(scanner, 'the end of the template');
  return root;
}

function kindOf(scanner: JSONScanner): number {
  return scanner.getToken();
}

function errorOf(scanner: JSONScanner): number {
  return scanner.getTokenError();
}

function unexpected(scanner: JSONScanner, wanted: string): TemplateProblem {
  const error = SCAN_ERRORS[errorOf(scanner)];
  if (error !== undefined) return new TemplateProblem('TEMPLATE_SYNTAX', scanner.getTokenOffset(), error);
  const found = kindOf(scanner) === Token.eof ? 'the text ends' : `there is ${shorten(scanner.getTokenValue())}`;
  return new TemplateProblem('TEMPLATE_SYNTAX', scanner.getTokenOffset(), `${wanted} expected, but ${found}`);
}

function shorten(token: string): string {
  const shown = token.length > 20 ? `${token.slice(0, 20)}…` : token;
  return JSON.stringify(shown);
}

function readValue(scanner: JSONScanner, text: string, depth: number): SourceNode {
  const start = scanner.getTokenOffset();
  if (depth > MAX_DEPTH) throw new TemplateProblem('TEMPLATE_INVALID', start, `values are nested more than ${MAX_DEPTH} deep`);
  if (errorOf(scanner) !== 0) throw unexpected(scanner, 'a value');
  switch (kindOf(scanner)) {
    case Token.openBrace:
      return readObject(scanner, text, depth);
    case Token.openBracket:
      return readArray(scanner, text, depth);
    case Token.string:
      return scalar(scanner, scanner.getTokenValue(), 'double');
    case Token.number:
      return scalar(scanner, numberOf(scanner.getTokenValue()), 'plain');
    case Token.true:
      return scalar(scanner, true, 'plain');
    case Token.false:
      return scalar(scanner, false, 'plain');
    case Token.null:
      return scalar(scanner, null, 'plain');
    default:
      throw unexpected(scanner, 'a value');
  }
}

/** A number that cannot be held exactly (an integer beyond 2^53, `1e999`) is kept as its text, so that nothing is lost. */
function numberOf(text: string): number | string {
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  return Number.isInteger(value) && !Number.isSafeInteger(value) && String(value) !== text ? text : value;
}

function scalar(scanner: JSONScanner, value: string | number | boolean | null, style: 'plain' | 'double'): SourceNode {
  const start = scanner.getTokenOffset();
  const end = start + scanner.getTokenLength();
  scanner.scan();
  return { kind: 'scalar', start, end, after: end, value, style };
}

function readObject(scanner: JSONScanner, text: string, depth: number): SourceNode {
  const start = scanner.getTokenOffset();
  const entries: MapEntry[] = [];
  scanner.scan();
  while (kindOf(scanner) !== Token.closeBrace) {
    if (entries.length > 0) {
      if (kindOf(scanner) !== Token.comma) throw unexpected(scanner, '"," or "}"');
      scanner.scan();
      if (kindOf(scanner) === Token.closeBrace) break;
    }
    entries.push(readMember(scanner, text, depth));
  }
  return { kind: 'map', style: 'flow', start, ...closing(scanner), entries };
}

function readMember(scanner: JSONScanner, text: string, depth: number): MapEntry {
  if (kindOf(scanner) !== Token.string || errorOf(scanner) !== 0) throw unexpected(scanner, 'a key in double quotes');
  const key = scanner.getTokenValue();
  const keyStart = scanner.getTokenOffset();
  const keyEnd = keyStart + scanner.getTokenLength();
  scanner.scan();
  if (kindOf(scanner) !== Token.colon) throw unexpected(scanner, '":"');
  const colonEnd = scanner.getTokenOffset() + 1;
  scanner.scan();
  return { key, keyStart, keyEnd, colonEnd, value: readValue(scanner, text, depth + 1), merge: false };
}

function readArray(scanner: JSONScanner, text: string, depth: number): SourceNode {
  const start = scanner.getTokenOffset();
  const items: SourceNode[] = [];
  scanner.scan();
  while (kindOf(scanner) !== Token.closeBracket) {
    if (items.length > 0) {
      if (kindOf(scanner) !== Token.comma) throw unexpected(scanner, '"," or "]"');
      scanner.scan();
      if (kindOf(scanner) === Token.closeBracket) break;
    }
    items.push(readValue(scanner, text, depth + 1));
  }
  return { kind: 'seq', style: 'flow', start, ...closing(scanner), items };
}

function closing(scanner: JSONScanner): { end: number; after: number } {
  const end = scanner.getTokenOffset() + 1;
  scanner.scan();
  return { end, after: end };
}
