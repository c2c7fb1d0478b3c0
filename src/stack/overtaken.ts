import { UserError } from '../errors.ts';
import { lookAtStack } from './look.ts';
import type { StackDeps } from './operation.ts';
import type { DeployPermissions, ReadyPlan } from './plan.ts';

export interface Contested {
  readonly stackName: string;
  readonly plan: ReadyPlan;
  /** What is allowed when the stack has to be looked at again. */
  readonly may: DeployPermissions;
  readonly longestPauseMs: number | undefined;
}

/** Each of the others overtakes a run once at most, so this is for as many of them. */
const MOST_TRIES = 10;

/**
 * Does the work on a stack that others may work on as well. When another operation comes first it is waited for, and the work is done
 * once more from what the stack is then. `begin` is called once CloudFormation has accepted the operation: what goes wrong from there on
 * is the work's own. Throws UserError STACK_BUSY when it may not wait, or is overtaken again and again.
 */
export async function retryOvertaken<T>(
  contested: Contested,
  deps: StackDeps,
  work: (plan: ReadyPlan, begin: () => void) => Promise<T>,
): Promise<T> {
  const { stackName, may, longestPauseMs } = contested;
  let { plan } = contested;
  for (let tries = 1; ; tries += 1) {
    let hasBegun = false;
    try {
      return await work(plan, () => (hasBegun = true));
    } catch (error) {
      if (hasBegun || !isOvertaken(error)) throw error;
      if (!may.waitForStack || tries === MOST_TRIES) throw busy(stackName, error, deps.target);
      deps.reporter.debug(error.message);
      deps.reporter.info(`Another operation on stack ${stackName} came first; looking at it again`);
      plan = await lookAtStack(stackName, may, longestPauseMs, deps);
    }
  }
}

/**
 * Whether somebody else's operation began between our look and our call: it is refused, our change set went when theirs was executed, or
 * the empty stack around it went with theirs.
 */
function isOvertaken(error: unknown): error is UserError {
  return error instanceof UserError && /^(STACK_BUSY|CHANGE_SET_NOT_FOUND|STACK_NOT_FOUND)$/.test(error.code);
}

function busy(stackName: string, error: UserError, target = ''): UserError {
  if (error.code === 'STACK_BUSY') return error;
  return new UserError('STACK_BUSY', `Another deployment of stack ${stackName} came first: ${error.message}`, {
    hint: `Wait until it has ended, then run the command again. To see how it ends: lambda-tool watch ${stackName}${target}`,
    result: { stackName },
    cause: error,
  });
}
