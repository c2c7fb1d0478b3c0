import { basename, isAbsolute, join, relative, sep } from 'node:path';
import type { Platform } from '../clients/docker-build.ts';
import type { Step } from '../output/reporter.ts';
import { UserError } from '../errors.ts';
import { digestBuildContext, listBuildContext, packBuildContext, type BuildContext } from './build-context.ts';
import { hashValues, PACKING_VERSION } from './digest.ts';
import { buildSettings, type BuildSettings } from './docker-options.ts';
import { findProjectFile, hasProjectFile, publishDotnet } from './dotnet.ts';
import { imageNameOf, type ImageName } from './image-name.ts';
import { checkImage, findDeployable, pushChecked } from './image-push.ts';
import { frameworkFor, type Outcome, type Publishing, type PublishOptions } from './publishing.ts';
import type { Architecture, ImageArtifact, LocalImageArtifact } from './types.ts';

const PLATFORMS: Readonly<Record<Architecture, Platform>> = { x86_64: 'linux/amd64', arm64: 'linux/arm64' };

/** All that decides what an image will be. */
export interface PlannedImage {
  readonly name: ImageName;
  readonly context: BuildContext;
  readonly settings: BuildSettings;
  /** Hex SHA-256 of every input; the tag of the image in ECR. */
  readonly digest: string;
}

/** Reads every input of an image. Throws UserError DOCKERFILE_NOT_FOUND, ARTIFACT_UNREADABLE, REPOSITORY, …. */
export async function planImage(
  artifact: ImageArtifact,
  publishing: Pick<Publishing, 'options' | 'env' | 'signal'>,
): Promise<PlannedImage> {
  const { options, env, signal } = publishing;
  const name = imageNameOf(artifact.imageTag ?? options.imageTag, artifact.context);
  const context = await listBuildContext(artifact.context, artifact.dockerfile, signal);
  const settings = buildSettings(artifact, options.dockerBuildOptions, env);
  const digest = hashValues([
    'image',
    PACKING_VERSION,
    PLATFORMS[artifact.architecture],
    settings.target,
    JSON.stringify(settings.buildArgs),
    await digestBuildContext(context, signal),
  ]);
  return { name, context, settings, digest };
}

/** Builds and pushes an image, unless ECR has one of the same inputs; then no engine is needed. */
export async function publishImage(artifact: ImageArtifact, publishing: Publishing, step: Step): Promise<Outcome> {
  await buildOnHost(artifact, publishing, step);
  const plan = await planImage(artifact, publishing);
  const { repository } = plan.name;
  return publishing.once(`image:${repository}:${plan.digest}`, async () => {
    const found = await findDeployable(publishing, repository, plan.digest);
    if (found !== undefined) {
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
  const image = await engine.inspect(id);
  checkImage(image, plan.name.repository, artifact.architecture);
  const location = await pushChecked(engine, id, { repository: plan.name.repository, tag: plan.digest }, publishing, step);
  step.summary(`built · pushed · ${location.digest.slice(0, 19)}`);
  return { location, digest: location.digest, built: true, published: true };
}

/** Pushes an image that the engine has, unless ECR has it already. */
export async function publishLocalImage(artifact: LocalImageArtifact, publishing: Publishing, step: Step): Promise<Outcome> {
  const engine = await publishing.engine();
  if (artifact.archive !== undefined) step.note(`loading ${artifact.reference} into ${engine.name}`);
  const reference = artifact.archive === undefined ? artifact.reference : await engine.load(artifact.archive, publishing.signal);
  const image = await engine.inspect(reference);
  if (image === undefined) {
    throw new UserError('IMAGE_INVALID', `There is no image ${artifact.reference} in the engine (${engine.name}).`, {
      hint: 'Build it first, or add Dockerfile to the Metadata of the function so that lambda-tool builds it.',
    });
  }
  checkImage(image, artifact.reference, artifact.architecture);
  const { repository } = imageNameOf(artifact.imageTag ?? publishing.options.imageTag ?? nameOf(artifact), artifact.reference);
  const tag = image.id.replace(/^sha256:/, '');
  return publishing.once(`image:${repository}:${tag}`, async () => {
    const found = await findDeployable(publishing, repository, tag);
    if (found !== undefined) {
      step.summary(`unchanged · ${found.digest.slice(0, 19)}`);
      return found;
    }
    const location = await publishing.buildLimit(() => pushChecked(engine, image.id, { repository, tag }, publishing, step));
    step.summary(`pushed · ${location.digest.slice(0, 19)}`);
    return { location, digest: location.digest, built: false, published: true };
  });
}

/** Without the ending of an archive: `out/my-app.tar.gz` → `my-app`. */
function nameOf({ archive, reference }: LocalImageArtifact): string | undefined {
  if (archive === undefined) return reference;
  return basename(archive).replace(/\.(tar|tar\.gz|tgz)$/, '');
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
