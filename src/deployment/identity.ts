import { basename } from 'node:path';

import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { ask } from './ask.ts';

export interface Identity {
  readonly account: string;
  readonly region: string;
}

/** Says whose account, which region and which credentials, before anything is changed. */
export async function announce(context: Context): Promise<Identity> {
  const [{ account }, { region, credentialSource, endpointFor }] = await Promise.all([context.clients.caller(), context.clients.edge()]);
  const endpoint = endpointFor('cloudformation') ?? endpointFor('sts');
  // One that comes out of the environment is easily forgotten.
  const origin = endpoint === undefined ? undefined : new URL(endpoint).origin;
  const where = origin === undefined || credentialSource.includes(origin) ? '' : ` · ${origin}`;
  context.reporter.info(`Account ${account} · ${region} · ${credentialSource}${where}`);
  context.reporter.event({ type: 'identity', account, region });
  return { account, region };
}

export interface StackNameWish {
  readonly stackName: string | undefined;
  readonly local: boolean | undefined;
}

/** What CloudFormation accepts (API reference of CreateStack); an ARN names a stack as well. */
const STACK_NAME = /^[A-Za-z][A-Za-z0-9-]{0,127}$|^arn:[^:]+:cloudformation:/;

/**
 * The name of the stack: as given, asked for, or, on the local target, made from the project's directory.
 * Throws UserError MISSING_OPTION or USAGE.
 */
export async function requireStackName(wish: StackNameWish, context: Context): Promise<string> {
  const name = wish.stackName ?? (wish.local === true ? nameFromDirectory(context.projectDirectory) : await askForName(context));
  if (!STACK_NAME.test(name)) {
    throw new UserError('USAGE', `"${name}" cannot be the name of a stack`, {
      hint: 'It begins with a letter and holds letters, digits and dashes, 128 at most',
    });
  }
  return name;
}

async function askForName(context: Context): Promise<string> {
  if (context.prompts.available) return ask('stack-name', context);
  throw new UserError('MISSING_OPTION', 'The name of the stack is missing', { hint: '--stack-name NAME (-sn)' });
}

function nameFromDirectory(directory: string): string {
  const name = basename(directory)
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^[^A-Za-z]+|-+$/g, '')
    .slice(0, 128);
  return name === '' ? 'application' : name;
}
