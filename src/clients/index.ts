import type { AwsEdge } from './aws-config.ts';
import type { Stacks } from './cloudformation.ts';
import type { ContainerEngine } from './docker.ts';
import type { ImageRepositories } from './ecr.ts';
import type { LambdaFunctions } from './lambda.ts';
import type { LogReader } from './logs.ts';
import type { RegistryClient } from './registry-push.ts';
import type { ObjectStore } from './s3.ts';
import type { CallerIdentity } from './sts.ts';

/** Everything outside the process, each imported and made on first use and then shared by the whole run. */
export interface Clients {
  /** Region, credentials and endpoints. */
  readonly edge: () => Promise<AwsEdge>;
  /** Whose account it is. */
  readonly caller: () => Promise<CallerIdentity>;
  readonly stacks: () => Promise<Stacks>;
  readonly objects: () => Promise<ObjectStore>;
  readonly repositories: () => Promise<ImageRepositories>;
  readonly functions: () => Promise<LambdaFunctions>;
  readonly logs: () => Promise<LogReader>;
  /** Throws UserError ENGINE_NOT_FOUND. */
  readonly engine: () => Promise<ContainerEngine>;
  /** The registry behind ECR, spoken to without an engine. */
  readonly registry: () => Promise<RegistryClient>;
}

export interface ClientsRequest {
  readonly createEdge: () => Promise<AwsEdge>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export function createClients(request: ClientsRequest): Clients {
  // The SDK tells about the end of its Node 20 support on stderr, where our own lines are; docs/decisions has the story.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const edge = once(request.createEdge);
  const caller = once(async () => {
    const { createIdentities } = await import('./sts.ts');
    return (await createIdentities((await edge()).configFor('sts'))).caller(request.signal);
  });
  return {
    edge,
    caller,
    stacks: once(async () => {
      const [{ createStacks }, { configFor }] = await Promise.all([import('./cloudformation.ts'), edge()]);
      return createStacks(configFor('cloudformation'));
    }),
    objects: once(async () => {
      const [{ createObjectStore }, { configFor }, { account }] = await Promise.all([import('./s3.ts'), edge(), caller()]);
      return createObjectStore(configFor('s3'), { accountId: account });
    }),
    repositories: once(async () => {
      const [{ createImageRepositories }, { configFor }] = await Promise.all([import('./ecr.ts'), edge()]);
      return createImageRepositories(configFor('ecr'));
    }),
    functions: once(async () => {
      const [{ createLambdaFunctions }, { configFor }] = await Promise.all([import('./lambda.ts'), edge()]);
      return createLambdaFunctions(configFor('lambda'));
    }),
    logs: once(async () => {
      const [{ createLogReader }, { configFor }] = await Promise.all([import('./logs.ts'), edge()]);
      return createLogReader(configFor('logs'));
    }),
    engine: once(async () => {
      const { findContainerEngine } = await import('./docker.ts');
      return findContainerEngine({ env: request.env, signal: request.signal });
    }),
    registry: once(async () => {
      const [{ createRegistryClient }, { agentFor }] = await Promise.all([import('./registry-push.ts'), edge()]);
      return createRegistryClient(agentFor);
    }),
  };
}

/** Remembers the answer of the first call; a failure is not remembered. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => {
    made ??= make();
    try {
      return await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
}
