import { createScanner } from 'jsonc-parser';

/** Members of the library's SyntaxKind, a const enum that only its own compilation can use by name. */
const TOKEN = {
  closeBrace: 2,
  closeBracket: 4,
  comma: 5,
  lineComment: 12,
  blockComment: 13,
  lineBreak: 14,
  space: 15,
  end: 17,
} as const;

/**
 * A JSON template as CloudFormation takes it: without comments, trailing commas and byte order mark. Everything else stays
 * as it is, and so does a text that is strict already.
 */
export function toStrictJson(text: string): string {
  const source = text.replace(/^\uFEFF/, '');
  const scanner = createScanner(source, false);
  let result = '';
  /** A comma and what came after it, kept back until it is known that another value follows. */
  let comma: string | undefined;
  for (let token: number = scanner.scan(); token !== TOKEN.end; token = scanner.scan()) {
    const piece = source.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength());
    switch (token) {
      case TOKEN.lineComment:
      case TOKEN.blockComment:
        continue;
      case TOKEN.space:
      case TOKEN.lineBreak:
        if (comma === undefined) result += piece;
        else comma += piece;
        continue;
      case TOKEN.comma:
        comma = piece;
        continue;
      case TOKEN.closeBrace:
      case TOKEN.closeBracket:
        result += (comma ?? '').slice(1) + piece;
        break;
      default:
        result += (comma ?? '') + piece;
    }
    comma = undefined;
  }
  return result;
}
