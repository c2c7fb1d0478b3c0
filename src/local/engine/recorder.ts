/** Every change of a stack's or resource's state: saved first, then told as an event. */
import { randomUUID } from 'node:crypto';
import { maskSecrets } from './parameters.ts';
import type { EventRecord, ResourceRecord, StackRecord, StackStatus } from './records.ts';
import type { StackStore } from './stack-store.ts';
import { compact } from './values.ts';

export const STACK_TYPE = 'AWS::CloudFormation::Stack';

export interface Recorder {
  /** Sets a stack's status, with further changed members, and appends the stack's event. */
  stackStatus(uid: string, status: StackStatus, reason?: string, changes?: Partial<StackRecord>): StackRecord;
  /** Changes members of a stack without an event. */
  change(uid: string, changes: Partial<StackRecord>): StackRecord;
  /** Saves a resource and appends its event. */
  resourceStatus(uid: string, resource: Omit<ResourceRecord, 'timestamp'>, reason?: string): ResourceRecord;
  /** Saves a resource without an event. */
  keepResource(uid: string, resource: ResourceRecord): void;
  /** An event about a resource that is not (or no longer) the one its logical id stands for. */
  event(uid: string, event: Omit<EventRecord, 'id' | 'timestamp' | 'token' | 'operationId'>): void;
}

/** Timestamps are those of the clock, but strictly increasing within a stack. */
export function createRecorder(store: StackStore): Recorder {
  const nextTime = (uid: string): string => {
    const last = store.events(uid).at(-1)?.timestamp;
    return new Date(Math.max(Date.now(), last === undefined ? 0 : Date.parse(last) + 1)).toISOString();
  };
  const append = (
    uid: string,
    timestamp: string,
    event: Omit<EventRecord, 'id' | 'timestamp' | 'token' | 'operationId'>,
    operation = store.stack(uid)?.operation,
  ) => {
    const { reason, properties } = event;
    const stack = store.stack(uid);
    const parameters = [...(stack?.parameters ?? []), ...(stack?.baseline?.parameters ?? [])];
    const shown = (text: string | undefined) => (text === undefined ? undefined : maskSecrets(text, parameters));
    const ids = { id: randomUUID(), timestamp, token: operation?.token, operationId: operation?.id };
    store.appendEvent(uid, compact({ ...event, ...ids, reason: shown(reason), properties: shown(properties) }));
  };
  const self: Recorder = {
    stackStatus(uid, status, reason, changes = {}) {
      const timestamp = nextTime(uid);
      // The last event of an operation still belongs to it.
      const running = store.stack(uid)?.operation;
      const stack = self.change(uid, { ...changes, ...timesOf(status, timestamp), status, statusReason: reason });
      append(
        uid,
        timestamp,
        { logicalId: stack.name, physicalId: stack.stackId, type: STACK_TYPE, status, reason },
        running ?? stack.operation,
      );
      return stack;
    },
    change(uid, changes) {
      const current = store.stack(uid);
      if (current === undefined) throw new Error(`No record of stack ${uid}`);
      const stack = compact({ ...current, ...changes }) as StackRecord;
      store.saveStack(stack);
      return stack;
    },
    resourceStatus(uid, resource, reason) {
      const timestamp = nextTime(uid);
      const record = compact({ ...resource, timestamp, statusReason: reason }) as ResourceRecord;
      store.saveResource(uid, record);
      const { logicalId, physicalId, type, status, properties } = record;
      append(uid, timestamp, { logicalId, physicalId, type, status, reason, properties: JSON.stringify(properties) });
      return record;
    },
    keepResource: (uid, resource) => store.saveResource(uid, compact(resource)),
    event: (uid, event) => append(uid, nextTime(uid), event),
  };
  return self;
}

function timesOf(status: StackStatus, timestamp: string): Partial<StackRecord> {
  if (status === 'DELETE_COMPLETE' || status === 'DELETE_IN_PROGRESS') return { deletionTime: timestamp };
  return /^(?:UPDATE|ROLLBACK)/.test(status) ? { lastUpdatedTime: timestamp } : {};
}
