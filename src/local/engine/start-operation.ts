/** The record of an operation that begins. */
import { randomUUID } from 'node:crypto';
import type { OnFailure, OperationKind, OperationRecord, StackRecord } from './records.ts';

export interface StartOptions {
  readonly token?: string | undefined;
  readonly onFailure?: OnFailure | undefined;
  readonly skip?: readonly string[] | undefined;
  /** A stack policy for this update only. */
  readonly stackPolicy?: string | undefined;
  readonly express?: boolean | undefined;
  readonly imports?: Readonly<Record<string, string>> | undefined;
  readonly changes?: Partial<StackRecord> | undefined;
}

export function newOperation(kind: OperationKind, start: StartOptions): OperationRecord {
  return {
    id: randomUUID(),
    kind,
    startTime: new Date().toISOString(),
    token: start.token,
    onFailure: start.onFailure ?? 'ROLLBACK',
    skip: start.skip ?? [],
    stackPolicy: start.stackPolicy,
    express: start.express,
    imports: start.imports,
  };
}

/** Newest first. How many CloudFormation keeps is not documented. */
const KEPT_OPERATIONS = 10;

/** The members of a stack on which an operation has begun. */
export function withOperation(
  stack: StackRecord,
  operation: OperationRecord,
): Pick<StackRecord, 'lastOperations' | 'drift'> & { operation: OperationRecord } {
  // What a detection found is no longer true.
  return { operation, lastOperations: listed(stack, operation), drift: undefined };
}

/** A stack's operations with one more, which need not be the one that runs. */
export function listed(
  stack: Pick<StackRecord, 'lastOperations'>,
  { kind, id }: Pick<OperationRecord, 'kind' | 'id'>,
): StackRecord['lastOperations'] {
  return [{ type: kind, id }, ...stack.lastOperations].slice(0, KEPT_OPERATIONS);
}
