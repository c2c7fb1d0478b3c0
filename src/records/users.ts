import pLimit from 'p-limit';

import type { Stacks, StackSummary } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { allRecordsFolder, readRecordKey } from './keys.ts';
import { placesOf, referencesIn } from './places.ts';
import { isOfRegion } from './prune.ts';
import { readRecords } from './read.ts';
import type { DeploymentRecord, Place } from './types.ts';

/** A text that may mention artefacts: a deployed template, or a record. */
export interface UserText {
  /** "stack Shop", "a recorded deployment of Shop" */
  readonly who: string;
  readonly text: string;
  /** For a recorded deployment: its id. */
  readonly recordId?: string | undefined;
}

export interface Survey {
  readonly users: readonly UserText[];
  /** All records that were found, of these and other stacks. */
  readonly records: readonly { readonly place: Place; readonly record: DeploymentRecord }[];
  readonly liveStackIds: ReadonlySet<string>;
}

const PARALLEL_READS = 8;

export interface SurveyWish {
  readonly places: readonly Place[];
  /** ARNs of stacks that do not count, with all that is nested in them. */
  readonly except: ReadonlySet<string>;
  /** Also look for records where the artefacts of other stacks lie: their images may be in the same repositories. */
  readonly everywhere: boolean;
}

/**
 * Who refers to what, in the account and region: the template of every stack, and the records of stacks that exist. One GetTemplate a
 * stack; without the right for all of them it throws UserError ACCESS_DENIED, because then nothing is known to be unused.
 */
export async function surveyUsers({ places, except, everywhere }: SurveyWish, context: Context): Promise<Survey> {
  const stacks = await context.clients.stacks();
  const all = await stacks.list(context.signal);
  const others = all.filter((stack) => !isWithin(stack, except, all));
  const limit = pLimit(PARALLEL_READS);
  const templates = await Promise.all(others.map((stack) => limit(() => templateOf(stack, stacks, context))));
  const users = others.flatMap(({ name }, index): UserText[] => {
    const text = templates[index];
    return text === undefined ? [] : [{ who: `stack ${name}`, text }];
  });
  const wanted = everywhere ? [...places, ...(await placesNamedIn(users))] : places;
  const distinct = new Map(wanted.map((place) => [`${place.bucket}/${place.prefix}`, place]));
  const records = (await Promise.all([...distinct.values()].map((place) => recordsAt(place, except, context)))).flat();
  const live = new Set(all.map(({ id }) => id));
  const { region } = await context.clients.edge();
  // The records of stacks elsewhere count, whether these stacks exist or not.
  const counting = records.filter(
    ({ record }) => !except.has(record.stackId) && (live.has(record.stackId) || !isOfRegion(record.stackId, region)),
  );
  return {
    users: [
      ...users,
      ...counting.map(({ record }) => ({
        who: `a recorded deployment of ${record.stackName}`,
        text: JSON.stringify(record),
        recordId: record.id,
      })),
    ],
    records,
    liveStackIds: live,
  };
}

/** One of these stacks, or nested in one. */
function isWithin(stack: StackSummary, ids: ReadonlySet<string>, all: readonly StackSummary[]): boolean {
  if (ids.has(stack.id)) return true;
  const parent = stack.parentId === undefined ? undefined : all.find(({ id }) => id === stack.parentId);
  return parent !== undefined && isWithin(parent, ids, all);
}

/** A stack may go while we look; one that only has a change set has no template yet. */
async function templateOf(stack: StackSummary, stacks: Stacks, context: Context): Promise<string | undefined> {
  try {
    return await stacks.template(stack.id, context.signal);
  } catch (error) {
    const isGone = error instanceof UserError && (error.code === 'STACK_NOT_FOUND' || stack.status === 'REVIEW_IN_PROGRESS');
    if (isGone && error.code !== 'ACCESS_DENIED') return undefined;
    throw error;
  }
}

async function placesNamedIn(users: readonly UserText[]): Promise<Place[]> {
  return placesOf((await Promise.all(users.map(({ text }) => referencesIn(text)))).flat());
}

/** Those of stacks that do not count are not even read. */
async function recordsAt(
  place: Place,
  except: ReadonlySet<string>,
  context: Context,
): Promise<{ place: Place; record: DeploymentRecord }[]> {
  const store = await context.clients.objects();
  const deps = { store, signal: context.signal };
  try {
    const versions = await store.listVersions(place.bucket, allRecordsFolder(place), context.signal);
    const uuids = new Set([...except].map((id) => id.slice(id.lastIndexOf('/') + 1)));
    const keys = versions.flatMap(({ key, isLatest, isMarker }) => {
      const record = isLatest && !isMarker ? readRecordKey(key) : undefined;
      return record === undefined || uuids.has(record.uuid) ? [] : [key];
    });
    return (await readRecords(place.bucket, keys, deps)).map((record) => ({ place, record }));
  } catch (error) {
    if (error instanceof UserError && error.code === 'BUCKET_NOT_FOUND') return [];
    throw error;
  }
}
