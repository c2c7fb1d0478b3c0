/** Every change of a stack's or resource's state: saved first, then told as an event. */
import { randomUUID } from 'node:crypto';
import { maskSecrets, type ParameterRecord } from './parameters.ts';
import type { EventRecord, OperationProgress, OperationRecord, ResourceRecord, StackRecord, StackStatus } from './records.ts';
import type { StackStore } from './stack-store.ts';
import { compact } from './values.ts';

export const STACK_TYPE = 'AWS::CloudFormation::Stack';

/** What an event says by itself; the rest comes from the stack and its operation. */
type EventInput = Omit<EventRecord, 'id' | 'timestamp' | 'token' | 'operationId' | 'operationKind' | 'detailedStatus'>;

/** The part of an operation that its events show. */
export type EventOperation = Pick<OperationRecord, 'id' | 'kind' | 'token' | 'startTime' | 'express'>;

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
  event(uid: string, event: EventInput): void;
  /** How an operation stands, told by DescribeEvents only. */
  operationStatus(uid: string, operation: EventOperation, status: OperationProgress['status'], reason?: string): void;
  /** A finding of a pre-deployment validation, told by DescribeEvents only. */
  validation(
    uid: string,
    operation: EventOperation,
    event: Pick<EventRecord, 'logicalId' | 'physicalId' | 'type'> & Required<Pick<EventRecord, 'validation'>>,
  ): void;
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
    event: EventInput,
    operation: EventOperation | undefined = store.stack(uid)?.operation,
  ) => {
    const { reason, properties } = event;
    const stack = store.stack(uid);
    const parameters = [...(stack?.parameters ?? []), ...(stack?.baseline?.parameters ?? []), ...secretAttributes(store, uid)];
    const shown = (text: string | undefined) => (text === undefined ? undefined : maskSecrets(text, parameters));
    const ids = { id: randomUUID(), timestamp, token: operation?.token, operationId: operation?.id, operationKind: operation?.kind };
    const detailedStatus = operation?.express === true ? configured(event.status) : undefined;
    store.appendEvent(uid, compact({ ...event, ...ids, reason: shown(reason), properties: shown(properties), detailedStatus }));
  };
  const self: Recorder = {
    stackStatus(uid, status, reason, changes = {}) {
      const timestamp = nextTime(uid);
      // The last event of an operation still belongs to it.
      const running = store.stack(uid)?.operation ?? changes.operation;
      const detailedStatus = running?.express === true ? configured(status) : undefined;
      const stack = self.change(uid, { ...changes, ...timesOf(status, timestamp), status, statusReason: reason, detailedStatus });
      const operation = progress(statusOfOperation(status), running?.startTime, timestamp);
      append(uid, timestamp, { ...itself(stack), status, reason, operation }, running);
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
    operationStatus(uid, operation, status, reason) {
      const stack = store.stack(uid);
      if (stack === undefined) return;
      const timestamp = nextTime(uid);
      append(
        uid,
        timestamp,
        { ...itself(stack), status: '', reason, operation: progress(status, operation.startTime, timestamp) },
        operation,
      );
    },
    validation: (uid, operation, event) => append(uid, nextTime(uid), { ...event, status: '' }, operation),
  };
  return self;
}

/** What custom resources answered with NoEcho. */
function secretAttributes(store: StackStore, uid: string): readonly ParameterRecord[] {
  return [...store.resources(uid).values()]
    .filter(({ noEcho }) => noEcho === true)
    .flatMap(({ attributes }) => Object.values(attributes))
    .flatMap((value) => (typeof value === 'string' ? [{ key: '', value, type: 'String', noEcho: true }] : []));
}

/** In express mode the configuration is applied, and the resource may still become ready. */
function configured(status: string): 'CONFIGURATION_COMPLETE' | undefined {
  return status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE' ? 'CONFIGURATION_COMPLETE' : undefined;
}

function itself({ name, stackId }: StackRecord): Pick<EventRecord, 'logicalId' | 'physicalId' | 'type'> {
  return { logicalId: name, physicalId: stackId, type: STACK_TYPE };
}

function statusOfOperation(status: StackStatus): OperationProgress['status'] {
  if (status.endsWith('_IN_PROGRESS')) return 'IN_PROGRESS';
  return status.endsWith('_FAILED') ? 'FAILED' : 'SUCCEEDED';
}

function progress(status: OperationProgress['status'], startTime: string | undefined, now: string): OperationProgress {
  return compact({ status, startTime: startTime ?? now, endTime: status === 'IN_PROGRESS' ? undefined : now });
}

function timesOf(status: StackStatus, timestamp: string): Partial<StackRecord> {
  if (status === 'DELETE_COMPLETE' || status === 'DELETE_IN_PROGRESS') return { deletionTime: timestamp };
  return /^(?:UPDATE|ROLLBACK)/.test(status) ? { lastUpdatedTime: timestamp } : {};
}
