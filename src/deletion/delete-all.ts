import pLimit from 'p-limit';

import { isAbort, UserError } from '../errors.ts';
import type { PlannedDeletion } from './order.ts';

/** Stacks that are deleted at a time. */
const PARALLEL_STACKS = 4;

/** How it went with each stack, in the order they were named. */
export interface DeletionOutcome {
  readonly deleted: readonly PlannedDeletion[];
  readonly failed: readonly FailedDeletion[];
  /** Those that nobody waits for any longer, after an interrupt. */
  readonly left: readonly LeftDeletion[];
  /** Those that an interrupt has kept from beginning. */
  readonly notBegun: readonly PlannedDeletion[];
}

export interface FailedDeletion {
  readonly deletion: PlannedDeletion;
  readonly error: UserError;
}

export interface LeftDeletion {
  readonly deletion: PlannedDeletion;
  readonly error: unknown;
}

type End =
  | { readonly kind: 'deleted' | 'not-begun' }
  | { readonly kind: 'failed'; readonly error: UserError }
  | { readonly kind: 'left' | 'defect'; readonly error: unknown };

/**
 * Deletes stacks side by side, each when those that import from it are gone. One that fails stops only those that have to wait for
 * it. Throws what is no UserError when all have ended.
 */
export async function deleteAll(
  planned: readonly PlannedDeletion[],
  deleteOne: (deletion: PlannedDeletion) => Promise<void>,
  mayBegin: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<DeletionOutcome> {
  const limit = pLimit(PARALLEL_STACKS);
  const known = new Map<string, Promise<End>>();
  const endOf = (deletion: PlannedDeletion): Promise<End> => {
    const { name } = deletion.stack;
    const begun = known.get(name) ?? run(deletion);
    known.set(name, begun);
    return begun;
  };
  const run = async (deletion: PlannedDeletion): Promise<End> => {
    const first = planned.filter(({ stack }) => deletion.after.includes(stack.name));
    const before = await Promise.all(first.map(endOf));
    if (before.some(({ kind }) => kind === 'left' || kind === 'not-begun')) return { kind: 'not-begun' };
    const stuck = first.filter((_, index) => before[index]?.kind !== 'deleted');
    if (stuck.length > 0) return { kind: 'failed', error: waitsInVain(deletion, stuck) };
    return limit(async () => {
      if (!(await mayBegin())) return { kind: 'not-begun' };
      return deleteOne(deletion).then((): End => ({ kind: 'deleted' }), endedWith);
    });
  };
  const ends = await Promise.all(planned.map(endOf));
  const defect = ends.find((end) => end.kind === 'defect');
  if (defect?.kind === 'defect') throw defect.error;
  return {
    deleted: planned.filter((_, index) => ends[index]?.kind === 'deleted'),
    notBegun: planned.filter((_, index) => ends[index]?.kind === 'not-begun'),
    failed: planned.flatMap((deletion, index) => {
      const end = ends[index];
      return end?.kind === 'failed' ? [{ deletion, error: end.error }] : [];
    }),
    left: planned.flatMap((deletion, index) => {
      const end = ends[index];
      return end?.kind === 'left' ? [{ deletion, error: end.error }] : [];
    }),
  };
}

function endedWith(error: unknown): End {
  if (isAbort(error)) return { kind: 'left', error };
  return error instanceof UserError ? { kind: 'failed', error } : { kind: 'defect', error };
}

/** What an interrupt has left of the deletions; undefined where there was none. A single stack's own interrupt stays as it is. */
export function interruptOf(outcome: DeletionOutcome, known: object, reattach: (stackName: string) => string): unknown {
  const { left, notBegun, deleted, failed } = outcome;
  const [first] = left;
  if (first === undefined && notBegun.length === 0) return undefined;
  if (left.length + notBegun.length + deleted.length + failed.length === 1) return first?.error;
  const names = left.map(({ deletion }) => deletion.stack.name);
  const again = `${left.length === 0 ? 'To' : 'once that has ended, to'} delete the rest, run the same command again`;
  return new UserError('INTERRUPTED', sayLeft(names), {
    hint: left.length === 0 ? again : `See how it ends: ${names.map(reattach).join(', ')}; ${again}`,
    details: [...listed('Not begun', notBegun), ...listed('Deleted', deleted), ...failed.map(({ error }) => error.message)],
    result: {
      ...known,
      ...describeOutcome(outcome),
      interrupted: left.map(({ deletion }) => ids(deletion)),
      notBegun: notBegun.map(ids),
    },
  });
}

function sayLeft(names: readonly string[]): string {
  if (names.length === 0) return 'Interrupted: nothing more was begun';
  return `Stopped waiting for the stack${names.length === 1 ? '' : 's'} ${names.join(', ')}; what has begun goes on without us`;
}

function listed(title: string, deletions: readonly PlannedDeletion[]): string[] {
  return deletions.length === 0 ? [] : [`${title}: ${deletions.map(({ stack }) => stack.name).join(', ')}`];
}

function ids({ stack }: PlannedDeletion) {
  return { stackName: stack.name, stackId: stack.id };
}

function waitsInVain({ stack }: PlannedDeletion, stuck: readonly PlannedDeletion[]): UserError {
  const names = stuck.map((one) => one.stack.name).join(', ');
  return new UserError('EXPORT_IN_USE', `Stack ${stack.name} was left alone: ${names} could not be deleted and imports from it`, {
    hint: `Once ${names} is gone, run the command again`,
    result: { stackName: stack.name, stackId: stack.id },
  });
}

/** One failure for all that failed. A single stack's own failure stays as it is. */
export function failureOf(outcome: DeletionOutcome, known: object): UserError {
  const { deleted, failed } = outcome;
  const [first] = failed;
  if (first === undefined) throw new Error('Nothing has failed');
  const result = { ...(failed.length === 1 ? (first.error.result as object) : {}), ...known, ...describeOutcome(outcome) };
  const { code, hint } = first.error;
  if (failed.length + deleted.length === 1) return new UserError(code, first.error.message, { hint, details: first.error.details, result });
  const names = failed.map(({ deletion }) => deletion.stack.name).join(', ');
  const details = failed.flatMap(({ error }) => [
    error.message,
    ...error.details.map((line) => `  ${line}`),
    ...(failed.length === 1 ? [] : hintLine(error)),
  ]);
  const message = `${failed.length} of ${failed.length + deleted.length} stacks could not be deleted: ${names}`;
  return new UserError(code, message, { hint: failed.length === 1 ? hint : undefined, details, result });
}

function hintLine({ hint }: UserError): string[] {
  return hint === undefined ? [] : [`  ${hint}`];
}

/** `deleted` and `failed` of the JSON document. */
export function describeOutcome({ deleted, failed }: Pick<DeletionOutcome, 'deleted' | 'failed'>) {
  return {
    deleted: deleted.map(ids),
    ...(failed.length === 0
      ? {}
      : {
          failed: failed.map(({ deletion, error }) => ({
            stackName: deletion.stack.name,
            stackId: deletion.stack.id,
            code: error.code,
            message: error.message,
            ...(error.hint === undefined ? {} : { hint: error.hint }),
          })),
        }),
  };
}
