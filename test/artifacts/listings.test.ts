import { describe, expect, it } from 'vitest';
import { startListings } from '../../src/artifacts/listings.ts';
import type { ZipArtifact } from '../../src/artifacts/types.ts';
import type { ZipEntry } from '../../src/artifacts/zip-contents.ts';

const artifact = (path: string): ZipArtifact => ({ kind: 'zip', path, source: 'directory', architecture: 'x86_64', uses: [] });
const entries = (count: number): ZipEntry[] =>
  Array.from({ length: count }, (_, index) => ({ path: `f${index}`, absolute: `/f${index}`, size: 1, executable: false }));

describe('listings of a check', () => {
  it('are handed over once', () => {
    const listings = startListings();
    const one = artifact('/one');
    const listed = entries(3);
    listings.keep(one, listed);
    expect(listings.take(artifact('/one'))).toBeUndefined();
    expect(listings.take(one)).toBe(listed);
    expect(listings.take(one)).toBeUndefined();
  });

  it('are not kept beyond so many entries, and make room when they are taken', () => {
    const listings = startListings(10);
    const [first, second] = [artifact('/first'), artifact('/second')];
    listings.keep(first, entries(6));
    listings.keep(second, entries(5));
    expect(listings.take(second)).toBeUndefined();
    expect(listings.take(first)).toHaveLength(6);
    listings.keep(second, entries(5));
    expect(listings.take(second)).toHaveLength(5);
  });
});
