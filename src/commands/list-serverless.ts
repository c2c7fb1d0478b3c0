import type { StackSummary } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { announce } from '../deployment/identity.ts';
import { STACK_MARKER_TAG } from '../stack/marker-tag.ts';
import { formatAge, plural } from '../output/format.ts';
import type { Answer } from '../output/reporter.ts';
import { defineCommand } from './define.ts';

export const listServerless = defineCommand({
  name: 'list-serverless',
  summary: 'List the stacks that were deployed by this tool',
  group: 'Applications',
  aws: true,
  options: ['all', 'port'],
  examples: [
    { command: 'lambda-tool list-serverless', describe: '' },
    { command: 'lambda-tool list-serverless --all', describe: 'whoever made them' },
    { command: 'lambda-tool list-serverless --output json', describe: '' },
  ],
  async run(options, context) {
    const identity = await announce(context);
    const stacks = await context.clients.stacks();
    const every = await stacks.list(context.signal);
    const shown = every.filter((stack) => options.all === true || isOurs(stack)).toSorted(byName);
    context.reporter.result(describeList(shown, every.length, { ...identity, all: options.all === true }, context));
  },
});

/** Made by this tool or the reference tool, and not as a part of another stack. */
function isOurs(stack: StackSummary): boolean {
  return Object.hasOwn(stack.tags, STACK_MARKER_TAG) && stack.parentId === undefined;
}

function byName(one: StackSummary, other: StackSummary): number {
  return one.name.localeCompare(other.name, 'en') || one.id.localeCompare(other.id, 'en');
}

interface ListFacts {
  readonly account: string;
  readonly region: string;
  readonly all: boolean;
}

function describeList(shown: readonly StackSummary[], existing: number, { account, region, all }: ListFacts, context: Context): Answer {
  const data = { account, region, all, stacks: shown.map(describeStack) };
  if (shown.length === 0) return { data, human: [sayNone(existing, region)] };
  const now = context.clock.now();
  const rows = shown.map((stack) => [
    stack.name,
    stack.status,
    formatAge(stack.updatedAt ?? stack.createdAt ?? new Date(now), now),
    stack.description ?? '',
  ]);
  return { data, human: [{ columns: ['Stack', 'Status', 'Last change', 'Description'], rows }] };
}

function sayNone(existing: number, region: string): string {
  if (existing === 0) return `There are no stacks in ${region}.`;
  return `None of the ${plural(existing, 'stack')} in ${region} was deployed by this tool; --all lists ${existing === 1 ? 'it' : 'them'}.`;
}

function describeStack(stack: StackSummary) {
  return {
    stackName: stack.name,
    stackId: stack.id,
    status: stack.status,
    ...(stack.description === undefined ? {} : { description: stack.description }),
    createdAt: stack.createdAt?.toISOString(),
    updatedAt: stack.updatedAt?.toISOString(),
    ...(stack.parentId === undefined ? {} : { parentId: stack.parentId }),
    ours: Object.hasOwn(stack.tags, STACK_MARKER_TAG),
    tags: stack.tags,
  };
}
