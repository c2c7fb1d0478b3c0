import { isAbsolute, join, relative, sep } from 'node:path';
import type { Step } from '../output/reporter.ts';
import { UserError } from '../errors.ts';
import { planProject, publishDotnet, type DotnetPublish, type PlannedDotnet } from './dotnet.ts';
import { findProjectFile, hasProjectFile } from './dotnet-project.ts';
import { frameworkFor, type Publishing, type PublishOptions } from './publishing.ts';
import type { ImageArtifact } from './types.ts';

type Planning = Pick<Publishing, 'options' | 'env' | 'engine' | 'runner' | 'signal' | 'hostOutput'>;

/**
 * Runs `dotnet publish` before the build of an image, where that is asked for, and then `work`; images of one project share what came
 * out. Throws the errors of `publishDotnet`, and UserError USAGE for a directory that must not be emptied.
 */
export async function withHostBuild<T>(artifact: ImageArtifact, publishing: Publishing, step: Step, work: () => Promise<T>): Promise<T> {
  const planned = await planHostBuild(artifact, publishing);
  if (planned === undefined) return work();
  const { directory } = planned;
  const output = publishing.hostOutput(directory);
  return output.turns.take(artifact.architecture, async () => {
    publishing.signal.throwIfAborted();
    if (output.holds !== artifact.architecture) {
      output.holds = undefined;
      step.note(`dotnet publish into ${relative(projectDirectoryOf(artifact), directory)}`);
      const listeners = {
        onLine: (line: string) => step.output(line),
        onNote: (text: string) => step.note(text),
        onWarning: (text: string) => publishing.reporter.warn(text),
      };
      await publishDotnet({ ...(await wishOf(artifact, publishing)), outputDirectory: directory, ...listeners }, planned);
      output.holds = artifact.architecture;
    }
    return work();
  });
}

/** Where the project of an image is published to, and how, found out once a run; undefined where it is not asked for. */
export async function planHostBuild(
  artifact: ImageArtifact,
  publishing: Planning,
): Promise<(PlannedDotnet & { readonly directory: string }) | undefined> {
  const wish = await hostOutputOf(artifact, publishing.options);
  if (wish === undefined) return undefined;
  const directory = directoryFor(wish, projectDirectoryOf(artifact));
  const { plans } = publishing.hostOutput(directory);
  const plan = plans.get(artifact.architecture) ?? wishOf(artifact, publishing).then(planProject);
  plans.set(artifact.architecture, plan);
  return { ...(await plan), directory };
}

/**
 * Where a build on this machine goes, if there is to be one. The switch is for all images of an application, so those
 * without a .NET project are left alone; the template's own wish is always carried out.
 */
export async function hostOutputOf(artifact: ImageArtifact, options: PublishOptions): Promise<string | undefined> {
  if (artifact.hostBuildOutputDir !== undefined || options.hostBuildOutputDir === undefined) return artifact.hostBuildOutputDir;
  return (await hasProjectFile(projectDirectoryOf(artifact))) ? options.hostBuildOutputDir : undefined;
}

function projectDirectoryOf({ projectDirectory, context }: ImageArtifact): string {
  return projectDirectory ?? context;
}

/** The directory is emptied first, so it must be one of its own. */
function directoryFor(wish: string, project: string): string {
  const directory = join(project, wish);
  const place = relative(project, directory);
  if (place !== '' && place !== '..' && !place.startsWith(`..${sep}`) && !isAbsolute(place)) return directory;
  throw new UserError('USAGE', `The host build's output directory "${wish}" is not below the project ${project}.`, {
    hint: 'Give a directory of its own, such as bin/Release/lambda-publish.',
  });
}

async function wishOf(artifact: ImageArtifact, publishing: Planning): Promise<Omit<DotnetPublish, 'outputDirectory'>> {
  const { env, engine, runner = engine, signal, options } = publishing;
  const { configuration, msbuildParameters, useContainer, containerImage, mountDirectory } = options;
  const directory = projectDirectoryOf(artifact);
  return {
    project: await findProjectFile(
      directory,
      'A build on this machine for an image needs exactly one project file there. For others leave out --docker-host-build-output-dir.',
    ),
    architecture: artifact.architecture,
    isForImage: true,
    configuration,
    framework: frameworkFor(directory, options),
    msbuildParameters,
    useContainer,
    containerImage,
    mountDirectory,
    env,
    engine: runner,
    signal,
  };
}
