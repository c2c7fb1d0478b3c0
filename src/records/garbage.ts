import type { ObjectVersion } from '../clients/s3-versions.ts';
import type { Context } from '../context.ts';
import { isRecordsKey, readArtifactKey, readRecordKey } from './keys.ts';
import { findImageGarbage, type ImageGarbage } from './garbage-images.ts';
import { mentionsObject } from './mentions.ts';
import { forgetRecords } from './prune.ts';
import type { DeploymentRecord, Place } from './types.ts';
import { surveyUsers, type UserText } from './users.ts';

export interface GarbageWish extends Place {
  readonly olderThanMs: number;
  /** How many deployments that succeeded are kept of each stack; undefined: all. */
  readonly keepDeployments: number | undefined;
}

/** An object that may go, with all versions that were seen. */
export interface ObjectGarbage {
  /** `record` and `template` are what deployments are gone back to with. */
  readonly kind: 'artifact' | 'record' | 'template';
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date | undefined;
  readonly versions: readonly ObjectVersion[];
}

/** What nothing needs any more. */
export interface Garbage {
  readonly objects: readonly ObjectGarbage[];
  readonly images: readonly ImageGarbage[];
  /** Images that nothing of ours needs, but that have to stay. */
  readonly keptImages: readonly { readonly location: string; readonly reason: string }[];
  readonly uploads: Awaited<ReturnType<Awaited<ReturnType<Context['clients']['objects']>>['listUploads']>>;
}

/** An upload that takes longer was given up. */
const UPLOAD_MS = 24 * 3_600_000;

/**
 * Everything below a prefix that has the shape of what this tool publishes and that no stack and no recorded deployment mentions.
 * Throws UserError ACCESS_DENIED when not everything that might can be looked at.
 */
export async function findGarbage(wish: GarbageWish, context: Context): Promise<Garbage> {
  const store = await context.clients.objects();
  const { bucket, prefix } = wish;
  const before = new Date(context.clock.now() - wish.olderThanMs);
  const [versions, uploads] = await Promise.all([
    store.listVersions(bucket, prefix, context.signal),
    store.listUploads(bucket, prefix, context.signal),
  ]);
  const objects = groupByKey(versions).filter(({ modifiedAt }) => modifiedAt === undefined || modifiedAt <= before);
  const survey = await surveyUsers({ places: placesIn(versions, wish), except: new Set(), everywhere: true }, context);
  const { region } = await context.clients.edge();
  const forgotten = forgetRecords(
    survey.records.map(({ record }) => record),
    { liveStackIds: survey.liveStackIds, region, keepDeployments: wish.keepDeployments, before },
  );
  const kept = survey.records.map(({ record }) => record).filter(({ id }) => !forgotten.has(id));
  const users = survey.users.filter(({ recordId }) => recordId === undefined || !forgotten.has(recordId));
  const garbage = objects.flatMap((object): ObjectGarbage[] => {
    const kind = kindOf(object, bucket, { users, kept, forgotten });
    return kind === undefined ? [] : [{ ...object, kind }];
  });
  const images = await findImageGarbage({ records: survey.records.map(({ record }) => record), users, before, context });
  const old = new Date(context.clock.now() - UPLOAD_MS);
  return {
    objects: garbage,
    ...images,
    uploads: uploads.filter(({ key, begunAt }) => readArtifactKey(key) !== undefined && begunAt !== undefined && begunAt < old),
  };
}

/** The places of all records below the prefix, and the prefix itself. */
function placesIn(versions: readonly ObjectVersion[], { bucket, prefix }: Place): Place[] {
  const prefixes = new Set([prefix, ...versions.flatMap(({ key }) => readRecordKey(key)?.place ?? [])]);
  return [...prefixes].map((each) => ({ bucket, prefix: each }));
}

type Grouped = Omit<ObjectGarbage, 'kind'>;

function groupByKey(versions: readonly ObjectVersion[]): Grouped[] {
  const byKey = new Map<string, ObjectVersion[]>();
  for (const version of versions) byKey.set(version.key, [...(byKey.get(version.key) ?? []), version]);
  return [...byKey].map(([key, all]) => {
    const times = all.flatMap(({ modifiedAt }) => modifiedAt?.getTime() ?? []);
    return {
      key,
      versions: all,
      sizeBytes: all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      modifiedAt: times.length === 0 ? undefined : new Date(Math.max(...times)),
    };
  });
}

interface Known {
  readonly users: readonly UserText[];
  readonly kept: readonly DeploymentRecord[];
  readonly forgotten: ReadonlySet<string>;
}

/** What an object is, if nothing needs it. */
function kindOf({ key }: Grouped, bucket: string, { users, kept, forgotten }: Known): ObjectGarbage['kind'] | undefined {
  const record = readRecordKey(key);
  if (record !== undefined) return forgotten.has(record.id) ? 'record' : undefined;
  if (isRecordsKey(key)) {
    const isCopy = key.endsWith('.template');
    return isCopy && !kept.some(({ template }) => template.key === key) ? 'template' : undefined;
  }
  if (readArtifactKey(key) === undefined) return undefined;
  return users.some(({ text }) => mentionsObject(text, { type: 's3', bucket, key })) ? undefined : 'artifact';
}
