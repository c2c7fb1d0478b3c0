import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { systemClock } from './clock.ts';
import { UserError, type ErrorCode } from './errors.ts';
import { createInterrupts } from './interrupts.ts';
import { run } from './run.ts';
import { formatMap } from './settings/value-syntax.ts';
import { VERSION } from './version.ts';

export { UserError as LambdaToolError, type ErrorCode } from './errors.ts';

/** A switch under its camelCase name (`stackName`, `s3Bucket`); lists and maps as such. `arguments` are the words without a switch. */
export interface CommandOptions {
  readonly arguments?: readonly string[];
  readonly [option: string]: string | number | boolean | readonly string[] | Readonly<Record<string, string>> | undefined;
}

export interface CallOptions {
  /** The directory that relative paths count from. Default: that of the process. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Gets the lines that the command line would show on stderr. */
  readonly onProgress?: (text: string) => void;
}

/**
 * Runs a command (`deploy-serverless`, `bucket create`, …) and answers with what `--output json` calls `result`.
 * Asks nothing. Rejects with a LambdaToolError whose `code` is one of docs/errors.md.
 */
export async function runCommand(name: string, options: CommandOptions = {}, call: CallOptions = {}): Promise<unknown> {
  const distFolder = dirname(fileURLToPath(import.meta.url));
  let document = '';
  const interrupts = createInterrupts();
  const interrupt = (): void => void interrupts.interrupt('abort');
  if (call.signal?.aborted === true) interrupt();
  call.signal?.addEventListener('abort', interrupt, { once: true });
  await run({
    args: [...name.split(' '), ...toArguments({ ...options, output: 'json', disableInteractive: true })],
    cwd: call.cwd ?? process.cwd(),
    env: call.env ?? process.env,
    streams: { stdout: { write: (text) => (document += text) }, stderr: { write: (text) => call.onProgress?.(text) } },
    interactive: false,
    interrupts,
    clock: systemClock,
    installation: { version: VERSION, distFolder, templatesFolder: join(distFolder, '..', 'templates') },
  });
  call.signal?.removeEventListener('abort', interrupt);
  return readDocument(document);
}

type Caller = (options?: CommandOptions, call?: CallOptions) => Promise<unknown>;

/** Build, publish and deploy; see docs/commands/deploy-serverless.md. */
export const deployServerless: Caller = (options, call) => runCommand('deploy-serverless', options, call);
/** Delete stacks and wait until they are gone; see docs/commands/delete-serverless.md. */
export const deleteServerless: Caller = (options, call) => runCommand('delete-serverless', options, call);
/** The stacks that this tool has deployed; see docs/commands/list-serverless.md. */
export const listServerless: Caller = (options, call) => runCommand('list-serverless', options, call);
/** How a stack is and what it has; see docs/commands/describe-serverless.md. */
export const describeServerless: Caller = (options, call) => runCommand('describe-serverless', options, call);

function toArguments(options: CommandOptions): string[] {
  const { arguments: words = [], ...switches } = options;
  const args = Object.entries(switches).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${kebabCase(name)}=${valueText(name, value)}`],
  );
  return [...args, '--', ...words];
}

function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function valueText(name: string, value: Exclude<CommandOptions[string], undefined>): string {
  if (typeof value !== 'object') return String(value);
  const isList = Array.isArray(value);
  const text = isList ? listText(value) : formatMap(value as Readonly<Record<string, string>>);
  if (text !== undefined) return text;
  throw new UserError('USAGE', `${name}: ${isList ? 'an item cannot hold a comma' : 'a value cannot hold both a quote and a semicolon'}`, {
    hint: 'Values of parameters can come from a file: parametersFile',
  });
}

function listText(items: readonly string[]): string | undefined {
  return items.some((item) => item.includes(',')) ? undefined : items.join(',');
}

interface Document {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint?: string; readonly details?: readonly string[] };
}

function readDocument(text: string): unknown {
  const document = JSON.parse(text) as Document;
  if (document.error === undefined) return document.result;
  const { code, message, hint, details } = document.error;
  throw new UserError(code, message, { hint, details, result: document.result });
}
