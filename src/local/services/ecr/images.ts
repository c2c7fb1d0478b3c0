/** Images as ECR lists, describes, tags and deletes them. */
import { epochSeconds } from '../../protocol/aws-json.ts';
import { LOCAL_ACCOUNT_ID, ServiceError } from '../../types.ts';
import { digestOf, type ImageRecord } from '../registry/image-store.ts';
import { pushManifest } from '../registry/push-manifest.ts';
import { RegistryError } from '../registry/registry-error.ts';
import {
  type EcrContext,
  type EcrInput,
  getRepository,
  inputObject,
  inputObjects,
  inputText,
  inputTexts,
  invalidParameter,
  pageOf,
  requiredInput,
} from './input.ts';

interface ImageId {
  readonly imageDigest?: string | undefined;
  readonly imageTag?: string | undefined;
}

function readImageIds(input: EcrInput): readonly ImageId[] {
  return inputObjects(input, 'imageIds').map((id) => ({ imageDigest: inputText(id, 'imageDigest'), imageTag: inputText(id, 'imageTag') }));
}

/** The image of a tag, a digest, or both when they are of one image. */
function findImage(context: EcrContext, repository: string, id: ImageId): ImageRecord | undefined {
  const reference = id.imageDigest ?? id.imageTag;
  if (reference === undefined)
    throw invalidParameter("Invalid parameter at 'imageIds' failed to satisfy constraint: 'a digest or a tag is needed'");
  const image = context.store.findImage(repository, reference);
  if (image === undefined || id.imageTag === undefined || id.imageDigest === undefined) return image;
  return image.tags.includes(id.imageTag) ? image : undefined;
}

function failure(id: ImageId) {
  return { imageId: id, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' };
}

/** Throws ServiceError `ImageNotFoundException` when an image that is asked for by id is missing. */
export function describeImages(context: EcrContext, input: EcrInput) {
  const { name } = getRepository(context, requiredInput(input, 'repositoryName'));
  const ids = readImageIds(input);
  if (ids.length > 0) {
    const images = ids.map((id) => {
      const image = findImage(context, name, id);
      if (image === undefined) throw imageNotFound(name, id);
      return image;
    });
    return { imageDetails: images.map(describeImage) };
  }
  const { page, nextToken } = pageOf(filterByTagStatus(context.store.imagesOf(name), input), input);
  return { imageDetails: page.map(describeImage), nextToken };
}

function imageNotFound(repository: string, id: ImageId): ServiceError {
  return new ServiceError(
    'ImageNotFoundException',
    `The image with imageId {imageDigest:'${id.imageDigest ?? 'null'}', imageTag:'${id.imageTag ?? 'null'}'} does not exist within the repository with name '${repository}' in the registry with id '${LOCAL_ACCOUNT_ID}'`,
  );
}

function filterByTagStatus(images: readonly ImageRecord[], input: EcrInput): readonly ImageRecord[] {
  const status = inputText(inputObject(input, 'filter'), 'tagStatus') ?? 'ANY';
  return images.filter((image) => status === 'ANY' || (status === 'TAGGED') === image.tags.length > 0);
}

function describeImage(image: ImageRecord) {
  return {
    registryId: LOCAL_ACCOUNT_ID,
    repositoryName: image.repository,
    imageDigest: image.digest,
    imageTags: image.tags.length === 0 ? undefined : image.tags,
    imageSizeInBytes: image.summary.size,
    imagePushedAt: epochSeconds(image.pushedAt),
    lastRecordedPullTime: image.lastPulledAt === undefined ? undefined : epochSeconds(image.lastPulledAt),
    imageManifestMediaType: image.mediaType,
    artifactMediaType: image.summary.artifactMediaType,
    imageStatus: 'ACTIVE',
  };
}

export function listImages(context: EcrContext, input: EcrInput) {
  const { name } = getRepository(context, requiredInput(input, 'repositoryName'));
  const ids = filterByTagStatus(context.store.imagesOf(name), input).flatMap((image): ImageId[] =>
    image.tags.length === 0 ? [{ imageDigest: image.digest }] : image.tags.map((imageTag) => ({ imageDigest: image.digest, imageTag })),
  );
  const { page, nextToken } = pageOf(ids, input);
  return { imageIds: page, nextToken };
}

export function batchGetImage(context: EcrContext, input: EcrInput) {
  const { name } = getRepository(context, requiredInput(input, 'repositoryName'));
  const answers = readImageIds(input).map((id) => ({ id, image: findImage(context, name, id) }));
  return {
    images: answers.flatMap(({ id, image }) => (image === undefined ? [] : [describeManifest(image, id.imageTag)])),
    failures: answers.flatMap(({ id, image }) => (image === undefined ? [failure(id)] : [])),
  };
}

function describeManifest(image: ImageRecord, imageTag: string | undefined) {
  return {
    registryId: LOCAL_ACCOUNT_ID,
    repositoryName: image.repository,
    imageId: { imageDigest: image.digest, imageTag },
    imageManifest: Buffer.from(image.manifest, 'base64').toString('utf8'),
    imageManifestMediaType: image.mediaType,
  };
}

/** By digest the image goes with its tags, by tag only the tag, and the image with its last one. */
export function batchDeleteImage(context: EcrContext, input: EcrInput) {
  const { name } = getRepository(context, requiredInput(input, 'repositoryName'));
  const imageIds: ImageId[] = [];
  const failures: unknown[] = [];
  for (const id of readImageIds(input)) {
    const image = findImage(context, name, id);
    if (image === undefined) {
      failures.push(failure(id));
      continue;
    }
    const goes = id.imageTag === undefined || image.tags.length === 1;
    if (goes) context.store.deleteImage(image);
    else context.store.untag(image, id.imageTag ?? '');
    const tags = id.imageTag === undefined ? image.tags : [id.imageTag];
    if (tags.length === 0) imageIds.push({ imageDigest: image.digest });
    else imageIds.push(...tags.map((imageTag) => ({ imageDigest: image.digest, imageTag })));
  }
  return { imageIds, failures };
}

/** Gives an image that was pushed another tag, by its manifest. Throws ServiceError as ECR does. */
export async function putImage(context: EcrContext, input: EcrInput) {
  const repository = getRepository(context, requiredInput(input, 'repositoryName'));
  const bytes = Buffer.from(requiredInput(input, 'imageManifest'));
  const tag = inputText(input, 'imageTag');
  const known = context.store.findImage(repository.name, digestOf(bytes));
  if (known !== undefined && (tag === undefined || known.tags.includes(tag))) {
    throw new ServiceError(
      'ImageAlreadyExistsException',
      `Image with digest '${known.digest}' and tag '${tag ?? 'null'}' already exists in the repository with name '${repository.name}'`,
    );
  }
  try {
    const image = await pushManifest(context.store, { repository, bytes, contentType: inputText(input, 'imageManifestMediaType'), tag });
    return { image: describeManifest(image, tag) };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const codes: Partial<Record<typeof error.code, string>> = {
      TAG_INVALID: 'ImageTagAlreadyExistsException',
      MANIFEST_BLOB_UNKNOWN: 'LayersNotFoundException',
    };
    throw new ServiceError(codes[error.code] ?? 'InvalidParameterException', error.message);
  }
}

export function batchCheckLayerAvailability(context: EcrContext, input: EcrInput) {
  const { name } = getRepository(context, requiredInput(input, 'repositoryName'));
  return {
    layers: inputTexts(input, 'layerDigests').map((layerDigest) => {
      const size = context.store.hasLayer(name, layerDigest) ? context.store.blobs.findSize(layerDigest) : undefined;
      return { layerDigest, layerSize: size, layerAvailability: size === undefined ? 'UNAVAILABLE' : 'AVAILABLE' };
    }),
    failures: [],
  };
}
