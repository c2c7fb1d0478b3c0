import { suggest } from '../cli/suggest.ts';
import type { Stacks } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { announce, requireStackName } from '../deployment/identity.ts';
import { stackDeps } from '../deployment/stack-deps.ts';
import { UserError } from '../errors.ts';
import type { StackDeps } from '../stack/operation.ts';
import { defineCommand } from './define.ts';

export const describeServerless = defineCommand({
  name: 'describe-serverless',
  summary: 'Say how a stack is and what it has: outputs, addresses, resources, settings, drift',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name or ARN of the stack; --stack-name beats it', option: 'stack-name' }],
  options: ['stack-name', 'drift', 'timeline', 'port'],
  persist: ['stack-name'],
  examples: [
    { command: 'lambda-tool describe-serverless Shop', describe: '' },
    { command: 'lambda-tool describe-serverless Shop --drift', describe: 'and what was changed outside of the stack' },
    { command: 'lambda-tool describe-serverless Shop --timeline', describe: 'and how long its last operation took, by resource' },
    { command: 'lambda-tool describe-serverless --local', describe: 'the stack named after this directory' },
  ],
  async run(options, context) {
    const stackName = await requireStackName(options, context);
    const identity = await announce(context);
    const deps = await stackDeps(context);
    const stack = await deps.stacks.find(stackName, context.signal);
    if (stack === undefined) throw await notFound(stackName, deps.stacks, context);
    const { checkDriftDetectable, findDrift } = await import('../inventory/drift.ts');
    if (options.drift === true) checkDriftDetectable(stack);
    const [{ readInventory }, { findEndpoints }] = await Promise.all([
      import('../inventory/read-inventory.ts'),
      import('../inventory/find-endpoints.ts'),
    ]);
    const inventory = await readInventory(stack.id, deps);
    const endpoints = await findEndpoints(inventory.roots, identity.region, context);
    const drift = options.drift === true ? await findDrift(stack.name, inventory, deps) : undefined;
    const [{ describeForMachines }, { renderDescription }] = await Promise.all([
      import('../inventory/description.ts'),
      import('../inventory/render-description.ts'),
    ]);
    const description = { ...identity, stack, inventory, endpoints, drift, deployment: undefined };
    const waterfall = options.timeline === true ? await lastTimeline(stack.id, deps, context) : undefined;
    context.reporter.result({
      data: { ...describeForMachines(description), ...(waterfall === undefined ? {} : { timeline: waterfall.data }) },
      human: [...renderDescription(description, context.clock.now()), ...(waterfall === undefined ? [] : ['', waterfall.text])],
    });
  },
});

/** Which resource took how long when the stack was last worked on. */
async function lastTimeline(stackId: string, deps: StackDeps, context: Context) {
  const [{ readLastOperation }, { buildTimeline }, { timelineData, timelineText }] = await Promise.all([
    import('../stack/last-operation.ts'),
    import('../stack/timeline.ts'),
    import('../report/timeline-answer.ts'),
  ]);
  const timeline = buildTimeline(await readLastOperation(stackId, deps));
  return { data: timelineData(timeline), text: timelineText('Timeline of the last operation', timeline, context.env) };
}

/** Names the stack that may have been meant, when the list of stacks may be read. */
async function notFound(stackName: string, stacks: Stacks, context: Context): Promise<UserError> {
  const names = await stacks.list(context.signal).then(
    (every) => every.map(({ name }) => name),
    (error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      return [];
    },
  );
  const near = suggest(stackName, names);
  return new UserError('STACK_NOT_FOUND', `There is no stack ${stackName} in ${(await context.clients.edge()).region}`, {
    hint: near === undefined ? 'lambda-tool list-serverless --all lists what there is; check region and account' : `Did you mean ${near}?`,
    result: { stackName },
  });
}
