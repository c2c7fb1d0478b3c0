import type { EngineImage } from '../clients/docker.ts';
import type { ImageRepository, RegistryImage } from '../clients/ecr.ts';
import { UserError } from '../errors.ts';
import { formatBytes } from './bytes.ts';
import type { Outcome, Publishing } from './publishing.ts';
import type { Architecture, Location } from './types.ts';

/** Unpacked, all layers. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const IMAGE_LIMIT_BYTES = 10 * 1024 ** 3;

const OCI_ARCHITECTURES: Readonly<Record<Architecture, string>> = { x86_64: 'amd64', arm64: 'arm64' };

export type ImageLocation = Extract<Location, { type: 'image' }>;

/** The image with that tag, when ECR has it active and in a form that Lambda takes. */
export async function findDeployable(
  publishing: Pick<Publishing, 'findRepository' | 'findImage'>,
  repository: string,
  tag: string,
): Promise<(Outcome & { readonly location: ImageLocation }) | undefined> {
  const known = await publishing.findRepository(repository);
  if (known === undefined) return undefined;
  const image = await publishing.findImage(repository, tag);
  if (image === undefined || !isDeployable(image)) return undefined;
  return { location: locationOf(known, tag, image.digest), digest: image.digest, built: false, published: false };
}

/** One that is archived has to be pushed again: that restores it. */
export function isDeployable(image: RegistryImage): boolean {
  return image.status === 'ACTIVE' && !isIndex(image.mediaType);
}

export function locationOf(repository: Pick<ImageRepository, 'uri'>, tag: string, digest: string): ImageLocation {
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

/** What an engine with attestations turned on pushes for a single image. */
export function refuseIndex(image: RegistryImage | undefined, repository: string): void {
  if (image === undefined || !isIndex(image.mediaType)) return;
  throw new UserError('IMAGE_INVALID', `The engine has pushed an index of several manifests to ${repository}, which Lambda refuses.`, {
    hint: 'Turn attestations off in the engine (BUILDX_NO_DEFAULT_ATTESTATIONS=1), and build for one platform.',
  });
}
