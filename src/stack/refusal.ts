import { UserError } from '../errors.ts';
import type { Refusal } from './plan.ts';

/** The error of a plan that refuses. `target`: ` --local` and the like, for the command that it tells to type. */
export function refusalError({ code, command, hint, reason, stack }: Refusal, target = ''): UserError {
  return new UserError(code, reason, {
    hint: command === undefined ? hint : `${hint}: ${command}${target}`,
    result: { stackName: stack.name },
  });
}
