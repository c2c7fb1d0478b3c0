import { ask } from '../deployment/ask.ts';
import { announce } from '../deployment/identity.ts';
import { stackDeps } from '../deployment/stack-deps.ts';
import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { prepareRemoval } from '../deployment/remove-artifacts.ts';
import { checkDeletable, deleteStack, type DeleteRequest } from '../stack/delete.ts';
import { defineCommand } from './define.ts';

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
    'retain',
    'keep-artifacts',
    's3-bucket',
    's3-prefix',
    'resolve-s3',
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
    { command: 'lambda-tool delete-serverless Shop --retain Uploads', describe: 'leaves a resource behind when it cannot be deleted' },
  ],
  async run(options, context) {
    const names = await stackNames(options.stackName, options.positionals, context);
    const identity = await announce(context);
    const deps = await stackDeps(context);
    const { stacks } = deps;
    const found: Stack[] = [];
    const absent: string[] = [];
    for (const name of names) {
      const stack = await stacks.find(name, context.signal);
      if (stack === undefined) absent.push(name);
      else found.push(stack);
    }
    for (const name of absent) context.reporter.info(`Stack ${name} does not exist; there is nothing to delete`);
    const request = deleteRequest(options);
    for (const [index, stack] of found.entries()) {
      const before = found.slice(0, index).map(({ name }) => name);
      await checkDeletable(stack, request, deps, before);
    }
    await confirm(found, options.yes === true, context);
    const remove = options.keepArtifacts === true ? undefined : await prepareRemoval(found, options, context);
    const gone: string[] = [];
    try {
      for (const stack of found) {
        await deleteStack(stack, request, deps);
        gone.push(stack.id);
      }
    } catch (error) {
      // What the others have left goes all the same, but for a run that was interrupted.
      if (gone.length > 0 && !context.signal.aborted) await remove?.(gone);
      throw error;
    }
    const artifacts = await remove?.(gone);
    context.reporter.result({
      data: {
        ...identity,
        deleted: found.map((stack) => ({ stackName: stack.name, stackId: stack.id })),
        absent,
        ...(artifacts === undefined ? {} : { artifacts }),
      },
      human: found.map((stack) => `Stack ${stack.name} is deleted.`),
    });
  },
});

interface DeleteOptions {
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

/** A person is asked; a pipeline has said what it wants by calling the command. */
async function confirm(stacks: readonly Stack[], yes: boolean, context: Context): Promise<void> {
  if (stacks.length === 0 || yes || !context.prompts.available) return;
  const names = stacks.map((stack) => stack.name).join(', ');
  const agreed = await context.prompts.confirm({
    message: `Delete ${names} with everything in ${stacks.length === 1 ? 'it' : 'them'}?`,
    default: false,
  });
  if (!agreed) throw new UserError('DECLINED', `Nothing was deleted`, { hint: '--yes answers the question' });
}
