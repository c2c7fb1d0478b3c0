import pLimit from 'p-limit';

import type { ObjectStore } from '../clients/s3.ts';
import { readRecordKey, recordsFolder, type StackIdentity } from './keys.ts';
import { RECORD_SCHEMA, type DeploymentRecord, type Place } from './types.ts';

const PARALLEL_READS = 16;

export interface RecordDeps {
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
}

/** The records of a stack, newest first. What is no record, or of a later version of this tool, is passed over. */
export async function listRecords(place: Place, stack: StackIdentity, deps: RecordDeps): Promise<DeploymentRecord[]> {
  const versions = await deps.store.listVersions(place.bucket, recordsFolder(place, stack), deps.signal);
  const keys = versions.filter(({ isLatest, isMarker }) => isLatest && !isMarker).map(({ key }) => key);
  const records = await readRecords(place.bucket, keys, deps);
  return records.filter((record) => record.stackId === stack.id);
}

/** The records under these keys, newest first; keys of other things are passed over. */
export async function readRecords(bucket: string, keys: readonly string[], { store, signal }: RecordDeps): Promise<DeploymentRecord[]> {
  const limit = pLimit(PARALLEL_READS);
  const wanted = keys.filter((key) => readRecordKey(key) !== undefined);
  const texts = await Promise.all(wanted.map((key) => limit(() => store.readText(bucket, key, { signal }))));
  return texts.flatMap((text) => parseRecord(text) ?? []).toSorted((a, b) => (a.id < b.id ? 1 : -1));
}

/** The newest record of a stack, or undefined: one listing and one object are read. */
export async function readLatestRecord(place: Place, stack: StackIdentity, deps: RecordDeps): Promise<DeploymentRecord | undefined> {
  const folder = recordsFolder(place, stack);
  const versions = await deps.store.listVersions(place.bucket, folder, deps.signal);
  const keys = versions
    .filter(({ key, isLatest, isMarker }) => isLatest && !isMarker && readRecordKey(key) !== undefined)
    .map(({ key }) => key);
  const newest = keys.toSorted().at(-1);
  return newest === undefined ? undefined : parseRecord(await deps.store.readText(place.bucket, newest, { signal: deps.signal }));
}

/** A record of this version of the tool; anything else is undefined: somebody else may write into the bucket. */
export function parseRecord(text: string | undefined): DeploymentRecord | undefined {
  let value: Partial<DeploymentRecord> | null;
  try {
    value = JSON.parse(text ?? 'null') as Partial<DeploymentRecord> | null;
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object' || value.schema !== RECORD_SCHEMA) return undefined;
  const { id, time, stackId, template, parameters, artifacts, tags, capabilities } = value;
  const isWhole = typeof id === 'string' && typeof time === 'string' && typeof stackId === 'string' && typeof template?.key === 'string';
  return isWhole && Array.isArray(parameters) && Array.isArray(artifacts) && Array.isArray(capabilities) && tags !== undefined
    ? (value as DeploymentRecord)
    : undefined;
}
