import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import type { ContainerEngine } from '../clients/docker.ts';
import { UserError } from '../errors.ts';
import { withDotnetFolder } from './dotnet-folder.ts';
import { planDotnet, type DotnetGoal, type DotnetPlan } from './dotnet-plan.ts';
import { describeProject, findProjectFile, PROJECT_FILE, type DotnetProject } from './dotnet-project.ts';
import { findOnPath } from './find-program.ts';
import { runProgram, type ProgramEnd } from './program.ts';
import { splitArguments } from './split-arguments.ts';
import type { Architecture } from './types.ts';

export interface DotnetPublish extends DotnetGoal {
  /** `--configuration`, default Release. */
  readonly configuration?: string | undefined;
  /** `--msbuild-parameters`: further arguments as one text. */
  readonly msbuildParameters?: string | undefined;
  /** Directory with exactly one project file, the project file itself, or a single `.cs` file. */
  readonly project: string;
  readonly outputDirectory: string;
  /** `--code-mount-directory`, absolute: what a build in a container gets to see. */
  readonly mountDirectory?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly engine: () => Promise<Pick<ContainerEngine, 'name' | 'architecture' | 'run'>>;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
  readonly onNote?: ((text: string) => void) | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** A project, and how it will be published. */
export interface PlannedDotnet {
  readonly project: DotnetProject;
  readonly plan: DotnetPlan;
}

const RUNTIME_IDS: Readonly<Record<Architecture, string>> = { x86_64: 'linux-x64', arm64: 'linux-arm64' };

/** Projects share `obj` folders with what they refer to, so two builds at a time disturb each other. */
const oneAtATime = pLimit(1);

/** Looks at a project and decides how it is published. Throws the errors of `planDotnet`. */
export async function planProject(options: Omit<DotnetPublish, 'outputDirectory'>): Promise<PlannedDotnet> {
  const isFile = PROJECT_FILE.test(options.project) || /\.cs$/i.test(options.project);
  const file = isFile ? options.project : await findProjectFile(options.project);
  const { env, signal, configuration = 'Release' } = options;
  const project = await describeProject(file, { configuration, furtherArguments: further(options), env, signal });
  const found = await Promise.all(['dotnet', 'clang', 'gcc'].map((name) => findOnPath(name, env)));
  const [hasDotnet = false, ...linkers] = found.map((path) => path !== undefined);
  const host = { platform: process.platform, arch: process.arch, hasDotnet, hasLinker: linkers.includes(true) };
  return { project, plan: planDotnet(project, options, host) };
}

/**
 * Publishes a .NET project for Lambda's Linux into an empty output directory, here or in a container. Throws UserError BUILD_FAILED with the
 * compiler's errors, BUILD_TOOL_NOT_FOUND, ENGINE_NOT_FOUND, and those of `planProject`.
 */
export async function publishDotnet(options: DotnetPublish, planned?: PlannedDotnet): Promise<void> {
  const { project, plan } = planned ?? (await planProject(options));
  for (const warning of plan.warnings) options.onWarning?.(warning);
  await oneAtATime(async () => {
    await rm(options.outputDirectory, { recursive: true, force: true });
    if (plan.container === undefined) await publishHere(project, plan, options);
    else {
      const { publishInContainer } = await import('./dotnet-container.ts');
      await publishInContainer(project, plan.container, options, (file, output) => publishArguments(file, output, project, plan, options));
    }
  });
  await settleBootstrap(options.outputDirectory);
}

async function publishHere(project: DotnetProject, plan: DotnetPlan, options: DotnetPublish): Promise<void> {
  options.onNote?.(plan.isAot ? 'dotnet publish (native AOT)' : 'dotnet publish');
  const end = await withDotnetFolder(options.env, (folderEnv) =>
    runProgram({
      command: 'dotnet',
      args: publishArguments(project.file, options.outputDirectory, project, plan, options),
      cwd: dirname(project.file),
      env: { DOTNET_NOLOGO: 'true', ...options.env, ...folderEnv },
      signal: options.signal,
      onLine: options.onLine,
      missingHint: 'Install the .NET SDK (https://dot.net), or build in a container: --use-container-for-build.',
    }),
  );
  if (end.exitCode !== 0) throw publishFailed(project.file, end);
  if (plan.isAot && options.isForImage !== true) await warnOfNewLibrary(options);
}

/** The error for a `dotnet publish` that ended badly, with what the compiler said; `hint`: where the cause is known. */
export function publishFailed(project: string, end: ProgramEnd, hint?: string): UserError {
  // MSBuild names a switch that it does not know some lines below the error.
  const errors = [...new Set(end.lastLines.filter((line) => /\berror\b|^\s*Switch: /i.test(line)).map((line) => line.trim()))];
  return new UserError('BUILD_FAILED', `dotnet publish of ${project} failed (exit code ${end.exitCode}).`, {
    hint: hint ?? 'Run "dotnet publish" there to see the whole build.',
    details: errors.length > 0 ? errors : end.lastLines,
  });
}

function further(options: Pick<DotnetPublish, 'msbuildParameters'>): string[] {
  return splitArguments(options.msbuildParameters ?? '');
}

function publishArguments(file: string, output: string, project: DotnetProject, plan: DotnetPlan, options: DotnetPublish): string[] {
  const words = further(options);
  const isGiven = (...names: string[]): boolean =>
    words.some((word) => names.some((name) => word === name || word.startsWith(`${name}=`) || word.startsWith(`${name}:`)));
  const isSelfContainedGiven = isGiven('--self-contained', '--sc', '--no-self-contained');
  return [
    'publish',
    file,
    '--output',
    output,
    '--configuration',
    options.configuration ?? 'Release',
    ...(plan.framework === undefined ? [] : ['--framework', plan.framework]),
    ...words,
    '/p:GenerateRuntimeConfigurationFiles=true',
    ...(isGiven('--runtime', '-r') ? [] : ['--runtime', RUNTIME_IDS[options.architecture]]),
    ...(isSelfContainedGiven || plan.selfContained === undefined ? [] : ['--self-contained', String(plan.selfContained)]),
    ...(plan.isAot && !words.some((word) => /StripSymbols=/i.test(word)) ? ['/p:StripSymbols=true'] : []),
  ];
}

/** A script written on Windows does not start on Linux: its first line would end in a carriage return. */
async function settleBootstrap(directory: string): Promise<void> {
  const path = join(directory, 'bootstrap');
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? undefined : Promise.reject(error),
  );
  if (content === undefined || content.toString('latin1', 0, 2) !== '#!' || !content.includes('\r\n')) return;
  await writeFile(path, content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** glibc of Amazon Linux 2023 and 2. https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html */
const GLIBC = { 'provided.al2': 26, other: 34 };

/** Native code asks for the C library of the machine that it was linked on. */
async function warnOfNewLibrary({ outputDirectory, runtime, onWarning }: DotnetPublish): Promise<void> {
  const limit = runtime === 'provided.al2' ? GLIBC['provided.al2'] : GLIBC.other;
  for (const entry of await readdir(outputDirectory, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.dbg')) continue;
    const content = await readFile(join(outputDirectory, entry.name), 'latin1');
    if (!content.startsWith('\x7fELF')) continue;
    const needed = Math.max(0, ...[...content.matchAll(/GLIBC_2\.(\d+)/g)].map((match) => Number(match[1])));
    if (needed > limit)
      onWarning?.(
        `${entry.name} needs glibc 2.${needed}, and Lambda's Amazon Linux has 2.${limit}: it will not start. Build it in a container, with --use-container-for-build`,
      );
  }
}
