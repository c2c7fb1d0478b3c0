import { formatBytes } from '../artifacts/bytes.ts';
import type { Context } from '../context.ts';
import { messageOf } from '../errors.ts';
import { plural } from '../output/format.ts';
import { isContentTag } from './keys.ts';
import { isOwnRegistry, repositoryName, viewRepository, type RepositoryView } from './images.ts';
import { mentionsImage, mentionsObject } from './mentions.ts';
import type { OwnArtifact, OwnArtifacts } from './own-artifacts.ts';
import { referenceText } from './references.ts';
import type { RegistryArtifact, StoredArtifact } from './types.ts';
import { surveyUsers, type UserText } from './users.ts';

/** What is to become of an artefact. */
export interface Verdict {
  readonly artifact: OwnArtifact;
  /** Why it stays; undefined when it may go. */
  readonly keep: string | undefined;
  readonly sizeBytes: number;
  /** The tags to remove, for an image. */
  readonly tags: readonly string[];
}

/**
 * Decides what may go once these stacks are gone: what no other stack, no record of another stack and nothing in the registry refers to.
 * `goneIds`: ARNs of the stacks that are gone or will be. What is not in S3 or ECR any more is left out.
 */
export async function judgeArtifacts(own: OwnArtifacts, goneIds: ReadonlySet<string>, context: Context): Promise<Verdict[]> {
  if (own.artifacts.length === 0) return [];
  const images = own.artifacts.some(({ reference }) => reference.type === 'image');
  const { users } = await surveyUsers({ places: own.places, except: goneIds, everywhere: images }, context);
  const views = new Map<string, Promise<RepositoryView>>();
  const verdicts = await Promise.all(
    own.artifacts.map((artifact) => {
      const { reference } = artifact;
      if (reference.type === 's3') return judgeObject({ ...artifact, reference }, users, goneIds, context);
      return judgeImage({ ...artifact, reference }, users, goneIds, views, context);
    }),
  );
  return verdicts.filter((verdict) => verdict !== undefined);
}

type Of<R> = OwnArtifact & { readonly reference: R };

async function judgeObject(
  artifact: Of<StoredArtifact>,
  users: readonly UserText[],
  goneIds: ReadonlySet<string>,
  context: Context,
): Promise<Verdict | undefined> {
  const { bucket, key } = artifact.reference;
  const object = await (await context.clients.objects()).findObject(bucket, key, context.signal);
  if (object === undefined) return undefined;
  const keep = whyOwned(artifact, goneIds) ?? whoUses(users, (text) => mentionsObject(text, artifact.reference));
  return { artifact, keep, sizeBytes: object.sizeBytes, tags: [] };
}

async function judgeImage(
  artifact: Of<RegistryArtifact>,
  users: readonly UserText[],
  goneIds: ReadonlySet<string>,
  views: Map<string, Promise<RepositoryView>>,
  context: Context,
): Promise<Verdict | undefined> {
  const { reference } = artifact;
  if (!(await isOwnRegistry(reference, context))) return undefined;
  const name = repositoryName(reference);
  const view = views.get(name) ?? context.clients.repositories().then((repositories) => viewRepository(name, repositories, context.signal));
  views.set(name, view);
  const repository = await view;
  const image = repository.find(reference);
  // An image without a tag of ours was not published by us, or is no image of this stack any more.
  if (image === undefined || !image.tags.some(isContentTag)) return undefined;
  const names = [image.digest.replace('sha256:', ''), ...image.tags.filter(isContentTag)];
  const keep = whyOwned(artifact, goneIds) ?? whoUses(users, (text) => mentionsImage(text, names)) ?? (await repository.whyKeep(image));
  return { artifact, keep, sizeBytes: image.sizeBytes, tags: image.tags };
}

function whyOwned({ owners, retainedBy }: OwnArtifact, goneIds: ReadonlySet<string>): string | undefined {
  if (retainedBy !== undefined) return `${retainedBy} outlives its stack and uses it`;
  const owner = owners.find((id) => !goneIds.has(id));
  return owner === undefined ? undefined : `stack ${owner.split('/')[1] ?? owner} uses it`;
}

/** It is looked for in the text itself, so that no way of writing a reference is overlooked. */
function whoUses(users: readonly UserText[], mentions: (text: string) => boolean): string | undefined {
  const user = users.find(({ text }) => mentions(text));
  return user === undefined ? undefined : `${user.who} uses it`;
}

/** What was removed, and what stayed and why. */
export interface RemovalReport {
  readonly removed: readonly string[];
  readonly kept: readonly { readonly location: string; readonly reason: string }[];
}

/**
 * Removes what the stacks that are gone have left in S3 and ECR, their records and templates last. Nothing here fails the run: what
 * could not be removed is a warning and stays in the report.
 */
export async function removeArtifacts(own: OwnArtifacts, goneIds: ReadonlySet<string>, context: Context): Promise<RemovalReport> {
  const folders = own.folders.filter(({ stackId }) => goneIds.has(stackId));
  if (own.artifacts.length === 0 && folders.length === 0) return { removed: [], kept: [] };
  return context.reporter.step({ kind: 'artifacts', name: nameOf(own, goneIds) }, async (step) => {
    const removed: string[] = [];
    const kept: { location: string; reason: string }[] = [];
    let bytes = 0;
    const stay = (location: string, error: unknown): void => {
      context.signal.throwIfAborted();
      kept.push({ location, reason: messageOf(error) });
      context.reporter.warn(`${location} stays: ${messageOf(error)}`);
    };
    const verdicts = await judgeArtifacts(own, goneIds, context).catch((error: unknown) => {
      stay(plural(own.artifacts.length, 'artifact'), error);
      return [];
    });
    for (const { artifact, keep, sizeBytes, tags } of verdicts) {
      const location = referenceText(artifact.reference);
      if (keep !== undefined) {
        kept.push({ location, reason: keep });
        step.note(`${location} stays: ${keep}`, { lasting: true });
        continue;
      }
      try {
        await removeOne(artifact, tags, context);
        removed.push(location);
        bytes += sizeBytes;
      } catch (error) {
        stay(location, error);
      }
    }
    for (const { bucket, folder } of folders)
      await removeFolder(bucket, folder, context).catch((error: unknown) => stay(`s3://${bucket}/${folder}`, error));
    step.summary(
      `${plural(removed.length, 'artifact')} removed (${formatBytes(bytes)})${kept.length === 0 ? '' : `, ${kept.length} left`}`,
    );
    return { removed, kept };
  });
}

function nameOf(own: OwnArtifacts, goneIds: ReadonlySet<string>): string {
  const owners = new Set([...own.artifacts.flatMap((item) => item.owners), ...own.folders.map(({ stackId }) => stackId)]);
  return [...owners]
    .filter((id) => goneIds.has(id))
    .map((id) => id.split('/')[1] ?? id)
    .join(', ');
}

async function removeOne({ reference }: OwnArtifact, tags: readonly string[], context: Context): Promise<void> {
  if (reference.type === 's3') return removeObject(reference.bucket, reference.key, context);
  // By its tags, not by its digest: a tag that somebody gives it in this moment keeps it.
  const [refused] = await (await context.clients.repositories()).deleteTags(repositoryName(reference), tags, context.signal);
  if (refused !== undefined) throw new Error(refused.reason);
}

/** All versions of an object. */
export async function removeObject(bucket: string, key: string, context: Context): Promise<void> {
  const store = await context.clients.objects();
  const versions = (await store.listVersions(bucket, key, context.signal)).filter((version) => version.key === key);
  const [failed] = await store.deleteVersions(bucket, versions, context.signal);
  if (failed !== undefined) throw new Error(failed.reason);
}

async function removeFolder(bucket: string, folder: string, context: Context): Promise<void> {
  const store = await context.clients.objects();
  const [failed] = await store.deleteVersions(bucket, await store.listVersions(bucket, folder, context.signal), context.signal);
  if (failed !== undefined) throw new Error(`${failed.key}: ${failed.reason}`);
}
