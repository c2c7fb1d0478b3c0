import { formatBytes } from '../artifacts/bytes.ts';
import { formatAge, plural } from '../output/format.ts';
import type { Context } from '../context.ts';
import type { Table } from '../output/reporter.ts';
import { renderTable } from '../output/table.ts';
import type { Collected } from './collect.ts';
import type { Garbage } from './garbage.ts';

interface GarbageFacts {
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly dryRun: boolean;
}

/** The answer of `gc` for machines. `collected`: what became of it; undefined for a dry run. */
export function describeGarbage(garbage: Garbage, collected: Collected | undefined, facts: GarbageFacts) {
  const failed = new Set(collected?.failed.map(({ location }) => location));
  const items = itemsOf(garbage, facts.bucket);
  return {
    ...facts,
    unused: items.map((item) => ({ ...item, removed: collected !== undefined && !failed.has(item.location) })),
    unusedBytes: bytesOf(items),
    kept: garbage.keptImages,
    unfinishedUploads: garbage.uploads.length,
    failed: collected?.failed ?? [],
  };
}

interface Item {
  readonly kind: string;
  readonly location: string;
  readonly sizeBytes: number;
  readonly modifiedAt: string | undefined;
}

function itemsOf({ objects, images }: Garbage, bucket: string): Item[] {
  return [
    ...objects.map(({ kind, key, sizeBytes, modifiedAt }) => ({
      kind,
      location: `s3://${bucket}/${key}`,
      sizeBytes,
      modifiedAt: modifiedAt?.toISOString(),
    })),
    ...images.map(({ repositoryUri, digest, sizeBytes, pushedAt }) => ({
      kind: 'image',
      location: `${repositoryUri}@${digest}`,
      sizeBytes,
      modifiedAt: pushedAt?.toISOString(),
    })),
  ];
}

function bytesOf(items: readonly Item[]): number {
  return items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** People read so many rows; the document has them all. */
const MOST_ROWS = 100;

/** The same for people. */
export function renderGarbage(garbage: Garbage, bucket: string, now: number, collected?: Collected): (string | Table)[] {
  const items = itemsOf(garbage, bucket);
  const uploads = garbage.uploads.length === 0 ? [] : [plural(garbage.uploads.length, 'unfinished upload')];
  if (items.length + uploads.length === 0) return ['Everything is in use; there is nothing to remove.'];
  const failed = new Set(collected?.failed.map(({ location }) => location));
  const shown = collected === undefined ? items : items.filter(({ location }) => !failed.has(location));
  const rows = shown
    .slice(0, MOST_ROWS)
    .map(({ kind, location, sizeBytes, modifiedAt }) => [
      kind,
      modifiedAt === undefined ? '' : formatAge(new Date(modifiedAt), now),
      formatBytes(sizeBytes),
      location,
    ]);
  const more = shown.length > MOST_ROWS ? [`… and ${shown.length - MOST_ROWS} more`] : [];
  const total = [plural(shown.length, 'unused thing'), formatBytes(bytesOf(shown)), ...uploads].join(' · ');
  return [
    ...(rows.length === 0 ? [] : [{ columns: ['Kind', 'Age', 'Size', 'Location'], rows }]),
    ...more,
    `${total}${collected === undefined ? '' : ': removed'}`,
  ];
}

/** Shows it to a person who is going to be asked. */
export function tellGarbage(garbage: Garbage, bucket: string, { clock, reporter }: Pick<Context, 'clock' | 'reporter'>): void {
  for (const part of renderGarbage(garbage, bucket, clock.now()))
    reporter.info(typeof part === 'string' ? part : (style) => renderTable(part, style).replaceAll('\n', '\n  '));
}

/** What was unused both times: only that may go after a question. */
export function withinBoth(first: Garbage, second: Garbage): Garbage {
  const keys = new Set(second.objects.map(({ key }) => key));
  const images = new Set(second.images.map(({ repositoryUri, digest }) => `${repositoryUri}@${digest}`));
  return {
    ...second,
    objects: first.objects.filter(({ key }) => keys.has(key)),
    images: first.images.filter(({ repositoryUri, digest }) => images.has(`${repositoryUri}@${digest}`)),
  };
}
