import type { Stack } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import type { DeleteRequest } from '../stack/delete.ts';
import { exportInUse, exportsOf, findImporters, type ExportUse } from '../stack/exports.ts';
import type { StackDeps } from '../stack/operation.ts';
import { refusalError } from '../stack/refusal.ts';
import { planDeletion } from '../stack/plan.ts';

/** A stack that is to go, and what stands in the way or has to go first. */
export interface PlannedDeletion {
  readonly stack: Stack;
  /** Names of stacks of the same call that import from it: they go first. */
  readonly after: readonly string[];
  /** Why it cannot be deleted. */
  readonly refusal: UserError | undefined;
}

/** Looks at everything that would stop a deletion, before anything is done. One call for each export of each stack. */
export async function planDeletions(
  stacks: readonly Stack[],
  request: Pick<DeleteRequest, 'waitForStack' | 'liftProtection'>,
  deps: Pick<StackDeps, 'stacks' | 'signal' | 'target'>,
): Promise<PlannedDeletion[]> {
  const names = new Set(stacks.map(({ name }) => name));
  const planned = await Promise.all(
    stacks.map(async (stack): Promise<PlannedDeletion> => {
      const plan = planDeletion(stack, request);
      if (plan.kind === 'refuse') return { stack, after: [], refusal: refusalError(plan, deps.target) };
      const uses = plan.kind === 'follow' ? [] : await findImporters(exportsOf(stack), deps);
      const foreign = withoutMembers(uses, names);
      const after = [...new Set(uses.flatMap(({ stacks: users }) => users))].filter((name) => names.has(name) && name !== stack.name);
      return { stack, after, refusal: foreign.length === 0 ? undefined : exportInUse(stack, foreign) };
    }),
  );
  return planned.map((one) => (goesAfterItself(one, planned) ? { ...one, refusal: one.refusal ?? circle(one) } : one));
}

function withoutMembers(uses: readonly ExportUse[], names: ReadonlySet<string>): ExportUse[] {
  const foreign = uses.map(({ name, stacks }) => ({ name, stacks: stacks.filter((user) => !names.has(user)) }));
  return foreign.filter(({ stacks }) => stacks.length > 0);
}

function goesAfterItself({ stack, after }: PlannedDeletion, all: readonly PlannedDeletion[]): boolean {
  const seen = new Set(after);
  for (const name of seen) for (const next of all.find((one) => one.stack.name === name)?.after ?? []) seen.add(next);
  return seen.has(stack.name);
}

function circle({ stack, after }: PlannedDeletion): UserError {
  return new UserError('EXPORT_IN_USE', `Stack ${stack.name} and ${after.join(', ')} import from each other`, {
    hint: 'Deploy one of them without its import first',
    result: { stackName: stack.name, stackId: stack.id },
  });
}

/** Throws the refusal of the first stack that has one, with those of the others: nothing is deleted unless everything can be. */
export function refuseAll(planned: readonly PlannedDeletion[]): void {
  const refusals = planned.flatMap(({ refusal }) => refusal ?? []);
  const [first, ...others] = refusals;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new UserError(first.code, first.message, {
    details: [...first.details, ...others.flatMap(({ message, details }) => [message, ...details.map((line) => `  ${line}`)])],
    hint: first.hint,
    result: first.result,
  });
}
