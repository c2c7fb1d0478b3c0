/** Lambda, APIs, logs and IAM behind a real endpoint, on a folder of their own; S3 and ECR are what a test puts there. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDispatcher } from '../../../../src/local/dispatch.ts';
import { listenOnLoopback } from '../../../../src/local/server.ts';
import { type Apis, createApis } from '../../../../src/local/services/apigateway.ts';
import { functionProviders } from '../../../../src/local/services/function-providers.ts';
import { createIam } from '../../../../src/local/services/iam.ts';
import { createLambda, type Lambda } from '../../../../src/local/services/lambda.ts';
import { createLogs } from '../../../../src/local/services/logs.ts';
import { createStore } from '../../../../src/local/store.ts';
import type { ImageReader, ResourceContext, ResourceOutcome, ResourceProvider } from '../../../../src/local/types.ts';
import { writeZip } from '../../functions/support/host.ts';

export const REGION = 'eu-central-1';
export const ROLE = 'arn:aws:iam::000000000000:role/shop';
const CREDENTIALS = { accessKeyId: 'LOCALTEST', secretAccessKey: 'secret' };

export interface TestTarget {
  readonly folder: string;
  readonly endpoint: string;
  readonly lambda: Lambda;
  readonly apis: Apis;
  /** The daemon's log. */
  readonly log: string[];
  /** Environment for an `aws` command. */
  readonly env: Readonly<Record<string, string>>;
  /** For an SDK client. */
  readonly client: { readonly endpoint: string; readonly region: string; readonly credentials: typeof CREDENTIALS };
  provider(type: string): ResourceProvider;
  create(type: string, properties: Readonly<Record<string, unknown>>, logicalId?: string): Promise<ResourceOutcome>;
  update(
    type: string,
    outcome: ResourceOutcome,
    before: Readonly<Record<string, unknown>>,
    after: Readonly<Record<string, unknown>>,
  ): Promise<ResourceOutcome>;
  remove(type: string, outcome: ResourceOutcome, properties: Readonly<Record<string, unknown>>): Promise<void>;
  /** Puts a zip of these files into the bucket `code`. */
  upload(
    key: string,
    files: Readonly<Record<string, string>>,
    modes?: Readonly<Record<string, number>>,
  ): Promise<{ readonly S3Bucket: string; readonly S3Key: string }>;
  /** Properties of a Node.js function with this code. */
  nodeFunction(code: string, more?: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** Closes everything and opens it again on the same folder, as a new daemon does. */
  restart(): Promise<TestTarget>;
  /** Closes, keeping the folder. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export function contextOf(logicalId: string, stackName = 'Shop'): ResourceContext {
  const stackId = `arn:aws:cloudformation:${REGION}:000000000000:stack/${stackName}/1`;
  return { stackName, stackId, logicalId, region: REGION, accountId: '000000000000', tags: {}, signal: new AbortController().signal };
}

export async function startTestTarget(
  options: { readonly folder?: string; readonly images?: Partial<ImageReader> } = {},
): Promise<TestTarget> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'local-services-')));
  const objectsFolder = join(folder, 'objects');
  await mkdir(objectsFolder, { recursive: true });
  const digests = new Map<string, string>();
  const log: string[] = [];
  const write = (message: string): void => void log.push(message);
  const store = createStore(join(folder, 'data'), write);
  const server = await listenOnLoopback(0);
  const objects = {
    bucketExists: (bucket: string) => bucket === 'code',
    find: (bucket: string, key: string) => {
      const sha256 = digests.get(`${bucket}/${key}`);
      return sha256 === undefined ? undefined : { path: join(objectsFolder, key), size: 0, sha256 };
    },
  };
  const images = { find: () => undefined, registryHost: '127.0.0.1:9', credentials: { username: 'AWS', password: 'x' }, ...options.images };
  const { logs, service: logsService } = createLogs(store);
  let apis: Apis | undefined;
  const urls = { toLocal: (text: string) => apis?.urls.toLocal(text) ?? text };
  const lambda = createLambda({ store, objects, images, logs, urls, endpoint: server.endpoint, credentials: CREDENTIALS, log: write });
  const opened = createApis({ store, endpoint: server.endpoint, log: write, lambda });
  apis = opened;
  const iam = createIam(store);
  const providers = new Map(functionProviders({ lambda, apis: opened, iam, logs, objects }).map((provider) => [provider.type, provider]));
  const services = [lambda.service, opened.service, iam.service, logsService];
  server.serve(createDispatcher({ services, sites: [], credentials: CREDENTIALS, version: 'test', log: write }));
  await lambda.recover();
  await opened.start();

  const provider = (type: string): ResourceProvider => {
    const found = providers.get(type);
    if (found === undefined) throw new Error(`no provider for ${type}`);
    return found;
  };
  const stateOf = (outcome: ResourceOutcome, properties: Readonly<Record<string, unknown>>) => ({ ...outcome, properties });
  const stop = async (): Promise<void> => {
    await opened.close();
    await lambda.close();
    await server.close();
  };
  return {
    folder,
    endpoint: server.endpoint,
    lambda,
    apis: opened,
    log,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_DEFAULT_REGION: REGION,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    client: { endpoint: server.endpoint, region: REGION, credentials: CREDENTIALS },
    provider,
    create: (type, properties, logicalId = type.split('::').at(-1) ?? type) => provider(type).create(properties, contextOf(logicalId)),
    update: (type, outcome, before, after) => provider(type).update(stateOf(outcome, before), after, contextOf('Resource')),
    remove: (type, outcome, properties) => provider(type).delete(stateOf(outcome, properties), contextOf('Resource')),
    async upload(key, files, modes) {
      const path = join(folder, `${key}.tmp`);
      await writeZip(path, files, modes);
      await copyFile(path, join(objectsFolder, key));
      await rm(path);
      digests.set(
        `code/${key}`,
        createHash('sha256')
          .update(await readFile(join(objectsFolder, key)))
          .digest('hex'),
      );
      return { S3Bucket: 'code', S3Key: key };
    },
    nodeFunction: (code, more = {}) => ({
      Code: { ZipFile: code },
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: ROLE,
      Timeout: 10,
      ...more,
    }),
    async restart() {
      await stop();
      return await startTestTarget({ ...options, folder });
    },
    stop,
    async close() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
