import { distance } from 'fastest-levenshtein';

/** The candidate that somebody may have meant, when one is near enough. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  let best: { candidate: string; far: number } | undefined;
  for (const candidate of candidates) {
    const far = distance(wanted, candidate.toLowerCase());
    if (best === undefined || far < best.far) best = { candidate, far };
  }
  const bare = wanted.replace(/^-+/, '');
  const limit = bare.length <= 3 ? 1 : Math.max(2, Math.floor(bare.length / 4));
  if (best !== undefined && best.far <= limit) return best.candidate;
  return bare.length >= 3 ? candidates.find((candidate) => candidate.toLowerCase().startsWith(wanted)) : undefined;
}
