import type { ContainerEngine, EngineImage } from '../clients/docker.ts';
import type { ImageRepository, RegistryImage } from '../clients/ecr.ts';
import type { Step } from '../output/reporter.ts';
import { UserError } from '../errors.ts';
import { formatBytes } from './bytes.ts';
import type { Outcome, Publishing } from './publishing.ts';
import type { Architecture, Location } from './types.ts';

/** Unpacked, all layers. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const IMAGE_LIMIT_BYTES = 10 * 1024 ** 3;

const OCI_ARCHITECTURES: Readonly<Record<Architecture, string>> = { x86_64: 'amd64', arm64: 'arm64' };

type ImageLocation = Extract<Location, { type: 'image' }>;

/** The image with that tag, when ECR has it active and in a form that Lambda takes. */
export async function findDeployable(publishing: Publishing, repository: string, tag: string): Promise<Outcome | undefined> {
  const known = await publishing.findRepository(repository);
  if (known === undefined) return undefined;
  const image = await (await publishing.repositories()).findImage(repository, tag);
  if (image === undefined || image.status !== 'ACTIVE' || isIndex(image.mediaType)) return undefined;
  return { location: locationOf(known, tag, image.digest), digest: image.digest, built: false, published: false };
}

function locationOf(repository: ImageRepository, tag: string, digest: string): ImageLocation {
  return { type: 'image', repositoryUri: repository.uri, tag, digest };
}

/** Lambda takes single manifests only: an index may hold several platforms, or attestations. */
function isIndex(mediaType: string | undefined): boolean {
  return mediaType !== undefined && /manifest\.list|image\.index/.test(mediaType);
}

/** Throws UserError IMAGE_INVALID or ARTIFACT_TOO_LARGE for an image that Lambda would refuse. */
export function checkImage(image: EngineImage | undefined, name: string, architecture: Architecture): void {
  if (image === undefined) throw new UserError('IMAGE_INVALID', `The engine has built ${name} but does not find it.`);
  const wanted = OCI_ARCHITECTURES[architecture];
  if (image.os !== 'linux' || image.architecture !== wanted) {
    throw new UserError(
      'IMAGE_INVALID',
      `The image ${name} is for ${image.os}/${image.architecture}, and the function runs on linux/${wanted}.`,
      {
        hint: `Set Architectures of the function, or use a base image for linux/${wanted} in the Dockerfile.`,
      },
    );
  }
  if (isIndex(image.mediaType)) {
    throw new UserError('IMAGE_INVALID', `The image ${name} is an index of several manifests, which Lambda refuses.`, {
      hint: 'Build it with "docker build --provenance=false --sbom=false" for one platform.',
    });
  }
  if (image.sizeBytes > IMAGE_LIMIT_BYTES) {
    throw new UserError(
      'ARTIFACT_TOO_LARGE',
      `The image ${name} is ${formatBytes(image.sizeBytes)}; Lambda takes ${formatBytes(IMAGE_LIMIT_BYTES)} at most.`,
      {
        hint: 'Use a smaller base image, or several stages in the Dockerfile.',
      },
    );
  }
}

/** Pushes an image of the engine under a content tag. The name that this needs in the engine is removed again. */
export async function pushChecked(
  engine: ContainerEngine,
  imageId: string,
  goal: { readonly repository: string; readonly tag: string },
  publishing: Publishing,
  step: Step,
): Promise<ImageLocation> {
  publishing.signal.throwIfAborted();
  const repository = await publishing.ensureRepository(goal.repository);
  const repositories = await publishing.repositories();
  const authorization = await repositories.getAuthorization();
  await engine.tag(imageId, repository.uri, goal.tag);
  try {
    const digest = await engine.push(repository.uri, goal.tag, {
      auth: { username: authorization.username, serveraddress: hostOf(repository.uri), password: () => authorization.password() },
      signal: publishing.signal,
      onProgress: (sent, total) => step.progress(`pushed ${formatBytes(sent)} of ${formatBytes(total)}`),
    });
    refuseIndex(await repositories.findImage(goal.repository, digest), goal.repository);
    return locationOf(repository, goal.tag, digest);
  } catch (error) {
    const existing = await alreadyThere(error, goal, publishing);
    if (existing === undefined) throw error;
    return locationOf(repository, goal.tag, existing.digest);
  } finally {
    await engine.removeTag(`${repository.uri}:${goal.tag}`);
  }
}

/** Another run has pushed the same content meanwhile, and the repository lets no tag be written twice. */
async function alreadyThere(
  error: unknown,
  goal: { repository: string; tag: string },
  publishing: Publishing,
): Promise<RegistryImage | undefined> {
  if (!(error instanceof UserError) || error.code !== 'PUSH_FAILED' || !/immutable/i.test(error.message)) return undefined;
  const image = await (await publishing.repositories()).findImage(goal.repository, goal.tag);
  return image?.status === 'ACTIVE' && !isIndex(image.mediaType) ? image : undefined;
}

function refuseIndex(image: RegistryImage | undefined, repository: string): void {
  if (image === undefined || !isIndex(image.mediaType)) return;
  throw new UserError('IMAGE_INVALID', `The engine has pushed an index of several manifests to ${repository}, which Lambda refuses.`, {
    hint: 'Turn attestations off in the engine (BUILDX_NO_DEFAULT_ATTESTATIONS=1), and build for one platform.',
  });
}

function hostOf(repositoryUri: string): string {
  return repositoryUri.slice(0, repositoryUri.indexOf('/'));
}
