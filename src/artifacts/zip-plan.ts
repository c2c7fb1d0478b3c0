import type { ZipEntry } from './zip-contents.ts';
import { planJobs, type ZipJob } from './zip-jobs.ts';
import type { KnownZip } from './zip-memory.ts';

/** Entries that follow each other in a known zip, from `first` up to and without `end`, and do so in the new one. */
export interface CopyPiece {
  readonly kind: 'copy';
  readonly first: number;
  readonly end: number;
  /** Bytes unpacked. */
  readonly length: number;
}

export type ZipPiece = ZipJob | CopyPiece;

export interface ZipPlan {
  /** In the order of the zip. */
  readonly pieces: Iterable<ZipPiece>;
  /** What has to be packed: so many files and bytes. */
  readonly files: number;
  readonly bytes: number;
}

/** With a larger part of new files than this, and more than a few, the known zip comes in crumbs, and packing everything in large batches is quicker. */
const MOST_NEW_PART = 1 / 4;
const FEW_FILES = 16;

/** Cuts the work on a zip into pieces: what a known zip has is copied from it, the rest is packed. */
export function planPieces(entries: readonly ZipEntry[], known: KnownZip | undefined): ZipPlan {
  const places = entries.map((entry) => known?.find(entry));
  const isNew = (_: ZipEntry, index: number): boolean => places[index] === undefined;
  const fresh = entries.filter(isNew);
  if (fresh.length > Math.max(FEW_FILES, entries.length * MOST_NEW_PART)) return { ...workOf(entries), pieces: planJobs(entries) };
  return { ...workOf(fresh), pieces: cut(entries, places) };
}

function workOf(entries: readonly ZipEntry[]): { readonly files: number; readonly bytes: number } {
  return { files: entries.length, bytes: entries.reduce((sum, entry) => sum + entry.size, 0) };
}

function* cut(entries: readonly ZipEntry[], places: readonly (number | undefined)[]): Generator<ZipPiece> {
  for (let index = 0; index < entries.length;) {
    const first = places[index];
    const isNext = (at: number): boolean => (first === undefined ? places[at] === undefined : places[at] === first + at - index);
    let next = index + 1;
    while (next < entries.length && isNext(next)) next += 1;
    const part = entries.slice(index, next);
    if (first === undefined) yield* planJobs(part);
    else yield { kind: 'copy', first, end: first + part.length, length: workOf(part).bytes };
    index = next;
  }
}
