import type { Context } from '../context.ts';
import type { StackDeps } from '../stack/operation.ts';
import { targetSwitches } from './target-switches.ts';

/** What work on stacks needs of a run. */
export async function stackDeps(context: Context): Promise<StackDeps> {
  const { clock, reporter, signal, clients, settings } = context;
  return { stacks: await clients.stacks(), clock, reporter, signal, target: targetSwitches(settings), logs: clients.logs };
}

/** `--stack-polling-delay` in milliseconds. */
export function pollingPauseMs(options: { readonly stackPollingDelay: number | undefined }): number | undefined {
  return options.stackPollingDelay === undefined ? undefined : options.stackPollingDelay * 1000;
}
