import { suggest } from '../cli/suggest.ts';
import type { Stacks } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { announce, requireStackName } from '../deployment/identity.ts';
import { stackDeps } from '../deployment/stack-deps.ts';
import { UserError } from '../errors.ts';
import { defineCommand } from './define.ts';

export const describeServerless = defineCommand({
  name: 'describe-serverless',
  summary: 'Say how a stack is and what it has: outputs, addresses, resources, settings, drift',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name or ARN of the stack; --stack-name beats it', option: 'stack-name' }],
  options: ['stack-name', 'drift', 'timeline', 's3-bucket', 's3-prefix', 'resolve-s3', 'port'],
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
    const { describeStack } = await import('../inventory/describe-stack.ts');
    context.reporter.result(
      await describeStack(stack, { ...options, drift: options.drift === true, timeline: options.timeline === true }, identity, context),
    );
  },
});

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
