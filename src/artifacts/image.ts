import { isAbsolute, join, relative, sep } from 'node:path';
import type { Platform } from '../clients/docker-build.ts';
import type { Step } from '../output/reporter.ts';
import { UserError } from '../errors.ts';
import { findBaseDigests } from './base-digests.ts';
import { digestBuildContext, listBuildContext, packBuildContext, type BuildContext } from './build-context.ts';
import { hashValues, PACKING_VERSION } from './digest.ts';
import { buildSettings, type BuildSettings } from './docker-options.ts';
import { findProjectFile, hasProjectFile, publishDotnet } from './dotnet.ts';
import { imageNameOf, type ImageName } from './image-name.ts';
import { checkImage, findDeployable } from './image-check.ts';
import { ensureNamedTag, pushFromEngine } from './image-push.ts';
import { frameworkFor, type Outcome, type Publishing, type PublishOptions } from './publishing.ts';
import type { Architecture, ImageArtifact } from './types.ts';

const PLATFORMS: Readonly<Record<Architecture, Platform>> = { x86_64: 'linux/amd64', arm64: 'linux/arm64' };

/** All that decides what an image will be. */
export interface PlannedImage {
  readonly name: ImageName;
  readonly context: BuildContext;
  readonly settings: BuildSettings;
  /** Hex SHA-256 of every input; the tag of the image in ECR. With `--pull`, the digests of its base images are among them. */
  readonly digest: string;
  /** The tag that a deployment without `--pull` looks for, when it is another. */
  readonly plainTag: string | undefined;
  /** Why it has to be built whatever ECR has. */
  readonly mustBuild: string | undefined;
}

type Planning = Pick<Publishing, 'options' | 'env' | 'signal' | 'registry' | 'repositories' | 'engine' | 'remember'>;

/** Reads every input of an image, once a run. Throws UserError DOCKERFILE_NOT_FOUND, ARTIFACT_UNREADABLE, REPOSITORY, …. */
export function planImage(artifact: ImageArtifact, publishing: Planning): Promise<PlannedImage> {
  return publishing.remember(artifact, async () => {
    const { options, env, signal } = publishing;
    const name = imageNameOf(artifact.imageTag ?? options.imageTag, artifact.context);
    const context = await listBuildContext(artifact.context, artifact.dockerfile, signal);
    const given = buildSettings(artifact, options.dockerBuildOptions, env);
    const settings = { ...given, pull: given.pull || options.pull === true };
    const inputs = hashValues([
      'image',
      PACKING_VERSION,
      PLATFORMS[artifact.architecture],
      settings.target,
      JSON.stringify(settings.buildArgs),
      await digestBuildContext(context, signal),
    ]);
    const plan = { name, context, settings, digest: inputs, plainTag: undefined, mustBuild: undefined };
    if (options.forceBuild === true) return { ...plan, mustBuild: '--force-build' };
    if (!settings.pull) return plan;
    const bases = await findBaseDigests(artifact.dockerfile, settings.buildArgs, publishing);
    if (bases.kind === 'unknown') return { ...plan, mustBuild: bases.reason };
    if (bases.digests.length === 0) return plan;
    return { ...plan, digest: hashValues(['bases', inputs, ...bases.digests]), plainTag: inputs };
  });
}

/** Builds and pushes an image, unless ECR has one of the same inputs; then no engine is needed. */
export async function publishImage(artifact: ImageArtifact, publishing: Publishing, step: Step): Promise<Outcome> {
  await buildOnHost(artifact, publishing, step);
  const plan = await planImage(artifact, publishing);
  const { repository } = plan.name;
  return publishing.once(`image:${repository}:${plan.digest}`, async () => {
    const found = plan.mustBuild === undefined ? await findDeployable(publishing, repository, plan.digest) : undefined;
    if (found !== undefined) {
      if (publishing.options.tagAsNamed === true) await ensureNamedTag(found.location, plan.name, publishing);
      step.summary(`unchanged · ${found.digest.slice(0, 19)}`);
      return found;
    }
    return publishing.buildLimit(() => buildAndPush(artifact, plan, publishing, step));
  });
}

async function buildAndPush(artifact: ImageArtifact, plan: PlannedImage, publishing: Publishing, step: Step): Promise<Outcome> {
  publishing.signal.throwIfAborted();
  const platform = PLATFORMS[artifact.architecture];
  const engine = await publishing.engine();
  const emulated = platform.endsWith(engine.architecture) ? '' : `, emulated on ${engine.architecture}`;
  if (plan.mustBuild !== undefined && publishing.options.forceBuild !== true) step.note(`built in any case: ${plan.mustBuild}`);
  step.note(`build started (${platform}, ${engine.builder}, ${engine.name}${emulated})`);
  const id = await engine.build({
    context: () => packBuildContext(plan.context),
    dockerfile: plan.context.dockerfile,
    platform,
    ...plan.settings,
    tag: `${plan.name.repository}:${plan.name.tag}`,
    signal: publishing.signal,
    onLine: (line) => step.output(line),
  });
  checkImage(await engine.inspect(id), plan.name.repository, artifact.architecture);
  const goal = {
    repository: plan.name.repository,
    tag: plan.digest,
    alsoTags: [...(plan.plainTag === undefined ? [] : [plan.plainTag]), ...(publishing.options.tagAsNamed === true ? [plan.name.tag] : [])],
    architecture: artifact.architecture,
  };
  const location = await pushFromEngine(engine, id, goal, publishing, step);
  step.summary(`built · pushed · ${location.digest.slice(0, 19)}`);
  return { location, digest: location.digest, built: true, published: true };
}

/** `dotnet publish` on this machine before the image build, where that is asked for. */
async function buildOnHost(artifact: ImageArtifact, publishing: Publishing, step: Step): Promise<void> {
  const wish = await hostOutputOf(artifact, publishing.options);
  if (wish === undefined) return;
  const outputDirectory = join(artifact.context, wish);
  const place = relative(artifact.context, outputDirectory);
  // The directory is emptied first, so it must be one of its own.
  if (place === '' || place === '..' || place.startsWith(`..${sep}`) || isAbsolute(place)) {
    throw new UserError('USAGE', `The host build's output directory "${wish}" is not below the build context.`, {
      hint: 'Give a directory of its own, such as bin/Release/lambda-publish.',
    });
  }
  const { configuration, msbuildParameters } = publishing.options;
  step.note(`dotnet publish into ${place}`);
  await publishDotnet({
    project: await findProjectFile(artifact.context),
    outputDirectory,
    architecture: artifact.architecture,
    configuration,
    framework: frameworkFor(artifact.context, publishing.options),
    msbuildParameters,
    env: publishing.env,
    signal: publishing.signal,
    onLine: (line) => step.output(line),
  });
}

/**
 * Where a build on this machine goes, if there is to be one. The switch is for all images of an application, so those
 * without a .NET project in their context are left alone; the template's own wish is always carried out.
 */
export async function hostOutputOf(artifact: ImageArtifact, options: PublishOptions): Promise<string | undefined> {
  if (artifact.hostBuildOutputDir !== undefined || options.hostBuildOutputDir === undefined) return artifact.hostBuildOutputDir;
  return (await hasProjectFile(artifact.context)) ? options.hostBuildOutputDir : undefined;
}
