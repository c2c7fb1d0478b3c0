/** Which types of resources can be looked at. */
import type { LiveResources, ResourceProvider } from '../../types.ts';
import type { FunctionProviderDeps } from '../function-providers.ts';
import type { ImageStore } from '../registry/image-store.ts';
import type { S3State } from '../s3/state.ts';
import { liveAliases, liveFunctions, liveLogGroups, liveRoles, liveUrls, liveVersions } from './functions.ts';
import { liveBuckets, liveRepositories } from './storage.ts';

type LiveByType = Readonly<Record<string, LiveResources>>;

export function liveStorage(s3: S3State, images: ImageStore, registryHost: string): LiveByType {
  return { 'AWS::S3::Bucket': liveBuckets(s3), 'AWS::ECR::Repository': liveRepositories(images, registryHost) };
}

export function liveFunctionTypes({ apis, iam, lambda, logs }: FunctionProviderDeps): LiveByType {
  const api: LiveResources = { read: (id) => (apis.store.find(id) === undefined ? undefined : { attributes: {}, properties: {} }) };
  return {
    'AWS::ApiGateway::RestApi': api,
    'AWS::ApiGatewayV2::Api': api,
    'AWS::IAM::Role': liveRoles(iam),
    'AWS::Lambda::Alias': liveAliases(lambda),
    'AWS::Lambda::Function': liveFunctions(lambda),
    'AWS::Lambda::Url': liveUrls(lambda),
    'AWS::Lambda::Version': liveVersions(lambda),
    'AWS::Logs::LogGroup': liveLogGroups(logs),
  };
}

/** Providers that know how to look at their resources. */
export function withLive(providers: readonly ResourceProvider[], live: LiveByType): readonly ResourceProvider[] {
  return providers.map((provider) => (live[provider.type] === undefined ? provider : { ...provider, live: live[provider.type] }));
}
