import { basename } from 'node:path';
import type { EngineImage } from '../clients/docker.ts';
import type { Step } from '../output/reporter.ts';
import { UserError } from '../errors.ts';
import { readArchivedImage } from './archived-image.ts';
import { checkImage, ensureRunnable, findDeployable, type ImageLocation } from './image-check.ts';
import { withImageFiles } from './image-files.ts';
import { imageNameOf } from './image-name.ts';
import { ensureNamedTag, pushFromArchive, pushFromEngine, type PushGoal } from './image-push.ts';
import type { Outcome, Publishing } from './publishing.ts';
import type { LocalImageArtifact } from './types.ts';

/** Pushes an image that is built already, out of the engine or out of an archive, unless ECR has it. An archive needs no engine. */
export function publishLocalImage(artifact: LocalImageArtifact, publishing: Publishing, step: Step): Promise<Outcome> {
  const { archive } = artifact;
  return archive === undefined ? publishEngineImage(artifact, publishing, step) : publishArchive(artifact, archive, publishing, step);
}

async function publishEngineImage(artifact: LocalImageArtifact, publishing: Publishing, step: Step): Promise<Outcome> {
  const engine = await publishing.engine();
  const image = await engine.inspect(artifact.reference);
  if (image === undefined) {
    throw new UserError('IMAGE_INVALID', `There is no image ${artifact.reference} in the engine (${engine.name}).`, {
      hint: 'Build it first, or have it built: without --local-docker-image, or in a template with Dockerfile in the Metadata of the function.',
    });
  }
  return publishChecked(artifact, image, publishing, step, (goal) => pushFromEngine(engine, image, goal, publishing, step));
}

function publishArchive(artifact: LocalImageArtifact, archive: string, publishing: Publishing, step: Step): Promise<Outcome> {
  return withImageFiles(archive, publishing.signal, async (files) => {
    const archived = await readArchivedImage(files, artifact.architecture);
    return publishChecked(artifact, archived.image, publishing, step, (goal) => pushFromArchive(archived, files, goal, publishing, step));
  });
}

async function publishChecked(
  artifact: LocalImageArtifact,
  image: EngineImage,
  publishing: Publishing,
  step: Step,
  push: (goal: PushGoal) => Promise<ImageLocation>,
): Promise<Outcome> {
  checkImage(image, artifact.reference, artifact.architecture);
  ensureRunnable(image, artifact.reference, artifact, publishing.reporter);
  const name = imageNameOf(artifact.imageTag ?? publishing.options.imageTag ?? nameOf(artifact), artifact.reference);
  const { repository } = name;
  const tag = image.id.replace(/^sha256:/, '');
  return publishing.once(`image:${repository}:${tag}`, async () => {
    const found = await findDeployable(publishing, repository, tag);
    const isNamed = publishing.options.tagAsNamed === true;
    if (found !== undefined) {
      if (isNamed) await ensureNamedTag(found.location, name, publishing);
      step.summary(`unchanged · ${found.digest.slice(0, 19)}`);
      return found;
    }
    const location = await publishing.buildLimit(() =>
      push({ repository, tag, alsoTags: isNamed ? [name.tag] : [], architecture: artifact.architecture }),
    );
    step.summary(`pushed · ${location.digest.slice(0, 19)}`);
    return { location, digest: location.digest, built: false, published: true };
  });
}

/** Without the ending of an archive: `out/my-app.tar.gz` → `my-app`. */
function nameOf({ archive, reference }: LocalImageArtifact): string | undefined {
  if (archive === undefined) return reference;
  return basename(archive).replace(/\.(tar|tar\.gz|tgz)$/, '');
}
