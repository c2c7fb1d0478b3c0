import { basename } from 'node:path';
import { UserError } from '../errors.ts';
import type { DotnetProject } from './dotnet-project.ts';
import type { Architecture } from './types.ts';

/** What is to come out of a project. */
export interface DotnetGoal {
  readonly architecture: Architecture;
  /** The function's, where the template says one. */
  readonly runtime?: string | undefined;
  /** `--framework`. */
  readonly framework?: string | undefined;
  /** `--use-container-for-build`. */
  readonly useContainer?: boolean | undefined;
  /** `--container-image-for-build`; given, it is used. */
  readonly containerImage?: string | undefined;
  /** What comes out goes into an image, which has a C library and a .NET of its own. */
  readonly isForImage?: boolean | undefined;
}

/** This machine, as far as it matters for a build. */
export interface DotnetHost {
  /** As Node names them: `linux`, `x64`. */
  readonly platform: string;
  readonly arch: string;
  readonly hasDotnet: boolean;
  /** clang or gcc, which link native code. */
  readonly hasLinker: boolean;
}

export interface DotnetPlan {
  /** `--framework`; undefined leaves it to the project, of which nothing is known. */
  readonly framework: string | undefined;
  /** `--self-contained`; undefined leaves it to the project. */
  readonly selfContained: boolean | undefined;
  readonly isAot: boolean;
  /** The image to build in, and why; undefined for a build on this machine. */
  readonly container: { readonly image: string; readonly why: string } | undefined;
  readonly warnings: readonly string[];
}

const NODE_ARCHITECTURES: Readonly<Record<Architecture, string>> = { x86_64: 'x64', arm64: 'arm64' };

/**
 * How a project is published. Throws UserError TEMPLATE_INVALID when the runtime cannot run it, USAGE for a framework that it
 * does not have, BUILD_FAILED for what native AOT cannot do, BUILD_TOOL_NOT_FOUND when something is missing here and no container is wanted.
 */
export function planDotnet(project: DotnetProject, goal: DotnetGoal, host: DotnetHost): DotnetPlan {
  const warnings: string[] = [];
  const framework = chooseFramework(project, goal, warnings);
  const known = framework ?? project.frameworks[0];
  if (project.isAot) checkAot(project, known);
  return {
    framework,
    selfContained: chooseSelfContained(project, goal),
    isAot: project.isAot,
    container: chooseContainer(project, goal, host, known),
    warnings,
  };
}

/** Runtimes that come without .NET need it in the package. Native code and projects that decide by themselves are left alone. */
function chooseSelfContained(project: DotnetProject, { runtime }: DotnetGoal): boolean | undefined {
  if (project.isAot || project.selfContained === true) return undefined;
  return project.selfContained === undefined && project.isProgram && runtime?.startsWith('provided') === true;
}

function chooseFramework(project: DotnetProject, goal: DotnetGoal, warnings: string[]): string | undefined {
  const { frameworks } = project;
  const name = basename(project.file);
  if (goal.framework !== undefined && frameworks.length > 0 && !frameworks.includes(goal.framework))
    throw new UserError('USAGE', `${name} targets ${frameworks.join(' and ')}, and not ${goal.framework}.`, {
      hint: 'Correct --framework, or leave it out.',
    });
  const choice = goal.framework === undefined ? frameworks : [goal.framework];
  const wanted = frameworkOf(goal.runtime);
  if (wanted === undefined) {
    if (choice.length < 2) return choice[0];
    throw new UserError('USAGE', `${name} targets several frameworks: ${frameworks.join(', ')}.`, {
      hint: `Say which with --framework, such as --framework ${newestOf(frameworks) ?? frameworks[0]}.`,
    });
  }
  if (choice.length === 0) return wanted;
  // What brings its runtime along does not depend on that of the function.
  const isFree = project.isAot || project.selfContained === true;
  const best = newestOf(choice.filter((candidate) => isFree || versionOf(candidate) <= versionOf(wanted)));
  if (best === undefined) throw tooNew(name, goal.runtime ?? '', choice, wanted);
  if (!isFree && versionOf(best) < versionOf(wanted) && !project.rollsForward)
    warnings.push(
      `${name} targets ${best}, and the runtime ${goal.runtime} has ${wanted} only: it will not start. Set TargetFramework to ${wanted}, or RollForward to Major`,
    );
  return best;
}

/** What is no version of .NET itself, such as netstandard2.0, counts as older than all that is. */
function newestOf(frameworks: readonly string[]): string | undefined {
  return frameworks.toSorted((a, b) => (versionOf(a) || 0) - (versionOf(b) || 0)).at(-1);
}

function tooNew(name: string, runtime: string, frameworks: readonly string[], wanted: string): UserError {
  const oldest = frameworks.toSorted((a, b) => versionOf(a) - versionOf(b))[0] ?? '';
  const fitting = runtimeOf(oldest);
  return new UserError('TEMPLATE_INVALID', `The runtime ${runtime} cannot run ${name}, which targets ${frameworks.join(' and ')}.`, {
    hint: `Set TargetFramework to ${wanted}${fitting === undefined ? '' : `, or Runtime in the template to ${fitting}`}.`,
  });
}

/** `dotnet10` → `net10.0`; `provided.al2023` and the like leave it to the project. */
export function frameworkOf(runtime: string | undefined): string | undefined {
  const version = /^dotnet(core)?(\d+(?:\.\d+)?)$/.exec(runtime ?? '');
  if (version?.[2] === undefined) return undefined;
  return version[1] === undefined ? `net${version[2]}.0` : `netcoreapp${version[2]}`;
}

/**
 * The runtime to name in its place, for a new function: Lambda manages the releases with long-term support, which are the even ones.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-csharp.html
 */
function runtimeOf(framework: string): string | undefined {
  const major = Math.trunc(versionOf(framework));
  return major >= 8 && major % 2 === 0 ? `dotnet${major}` : undefined;
}

/** `net10.0-linux` → 10; NaN for what is no version. */
function versionOf(framework: string): number {
  return Number.parseFloat(/^net(?:coreapp)?(\d+\.\d+)/.exec(framework)?.[1] ?? '');
}

/** https://learn.microsoft.com/dotnet/core/deploying/native-aot/ */
function checkAot(project: DotnetProject, framework: string | undefined): void {
  const name = basename(project.file);
  if (!project.isProgram)
    throw new UserError('BUILD_FAILED', `${name} is a library, which cannot be compiled ahead of time (PublishAot).`, {
      hint: 'Set OutputType to Exe and give it a Main, or take PublishAot out.',
    });
  if (framework !== undefined && versionOf(framework) < 7)
    throw new UserError('BUILD_FAILED', `${framework} cannot be compiled ahead of time (PublishAot); .NET 7 is the first that can.`, {
      hint: `Set TargetFramework of ${name} to a newer one.`,
    });
}

function chooseContainer(
  project: DotnetProject,
  goal: DotnetGoal,
  host: DotnetHost,
  framework: string | undefined,
): DotnetPlan['container'] {
  const lack = whatLacks(project, goal, host);
  const isAsked = goal.useContainer === true || goal.containerImage !== undefined;
  const canSwitch = project.isAot && host.hasDotnet;
  if (goal.useContainer === false || (!isAsked && !canSwitch)) {
    if (lack === undefined) return undefined;
    const way = goal.useContainer === false ? 'Leave out --use-container-for-build false' : 'Add --use-container-for-build';
    throw new UserError('BUILD_TOOL_NOT_FOUND', `${basename(project.file)} cannot be published here: ${lack}.`, {
      hint: goal.isForImage
        ? `${way} to build it in a container, install what is missing (https://dot.net), or build the project in the Dockerfile.`
        : `${way} to build it in a container (needs Docker or the like), install what is missing (https://dot.net), or deploy the function as a container image.`,
    });
  }
  if (!isAsked && lack === undefined) return undefined;
  return { image: goal.containerImage ?? defaultImage(project, goal, framework), why: isAsked ? 'as asked for' : (lack ?? '') };
}

function whatLacks(project: DotnetProject, { architecture }: DotnetGoal, host: DotnetHost): string | undefined {
  if (!host.hasDotnet) return 'dotnet is not installed, or not on the PATH';
  if (!project.isAot) return undefined;
  if (host.platform !== 'linux') return 'native code for Linux is compiled on Linux only';
  if (host.arch !== NODE_ARCHITECTURES[architecture]) return `native code for ${architecture} is not compiled on ${host.arch}`;
  return host.hasLinker ? undefined : 'native code is linked by clang or gcc, and neither is on the PATH';
}

/** The build images of AWS SAM. https://gallery.ecr.aws/sam */
function defaultImage(project: DotnetProject, { architecture }: DotnetGoal, framework: string | undefined): string {
  const version = versionOf(framework ?? '');
  if (Number.isNaN(version))
    throw new UserError(
      'BUILD_FAILED',
      `It is not known which framework ${basename(project.file)} targets, and so not in which image to build it.`,
      {
        hint: 'Say it with --framework, or name the image with --container-image-for-build.',
      },
    );
  const name = version < 5 ? `build-dotnetcore${version.toFixed(1)}` : `build-dotnet${Math.trunc(version)}`;
  return `public.ecr.aws/sam/${name}:latest-${architecture}`;
}
