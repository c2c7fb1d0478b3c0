import type { StackEvent } from '../clients/cloudformation.ts';

export type OperationKind = 'create' | 'update' | 'delete' | 'import' | 'rollback' | 'continue-rollback';

/** One operation on a stack, read out of its events. */
export interface StackOperation {
  readonly kind: OperationKind;
  readonly outcome: 'succeeded' | 'failed' | 'in-progress';
  /** The last status that the stack had in it. */
  readonly status: string;
  /** By the server's clock. */
  readonly startedAt: Date;
  /** Undefined while it runs. */
  readonly endedAt: Date | undefined;
  readonly events: readonly StackEvent[];
}

const KINDS: Readonly<Record<string, OperationKind>> = {
  CREATE_IN_PROGRESS: 'create',
  UPDATE_IN_PROGRESS: 'update',
  DELETE_IN_PROGRESS: 'delete',
  IMPORT_IN_PROGRESS: 'import',
  ROLLBACK_IN_PROGRESS: 'rollback',
  UPDATE_ROLLBACK_IN_PROGRESS: 'rollback',
  IMPORT_ROLLBACK_IN_PROGRESS: 'rollback',
};
/** What CloudFormation does by itself after a failure belongs to the operation that failed. */
const BY_ITSELF = /The following resource\(s\) failed|(Delete|Rollback) requested by user/i;
const GOOD_ENDS: Readonly<Record<OperationKind, RegExp>> = {
  create: /^CREATE_COMPLETE$/,
  update: /^UPDATE_COMPLETE/,
  delete: /^DELETE_COMPLETE$/,
  import: /^IMPORT_COMPLETE$/,
  rollback: /ROLLBACK_COMPLETE/,
  'continue-rollback': /ROLLBACK_COMPLETE/,
};

/**
 * The operations that the events of a stack tell of, oldest first. DescribeStackEvents knows no operations, so each begins where the
 * stack itself begins something new. `events` are oldest first. Pure.
 */
export function splitOperations(events: readonly StackEvent[], stackId: string): StackOperation[] {
  const runs: { kind: OperationKind; events: StackEvent[]; status: string }[] = [];
  for (const event of events) {
    const own = event.physicalId === stackId && event.stackId === stackId;
    const current = runs.at(-1);
    if (own && event.status === 'REVIEW_IN_PROGRESS') continue;
    if (own && begins(event, current)) {
      runs.push({ kind: kindOf(event.status, current?.status), events: [event], status: event.status });
      continue;
    }
    current?.events.push(event);
    if (own && current !== undefined) current.status = event.status;
  }
  return runs.map((run) => toOperation(run, stackId));
}

function begins(event: StackEvent, current: { readonly kind: OperationKind; readonly status: string } | undefined): boolean {
  if (KINDS[event.status] === undefined) return false;
  if (current === undefined) return true;
  if (BY_ITSELF.test(event.reason ?? '')) return false;
  // A deletion may come into a creation that still runs; everything else waits for the end.
  if (event.status === 'DELETE_IN_PROGRESS') return current.kind !== 'delete' || !current.status.endsWith('_IN_PROGRESS');
  return !current.status.endsWith('_IN_PROGRESS');
}

function kindOf(status: string, before: string | undefined): OperationKind {
  if (status === 'UPDATE_ROLLBACK_IN_PROGRESS' && before === 'UPDATE_ROLLBACK_FAILED') return 'continue-rollback';
  return KINDS[status] ?? 'update';
}

function toOperation(run: { kind: OperationKind; events: StackEvent[]; status: string }, stackId: string): StackOperation {
  const { kind, status, events } = run;
  const running = status.endsWith('_IN_PROGRESS');
  const last = events.findLast((event) => event.physicalId === stackId && event.status === status);
  return {
    kind,
    status,
    events,
    outcome: running ? 'in-progress' : GOOD_ENDS[kind].test(status) ? 'succeeded' : 'failed',
    startedAt: events[0]?.timestamp ?? new Date(0),
    endedAt: running ? undefined : last?.timestamp,
  };
}
