import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { digestBuildContext, listBuildContext } from './build-context.ts';

/** A secret of a build. What it is worth stays where it is until the build: no identity and no command line has it. */
export interface BuildSecret {
  readonly id: string;
  /** Path of the file that holds it, or name of the environment variable. */
  readonly from: { readonly file: string } | { readonly variable: string };
}

/** What a build may need beyond what the engine's API carries; all of it as the docker command spells it. */
export interface BuildExtras {
  readonly secrets: readonly BuildSecret[];
  /** `default`, or `id=path`. */
  readonly ssh: readonly string[];
  /** Named contexts: name → directory, `docker-image://…`, address. */
  readonly contexts: readonly (readonly [name: string, value: string])[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  /** Further switches, each with its value: `--network=host`. */
  readonly further: readonly string[];
}

/** The switch that makes an engine's own command necessary, or undefined when its API does. */
export function switchForCommand(extras: BuildExtras): string | undefined {
  if (extras.secrets.length > 0) return '--secret';
  if (extras.ssh.length > 0) return '--ssh';
  if (extras.contexts.length > 0) return '--build-context';
  if (extras.cacheFrom.length > 0) return '--cache-from';
  if (extras.cacheTo.length > 0) return '--cache-to';
  return extras.further[0]?.replace(/=.*$/s, '');
}

/**
 * `id=npm,src=.npmrc`, `id=token,env=TOKEN`, or only `id=TOKEN`: then it is the variable of that name, or else the file. Throws UserError
 * USAGE; nothing is read yet.
 */
export function parseSecret(text: string, env: Readonly<Record<string, string | undefined>>): BuildSecret {
  const fields = new Map(text.split(',').map((part): [string, string] => [nameOf(part), part.slice(nameOf(part).length + 1)]));
  const [id, type] = [fields.get('id'), fields.get('type')];
  const source = fields.get('src') ?? fields.get('source');
  const variable = fields.get('env') ?? (type === 'env' ? (source ?? id) : undefined);
  const unknown = [...fields.keys()].find((name) => !['id', 'src', 'source', 'env', 'type'].includes(name));
  if (id === undefined || id === '' || unknown !== undefined) {
    // The text is not repeated: somebody may have written the secret itself into it.
    throw new UserError('USAGE', `A --secret of the image build ${unknown === undefined ? 'has no id' : 'cannot be read'}.`, {
      hint: 'Write --secret id=NAME,src=FILE or --secret id=NAME,env=VARIABLE.',
    });
  }
  if (variable !== undefined) return { id, from: { variable } };
  if (source !== undefined) return { id, from: { file: source } };
  return { id, from: env[id] !== undefined && type !== 'file' ? { variable: id } : { file: id } };
}

function nameOf(part: string): string {
  const equals = part.indexOf('=');
  return equals < 0 ? part : part.slice(0, equals);
}

/** Throws UserError USAGE when a secret is not where it is said to be; before the build, whose own message speaks of something else. */
export async function ensureSecrets(
  secrets: readonly BuildSecret[],
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const { id, from } of secrets) {
    if ('variable' in from) {
      if (env[from.variable] !== undefined) continue;
      throw new UserError('USAGE', `The secret ${id} of the image build comes from the variable ${from.variable}, which is not set.`);
    }
    const path = resolve(directory, from.file);
    if ((await stat(path).catch(() => undefined))?.isFile() === true) continue;
    throw new UserError('USAGE', `The secret ${id} of the image build comes from ${path}, which is no file.`, {
      hint: 'A relative path counts from the build context.',
    });
  }
}

/** The value of a secret. */
export function readSecret(
  { from }: BuildSecret,
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Buffer | string> {
  return 'variable' in from ? Promise.resolve(env[from.variable] ?? '') : readFile(resolve(directory, from.file));
}

/**
 * What of this decides what comes out: secrets and ssh keys by id, named contexts with their content, further switches. Caches do not.
 * Empty without any, so that other images keep their identity.
 */
export async function identityOfExtras(extras: BuildExtras, directory: string, signal: AbortSignal): Promise<string[]> {
  const { secrets, ssh, contexts, further } = extras;
  if (secrets.length + ssh.length + contexts.length + further.length === 0) return [];
  const parts = [secrets.map(({ id }) => id).sort(), ssh.map(nameOf).sort(), [...further].sort()];
  const named = await Promise.all(contexts.map(async ([name, value]) => [name, await identityOfContext(value, directory, signal)]));
  return [JSON.stringify([...parts, named.sort(([a = ''], [b = '']) => (a < b ? -1 : 1))])];
}

async function identityOfContext(value: string, directory: string, signal: AbortSignal): Promise<string> {
  if (/^[a-z-]+:\/\/|^(?:git@|target:)/.test(value)) return value;
  const path = resolve(directory, value);
  const isDirectory = (await stat(path).catch(() => undefined))?.isDirectory() === true;
  if (!isDirectory) throw new UserError('USAGE', `The named build context ${value} is no directory (looked for ${path}).`);
  return digestBuildContext(await listBuildContext(path, undefined, signal), signal);
}
