/** Deletes resources, those first that others do not need. */
import type { ResourceState } from '../types.ts';
import { failureReason } from './failure.ts';
import { dependants, runGraph } from './graph.ts';
import { contextFor, type EngineParts, stateOf } from './parts.ts';
import type { OldResource, ResourceRecord } from './records.ts';

/** A physical resource that has to go. */
export interface Doomed {
  readonly key: string;
  readonly logicalId: string;
  readonly type: string;
  readonly state: ResourceState | undefined;
  readonly policy: string;
  readonly dependsOn: readonly string[];
  /** Present when the logical resource goes with it. */
  readonly record?: ResourceRecord | undefined;
}

export function doomedRecord(record: ResourceRecord, policy: string = record.deletionPolicy): Doomed {
  const { logicalId, type, dependsOn } = record;
  return { key: logicalId, logicalId, type, state: stateOf(record), policy, dependsOn, record };
}

/** A physical resource that another has taken the place of. */
export function doomedOld(record: ResourceRecord, old: OldResource, policy: string = old.policy): Doomed {
  const { logicalId, dependsOn } = record;
  return { key: `${logicalId} ${old.physicalId}`, logicalId, type: old.type, state: old, policy, dependsOn };
}

export interface DeleteOptions {
  /** `keep`: records stay, marked DELETE_COMPLETE, so that a finished stack can still be described. */
  readonly records: 'keep' | 'drop';
  /** The process stops. */
  readonly signal: AbortSignal;
}

/** Never rejects. Returns the logical ids that failed. */
export async function deleteResources(
  parts: EngineParts,
  uid: string,
  doomed: readonly Doomed[],
  options: DeleteOptions,
): Promise<readonly string[]> {
  const byKey = new Map(doomed.map((one) => [one.key, one]));
  const outcome = await runGraph(byKey.keys(), {
    dependencies: waitingFor(doomed),
    onFailure: 'continue',
    signal: options.signal,
    work: async (key) => {
      const one = byKey.get(key);
      if (one !== undefined) await deleteOne(parts, uid, one, options);
    },
  });
  return [...outcome.failed.keys()].map((key) => byKey.get(key)?.logicalId ?? key);
}

/** Keys that must be gone before a key: those of the resources that depend on its logical resource. */
function waitingFor(doomed: readonly Doomed[]): (key: string) => readonly string[] {
  const users = dependants(new Map(doomed.map((one) => [one.key, one.dependsOn])));
  const logicalIds = new Map(doomed.map((one) => [one.key, one.logicalId]));
  return (key) => users(logicalIds.get(key) ?? key);
}

async function deleteOne(parts: EngineParts, uid: string, one: Doomed, { records, signal }: DeleteOptions): Promise<void> {
  const tell = (status: string, reason?: string) => {
    if (one.record !== undefined) parts.recorder.resourceStatus(uid, { ...one.record, status }, reason);
    else {
      const { logicalId, type, state } = one;
      parts.recorder.event(uid, { logicalId, type, status, reason, physicalId: state?.physicalId });
    }
  };
  const drop = () => {
    if (one.record !== undefined && records === 'drop') parts.store.dropResource(uid, one.logicalId);
  };
  if (one.policy === 'Retain') {
    tell('DELETE_SKIPPED');
    return drop();
  }
  try {
    if (one.state !== undefined) {
      tell('DELETE_IN_PROGRESS');
      await parts.providerFor(one.type).delete(one.state, contextFor(parts, uid, one.logicalId, signal));
    }
  } catch (error) {
    // A process that stops leaves the deletion to the next one.
    if (!signal.aborted) tell('DELETE_FAILED', failureReason(error));
    throw error;
  }
  tell('DELETE_COMPLETE');
  drop();
}
