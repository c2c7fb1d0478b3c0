import type { Stack } from '../clients/cloudformation.ts';
import type { StackDeps } from '../stack/operation.ts';

/** The stacks of the names (or ARNs), each once, and the names that stand for none. A call for each name. */
export async function findStacks(
  names: readonly string[],
  { stacks, signal }: Pick<StackDeps, 'stacks' | 'signal'>,
): Promise<{ readonly found: Stack[]; readonly absent: string[] }> {
  const looked = await Promise.all(names.map(async (name) => ({ name, stack: await stacks.find(name, signal) })));
  const found = new Map(looked.flatMap(({ stack }) => (stack === undefined ? [] : [[stack.id, stack] as const])));
  return { found: [...found.values()], absent: looked.flatMap(({ name, stack }) => (stack === undefined ? [name] : [])) };
}
