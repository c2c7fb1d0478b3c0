/** Where the next character stands that is neither blank nor in a comment; the end of the text when there is none. */
export function skipTrivia(text: string, from: number): number {
  const blanks = /[\s\uFEFF]*/y;
  let at = from;
  for (;;) {
    blanks.lastIndex = at;
    blanks.exec(text);
    at = blanks.lastIndex;
    const end = commentEnd(text, at);
    if (end === undefined) return at;
    at = end;
  }
}

function commentEnd(text: string, at: number): number | undefined {
  const terminator = text.startsWith('//', at) ? '\n' : text.startsWith('/*', at) ? '*/' : undefined;
  if (terminator === undefined) return undefined;
  const found = text.indexOf(terminator, at + 2);
  return found === -1 ? text.length : found + terminator.length;
}
