import { optionSpec } from '../commands/options.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { Settings } from '../settings/resolve.ts';
import type { WaitRules } from '../stack/attend.ts';
import type { StackDeps } from '../stack/operation.ts';
import { targetSwitches } from './target-switches.ts';

const known = new WeakMap<Context, StackDeps>();

/** What work on stacks needs of a run: the same for the whole of it, because `--max-wait` counts for the whole. Throws UserError USAGE. */
export async function stackDeps(context: Context): Promise<StackDeps> {
  const made = known.get(context);
  if (made !== undefined) return made;
  const waiting = await waitRules(context);
  const { clock, reporter, signal, clients, settings } = context;
  const deps: StackDeps = {
    stacks: await clients.stacks(),
    clock,
    reporter,
    signal,
    waiting,
    target: targetSwitches(settings),
    logs: clients.logs,
  };
  known.set(context, deps);
  return deps;
}

/** `--stack-polling-delay` in milliseconds. */
export function pollingPauseMs(options: { readonly stackPollingDelay: number | undefined }): number | undefined {
  return options.stackPollingDelay === undefined ? undefined : options.stackPollingDelay * 1000;
}

/** Whether the end of the operation is waited for. */
export function isWaitedFor(options: { readonly stackWait: boolean; readonly detach: boolean | undefined }): boolean {
  return options.stackWait && options.detach !== true;
}

async function waitRules(context: Context): Promise<WaitRules> {
  const maxWaitMs = parseMaxWait(context.settings.values['maxWait'] as string | undefined);
  const onInterrupt = context.settings.values['onInterrupt'] as string | undefined;
  const { region } = await context.clients.edge();
  let endsAt: number | undefined;
  return {
    interrupts: context.interrupts,
    prompts: context.prompts,
    onInterrupt: onInterrupt === undefined || onInterrupt === 'leave' ? onInterrupt : 'cancel',
    reattach: (stackName) => reattachCommand(stackName, region, context.settings),
    endsAt: (now) => (maxWaitMs === undefined ? undefined : (endsAt ??= now + maxWaitMs)),
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
/** Timers of Node hold no more than 2^31 ms. */
const LONGEST_HOURS = 500;

/** `--max-wait` in milliseconds: a number of minutes, or with a unit. Throws UserError USAGE. */
export function parseMaxWait(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number = '', unit = 'm'] = /^(\d+(?:\.\d+)?)\s*([smh])?(?:in|ec)?$/i.exec(text.trim()) ?? [];
  const ms = Number(number) * (UNITS[unit.toLowerCase()] ?? 0);
  if (number !== '' && ms > 0 && ms <= LONGEST_HOURS * 3_600_000) return ms;
  throw new UserError('USAGE', `--max-wait: "${text}" is no time to wait`, { hint: optionSpec('max-wait').describe });
}

/** The command with which a person takes up watching a stack, with the switches that it needs to find it. */
export function reattachCommand(stackName: string, region: string, settings: Settings): string {
  return `lambda-tool watch ${stackName}${targetSwitches(settings, region)}`;
}
