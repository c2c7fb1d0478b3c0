import type { EventMark, Stack, StackEvent } from '../../src/clients/cloudformation.ts';
import type { Clock } from '../../src/context.ts';
import { UserError } from '../../src/errors.ts';
import type { Followed } from '../../src/stack/follow.ts';

const STACK_TYPE = 'AWS::CloudFormation::Stack';

export const arn = (name: string): string => `arn:aws:cloudformation:eu-west-1:123456789012:stack/${name}/1`;

/** `[seconds after the start, logical id, status]`; with a fourth the name of the nested stack that the resource is. */
export type ScriptedEvent = readonly [seconds: number, logicalId: string, status: string, nested?: string];

export interface ScriptedStacks extends Followed {
  /** Names of the stacks that were asked for events, one for each page. */
  readonly calls: string[];
  /** From now on these events happen in a stack, and those that were still to come do not. */
  turn(name: string, events: readonly ScriptedEvent[]): void;
}

/**
 * Stacks whose events happen as time goes by. The server's clock differs from ours by `skewMs`; `trouble` may throw before a call is
 * answered. A page has 100 events.
 */
export function scriptedStacks(
  script: Readonly<Record<string, readonly ScriptedEvent[]>>,
  clock: Clock,
  options: { readonly skewMs?: number; readonly trouble?: (call: number, name: string) => void } = {},
): ScriptedStacks {
  const begin = clock.now() + (options.skewMs ?? 0);
  const stacks = new Map(Object.entries(script).map(([name, events]) => [arn(name), scriptedEvents(name, events, begin)]));
  const calls: string[] = [];
  const visible = (id: string): StackEvent[] => {
    const serverNow = clock.now() + (options.skewMs ?? 0);
    return (stacks.get(id) ?? []).filter(({ timestamp }) => timestamp.getTime() <= serverNow);
  };
  return {
    calls,
    turn(name, events) {
      const past = visible(arn(name));
      const now = clock.now() + (options.skewMs ?? 0);
      stacks.set(arn(name), [...past, ...scriptedEvents(name, events, now, past.length)]);
    },
    find: (id) => {
      const status = visible(id).findLast((event) => event.physicalId === id)?.status;
      return Promise.resolve(status === undefined || status === 'DELETE_COMPLETE' ? undefined : ({ id, status } as Stack));
    },
    async eventsAfter(id, mark) {
      const name = id.split('/')[1] ?? '';
      options.trouble?.(calls.length, name);
      calls.push(name);
      if (!stacks.has(id)) throw new UserError('STACK_NOT_FOUND', `${name} does not exist`);
      const newestFirst = visible(id).toReversed();
      const at = mark === undefined ? -1 : newestFirst.findIndex((event) => matches(mark, event));
      const found = at < 0 ? newestFirst : newestFirst.slice(0, at);
      for (let page = 1; page * 100 <= found.length; page += 1) calls.push(name);
      return found.toReversed();
    },
  };
}

function matches(mark: EventMark, event: StackEvent): boolean {
  return typeof mark === 'string' ? event.id === mark : mark(event);
}

function scriptedEvents(name: string, events: readonly ScriptedEvent[], begin: number, first = 0): StackEvent[] {
  return events.map(([seconds, logicalId, status, nested], index) => {
    const isOwn = logicalId === name;
    return {
      id: `${name}-${first + index}`,
      timestamp: new Date(begin + seconds * 1000),
      logicalId,
      physicalId: isOwn ? arn(name) : nested === undefined ? `p-${logicalId}` : nested === '' ? '' : arn(nested),
      resourceType: isOwn || nested !== undefined ? STACK_TYPE : 'AWS::Lambda::Function',
      status,
      reason: undefined,
      stackId: arn(name),
    };
  });
}
