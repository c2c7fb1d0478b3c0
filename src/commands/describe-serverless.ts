import { announce, requireStackName } from '../deployment/identity.ts';
import { stackDeps } from '../deployment/stack-deps.ts';
import { missingStack } from '../stack/missing-stack.ts';
import { defineCommand } from './define.ts';
import { BUCKET_OPTIONS } from './option-sets.ts';

export const describeServerless = defineCommand({
  name: 'describe-serverless',
  summary: 'Say how a stack is and what it has: outputs, addresses, resources, settings, drift',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name or ARN of the stack; --stack-name beats it', option: 'stack-name' }],
  options: ['stack-name', 'drift', 'timeline', ...BUCKET_OPTIONS, 'port'],
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
    if (stack === undefined) throw await missingStack(stackName, deps);
    const { describeStack } = await import('../inventory/describe-stack.ts');
    context.reporter.result(
      await describeStack(stack, { ...options, drift: options.drift === true, timeline: options.timeline === true }, identity, context),
    );
  },
});
