/** ECR: the table of its operations. */
import { createJsonService, type JsonOperation } from '../protocol/aws-json.ts';
import type { ImageReader, Service } from '../types.ts';
import { batchCheckLayerAvailability, batchDeleteImage, batchGetImage, describeImages, listImages, putImage } from './ecr/images.ts';
import type { EcrContext } from './ecr/input.ts';
import {
  createRepository,
  deleteLifecyclePolicy,
  deleteRepository,
  deleteRepositoryPolicy,
  describeRepositories,
  getLifecyclePolicy,
  getRepositoryPolicy,
  listTags,
  putImageScanning,
  putLifecyclePolicy,
  putTagMutability,
  setRepositoryPolicy,
  tagResource,
  untagResource,
} from './ecr/repositories.ts';
import type { ImageStore } from './registry/image-store.ts';

const USER_NAME = 'AWS';
/** As long as ECR's tokens last; the local password does not change after that. */
const TOKEN_HOURS = 12;

export interface EcrOptions {
  readonly store: ImageStore;
  /** `127.0.0.1:<port>` */
  readonly registryHost: string;
  readonly password: string;
}

type EcrOperation = (context: EcrContext, input: Readonly<Record<string, unknown>>) => unknown;

const OPERATIONS: Readonly<Record<string, EcrOperation>> = {
  BatchCheckLayerAvailability: batchCheckLayerAvailability,
  BatchDeleteImage: batchDeleteImage,
  BatchGetImage: batchGetImage,
  CreateRepository: createRepository,
  DeleteLifecyclePolicy: deleteLifecyclePolicy,
  DeleteRepository: deleteRepository,
  DeleteRepositoryPolicy: deleteRepositoryPolicy,
  DescribeImages: describeImages,
  DescribeRepositories: describeRepositories,
  GetLifecyclePolicy: getLifecyclePolicy,
  GetRepositoryPolicy: getRepositoryPolicy,
  ListImages: listImages,
  ListTagsForResource: listTags,
  PutImage: putImage,
  PutImageScanningConfiguration: putImageScanning,
  PutImageTagMutability: putTagMutability,
  PutLifecyclePolicy: putLifecyclePolicy,
  SetRepositoryPolicy: setRepositoryPolicy,
  TagResource: tagResource,
  UntagResource: untagResource,
};

export function createEcr(options: EcrOptions): { readonly service: Service; readonly images: ImageReader } {
  const { registryHost, password, store } = options;
  const operations: Record<string, JsonOperation> = {
    GetAuthorizationToken: () => ({
      authorizationData: [
        {
          authorizationToken: Buffer.from(`${USER_NAME}:${password}`).toString('base64'),
          expiresAt: new Date(Date.now() + TOKEN_HOURS * 3_600_000),
          proxyEndpoint: `http://${registryHost}`,
        },
      ],
    }),
  };
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    operations[name] = (input, request) => operation({ store, registryHost, region: request.region }, input);
  }
  const service = createJsonService({
    name: 'ecr',
    targetPrefix: 'AmazonEC2ContainerRegistry_V20150921',
    version: '1.1',
    operations,
  });
  return { service, images: createImageReader(options) };
}

function createImageReader(options: EcrOptions): ImageReader {
  return {
    registryHost: options.registryHost,
    credentials: { username: USER_NAME, password: options.password },
    find(repository, reference) {
      const image = options.store.findImage(repository, reference);
      if (image === undefined) return undefined;
      const { architecture, configDigest, os } = image.summary;
      return { digest: image.digest, mediaType: image.mediaType, architecture, os, configDigest };
    },
  };
}
