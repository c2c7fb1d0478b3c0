import { UserError } from '../errors.ts';
import type { SdkClientConfig } from './aws-config.ts';
import { serviceFailure, translateAwsError } from './aws-errors.ts';

/** Matches the answer for a stack that is not there: a ValidationError told apart by its text only (API reference of DescribeStacks). */
const MISSING_STACK = /does not exist|not exist/i;

/** Refusals because something else runs: each operation has its own words for it. */
const BUSY = /is in [A-Z_]*IN_PROGRESS state|while in status [A-Z_]*IN_PROGRESS/;

const WAIT = 'Wait until it has ended, then run the command again';

/** Whether an answer says that there is no such stack. */
export function isMissingStack(error: unknown): boolean {
  const failure = serviceFailure(error);
  if (failure === undefined || isMissingChangeSet(error)) return false;
  return (failure.name === 'ValidationError' || failure.status === 404) && MISSING_STACK.test(failure.message);
}

function isMissingChangeSet(error: unknown): boolean {
  return serviceFailure(error)?.name.startsWith('ChangeSetNotFound') === true;
}

/** Does the work of a call and turns what goes wrong into a UserError. */
export async function translated<T>(operation: string, config: SdkClientConfig, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(operation, config, error);
  }
}

function translate(operation: string, config: SdkClientConfig, error: unknown): Error {
  if (isMissingStack(error)) return new UserError('STACK_NOT_FOUND', (error as Error).message, { cause: error });
  const failure = serviceFailure(error);
  const text = failure?.message ?? '';
  if (isMissingChangeSet(error)) {
    return new UserError('CHANGE_SET_NOT_FOUND', `There is no such change set any more: ${text}`, {
      hint: 'It was executed or deleted, or another deployment came first',
      cause: error,
    });
  }
  if (failure?.name === 'OperationInProgressException' || BUSY.test(text)) {
    return new UserError('STACK_BUSY', `Another operation is running: ${text}`, { hint: WAIT, cause: error });
  }
  // Somebody else has begun to create it, or has executed another change set, after we looked.
  if (/^AlreadyExists|^InvalidChangeSetStatus/.test(failure?.name ?? '') || /already exists and cannot be created again/.test(text)) {
    return new UserError('STACK_BUSY', `Another deployment of the stack came first: ${text}`, { hint: WAIT, cause: error });
  }
  if (failure?.name === 'ValidationError') {
    return new UserError('TEMPLATE_INVALID', `CloudFormation refuses the request (${operation}): ${text}`, { cause: error });
  }
  return translateAwsError(error, { service: 'CloudFormation', operation, endpoint: config.endpoint });
}
