/** After a restart: operations that were in progress come to an end, so that no stack hangs for ever. */
import { cleanUpAfterUpdate, failCreation, failUpdate, type OperationSignals, runDeletion } from './operations.ts';
import { type EngineParts, stackOf } from './parts.ts';
import { cleanUpAfterRollback, rollBackCreation, rollBackUpdate } from './rollback.ts';
import type { StackRecord } from './records.ts';

const INTERRUPTED = 'The local target stopped while this was in progress';

/** Creations and updates turn back; rollbacks, clean-ups and deletions go on. Nested stacks come before those that hold them. */
export async function recoverStacks(
  parts: EngineParts,
  launch: (uid: string, work: (signals: OperationSignals) => Promise<void>) => void,
  wait: (uid: string) => Promise<void>,
): Promise<void> {
  const interrupted = parts.store.stacks().filter(({ status }) => status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS');
  const deepestFirst = interrupted.toSorted((a, b) => depth(parts, b) - depth(parts, a));
  for (const { uid, name, status } of deepestFirst) {
    parts.log(`Stack ${name} was in ${status} when the local target stopped`);
    failUnfinished(parts, uid);
    launch(uid, (signals) => resume(parts, uid, signals));
    await wait(uid);
  }
}

function depth(parts: EngineParts, stack: StackRecord): number {
  const parent = parts.store.stacks().find(({ stackId }) => stackId === stack.parentId);
  return parent === undefined ? 0 : depth(parts, parent) + 1;
}

/** Resources whose provider never answered. */
function failUnfinished(parts: EngineParts, uid: string): void {
  for (const record of parts.store.resources(uid).values()) {
    if (!/^(?:CREATE|IMPORT|UPDATE)_IN_PROGRESS$/.test(record.status)) continue;
    const status = record.status.replace('IN_PROGRESS', 'FAILED');
    parts.recorder.resourceStatus(uid, { ...record, status }, INTERRUPTED);
  }
}

async function resume(parts: EngineParts, uid: string, signals: OperationSignals): Promise<void> {
  const { status } = stackOf(parts, uid);
  switch (status) {
    case 'CREATE_IN_PROGRESS':
      return await failCreation(parts, uid, `${INTERRUPTED}. `, signals.closing);
    case 'UPDATE_IN_PROGRESS':
      return await failUpdate(parts, uid, `${INTERRUPTED}. `, signals);
    case 'ROLLBACK_IN_PROGRESS':
      return await rollBackCreation(parts, uid, signals.closing);
    case 'UPDATE_ROLLBACK_IN_PROGRESS':
      return await rollBackUpdate(parts, uid, signals.closing);
    case 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS':
      return await cleanUpAfterUpdate(parts, uid, signals.closing);
    case 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS':
      return await cleanUpAfterRollback(parts, uid, signals.closing);
    case 'DELETE_IN_PROGRESS':
      return await runDeletion(parts, uid, signals.closing);
    default:
      throw new Error(`Cannot resume from ${status}`);
  }
}
