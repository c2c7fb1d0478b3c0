import { ask } from '../deployment/ask.ts';
import { announce } from '../deployment/identity.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { DeleteRequest } from '../stack/delete.ts';
import { defineCommand } from './define.ts';
import { BUCKET_OPTIONS } from './option-sets.ts';

export const deleteServerless = defineCommand({
  name: 'delete-serverless',
  summary: 'Delete stacks and wait until they are gone',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Names of the stacks', variadic: true }],
  options: [
    'stack-name',
    'cloudformation-role',
    'stack-polling-delay',
    'wait-for-stack',
    'detach',
    'max-wait',
    'on-interrupt',
    'retain',
    'empty-buckets',
    'dry-run',
    'keep-artifacts',
    ...BUCKET_OPTIONS,
    'termination-protection',
    'yes',
    'timeline',
    'report',
    'port',
  ],
  persist: ['stack-name'],
  examples: [
    { command: 'lambda-tool delete-serverless -sn Shop', describe: 'asks first when a person is at the terminal' },
    { command: 'lambda-tool delete-serverless Shop Shop-Test --yes', describe: '' },
    { command: 'lambda-tool delete-serverless Shop --dry-run', describe: 'what would go, what would stay, what stands in the way' },
    {
      command: 'lambda-tool delete-serverless Shop --empty-buckets Uploads',
      describe: 'deletes what the bucket holds first, all versions',
    },
    { command: 'lambda-tool delete-serverless Shop --retain Uploads', describe: 'leaves a resource behind when it cannot be deleted' },
  ],
  async run(options, context) {
    if (options.terminationProtection === true && context.settings.get('termination-protection').source === 'command line') {
      throw new UserError('USAGE', '--termination-protection makes no sense for a deletion', {
        hint: '--no-termination-protection lifts it',
      });
    }
    const names = await stackNames(options.stackName, options.positionals, context);
    const identity = await announce(context);
    const wish = {
      names,
      request: deleteRequest(options),
      emptyBuckets: options.emptyBuckets ?? [],
      dryRun: options.dryRun === true,
      yes: options.yes === true,
      artifacts: options.keepArtifacts === true || options.detach === true ? undefined : options,
    };
    const { deleteStacks } = await import('../deletion/delete-stacks.ts');
    await deleteStacks(wish, identity, context);
  },
});

interface DeleteOptions {
  readonly detach: boolean | undefined;
  readonly cloudformationRole: string | undefined;
  readonly stackPollingDelay: number | undefined;
  readonly waitForStack: boolean;
  readonly terminationProtection: boolean | undefined;
  readonly retain: readonly string[] | undefined;
}

function deleteRequest(options: DeleteOptions): DeleteRequest {
  return {
    roleArn: options.cloudformationRole,
    longestPauseMs: options.stackPollingDelay === undefined ? undefined : options.stackPollingDelay * 1000,
    waitForStack: options.waitForStack,
    liftProtection: options.terminationProtection === false,
    wait: options.detach !== true,
    retain: options.retain ?? [],
  };
}

/** A switch beats the words, as in the reference tool. */
async function stackNames(option: string | undefined, words: readonly string[], context: Context): Promise<readonly string[]> {
  const given = context.settings.get('stack-name').source === 'command line' || words.length === 0 ? option : undefined;
  if (given !== undefined) return [given];
  if (words.length > 0) return [...new Set(words)];
  if (context.prompts.available) return [await ask('stack-name', context)];
  throw new UserError('MISSING_OPTION', 'The name of the stack is missing', { hint: 'lambda-tool delete-serverless -sn NAME' });
}
