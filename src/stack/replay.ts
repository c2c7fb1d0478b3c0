import { UserError } from '../errors.ts';
import type { Step } from '../output/reporter.ts';
import { carryOut } from './apply.ts';
import type { DeployOutcome, DeployRequest } from './deploy.ts';
import { newToken, type StackDeps } from './operation.ts';
import { chooseParameters } from './parameters.ts';
import { describeState } from './plan.ts';
import type { SoundStack } from './repair.ts';
import { changeSetSwitches, isExpress } from './switches.ts';

/**
 * Updates a stack in a failed state with the last template that worked. It may not seem to differ: CloudFormation makes no change set of
 * nothing, and only an update without one brings the stack back to a good state; in express mode there is no other way back
 * (aws-cdk-cli pull request 1970). Throws UserError STACK_FAILED, or STACK_STATE when CloudFormation sees nothing to do at all.
 */
export function replay(
  sound: Extract<SoundStack, { kind: 'update' }>,
  request: DeployRequest,
  deps: StackDeps,
  step: Step,
): Promise<DeployOutcome> {
  const { stack } = sound;
  const { express, notificationArns, rollbackTriggers, disableValidation } = changeSetSwitches(request.switches, sound);
  step.note(`${describeState(stack)}; it is updated without a change set`, { lasting: true });
  const begin = async (): Promise<void> => {
    try {
      await deps.stacks.updateStack(
        {
          stackName: stack.id,
          template: request.template,
          parameters: chooseParameters(request.declared, request.given, stack).parameters,
          capabilities: request.capabilities,
          tags: request.tags,
          roleArn: request.roleArn,
          token: newToken(),
          disableRollback: true,
          express,
          notificationArns,
          rollbackTriggers,
          disableValidation,
        },
        deps.signal,
      );
      request.onBegin?.(stack.id);
    } catch (error) {
      throw isNothingToDo(error) ? stuck(stack.name, describeState(stack), isExpress(request.switches, sound), error) : error;
    }
  };
  return carryOut({ ...request, action: 'updated', stackId: stack.id, total: 0, begin }, deps, step);
}

function isNothingToDo(error: unknown): error is UserError {
  return error instanceof UserError && error.code === 'TEMPLATE_INVALID' && /No updates are to be performed/i.test(error.message);
}

function stuck(stackName: string, state: string, express: boolean, cause: Error): UserError {
  return new UserError('STACK_STATE', `${state}, and CloudFormation finds nothing to update`, {
    hint: express
      ? 'Change something in the template (a Description of a resource will do), or delete the stack'
      : 'Leave out --resume: the stack is rolled back to its last good state',
    result: { stackName },
    cause,
  });
}
