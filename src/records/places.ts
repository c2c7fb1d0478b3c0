import { globalBucketName, regionalBucketName } from '../artifacts/bucket.ts';
import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { parseTemplate } from '../template/parse.ts';
import { readArtifactKey } from './keys.ts';
import { listRecords, readLatestRecord } from './read.ts';
import { findReferences } from './references.ts';
import { toldPlace } from './told-place.ts';
import type { ArtifactReference, DeploymentRecord, Place } from './types.ts';

export interface PlaceWish {
  readonly s3Bucket: string | undefined;
  readonly s3Prefix: string | undefined;
  readonly resolveS3: boolean | undefined;
}

/** What the deployed template tells: its text, and what it refers to. */
export interface Deployed {
  readonly text: string | undefined;
  readonly references: readonly ArtifactReference[];
}

export async function lookAtDeployed(stackId: string, context: Context): Promise<Deployed> {
  const stacks = await context.clients.stacks();
  const text = await stacks.template(stackId, context.signal);
  return { text, references: await referencesIn(text) };
}

/** The references of a template's text; none where it is no template that can be read. */
export async function referencesIn(text: string | undefined): Promise<ArtifactReference[]> {
  if (text === undefined) return [];
  try {
    return findReferences(await parseTemplate(text, 'template'));
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/**
 * Where the records of a stack may be: in the bucket that was named, and where the deployed template's own artefacts lie; when neither
 * says, where the last change set says, else in the bucket that this tool makes, if there is one.
 */
export async function findPlaces(
  wish: PlaceWish,
  references: readonly ArtifactReference[],
  context: Context,
  stack?: Stack,
): Promise<Place[]> {
  const prefix = wish.s3Prefix ?? '';
  const named: Place[] = wish.s3Bucket === undefined ? [] : [{ bucket: wish.s3Bucket, prefix }];
  const derived = placesOf(references);
  const isOpen = named.length === 0 && (wish.resolveS3 === true || derived.length === 0);
  const isUnknown = named.length === 0 && wish.resolveS3 !== true && derived.length === 0;
  const told = isUnknown && stack !== undefined ? await toldPlace(stack, context) : undefined;
  if (told !== undefined) return [told];
  return distinct([...named, ...(isOpen ? await madePlaces(prefix, context) : []), ...derived]);
}

/** The places of artefacts, as their keys tell them. */
export function placesOf(references: readonly ArtifactReference[]): Place[] {
  return distinct(
    references.flatMap((reference): Place[] => {
      const key = reference.type === 's3' ? readArtifactKey(reference.key) : undefined;
      return reference.type === 's3' && key !== undefined ? [{ bucket: reference.bucket, prefix: key.prefix }] : [];
    }),
  );
}

/** The bucket of `--resolve-s3`, when it was made before; one call, or two when it was not. */
export async function madePlaces(prefix: string, context: Context): Promise<Place[]> {
  const [{ account }, { region }, store] = await Promise.all([context.clients.caller(), context.clients.edge(), context.clients.objects()]);
  for (const bucket of [regionalBucketName(account, region), globalBucketName(account, region)])
    if ((await store.findBucket(bucket))?.owned === true) return [{ bucket, prefix }];
  return [];
}

function distinct(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [`${place.bucket}/${place.prefix}`, place])).values()];
}

export interface FoundRecords {
  readonly places: readonly Place[];
  /** The place that has the records; undefined when there are none. */
  readonly place: Place | undefined;
  /** Newest first. */
  readonly records: readonly DeploymentRecord[];
  readonly deployed: Deployed;
}

/** The records of a stack, wherever they are. Throws UserError BUCKET_NOT_FOUND, ACCESS_DENIED, …. */
export async function findRecords(stack: Stack, wish: PlaceWish, context: Context): Promise<FoundRecords> {
  const deployed = await lookAtDeployed(stack.id, context);
  const places = await findPlaces(wish, deployed.references, context, stack);
  const deps = { store: await context.clients.objects(), signal: context.signal };
  for (const place of places) {
    const records = await listRecords(place, stack, deps);
    if (records.length > 0) return { places, place, records, deployed };
  }
  return { places, place: undefined, records: [], deployed };
}

/**
 * Who deployed a stack last, when and from which commit; undefined when no record tells. Three calls: the deployed template (unless its
 * `references` are given), a listing, the record.
 */
export async function latestRecord(
  stack: Stack,
  wish: PlaceWish,
  context: Context,
  references?: readonly ArtifactReference[],
): Promise<DeploymentRecord | undefined> {
  const known = references ?? (await lookAtDeployed(stack.id, context)).references;
  const deps = { store: await context.clients.objects(), signal: context.signal };
  for (const place of await findPlaces(wish, known, context, stack)) {
    const record = await readLatestRecord(place, stack, deps);
    if (record !== undefined) return record;
  }
  return undefined;
}
