import { displayWidth } from './width.ts';

/** Narrower terminals break lines as they like. */
const NARROWEST = 30;
/** What a hanging indent has to leave. */
const LEAST_ROOM = 20;

/** A title in its column ("Cause   "), a mark ("✖ ", "- "), or spaces: what continued lines stand under. */
const LEAD = /^\s*(?:[A-Z][a-z]+ {2,}|Console |[✔✖■⚠?•-] )?/;

/**
 * Breaks lines that are wider than the terminal between words; what is continued stands under the text before it, `hang` columns further
 * in where it has no title or mark. Words and commands stay whole, however long they are: so they can be copied.
 */
export function wrapLines(text: string, columns: number | undefined, hang = 0): string {
  if (columns === undefined || columns < NARROWEST) return text;
  return text
    .split('\n')
    .map((line) => (displayWidth(line) <= columns ? line : wrapLine(line, columns, hang)))
    .join('\n');
}

function wrapLine(line: string, columns: number, hang: number): string {
  const bare = line.replaceAll(COLOURS, '');
  const lead = LEAD.exec(bare)?.[0] ?? '';
  const wanted = displayWidth(lead) + (lead.trim() === '' ? hang : 0);
  const indent = ' '.repeat(columns - wanted < LEAST_ROOM ? Math.min(wanted, 2) : wanted);
  const lines: string[] = [];
  let current = '';
  for (const { gap, text } of piecesOf(line)) {
    if (current === '' || displayWidth(current + gap + text) <= columns || displayWidth(current) <= displayWidth(lead)) {
      current += gap + text;
      continue;
    }
    lines.push(current);
    current = indent + text;
  }
  return [...lines, current].join('\n');
}

// oxlint-disable-next-line no-control-regex -- colours begin with the escape character
const COLOURS = /\u001B\[[0-9;]*m/g;

interface Piece {
  /** The spaces before it. */
  readonly gap: string;
  readonly text: string;
}

/** Words, and commands as one piece each. */
function piecesOf(line: string): Piece[] {
  const words = [...line.matchAll(/(\s*)(\S+)/g)].map(([, gap = '', text = '']) => ({ gap, text }));
  const pieces: Piece[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const first = words[at];
    if (first === undefined) continue;
    if (!beginsCommand(first.text, words[at - 1]?.text)) {
      pieces.push(first);
      continue;
    }
    let text = first.text;
    let word: Piece | undefined = first;
    while (word !== undefined && !/[^.\s][.;:,)"”]$/.test(word.text.replaceAll(COLOURS, ''))) {
      const next: Piece | undefined = words[at + 1];
      if (next === undefined || /^[·(—]/.test(next.text)) break;
      text += next.gap + next.text;
      word = next;
      at += 1;
    }
    pieces.push({ gap: first.gap, text });
  }
  return pieces;
}

const OTHER_PROGRAMS = /^(?:aws|docker|podman|dotnet|npm|npx|git|sudo)$/;

/** Programs whose names are words as well begin a command only where a sentence would introduce one. */
function beginsCommand(word: string, before: string | undefined): boolean {
  const bare = word.replaceAll(COLOURS, '').replace(/^[("“]/, '');
  if (bare === 'lambda-tool') return true;
  if (!OTHER_PROGRAMS.test(bare)) return false;
  return bare !== word || (before !== undefined && /[:(]$|^(?:or|with)$/.test(before));
}
