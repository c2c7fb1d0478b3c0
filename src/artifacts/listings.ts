import type { ZipArtifact } from './types.ts';
import type { ZipEntry } from './zip-contents.ts';

/** What a check before the work has listed, kept for the work. */
export interface Listings {
  keep(artifact: ZipArtifact, entries: readonly ZipEntry[]): void;
  /** Hands it over, once; undefined when it was not kept. */
  take(artifact: ZipArtifact): readonly ZipEntry[] | undefined;
}

/** Some 6 MB. What goes beyond is listed once more: memory must not grow with the number of artefacts. */
const MOST_ENTRIES = 20_000;

export function startListings(mostEntries = MOST_ENTRIES): Listings {
  const kept = new Map<ZipArtifact, readonly ZipEntry[]>();
  let count = 0;
  return {
    keep(artifact, entries) {
      if (kept.has(artifact) || count + entries.length > mostEntries) return;
      kept.set(artifact, entries);
      count += entries.length;
    },
    take(artifact) {
      const entries = kept.get(artifact);
      kept.delete(artifact);
      count -= entries?.length ?? 0;
      return entries;
    },
  };
}
