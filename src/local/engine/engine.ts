/** Starts operations on stacks, follows them to their end, and brings to an end what a stopped process left behind. */
import { type ResourceProvider, ServiceError, type Store } from '../types.ts';
import { idPart, newStackId } from './names.ts';
import { nestedStackProvider } from './nested-stacks.ts';
import { type OperationSignals, runCreation, runDeletion, runUpdate } from './operations.ts';
import { type EngineParts, stackOf } from './parts.ts';
import { probeProvider } from './probe.ts';
import { RECORDED_NAMES, recordedProvider } from './recorded.ts';
import { createRecorder } from './recorder.ts';
import type { OperationRecord, StackContent, StackRecord } from './records.ts';
import { recoverStacks } from './recovery.ts';
import { rollBackCreation, rollBackUpdate } from './rollback.ts';
import { scalarText } from './values.ts';
import { openStackStore } from './stack-store.ts';
import { listed, newOperation, type StartOptions, withOperation } from './start-operation.ts';

export type { StartOptions } from './start-operation.ts';

export interface EngineOptions {
  readonly store: Store;
  readonly providers: readonly ResourceProvider[];
  /** Text of an object by `s3://…` or its address. Throws ServiceError. */
  readonly readText: (location: string) => string;
  readonly log: (message: string) => void;
  /** Custom resources with these properties are more than recorded. */
  readonly custom?: {
    readonly runs: (properties: Readonly<Record<string, unknown>>) => boolean;
    readonly provider: (type: string) => ResourceProvider;
  };
}

export interface NewStack {
  readonly name: string;
  readonly region: string;
  readonly stackId?: string | undefined;
  /** From a stack in review, whose id and records stay. */
  readonly existing?: StackRecord | undefined;
  readonly parent?: StackRecord | undefined;
  readonly roleArn?: string | undefined;
  readonly timeoutInMinutes?: number | undefined;
  readonly terminationProtection?: boolean | undefined;
  readonly stackPolicy?: string | undefined;
  readonly changeSetId?: string | undefined;
}

export interface Engine {
  readonly parts: EngineParts;
  readonly readText: (location: string) => string;
  /** Saves a stack record that only a change set is for (REVIEW_IN_PROGRESS). */
  reserve(stack: NewStack, content: StackContent, operation: OperationRecord): StackRecord;
  /** Notes an operation on the stack that runs beside its life: the making of a change set. */
  note(uid: string, operation: OperationRecord): void;
  create(stack: NewStack, content: StackContent, options: StartOptions): StackRecord;
  update(uid: string, content: StackContent, options: StartOptions): OperationRecord;
  remove(uid: string, options: StartOptions): OperationRecord | undefined;
  /** From CREATE_FAILED or UPDATE_FAILED, and from UPDATE_ROLLBACK_FAILED. */
  rollBack(uid: string, kind: 'ROLLBACK' | 'CONTINUE_ROLLBACK', options: StartOptions): OperationRecord;
  /** Makes a running creation or update turn back. */
  cancel(uid: string): void;
  /** Until no operation runs on the stack. */
  wait(uid: string): Promise<void>;
  recover(): Promise<void>;
  /** Lets running provider calls end and leaves the rest to the next recovery. */
  close(): Promise<void>;
}

interface Running {
  readonly cancel: AbortController;
  readonly ended: Promise<void>;
}

export function createEngine(options: EngineOptions): Engine {
  const store = openStackStore(options.store);
  const recorder = createRecorder(store);
  const running = new Map<string, Running>();
  const closing = new AbortController();
  const providers = new Map<string, ResourceProvider>(options.providers.map((provider) => [provider.type, provider]));
  const parts: EngineParts = {
    store,
    recorder,
    log: options.log,
    isRecorded: (type, properties) => !providers.has(type) && !(isCustom(type) && options.custom?.runs(properties) === true),
    providerFor: (type) => providers.get(type) ?? fallback(type),
    nameOf(type, properties) {
      const property = providers.has(type) ? providers.get(type)?.live?.nameProperty : RECORDED_NAMES[type];
      return property === undefined ? undefined : scalarText(properties[property]);
    },
  };

  const fallback = (type: string): ResourceProvider => {
    const recorded = recordedProvider(type);
    const { custom } = options;
    return custom === undefined || !isCustom(type) ? recorded : either(custom.runs, custom.provider(type), recorded);
  };

  const launch = (uid: string, work: (signals: OperationSignals) => Promise<void>): void => {
    const cancel = new AbortController();
    const ended = work({ cancel: cancel.signal, closing: closing.signal })
      .catch((error: unknown) => endBroken(parts, uid, error))
      .finally(() => {
        if (running.get(uid)?.cancel === cancel) running.delete(uid);
        if (!closing.signal.aborted) removeReviewed(uid);
      });
    running.set(uid, { cancel, ended });
  };

  /** Nested stacks that a change set has put in review and its execution never reached. */
  const removeReviewed = (uid: string): void => {
    const stackId = store.stack(uid)?.stackId;
    for (const stack of store.stacks())
      if (stack.status === 'REVIEW_IN_PROGRESS' && stack.parentId === stackId) engine.remove(stack.uid, {});
  };

  const engine: Engine = {
    parts,
    readText: options.readText,
    reserve: (stack, content, operation) => {
      const record = newRecord(stack, content, 'REVIEW_IN_PROGRESS');
      store.saveStack({ ...record, operation });
      return recorder.stackStatus(record.uid, 'REVIEW_IN_PROGRESS', 'User Initiated', { operation: undefined });
    },
    note(uid, operation) {
      recorder.change(uid, { lastOperations: listed(stackOf(parts, uid), operation) });
      recorder.operationStatus(uid, operation, 'IN_PROGRESS');
    },
    create(stack, content, start) {
      const record = newRecord(stack, content, 'CREATE_IN_PROGRESS');
      store.saveStack({ ...record, ...withOperation(record, newOperation('CREATE_STACK', start)) });
      const saved = recorder.stackStatus(record.uid, 'CREATE_IN_PROGRESS', 'User Initiated', start.changes);
      launch(record.uid, (signals) => runCreation(parts, record.uid, signals));
      return saved;
    },
    update(uid, content, start) {
      const stack = stackOf(parts, uid);
      const begun = withOperation(stack, newOperation('UPDATE_STACK', start));
      // The way back leads to the last stable state, over any number of failed updates.
      const baseline = stack.baseline ?? (stack.status.endsWith('_COMPLETE') ? contentOf(stack) : undefined);
      const { outputs: _kept, ...wanted } = content;
      recorder.change(uid, { description: undefined, ...wanted, ...start.changes, ...begun, baseline });
      recorder.stackStatus(uid, 'UPDATE_IN_PROGRESS', 'User Initiated');
      launch(uid, (signals) => runUpdate(parts, uid, signals));
      return begun.operation;
    },
    remove(uid, start) {
      const stack = stackOf(parts, uid);
      if (stack.status === 'DELETE_IN_PROGRESS' || stack.status === 'DELETE_COMPLETE') return stack.operation;
      const operation = newOperation('DELETE_STACK', start);
      recorder.change(uid, { ...start.changes, ...withOperation(stack, operation) });
      recorder.stackStatus(uid, 'DELETE_IN_PROGRESS', 'User Initiated');
      const previous = running.get(uid);
      previous?.cancel.abort();
      launch(uid, async (signals) => {
        await previous?.ended;
        if (!signals.closing.aborted) await runDeletion(parts, uid, signals.closing);
      });
      return operation;
    },
    rollBack(uid, kind, start) {
      const stack = stackOf(parts, uid);
      const operation = newOperation(kind, start);
      const isCreation = stack.baseline === undefined;
      recorder.change(uid, { ...start.changes, ...withOperation(stack, operation) });
      recorder.stackStatus(uid, isCreation ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated');
      launch(uid, ({ closing: signal }) => (isCreation ? rollBackCreation(parts, uid, signal) : rollBackUpdate(parts, uid, signal)));
      return operation;
    },
    cancel: (uid) => running.get(uid)?.cancel.abort(),
    async wait(uid) {
      for (let one = running.get(uid); one !== undefined; one = running.get(uid)) await one.ended;
    },
    recover: () => recoverStacks(parts, launch, (uid) => engine.wait(uid)),
    async close() {
      closing.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
  for (const own of [nestedStackProvider(engine), probeProvider()]) providers.set(own.type, own);
  return engine;
}

function isCustom(type: string): boolean {
  return type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource';
}

/** One provider or the other, by the properties of the resource. */
function either(
  chooses: (properties: Readonly<Record<string, unknown>>) => boolean,
  one: ResourceProvider,
  other: ResourceProvider,
): ResourceProvider {
  const choose = (properties: Readonly<Record<string, unknown>>) => (chooses(properties) ? one : other);
  return {
    type: one.type,
    createOnlyProperties: one.createOnlyProperties,
    create: (properties, context) => choose(properties).create(properties, context),
    update: (current, properties, context) => choose(properties).update(current, properties, context),
    delete: (current, context) => choose(current.properties).delete(current, context),
  };
}

function contentOf(stack: StackRecord): StackContent {
  const { templateBody, processed, parameters, tags, outputs, capabilities, description, notificationArns, warnings } = stack;
  return { templateBody, processed, parameters, tags, outputs, capabilities, description, notificationArns, warnings };
}

function newRecord(stack: NewStack, content: StackContent, status: StackRecord['status']): StackRecord {
  const stackId = stack.existing?.stackId ?? stack.stackId ?? newStackId(stack.region, stack.name);
  const { name, region, roleArn, timeoutInMinutes, stackPolicy, changeSetId, parent } = stack;
  return {
    ...content,
    uid: idPart(stackId),
    stackId,
    name,
    region,
    status,
    creationTime: stack.existing?.creationTime ?? new Date().toISOString(),
    roleArn,
    timeoutInMinutes,
    stackPolicy,
    changeSetId,
    disableRollback: false,
    terminationProtection: stack.terminationProtection ?? false,
    parentId: parent?.stackId,
    rootId: parent?.rootId ?? parent?.stackId,
    lastOperations: stack.existing?.lastOperations ?? [],
  };
}

/** A mistake of the engine must not leave a stack that is in progress for ever. */
function endBroken(parts: EngineParts, uid: string, error: unknown): void {
  const reason = `Internal Failure: ${error instanceof Error ? error.message : String(error)}`;
  parts.log(`Operation on stack ${uid} broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const status = stackOf(parts, uid).status;
  const verb = status.startsWith('UPDATE_ROLLBACK') ? 'UPDATE_ROLLBACK' : (status.split('_')[0] ?? 'CREATE');
  parts.recorder.stackStatus(uid, `${verb}_FAILED` as StackRecord['status'], reason, { operation: undefined });
}

/** The refusal of a request that a stack's status does not allow. */
export function stateError(stack: StackRecord, deed: string): ServiceError {
  return new ServiceError('ValidationError', `Stack:${stack.stackId} is in ${stack.status} state and can not be ${deed}.`);
}
