/** Creating, updating and deleting a stack from its beginning to one of its final states. */
import { applyResource } from './apply-resource.ts';
import { deleteResources, type Doomed, doomedOld, doomedRecord } from './delete-resources.ts';
import { failedSentence, TemplateFailure } from './failure.ts';
import { runGraph } from './graph.ts';
import { resolveOutputs } from './outputs.ts';
import { type EngineParts, type Run, runOf, stackOf } from './parts.ts';
import { forgetBaselines, isThere, rollBackCreation, rollBackUpdate } from './rollback.ts';
import { newOperation, withOperation } from './start-operation.ts';
import { policyDenial } from './stack-policy.ts';

/** `closing` ends everything at once; `cancel` makes a creation or update turn back. */
export interface OperationSignals {
  readonly cancel: AbortSignal;
  readonly closing: AbortSignal;
}

export async function runCreation(parts: EngineParts, uid: string, signals: OperationSignals): Promise<void> {
  const problem = await applyAll(parts, uid, signals);
  if (signals.closing.aborted) return;
  if (problem === undefined) {
    parts.recorder.stackStatus(uid, 'CREATE_COMPLETE', templateRemarks(parts, uid), { operation: undefined });
    return;
  }
  await failCreation(parts, uid, problem, signals.closing);
}

/** Remarks of the transform that belong to no resource. */
function templateRemarks(parts: EngineParts, uid: string): string | undefined {
  const remarks = stackOf(parts, uid).warnings[''] ?? [];
  return remarks.length === 0 ? undefined : remarks.join('; ');
}

/** What follows a failed creation: rollback, deletion, or nothing, as its operation says. */
export async function failCreation(parts: EngineParts, uid: string, problem: string, closing: AbortSignal): Promise<void> {
  const onFailure = stackOf(parts, uid).operation?.onFailure ?? 'ROLLBACK';
  if (onFailure === 'DO_NOTHING') {
    parts.recorder.stackStatus(uid, 'CREATE_FAILED', problem, { operation: undefined });
  } else if (onFailure === 'DELETE') {
    turnBack(parts, uid, 'DELETE_STACK', problem);
    parts.recorder.stackStatus(uid, 'DELETE_IN_PROGRESS', `${sentence(problem)}Delete requested by user.`);
    await runDeletion(parts, uid, closing);
  } else {
    turnBack(parts, uid, 'ROLLBACK', problem);
    parts.recorder.stackStatus(uid, 'ROLLBACK_IN_PROGRESS', `${sentence(problem)}Rollback requested by user.`);
    await rollBackCreation(parts, uid, closing);
  }
}

/** What follows a failure by itself is an operation of its own: the failed one ends here. */
function turnBack(parts: EngineParts, uid: string, kind: 'ROLLBACK' | 'DELETE_STACK', problem: string): void {
  const stack = stackOf(parts, uid);
  const { operation } = stack;
  if (operation === undefined || operation.kind === kind) return;
  parts.recorder.operationStatus(uid, operation, 'FAILED', problem);
  const { express, onFailure, stackPolicy, token } = operation;
  parts.recorder.change(uid, withOperation(stack, newOperation(kind, { token, onFailure, stackPolicy, express })));
}

function sentence(problem: string): string {
  return problem === '' || problem.endsWith('. ') ? problem : `${problem.replace(/\.$/, '')}. `;
}

/** Undefined when all went well, or the text that says what did not. */
async function applyAll(parts: EngineParts, uid: string, signals: OperationSignals): Promise<string | undefined> {
  const signal = AbortSignal.any([signals.cancel, signals.closing]);
  let run: Run;
  try {
    run = runOf(parts, uid, signal);
    const { failed, done } = await runGraph(run.bound.resources.keys(), {
      dependencies: (id) => run.bound.resources.get(id)?.dependsOn ?? [],
      work: (id, stop) => applyResource(parts, run, id, stop),
      onFailure: 'stop',
      signal,
    });
    if (failed.size > 0) return failures(parts, uid, [...failed.keys()]);
    checkRemovals(parts, run);
    if (done.size < run.bound.resources.size) return '';
    parts.recorder.change(uid, { outputs: resolveOutputs(parts, run) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Throws TemplateFailure when the stack policy protects a resource that the template no longer has. */
function checkRemovals(parts: EngineParts, run: Run): void {
  const { operation, stackPolicy } = stackOf(parts, run.uid);
  for (const { logicalId, type } of parts.store.resources(run.uid).values()) {
    if (run.bound.resources.has(logicalId)) continue;
    const denial = policyDenial(operation?.stackPolicy ?? stackPolicy, 'Update:Delete', logicalId, type);
    if (denial !== undefined) throw new TemplateFailure(denial);
  }
}

function failures(parts: EngineParts, uid: string, ids: readonly string[]): string {
  const statusOf = (id: string) => parts.store.resources(uid).get(id)?.status;
  const created = ids.filter((id) => statusOf(id) !== 'UPDATE_FAILED');
  const updated = ids.filter((id) => statusOf(id) === 'UPDATE_FAILED');
  return failedSentence('create', created) + failedSentence('update', updated);
}

export async function runUpdate(parts: EngineParts, uid: string, signals: OperationSignals): Promise<void> {
  const problem = await applyAll(parts, uid, signals);
  if (signals.closing.aborted) return;
  if (problem !== undefined) return await failUpdate(parts, uid, signals.cancel.aborted ? 'User Initiated' : problem, signals);
  parts.recorder.stackStatus(uid, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
  await cleanUpAfterUpdate(parts, uid, signals.closing);
}

/** What follows a failed update: rollback, or UPDATE_FAILED when rollback is off and nobody cancelled. */
export async function failUpdate(parts: EngineParts, uid: string, problem: string, signals: OperationSignals): Promise<void> {
  if (stackOf(parts, uid).operation?.onFailure === 'DO_NOTHING' && !signals.cancel.aborted) {
    parts.recorder.stackStatus(uid, 'UPDATE_FAILED', problem, { operation: undefined });
    return;
  }
  turnBack(parts, uid, 'ROLLBACK', problem);
  if (stackOf(parts, uid).baseline === undefined) {
    // It never was stable: there is nothing to go back to.
    parts.recorder.stackStatus(uid, 'ROLLBACK_IN_PROGRESS', problem);
    return await rollBackCreation(parts, uid, signals.closing);
  }
  parts.recorder.stackStatus(uid, 'UPDATE_ROLLBACK_IN_PROGRESS', problem);
  await rollBackUpdate(parts, uid, signals.closing);
}

/** Deletes what the update has replaced and what the template no longer has. */
export async function cleanUpAfterUpdate(parts: EngineParts, uid: string, closing: AbortSignal): Promise<void> {
  const { bound } = runOf(parts, uid, closing);
  const records = [...parts.store.resources(uid).values()];
  const doomed = records.flatMap((record): Doomed[] => [
    ...(bound.resources.has(record.logicalId) ? [] : [doomedRecord(record)]),
    ...(record.replaced ?? []).map((old) => doomedOld(record, old)),
  ]);
  const failed = await deleteResources(parts, uid, doomed, { records: 'drop', signal: closing });
  if (closing.aborted) return;
  forgetBaselines(parts, uid);
  for (const id of failed) if (!bound.resources.has(id)) parts.store.dropResource(uid, id);
  const reason = failed.length > 0 ? 'Update successful. One or more resources could not be deleted.' : templateRemarks(parts, uid);
  parts.recorder.stackStatus(uid, 'UPDATE_COMPLETE', reason, { operation: undefined, baseline: undefined });
}

export async function runDeletion(parts: EngineParts, uid: string, closing: AbortSignal): Promise<void> {
  const skip = new Set(stackOf(parts, uid).operation?.skip);
  const records = [...parts.store.resources(uid).values()].filter(isThere);
  const doomed = records.flatMap((record): Doomed[] => [
    doomedRecord(
      record,
      skip.has(record.logicalId) ? 'Retain' : record.deletionPolicy === 'RetainExceptOnCreate' ? 'Retain' : record.deletionPolicy,
    ),
    ...(record.replaced ?? []).map((old) => doomedOld(record, old)),
  ]);
  const failed = await deleteResources(parts, uid, doomed, { records: 'keep', signal: closing });
  if (closing.aborted) return;
  if (failed.length > 0) {
    parts.recorder.stackStatus(uid, 'DELETE_FAILED', failedSentence('delete', failed), { operation: undefined });
    return;
  }
  for (const { uid: changeSet } of parts.store.changeSets(uid)) parts.store.dropChangeSet(changeSet);
  parts.recorder.stackStatus(uid, 'DELETE_COMPLETE', undefined, { operation: undefined });
}
