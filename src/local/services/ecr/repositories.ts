/** Repositories: create, describe, delete, and their settings. */
import { epochSeconds } from '../../protocol/aws-json.ts';
import { LOCAL_ACCOUNT_ID, ServiceError } from '../../types.ts';
import type { RepositoryRecord } from '../registry/image-store.ts';
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
  repositoryArn,
  requiredInput,
} from './input.ts';

const NAME = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const MUTABILITIES: readonly string[] = ['MUTABLE', 'IMMUTABLE', 'IMMUTABLE_WITH_EXCLUSION', 'MUTABLE_WITH_EXCLUSION'];

function describe(context: EcrContext, repository: RepositoryRecord) {
  const { mutabilityExclusions } = repository;
  return {
    repositoryArn: repositoryArn(context.region, repository.name),
    registryId: LOCAL_ACCOUNT_ID,
    repositoryName: repository.name,
    repositoryUri: `${context.registryHost}/${repository.name}`,
    createdAt: epochSeconds(repository.createdAt),
    imageTagMutability: repository.tagMutability,
    imageTagMutabilityExclusionFilters:
      mutabilityExclusions.length === 0 ? undefined : mutabilityExclusions.map((filter) => ({ filterType: 'WILDCARD', filter })),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: repository.encryption,
  };
}

/** Throws ServiceError `RepositoryAlreadyExistsException`. */
export function createRepository(context: EcrContext, input: EcrInput) {
  const name = requiredInput(input, 'repositoryName');
  if (name.length < 2 || name.length > 256 || !NAME.test(name)) {
    throw invalidParameter(
      `Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '${NAME.source}''`,
    );
  }
  if (context.store.repositories.get(name) !== undefined) {
    throw new ServiceError(
      'RepositoryAlreadyExistsException',
      `The repository with name '${name}' already exists in the registry with id '${LOCAL_ACCOUNT_ID}'`,
    );
  }
  const encryption = inputObject(input, 'encryptionConfiguration');
  const repository: RepositoryRecord = {
    name,
    createdAt: new Date().toISOString(),
    ...readMutability(input),
    scanOnPush: inputObject(input, 'imageScanningConfiguration')['scanOnPush'] === true,
    encryption: { encryptionType: 'AES256', ...(encryption as Record<string, string>) },
    tags: readTags(inputObjects(input, 'tags')),
  };
  context.store.repositories.put(name, repository);
  return { repository: describe(context, repository) };
}

function readMutability(input: EcrInput): Pick<RepositoryRecord, 'tagMutability' | 'mutabilityExclusions'> {
  const tagMutability = inputText(input, 'imageTagMutability') ?? 'MUTABLE';
  if (!MUTABILITIES.includes(tagMutability)) throw invalidParameter(`Invalid parameter at 'imageTagMutability': ${tagMutability}`);
  const filters = inputObjects(input, 'imageTagMutabilityExclusionFilters');
  return { tagMutability, mutabilityExclusions: filters.map((filter) => requiredInput(filter, 'filter')) };
}

function readTags(tags: readonly EcrInput[]): Record<string, string> {
  return Object.fromEntries(tags.map((tag) => [inputText(tag, 'Key') ?? '', inputText(tag, 'Value') ?? '']));
}

export function describeRepositories(context: EcrContext, input: EcrInput) {
  const names = inputTexts(input, 'repositoryNames');
  if (names.length > 0) return { repositories: names.map((name) => describe(context, getRepository(context, name))) };
  const all = [...context.store.repositories.entries()].map(([, repository]) => repository);
  const { page, nextToken } = pageOf(all, input);
  return { repositories: page.map((repository) => describe(context, repository)), nextToken };
}

/** Throws ServiceError `RepositoryNotEmptyException` unless `force` is given. */
export function deleteRepository(context: EcrContext, input: EcrInput) {
  const repository = getRepository(context, requiredInput(input, 'repositoryName'));
  if (input['force'] !== true && context.store.imagesOf(repository.name).length > 0) {
    throw new ServiceError(
      'RepositoryNotEmptyException',
      `The repository with name '${repository.name}' in registry with id '${LOCAL_ACCOUNT_ID}' cannot be deleted because it still contains images`,
    );
  }
  const described = describe(context, repository);
  context.store.deleteRepository(repository.name);
  return { repository: described };
}

/** Changes the record and answers it. */
function change(context: EcrContext, input: EcrInput, changed: Partial<RepositoryRecord>): RepositoryRecord {
  const repository = { ...getRepository(context, requiredInput(input, 'repositoryName')), ...changed };
  context.store.repositories.put(repository.name, repository);
  return repository;
}

function identity(repository: RepositoryRecord) {
  return { registryId: LOCAL_ACCOUNT_ID, repositoryName: repository.name };
}

export function putImageScanning(context: EcrContext, input: EcrInput) {
  const scanOnPush = inputObject(input, 'imageScanningConfiguration')['scanOnPush'] === true;
  return { ...identity(change(context, input, { scanOnPush })), imageScanningConfiguration: { scanOnPush } };
}

export function putTagMutability(context: EcrContext, input: EcrInput) {
  const repository = change(context, input, readMutability(input));
  return { ...identity(repository), imageTagMutability: repository.tagMutability };
}

export function putLifecyclePolicy(context: EcrContext, input: EcrInput) {
  const lifecyclePolicyText = readJsonText(input, 'lifecyclePolicyText');
  return { ...identity(change(context, input, { lifecyclePolicy: lifecyclePolicyText })), lifecyclePolicyText };
}

export function getLifecyclePolicy(context: EcrContext, input: EcrInput) {
  const repository = getRepository(context, requiredInput(input, 'repositoryName'));
  if (repository.lifecyclePolicy === undefined) throw missing('LifecyclePolicyNotFoundException', 'Lifecycle policy', repository);
  return { ...identity(repository), lifecyclePolicyText: repository.lifecyclePolicy };
}

export function deleteLifecyclePolicy(context: EcrContext, input: EcrInput) {
  const policy = getLifecyclePolicy(context, input);
  change(context, input, { lifecyclePolicy: undefined });
  return policy;
}

export function setRepositoryPolicy(context: EcrContext, input: EcrInput) {
  const policyText = readJsonText(input, 'policyText');
  return { ...identity(change(context, input, { policy: policyText })), policyText };
}

export function getRepositoryPolicy(context: EcrContext, input: EcrInput) {
  const repository = getRepository(context, requiredInput(input, 'repositoryName'));
  if (repository.policy === undefined) throw missing('RepositoryPolicyNotFoundException', 'Repository policy', repository);
  return { ...identity(repository), policyText: repository.policy };
}

export function deleteRepositoryPolicy(context: EcrContext, input: EcrInput) {
  const policy = getRepositoryPolicy(context, input);
  change(context, input, { policy: undefined });
  return policy;
}

function missing(code: string, what: string, repository: RepositoryRecord): ServiceError {
  return new ServiceError(
    code,
    `${what} does not exist for the repository with name '${repository.name}' in the registry with id '${LOCAL_ACCOUNT_ID}'`,
  );
}

function readJsonText(input: EcrInput, name: string): string {
  const text = requiredInput(input, name);
  try {
    JSON.parse(text);
  } catch (error) {
    throw invalidParameter(`Invalid parameter at '${name}' failed to satisfy constraint: 'Invalid JSON: ${(error as Error).message}'`);
  }
  return text;
}

export function tagResource(context: EcrContext, input: EcrInput) {
  const repository = findByArn(context, input);
  const tags = { ...repository.tags, ...readTags(inputObjects(input, 'tags')) };
  context.store.repositories.put(repository.name, { ...repository, tags });
  return {};
}

export function untagResource(context: EcrContext, input: EcrInput) {
  const repository = findByArn(context, input);
  const gone = inputTexts(input, 'tagKeys');
  const tags = Object.fromEntries(Object.entries(repository.tags).filter(([key]) => !gone.includes(key)));
  context.store.repositories.put(repository.name, { ...repository, tags });
  return {};
}

export function listTags(context: EcrContext, input: EcrInput) {
  return { tags: Object.entries(findByArn(context, input).tags).map(([Key, Value]) => ({ Key, Value })) };
}

function findByArn(context: EcrContext, input: EcrInput): RepositoryRecord {
  return getRepository(context, requiredInput(input, 'resourceArn').replace(/^.*:repository\//, ''));
}
