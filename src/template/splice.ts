import { UserError } from '../errors.ts';

/** Text to put in the place of a range of a text. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Applies splices in one pass. What lies inside a larger splice is dropped, since its text goes away; insertions at one place
 * keep the order they were made in, and come after a replacement that ends there.
 */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const splice of splices.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (splice.start < done) {
      if (splice.end <= done) continue;
      throw new UserError('INTERNAL', `two changes of a template overlap at offset ${splice.start}`);
    }
    parts.push(text.slice(done, splice.start), splice.text);
    done = splice.end;
  }
  parts.push(text.slice(done));
  return parts.join('');
}
