import { ensureBuildable } from './build-context.ts';
import { planHostBuild } from './host-build.ts';
import { planImage } from './image.ts';
import { chooseBuilder } from './image-build.ts';
import { findDeployable } from './image-check.ts';
import { needOf, type Need } from './prerequisites.ts';
import type { Publishing } from './publishing.ts';
import type { ImageArtifact } from './types.ts';

/** What an image will need; finds the engine when it has to be built. */
export async function checkImageArtifact(artifact: ImageArtifact, publishing: Publishing): Promise<Need> {
  await ensureBuildable(artifact.context, artifact.dockerfile);
  const host = await planHostBuild(artifact, publishing);
  // What the image is made of is known after the host build only; it may be in ECR.
  if (host !== undefined) return needOf(host);
  const plan = await planImage(artifact, publishing);
  const isThere = plan.mustBuild === undefined && (await findDeployable(publishing, plan.name.repository, plan.digest)) !== undefined;
  // Finds the engine, or the command that this build needs in its place.
  if (!isThere) await chooseBuilder(plan, publishing);
  return { engine: false, dotnet: false };
}
