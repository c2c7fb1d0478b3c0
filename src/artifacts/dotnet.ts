import { readFile, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { UserError } from '../errors.ts';
import { readable } from './file-tree.ts';
import { runProgram, type ProgramEnd } from './program.ts';
import { splitArguments } from './split-arguments.ts';
import { withTempFolder } from './temp-folder.ts';
import type { Architecture } from './types.ts';

export interface DotnetSettings {
  /** `--configuration`, default Release. */
  readonly configuration?: string | undefined;
  /** `--framework`, such as `net10.0`. */
  readonly framework?: string | undefined;
  /** `--msbuild-parameters`: further arguments as one text. */
  readonly msbuildParameters?: string | undefined;
}

export interface DotnetPublish extends DotnetSettings {
  /** Directory with exactly one project file, the project file itself, or a single `.cs` file. */
  readonly project: string;
  readonly outputDirectory: string;
  readonly architecture: Architecture;
  /** Tells the framework when nothing else does. */
  readonly runtime?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

const PROJECT_FILE = /\.(cs|fs|vb)proj$/;
/** A program in one file, which the SDK compiles ahead of time unless it says otherwise. */
const SINGLE_FILE = /\.cs$/;
const RUNTIME_IDS: Readonly<Record<Architecture, string>> = { x86_64: 'linux-x64', arm64: 'linux-arm64' };
const MISSING_HINT = 'Install the .NET SDK (https://dot.net), or deploy the function as a container image whose Dockerfile builds it.';

/** .NET puts sockets into the temporary folder, whose whole path may have 104 bytes on macOS; their names take up to 60. */
const LONGEST_TEMP_PATH = 40;

/** Projects share `obj` folders with what they refer to, so two builds at a time disturb each other. */
const oneAtATime = pLimit(1);

/**
 * Publishes a .NET project for Lambda's Linux into an empty output directory. Throws UserError BUILD_FAILED with the
 * compiler's errors, BUILD_TOOL_NOT_FOUND, TEMPLATE_PATH_NOT_FOUND without exactly one project file.
 */
export async function publishDotnet(options: DotnetPublish): Promise<void> {
  const isFile = PROJECT_FILE.test(options.project) || SINGLE_FILE.test(options.project);
  const project = isFile ? options.project : await findProjectFile(options.project);
  const source = await readable(project, (path) => readFile(path, 'utf8'));
  await oneAtATime(async () => {
    await rm(options.outputDirectory, { recursive: true, force: true });
    const end = await withTempFolder((folder) =>
      runProgram({
        command: 'dotnet',
        args: publishArguments(project, source, options),
        cwd: dirname(project),
        env: { DOTNET_NOLOGO: 'true', ...options.env, ...tidiness(folder) },
        signal: options.signal,
        onLine: options.onLine,
        missingHint: MISSING_HINT,
      }),
    );
    if (end.exitCode !== 0) throw publishFailed(project, end);
  });
}

/** MSBuild leaves empty folders and workers behind; these settings keep both from outliving the build. */
function tidiness(folder: string): Record<string, string> {
  const fitsSockets = folder.length <= LONGEST_TEMP_PATH;
  return {
    MSBUILDDISABLENODEREUSE: '1',
    UseSharedCompilation: 'false',
    ...(fitsSockets ? { TMPDIR: folder, TMP: folder, TEMP: folder } : {}),
  };
}

function publishFailed(project: string, end: ProgramEnd): UserError {
  const errors = [...new Set(end.lastLines.filter((line) => /\berror\b/i.test(line)).map((line) => line.trim()))];
  return new UserError('BUILD_FAILED', `dotnet publish of ${project} failed (exit code ${end.exitCode}).`, {
    hint: 'Run "dotnet publish" there to see the whole build.',
    details: errors.length > 0 ? errors : end.lastLines,
  });
}

export async function hasProjectFile(directory: string): Promise<boolean> {
  return (await readable(directory, (path) => readdir(path))).some((name) => PROJECT_FILE.test(name));
}

/** The one project file of a directory. Throws UserError TEMPLATE_PATH_NOT_FOUND when there is none, or several. */
export async function findProjectFile(directory: string): Promise<string> {
  const names = await readable(directory, (path) => readdir(path));
  const projects = names.filter((name) => PROJECT_FILE.test(name));
  const [only] = projects;
  if (only !== undefined && projects.length === 1) return join(directory, only);
  const message =
    projects.length === 0
      ? `There is no .NET project file in ${directory}.`
      : `There are several .NET project files in ${directory}: ${projects.join(', ')}.`;
  throw new UserError('TEMPLATE_PATH_NOT_FOUND', message, { hint: 'Point the template at a directory with exactly one project file.' });
}

function publishArguments(project: string, source: string, options: DotnetPublish): string[] {
  const further = splitArguments(options.msbuildParameters ?? '');
  const isGiven = (name: string): boolean =>
    further.some((word) => word === name || word.startsWith(`${name}=`) || word.startsWith(`${name}:`));
  const framework = options.framework ?? frameworkOf(options.runtime);
  // The SDK decides for projects that say themselves that they bring the runtime along.
  const isOwnRuntime = SINGLE_FILE.test(project)
    ? !/^#:property\s+PublishAot\s*=\s*false/im.test(source)
    : /<SelfContained>\s*true\s*</i.test(source) || /<PublishAot>\s*true\s*</i.test(source);
  return [
    'publish',
    project,
    '--output',
    options.outputDirectory,
    '--configuration',
    options.configuration ?? 'Release',
    ...(framework === undefined ? [] : ['--framework', framework]),
    ...further,
    '/p:GenerateRuntimeConfigurationFiles=true',
    ...(isGiven('--runtime') || isGiven('-r') ? [] : ['--runtime', RUNTIME_IDS[options.architecture]]),
    ...(isGiven('--self-contained') || isOwnRuntime ? [] : ['--self-contained', 'false']),
  ];
}

/** `dotnet10` → `net10.0`; `provided.al2023` and the like leave it to the project. */
function frameworkOf(runtime: string | undefined): string | undefined {
  const version = /^dotnet(core)?(\d+(?:\.\d+)?)$/.exec(runtime ?? '');
  if (version?.[2] === undefined) return undefined;
  return version[1] === undefined ? `net${version[2]}.0` : `netcoreapp${version[2]}`;
}
