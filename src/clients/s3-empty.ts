import { UserError } from '../errors.ts';
import { translateS3Error } from './s3-errors.ts';
import type { S3Edge } from './s3-edge.ts';
import { abortUploads, deleteVersions, listUploads, versionPages, type ObjectVersion } from './s3-versions.ts';

export type EmptyProgress = (deletedObjects: number) => void;

/** Calls under way at a time; each deletes a page of up to 1000 versions. */
const PARALLEL_DELETES = 4;

/** What was written, or skipped by a listing that ran beside deletions, is found by another pass. */
const MAX_PASSES = 5;

export interface EmptyOptions {
  readonly prefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: EmptyProgress | undefined;
}

/** Deletes every version, delete marker and unfinished upload. Answers the number of versions and markers deleted. */
export async function emptyBucket(edge: S3Edge, bucket: string, options: EmptyOptions = {}): Promise<number> {
  let deleted = 0;
  try {
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      const before = deleted;
      deleted += await deleteListed(edge, bucket, options, before);
      if (deleted === before) break;
    }
    await abortUploads(edge, bucket, await listUploads(edge, bucket, options.prefix, options.signal), options.signal);
  } catch (error) {
    throw translateS3Error(error, edge, 'DeleteObjectVersion', bucket);
  }
  return deleted;
}

async function deleteListed(edge: S3Edge, bucket: string, options: EmptyOptions, before: number): Promise<number> {
  const pending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let deleted = 0;
  const remove = async (versions: ObjectVersion[]): Promise<void> => {
    try {
      await deleteOrThrow(edge, bucket, versions, options.signal);
      deleted += versions.length;
      options.onProgress?.(before + deleted);
    } catch (error) {
      failures.push(error);
    }
  };
  try {
    for await (const versions of versionPages(edge, bucket, options.prefix, options.signal)) {
      const work: Promise<void> = remove(versions).then(() => void pending.delete(work));
      pending.add(work);
      // Read ahead only as far as deletes are under way, so that a bucket of any size fits in memory.
      if (pending.size >= PARALLEL_DELETES) await Promise.race(pending);
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(pending);
  }
  if (failures.length > 0) throw failures[0];
  return deleted;
}

/** Throws UserError BUCKET_NOT_EMPTY naming the first that stays. */
async function deleteOrThrow(edge: S3Edge, bucket: string, versions: ObjectVersion[], signal: AbortSignal | undefined): Promise<void> {
  const [first] = await deleteVersions(edge, bucket, versions, signal);
  if (first === undefined) return;
  throw new UserError('BUCKET_NOT_EMPTY', `${first.key} in the bucket ${bucket} could not be deleted: ${first.reason}`, {
    hint: 'Look for an object lock or a bucket policy that forbids it.',
  });
}
