import type { EngineImage } from '../clients/docker.ts';
import type { ImageRepository, RegistryImage } from '../clients/ecr.ts';
import { UserError } from '../errors.ts';
import type { Reporter } from '../output/reporter.ts';
import { formatBytes } from './bytes.ts';
import type { Outcome, Publishing } from './publishing.ts';
import type { Architecture, Artifact, Location } from './types.ts';

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
export function isIndex(mediaType: string | undefined): boolean {
  return mediaType !== undefined && /manifest\.list|image\.index/.test(mediaType);
}

/** Throws UserError IMAGE_INVALID or ARTIFACT_TOO_LARGE for an image that Lambda would refuse. */
export function checkImage(image: EngineImage | undefined, name: string, architecture: Architecture): asserts image is EngineImage {
  if (image === undefined) throw new UserError('IMAGE_INVALID', `The engine has built ${name} but does not find it.`);
  const wanted = OCI_ARCHITECTURES[architecture];
  // What an engine tells of an index is about one of its manifests; the right one is looked at when it is taken out.
  if (isIndex(image.mediaType)) return;
  if (image.os !== 'linux' || image.architecture !== wanted) {
    throw new UserError(
      'IMAGE_INVALID',
      `The image ${name} is for ${image.os}/${image.architecture}, and the function runs on linux/${wanted}.`,
      {
        hint: `Use a base image for linux/${wanted} in the Dockerfile, or say what the image is for: --function-architecture, or in a template Architectures of the function.`,
      },
    );
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

/**
 * Lambda starts what the image says, or what the function's ImageConfig says. Throws UserError IMAGE_INVALID when neither does; warns
 * where nobody knows what the function will say. https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
 */
export function ensureRunnable(image: EngineImage, name: string, { uses }: Pick<Artifact, 'uses'>, reporter: Pick<Reporter, 'warn'>): void {
  if (image.hasCommand) return;
  const silent = uses.filter((use) => use.command === undefined).map((use) => use.logicalId);
  const said = `The image ${name} has neither an ENTRYPOINT nor a CMD`;
  if (silent.length > 0) {
    throw new UserError(
      'IMAGE_INVALID',
      `${said}, and ${[...new Set(silent)].join(', ')} has no ImageConfig: Lambda has nothing to start.`,
      {
        hint: 'Add CMD (and ENTRYPOINT) to the Dockerfile, or ImageConfig with Command or EntryPoint to the function.',
      },
    );
  }
  if (uses.some((use) => use.command === 'unknown')) reporter.warn(`${said}; a function that uses it needs an ImageConfig`);
}
