/** Thrown inside the quick reader where the text is not of the common kind; the library reads it then. */
export class Uncommon extends Error {}

export function uncommon(): never {
  throw new Uncommon();
}

/** Whether a character ends a word: a blank, a line end, or the end of the text. */
export function isGap(char: string | undefined): boolean {
  return char === undefined || char === ' ' || char === '\n' || char === '\r' || char === '\t';
}

export function isLineEnd(char: string | undefined): boolean {
  return char === undefined || char === '\n' || char === '\r';
}

/** Where the line that an offset stands in ends: at its `\n` or `\r\n`, or at the end of the text. */
export function endOfLine(text: string, offset: number): number {
  const found = text.indexOf('\n', offset);
  if (found === -1) return text.length;
  return found > offset && text[found - 1] === '\r' ? found - 1 : found;
}

/** The first offset of the next line. */
export function nextLine(text: string, lineEnd: number): number {
  if (text[lineEnd] === '\r') return lineEnd + 2;
  return lineEnd < text.length ? lineEnd + 1 : lineEnd;
}

/** The first offset from a place on that does not hold a blank. Tabs are uncommon. */
export function skipBlanks(text: string, offset: number): number {
  let at = offset;
  while (text[at] === ' ') at += 1;
  if (text[at] === '\t') uncommon();
  return at;
}

/** Behind a value only a comment may follow on its line; the offset of the line end. */
export function expectLineEnd(text: string, offset: number): number {
  const at = skipBlanks(text, offset);
  if (isLineEnd(text[at])) return at;
  if (text[at] !== '#' || at === offset) uncommon();
  return endOfLine(text, at);
}

function isMarker(text: string, at: number): boolean {
  return (text.startsWith('---', at) || text.startsWith('...', at)) && isGap(text[at + 3]);
}

/** The next line that is neither blank nor only a comment: where its content begins, and how far it is indented. */
export interface ContentLine {
  readonly at: number;
  readonly indent: number;
}

/** `lineStart` is the beginning of a line. Undefined at the end of the text; document markers are uncommon. */
export function contentLine(text: string, lineStart: number): ContentLine | undefined {
  let start = lineStart;
  for (;;) {
    const at = skipBlanks(text, start);
    if (at >= text.length) return undefined;
    if (isLineEnd(text[at])) {
      start = nextLine(text, at);
      continue;
    }
    if (text[at] !== '#') {
      if (at !== start || !isMarker(text, at)) return { at, indent: at - start };
      // `...` ends the document; anything but that at the end of the text is uncommon.
      if (text[at] === '-' || text.slice(at + 3).trim() !== '') uncommon();
      return undefined;
    }
    start = nextLine(text, endOfLine(text, at));
  }
}
