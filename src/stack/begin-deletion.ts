import type { DeletionOptions, Stack } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import { newToken, type StackDeps } from './operation.ts';

/**
 * Has CloudFormation begin to delete a stack; termination protection goes first, where it was planned to. A stack that failed in express mode
 * may take nothing but operations in express mode (aws-cdk-cli issue 1739): it is deleted in that mode when the ordinary one is refused.
 */
export async function beginDeletion(stack: Stack, options: Omit<DeletionOptions, 'token' | 'express'>, deps: StackDeps): Promise<void> {
  const { stacks, signal } = deps;
  if (stack.terminationProtection) await stacks.setTerminationProtection(stack.id, false, signal);
  try {
    await stacks.deleteStack(stack.id, { ...options, token: newToken() }, signal);
  } catch (error) {
    if (stack.express !== true || !(error instanceof UserError) || error.code !== 'TEMPLATE_INVALID') throw error;
    await stacks.deleteStack(stack.id, { ...options, token: newToken(), express: true }, signal);
  }
}
