/** AWS::ECR::Repository. */
import { randomBytes } from 'node:crypto';
import { type ResourceContext, type ResourceOutcome, type ResourceProvider, ServiceError } from '../../types.ts';
import type { ImageStore } from '../registry/image-store.ts';
import { type EcrContext, type EcrInput, inputObject, inputText, repositoryArn } from './input.ts';
import { createRepository, deleteRepository } from './repositories.ts';

export function repositoryProvider(store: ImageStore, registryHost: string): ResourceProvider {
  const contextFor = ({ region }: ResourceContext): EcrContext => ({ store, registryHost, region });
  return {
    type: 'AWS::ECR::Repository',
    createOnlyProperties: ['RepositoryName', 'EncryptionConfiguration'],
    async create(properties, context) {
      const name = inputText(properties, 'RepositoryName') ?? defaultName(context);
      createRepository(contextFor(context), { repositoryName: name });
      applySettings(store, name, properties, context);
      return repositoryOutcome(registryHost, name, context.region);
    },
    async update(current, properties, context) {
      applySettings(store, current.physicalId, properties, context);
      return repositoryOutcome(registryHost, current.physicalId, context.region);
    },
    async delete(current, context) {
      const name = current.physicalId;
      if (store.repositories.get(name) !== undefined) {
        deleteRepository(contextFor(context), { repositoryName: name, force: isTrue(current.properties['EmptyOnDelete']) });
      }
    },
  };
}

function defaultName(context: ResourceContext): string {
  const readable = `${context.stackName}-${context.logicalId}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return `${readable}-${randomBytes(6).toString('hex')}`;
}

/** In the spelling of CloudFormation; what is not given goes back to its default. */
function applySettings(store: ImageStore, name: string, properties: EcrInput, context: ResourceContext): void {
  const repository = store.repositories.get(name);
  if (repository === undefined) throw new ServiceError('NotFound', `The repository with name '${name}' does not exist`, 404);
  const encryption = inputObject(properties, 'EncryptionConfiguration');
  const own = listOf(properties['Tags']).map((tag) => [inputText(tag, 'Key') ?? '', inputText(tag, 'Value') ?? '']);
  store.repositories.put(name, {
    ...repository,
    tagMutability: inputText(properties, 'ImageTagMutability') ?? 'MUTABLE',
    mutabilityExclusions: listOf(properties['ImageTagMutabilityExclusionFilters']).map(
      (filter) => inputText(filter, 'ImageTagMutabilityExclusionFilterValue') ?? '',
    ),
    scanOnPush: isTrue(inputObject(properties, 'ImageScanningConfiguration')['ScanOnPush']),
    encryption: {
      encryptionType: inputText(encryption, 'EncryptionType') ?? 'AES256',
      ...(inputText(encryption, 'KmsKey') === undefined ? {} : { kmsKey: inputText(encryption, 'KmsKey') ?? '' }),
    },
    tags: { ...context.tags, ...Object.fromEntries(own) },
    lifecyclePolicy: inputText(inputObject(properties, 'LifecyclePolicy'), 'LifecyclePolicyText'),
    policy: policyText(properties['RepositoryPolicyText']),
  });
}

function policyText(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  return JSON.stringify(value);
}

function listOf(value: unknown): readonly EcrInput[] {
  return Array.isArray(value) ? (value as EcrInput[]) : [];
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

export function repositoryOutcome(registryHost: string, name: string, region: string): ResourceOutcome {
  return {
    physicalId: name,
    attributes: { Arn: repositoryArn(region, name), RepositoryUri: `${registryHost}/${name}` },
  };
}
