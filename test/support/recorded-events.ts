import type { OperationEvent, Stack, StackEvent, Stacks } from '../../src/clients/cloudformation.ts';
import { UserError } from '../../src/errors.ts';
import type { StackDeps } from '../../src/stack/operation.ts';
import { fakeClock } from './fake-clock.ts';
import { recordingReporter } from './recording-reporter.ts';

const BEGIN = Date.parse('2026-11-23T14:00:00Z');

export const stackArn = (name: string): string => `arn:aws:cloudformation:eu-west-1:123456789012:stack/${name}/0aa1`;

/** An event of the stack named, `seconds` after the beginning. The stack's own events have its name as logical id; `nested` makes it a nested stack. */
export function recorded(
  stack: string,
  seconds: number,
  logicalId: string,
  status: string,
  reason?: string,
  { nested, type = 'AWS::DynamoDB::Table' }: { readonly nested?: string; readonly type?: string } = {},
): StackEvent {
  const own = logicalId === stack;
  return {
    id: `${stack}-${logicalId}-${status}-${seconds}`,
    timestamp: new Date(BEGIN + seconds * 1000),
    logicalId,
    physicalId: own ? stackArn(stack) : nested === undefined ? `${stack}-${logicalId}` : stackArn(nested),
    resourceType: own || nested !== undefined ? 'AWS::CloudFormation::Stack' : type,
    status,
    reason,
    stackId: stackArn(stack),
  };
}

/** The same as DescribeEvents tells it. */
export function asOperationEvent(event: StackEvent, more: Partial<OperationEvent> = {}): OperationEvent {
  return {
    ...event,
    operationId: undefined,
    eventType: 'STACK_EVENT',
    operationStatus: undefined,
    detailedStatus: undefined,
    validation: undefined,
    hook: undefined,
    ...more,
  };
}

export interface RecordedStacks {
  readonly stacks?: readonly Stack[];
  /** What DescribeStackEvents answers, by ARN. */
  readonly events?: Readonly<Record<string, readonly StackEvent[]>>;
  /** What DescribeEvents answers for failed events, by ARN or id of the operation; undefined: the call is not offered. */
  readonly failed?: Readonly<Record<string, readonly OperationEvent[]>> | undefined;
  readonly template?: string;
}

/** Dependencies whose stacks have already happened. `calls` names what was asked. */
export function recordedDeps(recordedStacks: RecordedStacks): StackDeps & { readonly calls: string[]; readonly lines: string[] } {
  const calls: string[] = [];
  const reporter = recordingReporter();
  const named = (name: string): Stack | undefined => recordedStacks.stacks?.find((stack) => stack.id === name || stack.name === name);
  const stacks: Pick<Stacks, 'find' | 'findDeleted' | 'eventsAfter' | 'operationEvents' | 'template' | 'resources'> = {
    find: (name) => Promise.resolve(named(name)?.status === 'DELETE_COMPLETE' ? undefined : named(name)),
    findDeleted: (name) => Promise.resolve(named(name)),
    eventsAfter(id) {
      calls.push(`events ${id.split('/')[1]}`);
      const found = recordedStacks.events?.[id];
      return found === undefined ? Promise.reject(new UserError('STACK_NOT_FOUND', `${id} does not exist`)) : Promise.resolve([...found]);
    },
    operationEvents({ stackId, operationId }) {
      calls.push(`failed ${stackId?.split('/')[1] ?? operationId}`);
      const { failed } = recordedStacks;
      return Promise.resolve(failed === undefined ? undefined : [...(failed[stackId ?? operationId ?? ''] ?? [])]);
    },
    template: () => Promise.resolve(recordedStacks.template),
    resources: () => Promise.resolve([]),
  };
  const signal = new AbortController().signal;
  return { stacks: stacks as Stacks, clock: fakeClock(), reporter, signal, calls, lines: reporter.lines };
}
