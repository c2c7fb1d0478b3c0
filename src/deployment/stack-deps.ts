import type { Context } from '../context.ts';
import type { StackDeps } from '../stack/operation.ts';

/** What work on stacks needs of a run. */
export async function stackDeps(context: Context): Promise<StackDeps> {
  return { stacks: await context.clients.stacks(), clock: context.clock, reporter: context.reporter, signal: context.signal };
}

/** `--stack-polling-delay` in milliseconds. */
export function pollingPauseMs(options: { readonly stackPollingDelay: number | undefined }): number | undefined {
  return options.stackPollingDelay === undefined ? undefined : options.stackPollingDelay * 1000;
}
