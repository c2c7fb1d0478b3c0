import { suggest } from '../cli/suggest.ts';
import { UserError } from '../errors.ts';
import type { StackDeps } from './operation.ts';

/**
 * The error of a command that needs a stack which is not there: with the name that may have been meant, when the list of stacks may be
 * read. `but`: what else is known ("none of that name was deleted within 90 days").
 */
export async function missingStack(
  name: string,
  { signal, stacks, target }: Pick<StackDeps, 'signal' | 'stacks' | 'target'>,
  but = '',
): Promise<UserError> {
  const near = name.startsWith('arn:') ? undefined : suggest(name, await namesOf(stacks, signal));
  return new UserError('STACK_NOT_FOUND', `There is no stack ${name}${but}`, {
    hint:
      near === undefined
        ? `It was deleted, or its name, the region or the account is another: lambda-tool list-serverless --all${target ?? ''}`
        : `Did you mean ${near}?`,
    result: { stackName: name },
  });
}

/** Whoever may not list stacks gets no proposal. */
async function namesOf(stacks: StackDeps['stacks'], signal: AbortSignal): Promise<string[]> {
  try {
    return (await stacks.list(signal)).map(({ name }) => name);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
