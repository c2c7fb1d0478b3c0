import type { Step } from '../output/reporter.ts';
import { findBaseDigests } from './base-digests.ts';
import { digestBuildContext, isChangedContext, isSameContext, listBuildContext, type BuildContext } from './build-context.ts';
import { hashValues, PACKING_VERSION } from './digest.ts';
import { buildSettings, type BuildSettings } from './docker-options.ts';
import { withHostBuild } from './host-build.ts';
import { imageNameOf, type ImageName } from './image-name.ts';
import { PLATFORMS, withBuiltImage, type BuiltImage } from './image-build.ts';
import { findDeployable } from './image-check.ts';
import { ensureNamedTag } from './image-push.ts';
import { identityOfExtras } from './build-extras.ts';
import type { Outcome, Publishing } from './publishing.ts';
import type { ImageArtifact } from './types.ts';

const MOST_ATTEMPTS = 3;

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

type Planning = Pick<Publishing, 'options' | 'env' | 'signal' | 'registry' | 'repositories' | 'engine' | 'remember' | 'findRepository'>;

/** Reads every input of an image, once a run. Throws UserError DOCKERFILE_NOT_FOUND, ARTIFACT_UNREADABLE, REPOSITORY, …. */
export function planImage(artifact: ImageArtifact, publishing: Planning): Promise<PlannedImage> {
  return publishing.remember(artifact, () => planNow(artifact, publishing));
}

async function planNow(artifact: ImageArtifact, publishing: Planning): Promise<PlannedImage> {
  const { options, env, signal } = publishing;
  const name = await nameOf(artifact, publishing);
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
    ...(await identityOfExtras(settings.extras, artifact.context, signal)),
  ]);
  const plan = { name, context, settings, digest: inputs, plainTag: undefined, mustBuild: undefined };
  if (options.forceBuild === true) return { ...plan, mustBuild: '--force-build' };
  if (!settings.pull) return plan;
  const bases = await findBaseDigests(artifact.dockerfile, settings.buildArgs, publishing);
  if (bases.kind === 'unknown') return { ...plan, mustBuild: bases.reason };
  if (bases.digests.length === 0) return plan;
  return { ...plan, digest: hashValues(['bases', inputs, ...bases.digests]), plainTag: inputs };
}

/**
 * Without a name in template or settings, the images of an application share one repository, named after the application's directory.
 * `dotnet lambda` names one after the directory of each image: where such a repository is, it is gone on with.
 */
async function nameOf(artifact: ImageArtifact, { options, findRepository }: Planning): Promise<ImageName> {
  const wish = artifact.imageTag ?? options.imageTag;
  const own = imageNameOf(wish, artifact.context);
  if (wish !== undefined || options.templateDirectory === undefined) return own;
  const shared = imageNameOf(undefined, options.templateDirectory);
  if (shared.repository === own.repository) return own;
  return (await findRepository(own.repository)) === undefined ? shared : own;
}

/** Builds and pushes an image, unless ECR has one of the same inputs; then no engine is needed. */
export function publishImage(artifact: ImageArtifact, publishing: Publishing, step: Step): Promise<Outcome> {
  return withHostBuild(artifact, publishing, step, async () => {
    const plan = await planImage(artifact, publishing);
    const { repository } = plan.name;
    return publishing.once(`image:${repository}:${plan.digest}`, async () => {
      const found = plan.mustBuild === undefined ? await findDeployable(publishing, repository, plan.digest) : undefined;
      if (found !== undefined) {
        if (publishing.options.tagAsNamed === true) await ensureNamedTag(found.location, plan.name, publishing);
        step.summary(`unchanged · ${found.digest.slice(0, 19)}`);
        return found;
      }
      return publishing.buildLimit(() => buildWhatIsThere(artifact, plan, publishing, step));
    });
  });
}

/** A build whose files are changed before they are sent begins again. */
async function buildWhatIsThere(artifact: ImageArtifact, plan: PlannedImage, publishing: Publishing, step: Step): Promise<Outcome> {
  for (let attempt = 1; ; attempt += 1) {
    const now = await planOfNow(artifact, plan, publishing, step);
    try {
      return await buildAndPush(artifact, now, publishing, step);
    } catch (error) {
      if (attempt >= MOST_ATTEMPTS || !isChangedContext(error)) throw error;
    }
  }
}

/** Others may have been built since this was looked at, and somebody may have saved a file: an image has the identity of what is built. */
async function planOfNow(artifact: ImageArtifact, plan: PlannedImage, publishing: Publishing, step: Step): Promise<PlannedImage> {
  const now = await listBuildContext(artifact.context, artifact.dockerfile, publishing.signal);
  if (isSameContext(plan.context, now)) return plan;
  step.note('files have changed since they were read; read again');
  return planNow(artifact, publishing);
}

function buildAndPush(artifact: ImageArtifact, plan: PlannedImage, publishing: Publishing, step: Step): Promise<Outcome> {
  return withBuiltImage(artifact, plan, publishing, step, async (built) => {
    const location = await built.push({
      repository: plan.name.repository,
      tag: plan.digest,
      alsoTags: [
        ...(plan.plainTag === undefined ? [] : [plan.plainTag]),
        ...(publishing.options.tagAsNamed === true ? [plan.name.tag] : []),
      ],
      architecture: artifact.architecture,
    });
    step.summary(`built · pushed · ${location.digest.slice(0, 19)}`);
    return { location, digest: location.digest, built: true, published: true };
  });
}

/** Builds an image and leaves it where it is: nothing is asked of AWS. `work` is told what came out. */
export function buildOnly<T>(
  artifact: ImageArtifact,
  publishing: Publishing,
  step: Step,
  work: (built: BuiltImage, plan: PlannedImage) => Promise<T>,
): Promise<T> {
  return withHostBuild(artifact, publishing, step, async () => {
    const plan = await planImage(artifact, publishing);
    return withBuiltImage(artifact, plan, publishing, step, (built) => work(built, plan));
  });
}
