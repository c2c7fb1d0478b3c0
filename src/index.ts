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

/** What every answer has, and what belongs to some of them only: all keys are in docs/output.md. */
export interface CommandResult {
  readonly account: string;
  readonly region: string;
  readonly [key: string]: unknown;
}

export interface DeployResult extends CommandResult {
  readonly stackName: string;
  readonly stackId?: string;
  readonly action: 'created' | 'updated' | 'recreated' | 'unchanged' | 'rolled-back' | 'previewed' | 'prepared' | 'declined';
  /** Name → value; not with `preview` and `prepare`. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly artifacts: readonly DeployedArtifact[];
  readonly durationMs: number;
}

export interface DeployedArtifact {
  readonly logicalIds: readonly string[];
  readonly kind: 'zip' | 'image' | 'file';
  /** `s3://bucket/key` or `repository@sha256:…`. */
  readonly location: string;
  readonly digest: string;
  readonly built: boolean;
  readonly published: boolean;
}

export interface DeleteResult extends CommandResult {
  /** Not with `dryRun`. */
  readonly deleted: readonly { readonly stackName: string; readonly stackId: string }[];
  /** Names that stood for no stack. */
  readonly absent: readonly string[];
}

export interface ListResult extends CommandResult {
  readonly stacks: readonly { readonly stackName: string; readonly stackId: string; readonly status: string }[];
}

export interface DescribeResult extends CommandResult {
  readonly stackName: string;
  readonly stackId: string;
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

type Caller<Result> = (options?: CommandOptions, call?: CallOptions) => Promise<Result>;

/** Build, publish and deploy; see docs/commands/deploy-serverless.md. */
export const deployServerless: Caller<DeployResult> = (options, call) => resultOf('deploy-serverless', options, call);
/** Delete stacks and wait until they are gone; see docs/commands/delete-serverless.md. */
export const deleteServerless: Caller<DeleteResult> = (options, call) => resultOf('delete-serverless', options, call);
/** The stacks that this tool has deployed; see docs/commands/list-serverless.md. */
export const listServerless: Caller<ListResult> = (options, call) => resultOf('list-serverless', options, call);
/** How a stack is and what it has; see docs/commands/describe-serverless.md. */
export const describeServerless: Caller<DescribeResult> = (options, call) => resultOf('describe-serverless', options, call);

/** The shapes are those of output.schema.json, which tests hold the commands to. */
async function resultOf<Result extends CommandResult>(name: string, options?: CommandOptions, call?: CallOptions): Promise<Result> {
  return (await runCommand(name, options, call)) as Result;
}

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
