import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateRepositoryCommand, DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AssembledAws, assembleLocalAws } from '../../../src/local/assemble.ts';
import { findSecrets } from '../../../src/local/credentials.ts';
import { listenOnLoopback } from '../../../src/local/server.ts';
import { buildBusyboxImage, hasEngine, removeImage } from './support/busybox.ts';

const engine = await hasEngine();

describe.skipIf(!engine)('an image in the local registry', () => {
  let folder: string;
  let assembled: AssembledAws;
  let registry: string;
  let client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  let password: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'local-images-'));
    const server = await listenOnLoopback(0);
    assembled = await assembleLocalAws({ folder, server, version: 'test', log: () => undefined, onStop: () => undefined });
    const secrets = findSecrets(folder);
    if (secrets === undefined) throw new Error('the target has made no keys');
    password = secrets.registryPassword;
    registry = `127.0.0.1:${server.port}`;
    client = { endpoint: server.endpoint, region: 'eu-central-1', credentials: secrets };
  });
  afterAll(async () => {
    await assembled.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is pulled when the engine has lost it, and its function answers', async () => {
    const ecr = new ECRClient(client);
    await ecr.send(new CreateRepositoryCommand({ repositoryName: 'shop' }));
    const tag = `${registry}/shop:${randomBytes(6).toString('hex')}`;
    const imageId = await buildBusyboxImage(tag, `echo "{\\"pulled\\":\\"${tag}\\"}"`);
    const docker = new Docker();
    const stream = await docker.getImage(tag).push({ authconfig: { username: 'AWS', password, serveraddress: registry } });
    await new Promise((resolve) => docker.modem.followProgress(stream, resolve));
    const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName: 'shop' }));
    const digest = imageDetails?.[0]?.imageDigest ?? '';
    await removeImage(imageId);
    const lambda = new LambdaClient(client);
    const FunctionName = 'pulled';
    const ImageUri = `${registry}/shop@${digest}`;
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        PackageType: 'Image',
        Role: 'arn:aws:iam::000000000000:role/x',
        Code: { ImageUri },
        Timeout: 5,
      }),
    );
    const { FunctionError, Payload } = await lambda.send(new InvokeCommand({ FunctionName, Payload: '{}' }));
    expect(FunctionError).toBeUndefined();
    expect(JSON.parse(Buffer.from(Payload ?? []).toString())).toEqual({ pulled: tag });
    ecr.destroy();
    lambda.destroy();
    await assembled.close();
    await removeImage(imageId);
  });
});
