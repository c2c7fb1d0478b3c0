import pLimit from 'p-limit';

import { isAbort, UserError } from '../errors.ts';
import type { PlannedDeletion } from './order.ts';

/** Stacks that are deleted at a time. */
const PARALLEL_STACKS = 4;

/** How it went with each stack, in the order they were named. */
export interface DeletionOutcome {
  readonly deleted: readonly PlannedDeletion[];
  readonly failed: readonly FailedDeletion[];
}

export interface FailedDeletion {
  readonly deletion: PlannedDeletion;
  readonly error: UserError;
}

/**
 * Deletes stacks side by side, each when those that import from it are gone. One that fails stops only those that have to wait for
 * it. Throws what is no UserError, and INTERRUPTED, when all have ended.
 */
export async function deleteAll(
  planned: readonly PlannedDeletion[],
  deleteOne: (deletion: PlannedDeletion) => Promise<void>,
): Promise<DeletionOutcome> {
  const limit = pLimit(PARALLEL_STACKS);
  const ends = new Map<string, Promise<unknown>>();
  const end = (deletion: PlannedDeletion): Promise<unknown> => {
    const { name } = deletion.stack;
    const known = ends.get(name);
    if (known !== undefined) return known;
    const begun = run(deletion);
    ends.set(name, begun);
    return begun;
  };
  /** Resolves to what went wrong, if anything. */
  const run = async (deletion: PlannedDeletion): Promise<unknown> => {
    const first = planned.filter(({ stack }) => deletion.after.includes(stack.name));
    const errors = await Promise.all(first.map(end));
    const stuck = first.filter((_, index) => errors[index] !== undefined);
    if (stuck.length > 0) return waitsInVain(deletion, stuck);
    return limit(() =>
      deleteOne(deletion).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
  };
  const errors = await Promise.all(planned.map(end));
  const defect = errors.find((error) => error !== undefined && (!(error instanceof UserError) || isAbort(error)));
  if (defect !== undefined) throw interruptOf(planned, errors) ?? defect;
  return {
    deleted: planned.filter((_, index) => errors[index] === undefined),
    failed: planned.flatMap((deletion, index) => (errors[index] instanceof UserError ? [{ deletion, error: errors[index] }] : [])),
  };
}

/** One interrupt for all stacks that nobody waits for any longer. */
function interruptOf(planned: readonly PlannedDeletion[], errors: readonly unknown[]): UserError | undefined {
  const left = planned.filter((_, index) => isAbort(errors[index]));
  const first = errors.find((error) => error instanceof UserError && isAbort(error));
  if (left.length < 2 || !(first instanceof UserError)) return undefined;
  const names = left.map(({ stack }) => stack.name).join(', ');
  return new UserError('INTERRUPTED', `Stopped waiting for the stacks ${names}; what has begun goes on without us`, {
    hint: first.hint,
    result: { interrupted: left.map(({ stack }) => ({ stackName: stack.name, stackId: stack.id })) },
  });
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

export function describeOutcome({ deleted, failed }: DeletionOutcome) {
  return {
    deleted: deleted.map(({ stack }) => ({ stackName: stack.name, stackId: stack.id })),
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
