/** Puts the services of the local target together. */
import path from 'node:path';
import { createAddressSite } from './addresses.ts';
import { type LocalSecrets, loadOrCreateSecrets } from './credentials.ts';
import { createDispatcher } from './dispatch.ts';
import { DATA_FOLDER } from './local-folder.ts';
import type { LocalServer } from './server.ts';
import { createApis } from './services/apigateway.ts';
import { createCloudFormation } from './services/cloudformation.ts';
import { createAnswerDesk } from './services/custom-resources/answers.ts';
import { createEcr } from './services/ecr.ts';
import { functionProviders } from './services/function-providers.ts';
import { createIam } from './services/iam.ts';
import { createLambda } from './services/lambda.ts';
import { createLogs } from './services/logs.ts';
import { createRegistry } from './services/registry.ts';
import { openImageStore } from './services/registry/image-store.ts';
import { createS3 } from './services/s3.ts';
import { storageProviders } from './services/storage-providers.ts';
import { createSts } from './services/sts.ts';
import { createStore } from './store.ts';
import type { LocalAws } from './types.ts';

export interface AssembleOptions {
  /** The state folder; it has to exist. */
  readonly folder: string;
  readonly server: LocalServer;
  readonly version: string;
  readonly log: (message: string) => void;
  /** Somebody who may has asked the process to stop. */
  readonly onStop: () => void;
}

export interface AssembledAws {
  readonly aws: LocalAws;
  /** Ends what the services run, and the server. State stays. */
  readonly close: () => Promise<void>;
}

/** Opens the state, picks up what the last process left running, and answers requests from then on. */
export async function assembleLocalAws(options: AssembleOptions): Promise<AssembledAws> {
  const { log, server } = options;
  const secrets = loadOrCreateSecrets(options.folder);
  const parts = createParts(options, secrets);
  await parts.lambda.recover();
  await parts.apis.start();
  // Stacks whose operation was cut off go on beside the requests.
  parts.cloudFormation.recover().catch((error: unknown) => log(`stacks could not be picked up: ${String(error)}`));
  const { answers, apis, cloudFormation, ecr, iam, lambda, logs, registry, s3, sts } = parts;
  server.serve(
    createDispatcher({
      services: [s3.service, sts, ecr.service, cloudFormation, lambda.service, apis.service, logs.service, iam.service],
      sites: [registry, createAddressSite(parts.aws.urls), answers],
      credentials: secrets,
      control: { token: secrets.controlToken, onStop: options.onStop },
      version: options.version,
      log,
    }),
  );
  return {
    aws: parts.aws,
    close: () => closeAll([() => cloudFormation.close(), () => lambda.close(), () => apis.close(), () => server.close()], log),
  };
}

/** Services that need each other late (for requests, not for being made) reach each other through functions. */
function createParts(options: AssembleOptions, secrets: LocalSecrets) {
  const { log, server } = options;
  const { endpoint } = server;
  const { accessKeyId, registryPassword, secretAccessKey } = secrets;
  const credentials = { accessKeyId, secretAccessKey };
  const store = createStore(path.join(options.folder, DATA_FOLDER), log);
  const registryHost = `127.0.0.1:${server.port}`;
  const s3 = createS3(store);
  const imageStore = openImageStore(store);
  const ecr = createEcr({ store: imageStore, registryHost, password: registryPassword });
  const registry = createRegistry({ store: imageStore, endpoint, password: registryPassword });
  const logs = createLogs(store);
  const iam = createIam(store);
  const shared = { store, objects: s3.objects, images: ecr.images, logs: logs.logs, endpoint, credentials, log };
  const lambda = createLambda({ ...shared, urls: { toLocal: (text) => apis.urls.toLocal(text) } });
  const apis = createApis({ store, endpoint, log, lambda });
  const aws: LocalAws = { ...shared, functions: lambda.invoker, urls: apis.urls };
  const providers = [
    ...storageProviders(s3.state, imageStore, registryHost),
    ...functionProviders({ lambda, apis, iam, logs: logs.logs, objects: s3.objects }),
  ];
  const desk = createAnswerDesk(endpoint);
  const cloudFormation = createCloudFormation({ aws, providers, desk });
  return { aws, apis, cloudFormation, ecr, iam, lambda, logs, registry, s3, sts: createSts(credentials), answers: desk.site };
}

/** One that fails does not keep the others from closing. */
async function closeAll(closers: readonly (() => Promise<void>)[], log: (message: string) => void): Promise<void> {
  for (const close of closers) {
    try {
      await close();
    } catch (error) {
      log(`closing: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
}
