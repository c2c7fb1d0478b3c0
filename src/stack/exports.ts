import type { Stack } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import type { StackDeps } from './operation.ts';

/** An output as the template declares it: the name of its export as text, `unknown` for one that only CloudFormation can tell. */
export interface DeclaredOutput {
  readonly name: string;
  readonly exportName: { readonly text: string } | 'unknown' | undefined;
}

/** Names that the stack exports now and that the new template surely no longer does. Pure. */
export function removedExports(stack: Stack, outputs: readonly DeclaredOutput[]): string[] {
  const current = new Map(stack.outputs.map((output) => [output.name, output.exportName]));
  // An export with a computed name under a new logical id may be one of the old ones.
  if (outputs.some((output) => output.exportName === 'unknown' && current.get(output.name) === undefined)) return [];
  const kept = new Set(
    outputs.flatMap(({ name, exportName }) => {
      if (exportName === undefined) return [];
      return [exportName === 'unknown' ? current.get(name) : exportName.text];
    }),
  );
  return [...current.values()].filter((name) => name !== undefined).filter((name) => !kept.has(name));
}

/** An export, and the names of the stacks that import it. */
export interface ExportUse {
  readonly name: string;
  readonly stacks: readonly string[];
}

/** The exports among those named that something imports. One call for each name. */
export async function findImporters(names: readonly string[], deps: Pick<StackDeps, 'stacks' | 'signal'>): Promise<ExportUse[]> {
  const uses = await Promise.all(names.map(async (name) => ({ name, stacks: await deps.stacks.importers(name, deps.signal) })));
  return uses.filter(({ stacks }) => stacks.length > 0);
}

/**
 * Refuses to take away what other stacks import; CloudFormation would refuse it too, after long work. One call for each export.
 * Throws UserError EXPORT_IN_USE naming the stacks.
 */
export async function refuseWhenImported(
  stack: Stack,
  names: readonly string[],
  deps: Pick<StackDeps, 'stacks' | 'signal'>,
): Promise<void> {
  const used = await findImporters(names, deps);
  if (used.length > 0) throw exportInUse(stack, used);
}

export function exportInUse(stack: Stack, used: readonly ExportUse[]): UserError {
  const details = used.map(({ name, stacks }) => `${name} is imported by ${stacks.join(', ')}`);
  return new UserError('EXPORT_IN_USE', `Stack ${stack.name} exports what other stacks import, and it would go away`, {
    details,
    hint: 'Nothing was changed. Change or delete the importing stacks first',
    result: { stackName: stack.name, stackId: stack.id, imports: used },
  });
}

/** All names that a stack exports. */
export function exportsOf(stack: Stack): string[] {
  return stack.outputs.flatMap(({ exportName }) => (exportName === undefined ? [] : [exportName]));
}
