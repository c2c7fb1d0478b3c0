import {
  CreateRepositoryCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  PutLifecyclePolicyCommand,
  type CreateRepositoryCommandInput,
  type DescribeImagesCommandOutput,
  type ImageDetail,
  type Repository,
} from '@aws-sdk/client-ecr';

import { UserError } from '../errors.ts';
import type { SdkClientConfig } from './aws-config.ts';
import { serviceFailure, translateAwsError } from './aws-errors.ts';
import { placeOfRepository } from './ecr-place.ts';
import { imageCleanup, type ImageCleanup } from './ecr-images.ts';
import type { RegistryAuthorization } from './registry-authorization.ts';

export interface ImageRepository {
  readonly name: string;
  /** `<registry host>/<name>`, without a scheme. */
  readonly uri: string;
  /** Whether a tag of that name, once it exists, cannot be moved to another image. */
  isTagImmutable(tag: string): boolean;
}

export interface RegistryImage {
  readonly digest: string;
  readonly mediaType: string | undefined;
  /** Compressed bytes, as the registry counts them. */
  readonly sizeBytes: number | undefined;
  /** `ACTIVE`, `ARCHIVED`, `ACTIVATING`: only an active image can be deployed. */
  readonly status: string;
}

/** How a repository is made; what is not said is as ECR has it. */
export interface RepositorySettings {
  readonly scanOnPush?: boolean | undefined;
  /** `AES256`, `KMS` (the key of AWS), or the ARN, id or alias of a key. */
  readonly encryption?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/**
 * What this tool does with ECR. A repository is named by its name, or in full (`123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app`)
 * when it is in the registry of another account or region; behind an endpoint of the user's own there is one registry only.
 */
export interface ImageRepositories extends ImageCleanup {
  readonly region: string;
  /** Undefined when there is none of that name. */
  findRepository(name: string): Promise<ImageRepository | undefined>;
  /** One that exists already is answered as it is. */
  createRepository(name: string, settings?: RepositorySettings): Promise<ImageRepository>;
  putLifecyclePolicy(name: string, text: string): Promise<void>;
  /** By tag, or by digest (`sha256:…`). Undefined when repository or image is missing. */
  findImage(repository: string, reference: string): Promise<RegistryImage | undefined>;
  /**
   * The token for the registry of a repository (default: the run's own). Asks once a run and region, and again shortly before the token
   * (12 hours) expires; at once when it is to be `fresh`.
   */
  getAuthorization(options?: { readonly fresh?: boolean; readonly repository?: string }): Promise<RegistryAuthorization>;
}

const RENEW_BEFORE_MS = 15 * 60_000;

/** Loads the SDK. Calls throw UserError ACCESS_DENIED, CREDENTIALS, REPOSITORY, …. */
export async function createImageRepositories(config: SdkClientConfig): Promise<ImageRepositories> {
  const clients = new Map<string, ECRClient>();
  const clientIn = (region: string): ECRClient => {
    const known = clients.get(region) ?? new ECRClient({ ...config, region });
    clients.set(region, known);
    return known;
  };
  /** The client, and what its calls say of a repository. */
  const locate = (text: string) => {
    const { name, registry } = placeOfRepository(text);
    // An endpoint of the user's own has neither other accounts nor other regions.
    if (registry === undefined || config.endpoint !== undefined) return { client: clientIn(config.region), name, input: {} };
    return { client: clientIn(registry.region), name, input: { registryId: registry.account }, foreign: registry };
  };
  const failed = (operation: string, error: unknown) => translateAwsError(error, { service: 'ECR', operation, endpoint: config.endpoint });
  const tokens = new Map<ECRClient, { readonly authorization: Promise<RegistryAuthorization>; renewAtMs: number }>();

  const findRepository = async (name: string): Promise<ImageRepository | undefined> => {
    const place = locate(name);
    try {
      const answer = await place.client.send(new DescribeRepositoriesCommand({ ...place.input, repositoryNames: [place.name] }));
      return toRepository(answer.repositories?.[0], name);
    } catch (error) {
      if (serviceFailure(error)?.name === 'RepositoryNotFoundException') return undefined;
      const failure = failed('DescribeRepositories', error);
      // Another account may let images be pushed, and nothing be looked at: the push tells.
      if (place.foreign !== undefined && isDenied(failure))
        return { name, uri: `${place.foreign.host}/${place.name}`, isTagImmutable: () => false };
      throw failure;
    }
  };

  const createRepository = async (name: string, settings: RepositorySettings = {}): Promise<ImageRepository> => {
    const place = locate(name);
    try {
      const input = { ...place.input, repositoryName: place.name, ...creationInput(settings) };
      const answer = await place.client.send(new CreateRepositoryCommand(input));
      return toRepository(answer.repository, name);
    } catch (error) {
      const failure = serviceFailure(error);
      // Made by another run meanwhile.
      const existing = failure?.name === 'RepositoryAlreadyExistsException' ? await findRepository(name) : undefined;
      if (existing !== undefined) return existing;
      if (failure?.name !== 'InvalidParameterException') throw failed('CreateRepository', error);
      throw new UserError('REPOSITORY', `ECR does not take the repository name ${name}: ${failure.message}`, {
        hint: 'Give --image-tag, or in a template DockerTag in the Metadata of the function: lower-case letters, digits, and single . _ - / between them.',
        cause: error,
      });
    }
  };

  const findImage = async (repository: string, reference: string): Promise<RegistryImage | undefined> => {
    const place = locate(repository);
    const imageId = reference.startsWith('sha256:') ? { imageDigest: reference } : { imageTag: reference };
    try {
      const answer: DescribeImagesCommandOutput = await place.client.send(
        new DescribeImagesCommand({ ...place.input, repositoryName: place.name, imageIds: [imageId] }),
      );
      return toImage(answer.imageDetails?.[0]);
    } catch (error) {
      const name = serviceFailure(error)?.name;
      if (name === 'ImageNotFoundException' || name === 'RepositoryNotFoundException') return undefined;
      const failure = failed('DescribeImages', error);
      // As if it were not there: it is built and pushed, which changes nothing where the same is there already.
      if (place.foreign !== undefined && isDenied(failure)) return undefined;
      throw failure;
    }
  };

  const authorize = async (client: ECRClient): Promise<RegistryAuthorization> => {
    try {
      const answer = await client.send(new GetAuthorizationTokenCommand({}));
      return toAuthorization(answer.authorizationData?.[0]);
    } catch (error) {
      throw failed('GetAuthorizationToken', error);
    }
  };

  return {
    ...imageCleanup(clientIn(config.region), failed),
    region: config.region,
    findRepository,
    createRepository,
    async putLifecyclePolicy(name, text) {
      const place = locate(name);
      try {
        await place.client.send(new PutLifecyclePolicyCommand({ ...place.input, repositoryName: place.name, lifecyclePolicyText: text }));
      } catch (error) {
        throw failed('PutLifecyclePolicy', error);
      }
    },
    findImage,
    getAuthorization(options) {
      const { client } = locate(options?.repository ?? '');
      const known = tokens.get(client);
      if (known !== undefined && options?.fresh !== true && Date.now() < known.renewAtMs) return known.authorization;
      const token = { authorization: authorize(client), renewAtMs: Infinity };
      tokens.set(client, token);
      token.authorization.then(
        ({ expiresAt }) => (token.renewAtMs = renewalTime(expiresAt)),
        () => tokens.delete(client),
      );
      return token.authorization;
    },
  };
}

function isDenied(error: unknown): boolean {
  return error instanceof UserError && error.code === 'ACCESS_DENIED';
}

function creationInput({ scanOnPush, encryption, tags = {} }: RepositorySettings): Partial<CreateRepositoryCommandInput> {
  const isType = encryption === 'AES256' || encryption === 'KMS';
  const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return {
    ...(scanOnPush === undefined ? {} : { imageScanningConfiguration: { scanOnPush } }),
    ...(encryption === undefined
      ? {}
      : { encryptionConfiguration: isType ? { encryptionType: encryption } : { encryptionType: 'KMS', kmsKey: encryption } }),
    ...(list.length === 0 ? {} : { tags: list }),
  };
}

/** A token that has expired as it arrives speaks of a wrong clock, or of an emulator: it is used as it is. */
function renewalTime(expiresAt: Date | undefined): number {
  const renewal = (expiresAt?.getTime() ?? Infinity) - RENEW_BEFORE_MS;
  return renewal > Date.now() ? renewal : Infinity;
}

function toRepository(found: Repository | undefined, name: string): ImageRepository {
  if (found?.repositoryUri === undefined) throw new UserError('REPOSITORY', `ECR tells no address for the repository ${name}.`);
  const { imageTagMutability: mutability = 'MUTABLE', imageTagMutabilityExclusionFilters: filters = [] } = found;
  const isExcluded = (tag: string): boolean => filters.some(({ filter }) => filter !== undefined && wildcard(filter).test(tag));
  return {
    name,
    uri: found.repositoryUri,
    isTagImmutable: (tag) => mutability.startsWith('IMMUTABLE') !== (mutability.endsWith('WITH_EXCLUSION') && isExcluded(tag)),
  };
}

/** `*` stands for any text. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html */
function wildcard(filter: string): RegExp {
  return new RegExp(
    `^${filter
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
}

function toImage(found: ImageDetail | undefined): RegistryImage | undefined {
  if (found?.imageDigest === undefined) return undefined;
  return {
    digest: found.imageDigest,
    mediaType: found.imageManifestMediaType,
    sizeBytes: found.imageSizeInBytes,
    // Endpoints from before archiving do not tell a status: what they have is active.
    status: found.imageStatus ?? 'ACTIVE',
  };
}

function toAuthorization(
  data: { authorizationToken?: string | undefined; expiresAt?: Date | undefined; proxyEndpoint?: string | undefined } | undefined,
): RegistryAuthorization {
  const text = Buffer.from(data?.authorizationToken ?? '', 'base64').toString('utf8');
  const separator = text.indexOf(':');
  if (data?.proxyEndpoint === undefined || separator < 1) {
    throw new UserError('REPOSITORY', 'ECR gave no usable authorization for the registry.', {
      hint: 'Check ecr:GetAuthorizationToken in the policy of the identity.',
    });
  }
  const secret = text.slice(separator + 1);
  return {
    registryHost: new URL(data.proxyEndpoint).host,
    registryOrigin: new URL(data.proxyEndpoint).origin,
    username: text.slice(0, separator),
    expiresAt: data.expiresAt,
    password: () => secret,
  };
}
