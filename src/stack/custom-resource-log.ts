import type { StackEvent } from '../clients/cloudformation.ts';
import type { Failure } from './failure.ts';
import type { StackDeps } from './operation.ts';

/** placeholder */
export async function customResourceLog(
  _failure: Failure,
  _events: readonly StackEvent[],
  _deps: StackDeps,
): Promise<readonly string[] | undefined> {
  return undefined;
}
