import { translateS3Error } from './s3-errors.ts';
import type { S3Edge } from './s3-edge.ts';
import { versionPages } from './s3-versions.ts';

/** How much a bucket holds. */
export interface BucketContent {
  /** Objects that a listing shows. */
  readonly objects: number;
  /** All versions and delete markers. */
  readonly versions: number;
  readonly bytes: number;
  /** False when there is more than was counted. */
  readonly complete: boolean;
}

export interface MeasureOptions {
  /** Pages of 1000 versions to read at most. */
  readonly maxPages: number;
  readonly signal?: AbortSignal | undefined;
}

/** Counts what would have to go before a bucket can be deleted; undefined when there is no such bucket. */
export async function measureBucket(
  edge: S3Edge,
  bucket: string,
  { maxPages, signal }: MeasureOptions,
): Promise<BucketContent | undefined> {
  const content = { objects: 0, versions: 0, bytes: 0 };
  let pages = 0;
  try {
    for await (const versions of versionPages(edge, bucket, undefined, signal)) {
      if (pages === maxPages) return { ...content, complete: false };
      pages += 1;
      content.versions += versions.length;
      content.objects += versions.filter(({ isLatest, isMarker }) => isLatest && !isMarker).length;
      content.bytes += versions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    }
    return { ...content, complete: true };
  } catch (error) {
    const translated = translateS3Error(error, edge, 'ListBucketVersions', bucket);
    if ('code' in translated && translated.code === 'BUCKET_NOT_FOUND') return undefined;
    throw translated;
  }
}
