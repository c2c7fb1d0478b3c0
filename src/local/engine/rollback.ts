/** Takes back what a failed or cancelled operation has done. */
import { deleteResources, type Doomed, doomedOld, doomedRecord } from './delete-resources.ts';
import { failedSentence, failureReason } from './failure.ts';
import { runGraph } from './graph.ts';
import { contextFor, type EngineParts, stackOf, stateOf } from './parts.ts';
import type { ResourceRecord } from './records.ts';
import { sameValue } from './values.ts';

/** After a failed creation: everything goes. Ends in ROLLBACK_COMPLETE or ROLLBACK_FAILED. */
export async function rollBackCreation(parts: EngineParts, uid: string, signal: AbortSignal): Promise<void> {
  const skip = new Set(stackOf(parts, uid).operation?.skip);
  const records = [...parts.store.resources(uid).values()].filter((record) => isThere(record) && !skip.has(record.logicalId));
  const doomed = records.map((record) =>
    doomedRecord(
      record,
      record.imported === true ? 'Retain' : record.deletionPolicy === 'RetainExceptOnCreate' ? 'Delete' : record.deletionPolicy,
    ),
  );
  const failed = await deleteResources(parts, uid, doomed, { records: 'keep', signal });
  if (signal.aborted) return;
  if (failed.length > 0) parts.recorder.stackStatus(uid, 'ROLLBACK_FAILED', failedSentence('delete', failed), { operation: undefined });
  else parts.recorder.stackStatus(uid, 'ROLLBACK_COMPLETE', undefined, { operation: undefined, outputs: [] });
}

export function isThere(record: ResourceRecord): boolean {
  return record.status !== 'DELETE_COMPLETE' && record.status !== 'DELETE_SKIPPED';
}

/** After a failed update: changed resources get their old properties back, then new ones go. Ends in UPDATE_ROLLBACK_COMPLETE or _FAILED. */
export async function rollBackUpdate(parts: EngineParts, uid: string, signal: AbortSignal): Promise<void> {
  const skip = new Set(stackOf(parts, uid).operation?.skip);
  const touched = [...parts.store.resources(uid).values()].filter((record) => typeof record.baseline === 'object');
  const byId = new Map(touched.map((record) => [record.logicalId, record]));
  const { failed } = await runGraph(byId.keys(), {
    dependencies: (id) => byId.get(id)?.dependsOn ?? [],
    onFailure: 'continue',
    signal,
    work: async (id) => {
      const record = byId.get(id);
      if (record !== undefined) await restore(parts, uid, record, skip.has(id), signal);
    },
  });
  if (signal.aborted) return;
  if (failed.size > 0) {
    parts.recorder.stackStatus(uid, 'UPDATE_ROLLBACK_FAILED', failedSentence('update', [...failed.keys()]), { operation: undefined });
    return;
  }
  parts.recorder.stackStatus(uid, 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', undefined, {
    description: undefined,
    ...stackOf(parts, uid).baseline,
  });
  await cleanUpAfterRollback(parts, uid, signal);
}

async function restore(parts: EngineParts, uid: string, record: ResourceRecord, skip: boolean, signal: AbortSignal): Promise<void> {
  const { baseline } = record;
  if (typeof baseline !== 'object') return;
  const { replaced, ...old } = { ...baseline, replaced: leftovers(record, baseline) };
  const restored = { ...old, baseline: undefined, replaced: replaced.length === 0 ? undefined : replaced };
  const untouched =
    sameValue(record.properties, baseline.properties) && record.physicalId === baseline.physicalId && !record.status.endsWith('_FAILED');
  if (untouched) return parts.recorder.keepResource(uid, restored);
  if (skip) return void parts.recorder.resourceStatus(uid, { ...restored, status: 'UPDATE_COMPLETE' });
  parts.recorder.resourceStatus(uid, { ...record, status: 'UPDATE_IN_PROGRESS' });
  try {
    const attributes = await takeBack(parts, uid, record, baseline, signal);
    parts.recorder.resourceStatus(uid, { ...restored, ...attributes, status: 'UPDATE_COMPLETE' });
  } catch (error) {
    parts.recorder.resourceStatus(uid, { ...record, status: 'UPDATE_FAILED' }, failureReason(error));
    throw error;
  }
}

/** A resource that was replaced is still there in its old form: only one changed in place has to be changed back. */
async function takeBack(parts: EngineParts, uid: string, record: ResourceRecord, baseline: ResourceRecord, signal: AbortSignal) {
  const state = stateOf(record);
  if (state === undefined || record.physicalId !== baseline.physicalId) return {};
  const outcome = await parts.providerFor(record.type).update(state, baseline.properties, contextFor(parts, uid, record.logicalId, signal));
  return { attributes: outcome.attributes, physicalId: outcome.physicalId };
}

/** Physical resources that the failed update made for this logical one. */
function leftovers(record: ResourceRecord, baseline: ResourceRecord) {
  const { physicalId, attributes, properties, type } = record;
  const current = physicalId === undefined ? [] : [{ physicalId, attributes, properties, type, policy: 'Delete' }];
  return [...(record.replaced ?? []), ...current].filter((old) => old.physicalId !== baseline.physicalId);
}

/** Deletes what the failed update had made. Its failures do not fail the rollback. */
export async function cleanUpAfterRollback(parts: EngineParts, uid: string, signal: AbortSignal): Promise<void> {
  const records = [...parts.store.resources(uid).values()];
  const doomed = records.flatMap((record): Doomed[] => [
    ...(record.baseline === 'absent' ? [doomedRecord(record, record.imported === true ? 'Retain' : 'Delete')] : []),
    ...(record.replaced ?? []).map((old) => doomedOld(record, old, 'Delete')),
  ]);
  await deleteResources(parts, uid, doomed, { records: 'drop', signal });
  if (signal.aborted) return;
  forgetBaselines(parts, uid);
  parts.recorder.stackStatus(uid, 'UPDATE_ROLLBACK_COMPLETE', undefined, { operation: undefined, baseline: undefined });
}

/** The state as it is now is the one that later failures go back to. */
export function forgetBaselines(parts: EngineParts, uid: string): void {
  for (const record of parts.store.resources(uid).values()) {
    if (record.baseline === undefined && record.replaced === undefined && record.imported === undefined) continue;
    if (record.baseline === 'absent' && record.status === 'DELETE_FAILED') parts.store.dropResource(uid, record.logicalId);
    else parts.recorder.keepResource(uid, { ...record, baseline: undefined, replaced: undefined, imported: undefined });
  }
}
