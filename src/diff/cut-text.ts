/** Longest part of a value that is shown on a line. */
const LONGEST = 60;
/** How much of what two values share is shown around where they differ. */
const AROUND = 12;

/** Two values on one line, each cut around the place where they differ. */
export function cutPair(before: string, after: string): readonly [string, string] {
  if (before.length <= LONGEST && after.length <= LONGEST) return [visible(before), visible(after)];
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  const from = start <= AROUND + 1 ? 0 : start - AROUND;
  return [cutFrom(before, from), cutFrom(after, from)];
}

/** A value on one line; its end is left out when it is long. */
export function cut(text: string): string {
  return cutFrom(text, 0);
}

function cutFrom(text: string, from: number): string {
  const head = from > 0 ? '…' : '';
  const rest = visible(text.slice(from));
  return rest.length <= LONGEST ? head + rest : `${head}${rest.slice(0, LONGEST - 1)}…`;
}

/** What a terminal would obey comes out as its escape: templates may have been written by anybody. */
function visible(text: string): string {
  return text.replaceAll(/(?!\t)\p{Cc}/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
