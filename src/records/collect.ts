import type { Context } from '../context.ts';
import { messageOf } from '../errors.ts';
import type { Garbage, ObjectGarbage } from './garbage.ts';
import { repositoryName } from './images.ts';

/** What was removed, and what could not be. */
export interface Collected {
  readonly removed: readonly string[];
  readonly failed: readonly { readonly location: string; readonly reason: string }[];
}

const OBJECTS_PER_CALL = 500;

/**
 * Removes garbage: exactly the versions that were looked at, so that what is uploaded again in this moment stays. A second run beside
 * this one does no harm.
 */
export async function collectGarbage(
  bucket: string,
  garbage: Garbage,
  context: Context,
  onProgress: (removed: number) => void,
): Promise<Collected> {
  const removed: string[] = [];
  const failed: { location: string; reason: string }[] = [];
  const store = await context.clients.objects();
  const attempt = async (locations: readonly string[], work: () => Promise<ReadonlyMap<string, string>>): Promise<void> => {
    try {
      const refused = await work();
      for (const location of locations) {
        const reason = refused.get(location);
        if (reason === undefined) removed.push(location);
        else failed.push({ location, reason });
      }
    } catch (error) {
      context.signal.throwIfAborted();
      failed.push(...locations.map((location) => ({ location, reason: messageOf(error) })));
    }
    onProgress(removed.length);
  };
  const place = (key: string): string => `s3://${bucket}/${key}`;
  // Records last: whoever is interrupted leaves nothing that no record knows.
  const ordered = [...garbage.objects].toSorted((a, b) => rank(a) - rank(b));
  for (let start = 0; start < ordered.length; start += OBJECTS_PER_CALL) {
    const some = ordered.slice(start, start + OBJECTS_PER_CALL);
    await attempt(
      some.map(({ key }) => place(key)),
      async () => {
        const refused = await store.deleteVersions(
          bucket,
          some.flatMap(({ versions }) => versions),
          context.signal,
        );
        return new Map(refused.map(({ key, reason }) => [place(key), reason]));
      },
    );
  }
  for (const { repositoryUri, digest, tags } of garbage.images) {
    const location = `${repositoryUri}@${digest}`;
    await attempt([location], async () => {
      const [refused] = await (await context.clients.repositories()).deleteTags(repositoryName({ repositoryUri }), tags, context.signal);
      return new Map(refused === undefined ? [] : [[location, refused.reason]]);
    });
  }
  await attempt([], async () => {
    await store.abortUploads(bucket, garbage.uploads, context.signal);
    return new Map();
  });
  return { removed, failed };
}

function rank({ kind }: ObjectGarbage): number {
  return kind === 'artifact' ? 0 : 1;
}
