/** Ranges of code points that a terminal draws two columns wide (Unicode's East Asian Width, classes W and F, in its large blocks). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], // Hangul Jamo
  [0x2e80, 0x303e], // CJK radicals, punctuation
  [0x3041, 0x33ff], // kana, CJK symbols
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf], // Yi
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3], // Hangul syllables
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60], // full-width forms
  [0xffe0, 0xffe6],
  [0x17000, 0x18cff], // Tangut, Khitan
  [0x1b000, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];
/** Combining marks, what only steers the text (joiners, variation selectors), and control characters: no column of their own. */
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u;
const EMOJI = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F|[0-9#*]\uFE0F?\u20E3/u;
/** Latin letters, punctuation, rules and blocks: a column each. The segmenter takes milliseconds to load its tables, so it is left out here. */
const NARROW = /^[\x20-\x7E\xA1-\xAC\xAE-\u02FF\u2010-\u2027\u2500-\u259F]*$/;
// oxlint-disable-next-line no-control-regex -- colours begin with the escape character
const COLOURS = /\u001B\[[0-9;]*m/g;

let segmenter: Intl.Segmenter | undefined;

/** How many columns a text takes on a terminal; colours take none. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  return graphemes(text.replaceAll(COLOURS, '')).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/** `padEnd` by columns. */
export function padColumns(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

/** The text, or as much of it as fits with a mark that some is missing. Of text without colours. */
export function cutColumns(text: string, columns: number, mark = '…'): string {
  if (displayWidth(text) <= columns) return text;
  const [head = ''] = breakColumns(text, Math.max(1, columns - displayWidth(mark)));
  return `${head.trimEnd()}${mark}`;
}

/** Breaks a text without colours into lines of at most so many columns: after spaces, and / , ; : - where there are none. */
export function wrapColumns(text: string, columns: number): string[] {
  return text.split('\n').flatMap((line) => (displayWidth(line) <= columns ? [line] : wrapLine(line, columns)));
}

/** What stands before a text in a tree. */
const BRANCH = /^[\s│├└─]+/;

function wrapLine(text: string, columns: number): string[] {
  const branch = BRANCH.exec(text)?.[0] ?? '';
  const room = columns - displayWidth(branch);
  if (branch === '' || room < 4) return wrapWords(text, columns);
  return wrapWords(text.slice(branch.length), room).map((line, index) => `${index === 0 ? branch : ' '.repeat(columns - room)}${line}`);
}

function wrapWords(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(/[^\s/,;:-]*[\s/,;:-]|[^\s/,;:-]+/g) ?? []) {
    if (displayWidth((line + piece).trimEnd()) <= columns) {
      line += piece;
      continue;
    }
    if (line !== '') lines.push(line.trimEnd());
    const parts = breakColumns(piece, columns);
    lines.push(...parts.slice(0, -1));
    line = parts.at(-1) ?? '';
  }
  return line === '' ? lines : [...lines, line.trimEnd()];
}

/** Hard breaks, between characters as a reader counts them. */
function breakColumns(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  for (const grapheme of graphemes(text)) {
    const more = graphemeWidth(grapheme);
    if (width + more > columns && line !== '') {
      lines.push(line);
      line = '';
      width = 0;
    }
    line += grapheme;
    width += more;
  }
  return [...lines, line];
}

function graphemes(text: string): string[] {
  if (NARROW.test(text)) return text.split('');
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function graphemeWidth(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  if (EMOJI.test(grapheme)) return 2;
  const code = grapheme.codePointAt(0) ?? 0;
  return WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}
