/** The real server with S3, STS and CloudFormation behind it, on a free port and in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { createDispatcher } from '../../../src/local/dispatch.ts';
import { listenOnLoopback } from '../../../src/local/server.ts';
import { createCloudFormation } from '../../../src/local/services/cloudformation.ts';
import { createS3 } from '../../../src/local/services/s3.ts';
import { createSts } from '../../../src/local/services/sts.ts';
import { createStore } from '../../../src/local/store.ts';
import type { LocalAws } from '../../../src/local/types.ts';

const credentials = { accessKeyId: 'AKIAIOSFODNN7LOCAL00', secretAccessKey: 'local-secret-for-tests' };
export const REGION = 'eu-central-1';

export async function startCloudFormation() {
  const folder = mkdtempSync(path.join(tmpdir(), 'cloudformation-test-'));
  const server = await listenOnLoopback(0);
  const store = createStore(folder);
  const s3 = createS3(store);
  const urls = { toLocal: (text: string) => text.replaceAll(/https:\/\/(\w+)\.execute-api\.[\w.-]+\//g, `${server.endpoint}/api/$1/`) };
  const aws = { store, objects: s3.objects, endpoint: server.endpoint, urls, log: () => {} } as unknown as LocalAws;
  const cloudFormation = createCloudFormation({ aws, providers: [] });
  server.serve(
    createDispatcher({
      services: [s3.service, createSts(credentials), cloudFormation],
      sites: [],
      credentials,
      version: '0',
      log: () => {},
    }),
  );
  const config = { endpoint: server.endpoint, region: REGION, credentials, maxAttempts: 1 };
  const client = new CloudFormationClient(config);
  const s3Client = new S3Client({ ...config, forcePathStyle: true });
  return {
    endpoint: server.endpoint,
    client,
    s3: s3Client,
    engine: cloudFormation.engine,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_DEFAULT_REGION: REGION,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    async close() {
      client.destroy();
      s3Client.destroy();
      await cloudFormation.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
