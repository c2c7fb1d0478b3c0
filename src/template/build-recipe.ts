import { isAbsolute, relative, resolve, sep } from 'node:path';
import { splitArguments } from '../artifacts/split-arguments.ts';
import type { BuildRecipe } from '../artifacts/types.ts';
import { knownText, referenceError, referenceOf, type Search } from './collect.ts';
import { esbuildSwitches } from './esbuild-switches.ts';
import { metadataOf, propertyOrGlobal } from './function-facts.ts';
import type { ResourceEntry } from './read.ts';
import type { JsonValue } from './types.ts';
import { isMap, member } from './value.ts';

/** A directory to build from, and how. */
export interface FoundBuild {
  /** Absolute: the directory of the code, or the project around it. */
  readonly path: string;
  readonly recipe: BuildRecipe;
}

/** Programs that only a shell understands; everything else is run without one. */
const NEEDS_SHELL = /[&|;<>$`*?~(){}\n]/;

/**
 * How `Metadata` wants the code in a directory to be built: `BuildMethod` `esbuild` and `makefile` as in AWS SAM, and `BuildCommand`.
 * Undefined when it is taken as it is. Throws UserError TEMPLATE_INVALID, naming key and line.
 */
export function buildOf(search: Search, templateDirectory: string, resource: ResourceEntry, directory: string): FoundBuild | undefined {
  const metadata = metadataOf(resource);
  const method = textOf(search, resource, 'BuildMethod');
  const command = member(metadata, 'BuildCommand');
  // `sam build` leaves the metadata in the template that it writes beside what it has built.
  if ((method === undefined && command === undefined) || directory.split(sep).includes('.aws-sam')) return undefined;
  if (command !== undefined) {
    if (method !== undefined && method !== 'command')
      throw invalid(search, resource, 'BuildCommand', `stands beside BuildMethod ${JSON.stringify(method)}; one of them is enough`);
    return programBuild(search, resource, templateDirectory, directory, commandOf(search, resource, command));
  }
  if (method === 'esbuild') return { path: directory, recipe: esbuildRecipe(search, resource) };
  if (method === 'makefile') return programBuild(search, resource, templateDirectory, directory, ['make', `build-${resource.logicalId}`]);
  if (method === 'command') throw invalid(search, resource, 'BuildMethod', '"command" needs BuildCommand beside it');
  if (method !== undefined && !method.startsWith('dotnet'))
    search.found.warnings.push(
      `${resource.logicalId}: BuildMethod ${method} is not known; ${directory} is packaged as it is. BuildCommand in the Metadata names a command that builds it`,
    );
  return undefined;
}

function programBuild(
  search: Search,
  resource: ResourceEntry,
  templateDirectory: string,
  directory: string,
  command: readonly string[],
): FoundBuild {
  const placeOf = (key: string): string | undefined => {
    const text = textOf(search, resource, key);
    return text === undefined ? undefined : resolve(templateDirectory, text.replaceAll('\\', '/'));
  };
  const path = placeOf('ProjectRootDirectory') ?? directory;
  const within = (key: string, place: string): string => {
    const found = relative(path, place);
    if (found === '..' || found.startsWith(`..${sep}`) || isAbsolute(found))
      throw invalid(search, resource, key, `leads out of the directory that is built, ${path}`);
    return found.split(sep).join('/') || '.';
  };
  const makefile = command[0] === 'make' ? placeOf('ContextPath') : undefined;
  const workingDirectory = placeOf('WorkingDirectory') ?? (makefile === undefined ? path : makefile);
  const output = textOf(search, resource, 'BuildOutput');
  return {
    path,
    recipe: {
      kind: 'program',
      title: titleOf(command),
      command: makefile === undefined ? command : [...command, '--makefile', join(within, workingDirectory, makefile)],
      directory: within('WorkingDirectory', workingDirectory),
      output: output === undefined ? undefined : within('BuildOutput', resolve(directory, output.replaceAll('\\', '/'))),
      inSource: member(metadataOf(resource), 'BuildInSource') === true,
    },
  };
}

function join(within: (key: string, place: string) => string, workingDirectory: string, context: string): string {
  within('ContextPath', context);
  return `${relative(workingDirectory, context).split(sep).join('/') || '.'}/Makefile`;
}

function titleOf(command: readonly string[]): string {
  const isShell = command[1] === '-c' || command[1] === '/d';
  return isShell ? (command.at(-1) ?? '') : command.join(' ');
}

function commandOf(search: Search, resource: ResourceEntry, value: JsonValue): readonly string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === 'string')) return value;
  if (typeof value !== 'string' || value.trim() === '')
    throw invalid(search, resource, 'BuildCommand', 'is neither a text nor a list of words');
  // What npm installs on Windows are scripts that only its shell starts.
  if (process.platform === 'win32') return ['cmd.exe', '/d', '/s', '/c', value];
  return NEEDS_SHELL.test(value) ? ['sh', '-c', value] : splitArguments(value);
}

function esbuildRecipe(search: Search, resource: ResourceEntry): BuildRecipe {
  const properties = member(metadataOf(resource), 'BuildProperties') ?? {};
  if (!isMap(properties)) throw invalid(search, resource, 'BuildProperties', 'is not a map');
  const { EntryPoints: named, ...others } = properties as Record<string, JsonValue>;
  const entryPoints = named === undefined ? handlerFile(search, resource) : named;
  if (!Array.isArray(entryPoints) || entryPoints.length === 0 || !entryPoints.every((entry) => typeof entry === 'string'))
    throw invalid(search, resource, 'BuildProperties', 'needs EntryPoints, a list of the files to bundle');
  const switches = esbuildSwitches(others);
  if (typeof switches === 'string') throw invalid(search, resource, 'BuildProperties', switches);
  return { kind: 'esbuild', entryPoints, switches };
}

/** Without entry points, the file that the handler names. */
function handlerFile(search: Search, resource: ResourceEntry): readonly string[] | undefined {
  const handler = knownText(search, propertyOrGlobal(search, resource, 'Handler')?.value);
  return handler === undefined ? undefined : [handler.replace(/\.[^./]*$/, '')];
}

function textOf(search: Search, resource: ResourceEntry, key: string): string | undefined {
  return knownText(search, member(metadataOf(resource), key));
}

function invalid(search: Search, resource: ResourceEntry, key: string, reason: string) {
  const reference = referenceOf(search.template, resource, [...resource.path, 'Metadata', key]);
  return referenceError('TEMPLATE_INVALID', reference, reason, { hint: 'docs/builds.md lists what the Metadata of a build may hold' });
}
