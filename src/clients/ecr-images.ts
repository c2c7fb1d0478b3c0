import {
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  DescribeImagesCommand,
  ListImageReferrersCommand,
  type DescribeImagesCommandOutput,
  type ECRClient,
  type ListImageReferrersCommandOutput,
} from '@aws-sdk/client-ecr';
import { serviceFailure } from './aws-errors.ts';

/** An image as the list of its repository has it. */
export interface ListedImage {
  readonly digest: string;
  readonly tags: readonly string[];
  readonly mediaType: string | undefined;
  /** Compressed bytes. */
  readonly sizeBytes: number;
  readonly pushedAt: Date | undefined;
  /** Digest of the image that this one says something about (a signature, an attestation). */
  readonly subject: string | undefined;
}

/** What is asked about images before they are removed. */
export interface ImageCleanup {
  /** The active images of a repository; none when there is no such repository. */
  listImages(repository: string, signal?: AbortSignal): Promise<ListedImage[]>;
  /** The manifests of images as text; what is not there is left out. */
  manifests(repository: string, digests: readonly string[], signal?: AbortSignal): Promise<string[]>;
  /** Digests of what refers to an image (signatures, attestations); none where the endpoint does not know of such. */
  referrers(repository: string, digest: string, signal?: AbortSignal): Promise<string[]>;
  /** Removes tags; an image goes with its last one. Answers those that ECR refused to remove, with its reason. */
  deleteTags(repository: string, tags: readonly string[], signal?: AbortSignal): Promise<{ tag: string; reason: string }[]>;
}

type Failed = (operation: string, error: unknown) => Error;

/** The most that BatchGetImage and BatchDeleteImage take (API reference). */
const MOST_PER_CALL = 100;

/** The part of the adapter that cleaning up needs. `failed` translates what goes wrong. */
export function imageCleanup(client: ECRClient, failed: Failed): ImageCleanup {
  return {
    listImages: (repository, signal) => listImages(client, failed, repository, signal),

    async manifests(repository, digests, signal) {
      const found: string[] = [];
      for (const some of chunks(digests)) {
        const input = { repositoryName: repository, imageIds: some.map((imageDigest) => ({ imageDigest })) };
        const answer = await client.send(new BatchGetImageCommand(input), abort(signal)).catch((error: unknown) => {
          throw failed('BatchGetImage', error);
        });
        found.push(...(answer.images ?? []).flatMap((image) => image.imageManifest ?? []));
      }
      return found;
    },

    referrers: (repository, digest, signal) => listReferrers(client, failed, repository, digest, signal),

    async deleteTags(repository, tags, signal) {
      const refused: { tag: string; reason: string }[] = [];
      for (const some of chunks(tags)) {
        const input = { repositoryName: repository, imageIds: some.map((imageTag) => ({ imageTag })) };
        const answer = await client.send(new BatchDeleteImageCommand(input), abort(signal)).catch((error: unknown) => {
          throw failed('BatchDeleteImage', error);
        });
        for (const { imageId, failureCode, failureReason } of answer.failures ?? [])
          if (failureCode !== 'ImageNotFound') refused.push({ tag: imageId?.imageTag ?? '', reason: failureReason ?? failureCode ?? '' });
      }
      return refused;
    },
  };
}

async function listImages(client: ECRClient, failed: Failed, repository: string, signal: AbortSignal | undefined): Promise<ListedImage[]> {
  const found: ListedImage[] = [];
  let token: string | undefined;
  try {
    do {
      const next: { nextToken?: string } = token === undefined ? {} : { nextToken: token };
      const page: DescribeImagesCommandOutput = await client.send(
        new DescribeImagesCommand({ repositoryName: repository, ...next }),
        abort(signal),
      );
      for (const detail of page.imageDetails ?? []) {
        if (detail.imageDigest === undefined) continue;
        found.push({
          digest: detail.imageDigest,
          tags: detail.imageTags ?? [],
          mediaType: detail.imageManifestMediaType,
          sizeBytes: detail.imageSizeInBytes ?? 0,
          pushedAt: detail.imagePushedAt,
          subject: detail.subjectManifestDigest,
        });
      }
      token = page.nextToken;
    } while (token !== undefined);
  } catch (error) {
    if (serviceFailure(error)?.name === 'RepositoryNotFoundException') return [];
    throw failed('DescribeImages', error);
  }
  return found;
}

async function listReferrers(
  client: ECRClient,
  failed: Failed,
  repository: string,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const found: string[] = [];
  let token: string | undefined;
  try {
    do {
      const next: { nextToken?: string } = token === undefined ? {} : { nextToken: token };
      const input = { repositoryName: repository, subjectId: { imageDigest: digest }, filter: { artifactStatus: 'ANY' as const }, ...next };
      const page: ListImageReferrersCommandOutput = await client.send(new ListImageReferrersCommand(input), abort(signal));
      found.push(...(page.referrers ?? []).flatMap((referrer) => referrer.digest ?? []));
      token = page.nextToken;
    } while (token !== undefined);
  } catch (error) {
    const failure = serviceFailure(error);
    // Emulators, and registries of before, know the call as little as what it would tell of.
    if (
      failure?.status === 501 ||
      failure?.status === 404 ||
      /^(?:UnknownOperation|InvalidAction|NotImplemented)/.test(failure?.name ?? '')
    )
      return [];
    throw failed('ListImageReferrers', error);
  }
  return found;
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / MOST_PER_CALL) }, (_, index) =>
    items.slice(index * MOST_PER_CALL, (index + 1) * MOST_PER_CALL),
  );
}

function abort(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
