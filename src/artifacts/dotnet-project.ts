import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { readable } from './file-tree.ts';
import { directoryAndAbove } from './find-program.ts';
import { runProgram } from './program.ts';
import { withDotnetFolder } from './dotnet-folder.ts';

/** What a project says of itself. */
export interface DotnetProject {
  /** Absolute: the project file, or a single `.cs` file. */
  readonly file: string;
  readonly isSingleFile: boolean;
  /** `net10.0`, …; empty when nobody knows. */
  readonly frameworks: readonly string[];
  readonly isAot: boolean;
  /** Undefined when it says neither. */
  readonly selfContained: boolean | undefined;
  /** Ends as a program, and not as a library. */
  readonly isProgram: boolean;
  /** Starts on a newer runtime too. */
  readonly rollsForward: boolean;
}

export interface DescribeOptions {
  readonly configuration: string;
  /** Further arguments of `dotnet publish`, of which the properties count. */
  readonly furtherArguments: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

export const PROJECT_FILE = /\.(cs|fs|vb)proj$/i;
const NAMES = ['TargetFramework', 'TargetFrameworks', 'PublishAot', 'SelfContained', 'OutputType', 'RollForward'] as const;
type Properties = Partial<Record<(typeof NAMES)[number], string>>;

/**
 * The properties of a project as MSBuild computes them, imports and conditions included. Where it cannot be asked (`dotnet` is not
 * installed, or older than .NET 8), what stands in the file and in Directory.Build.props above it.
 */
export async function describeProject(file: string, options: DescribeOptions): Promise<DotnetProject> {
  const isSingleFile = extname(file).toLowerCase() === '.cs';
  const text = await readable(file, (path) => readFile(path, 'utf8'));
  const given = Object.fromEntries(options.furtherArguments.flatMap(propertyOf));
  const written: Properties = isSingleFile ? writtenDirectives(text) : await writtenProperties(file, text);
  const found: Properties = { ...written, ...((await evaluate(file, isSingleFile, options)) ?? given) };
  const frameworks = (found.TargetFramework || found.TargetFrameworks || '').split(';').map((name) => name.trim());
  // MSBuild says "false" also where nobody has said anything.
  const saysSelfContained = options.furtherArguments.some((word) => /SelfContained=/i.test(word)) || written.SelfContained !== undefined;
  return {
    file,
    isSingleFile,
    // What only MSBuild can work out counts as unknown.
    frameworks: frameworks.filter((name) => name !== '' && !name.includes('$(')),
    isAot: isTrue(found.PublishAot ?? (isSingleFile ? 'true' : undefined)),
    selfContained: isTrue(found.SelfContained) ? true : saysSelfContained ? false : undefined,
    isProgram: isSingleFile || found.OutputType?.toLowerCase() === 'exe' || /Sdk\s*=\s*"Microsoft\.NET\.Sdk\.(Web|Worker)"/.test(text),
    rollsForward: /^(Latest)?Major$/i.test(found.RollForward ?? ''),
  };
}

function isTrue(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true';
}

/** `/p:Name=value` and its other spellings. */
function propertyOf(word: string): [string, string][] {
  const match = /^(?:\/|--?)p(?:roperty)?:([^=]+)=(.*)$/i.exec(word);
  return match === null ? [] : [[match[1] ?? '', match[2] ?? '']];
}

async function evaluate(file: string, isSingleFile: boolean, options: DescribeOptions): Promise<Properties | undefined> {
  const lines: string[] = [];
  const args = [
    isSingleFile ? 'build' : 'msbuild',
    basename(file),
    `-getProperty:${NAMES.join(',')}`,
    `-p:Configuration=${options.configuration}`,
    ...options.furtherArguments.flatMap(propertyOf).map(([name, value]) => `-p:${name}=${value}`),
  ];
  try {
    await withDotnetFolder(options.env, (folderEnv) =>
      runProgram({
        command: 'dotnet',
        args,
        cwd: dirname(file),
        env: { DOTNET_NOLOGO: 'true', ...options.env, ...folderEnv },
        signal: options.signal,
        onLine: (line) => lines.push(line),
        missingHint: '',
      }),
    );
  } catch (error) {
    if (error instanceof UserError && error.code === 'BUILD_TOOL_NOT_FOUND') return undefined;
    throw error;
  }
  return parseAnswer(lines.join('\n'));
}

/** A project that MSBuild cannot read fails later, with a message of its own. */
function parseAnswer(text: string): Properties | undefined {
  const begin = text.indexOf('{');
  if (begin < 0) return undefined;
  try {
    return (JSON.parse(text.slice(begin, text.lastIndexOf('}') + 1)) as { Properties?: Properties }).Properties;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `#:property Name=value` lines. https://learn.microsoft.com/dotnet/core/sdk/file-based-apps */
function writtenDirectives(text: string): Properties {
  return Object.fromEntries([...text.matchAll(/^#:property\s+(\w+)\s*=\s*(\S+)/gm)].map(([, name, value]) => [name, value]));
}

async function writtenProperties(file: string, text: string): Promise<Properties> {
  const above = directoryAndAbove(dirname(file)).map((directory) => join(directory, 'Directory.Build.props'));
  const found: Properties = {};
  for (const [index, path] of [file, ...above].entries()) {
    const content = index === 0 ? text : await readFile(path, 'utf8').catch(() => undefined);
    for (const name of content === undefined ? [] : NAMES) {
      const match = new RegExp(`<${name}>\\s*([^<]+?)\\s*</${name}>`, 'i').exec(content ?? '');
      if (match?.[1] !== undefined) found[name] ??= match[1];
    }
    // MSBuild takes the nearest one only.
    if (index > 0 && content !== undefined) break;
  }
  return found;
}

export async function hasProjectFile(directory: string): Promise<boolean> {
  return (await readable(directory, (path) => readdir(path))).some((name) => PROJECT_FILE.test(name));
}

/** The one project file of a directory. Throws UserError TEMPLATE_PATH_NOT_FOUND, with `hint`, when there is none, or several. */
export async function findProjectFile(
  directory: string,
  hint = 'Point the template at the project file, or at a directory with exactly one.',
): Promise<string> {
  const names = await readable(directory, (path) => readdir(path));
  const projects = names.filter((name) => PROJECT_FILE.test(name));
  const [only] = projects;
  if (only !== undefined && projects.length === 1) return join(directory, only);
  const message =
    projects.length === 0
      ? `There is no .NET project file in ${directory}.`
      : `There are several .NET project files in ${directory}: ${projects.join(', ')}.`;
  throw new UserError('TEMPLATE_PATH_NOT_FOUND', message, { hint });
}
