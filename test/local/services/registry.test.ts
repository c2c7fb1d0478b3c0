import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  ListImagesCommand,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsCliEnvironment, hasProgram, runProgram } from '../support/programs.ts';
import { type InProcessTarget, startInProcessTarget } from '../support/in-process-target.ts';
import { buildScratchImage } from '../support/scratch-image.ts';

let target: InProcessTarget;
let ecr: ECRClient;
let repositoryNumber = 0;

beforeAll(async () => {
  target = await startInProcessTarget();
  ecr = new ECRClient(target.clientOptions());
});
afterAll(async () => {
  ecr.destroy();
  await target.close();
});

async function newRepository(options: { immutable?: boolean } = {}): Promise<string> {
  const repositoryName = `team/app-${++repositoryNumber}`;
  await ecr.send(new CreateRepositoryCommand({ repositoryName, imageTagMutability: options.immutable === true ? 'IMMUTABLE' : 'MUTABLE' }));
  return repositoryName;
}

function call(
  method: string,
  pathAndQuery: string,
  init: { headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`AWS:${target.registryPassword}`).toString('base64')}`;
  const body = init.body === undefined ? null : new Uint8Array(Buffer.from(init.body));
  return fetch(`${target.endpoint}${pathAndQuery}`, { method, headers: { authorization, ...init.headers }, body, redirect: 'manual' });
}

function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function pushBlob(repository: string, bytes: Buffer | string): Promise<string> {
  const digest = digestOf(bytes);
  const begun = await call('POST', `/v2/${repository}/blobs/uploads/`);
  const done = await call('PUT', `${begun.headers.get('location')}?digest=${digest}`, { body: bytes });
  expect(done.status).toBe(201);
  return digest;
}

async function manifestFor(repository: string, content: string): Promise<string> {
  const config = JSON.stringify({ architecture: 'arm64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
  const descriptor = (mediaType: string, digest: string, size: number) => ({ mediaType, digest, size });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', await pushBlob(repository, config), config.length),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar+gzip', await pushBlob(repository, content), content.length)],
  });
}

const MANIFEST_TYPE = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };

describe('the registry', () => {
  it('asks for basic authentication and takes the token of ECR', async () => {
    const refused = await fetch(`${target.endpoint}/v2/`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Basic realm="/);
    const wrong = await fetch(`${target.endpoint}/v2/`, { headers: { authorization: `Basic ${btoa('AWS:wrong')}` } });
    expect(wrong.status).toBe(401);
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const data = authorizationData?.[0];
    expect(data?.proxyEndpoint).toBe(target.endpoint);
    expect(data?.expiresAt?.getTime()).toBeGreaterThan(Date.now() + 11 * 3_600_000);
    const accepted = await fetch(`${target.endpoint}/v2/`, { headers: { authorization: `Basic ${data?.authorizationToken}` } });
    expect(accepted.status).toBe(200);
  });

  it('has only the repositories that ECR has', async () => {
    const answer = await call('POST', '/v2/nobody/made-this/blobs/uploads/');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ errors: [{ code: 'NAME_UNKNOWN' }] });
  });

  it('takes blobs in one piece, in many pieces, and in one request', async () => {
    const repository = await newRepository();
    const bytes = randomBytes(300_000);
    const digest = digestOf(bytes);
    const begun = await call('POST', `/v2/${repository}/blobs/uploads/`);
    expect(begun.status).toBe(202);
    const location = begun.headers.get('location') ?? '';
    const first = await call('PATCH', location, { body: bytes.subarray(0, 100_000), headers: { 'content-range': '0-99999' } });
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-99999']);
    const misplaced = await call('PATCH', location, { body: 'x', headers: { 'content-range': '5-5' } });
    expect(misplaced.status).toBe(416);
    expect((await call('GET', location)).headers.get('range')).toBe('0-99999');
    expect((await call('PUT', `${location}?digest=${digest}`, { body: bytes.subarray(100_000) })).status).toBe(201);
    const got = await call('GET', `/v2/${repository}/blobs/${digest}`);
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
    const range = await call('GET', `/v2/${repository}/blobs/${digest}`, { headers: { range: 'bytes=10-19' } });
    expect([range.status, Buffer.from(await range.arrayBuffer())]).toEqual([206, bytes.subarray(10, 20)]);
    const whole = await call('POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf('all')}`, { body: 'all' });
    expect(whole.status).toBe(201);
  });

  it('refuses content with another digest and forgets it', async () => {
    const repository = await newRepository();
    const begun = await call('POST', `/v2/${repository}/blobs/uploads/`);
    const answer = await call('PUT', `${begun.headers.get('location')}?digest=${digestOf('other')}`, { body: 'this' });
    expect([answer.status, await answer.json()]).toMatchObject([400, { errors: [{ code: 'DIGEST_INVALID' }] }]);
    expect((await call('HEAD', `/v2/${repository}/blobs/${digestOf('other')}`)).status).toBe(404);
  });

  it('mounts what another repository has, and begins an upload otherwise', async () => {
    const from = await newRepository();
    const to = await newRepository();
    const digest = await pushBlob(from, 'shared');
    expect((await call('HEAD', `/v2/${to}/blobs/${digest}`)).status).toBe(404);
    expect((await call('POST', `/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`)).status).toBe(201);
    expect((await call('HEAD', `/v2/${to}/blobs/${digest}`)).status).toBe(200);
    expect((await call('POST', `/v2/${to}/blobs/uploads/?mount=${digestOf('nowhere')}&from=${from}`)).status).toBe(202);
  });

  it('keeps manifests as the bytes that were pushed, once all they refer to is there', async () => {
    const repository = await newRepository();
    const incomplete = JSON.stringify({ schemaVersion: 2, config: { mediaType: 'x', digest: digestOf('gone'), size: 4 }, layers: [] });
    const refused = await call('PUT', `/v2/${repository}/manifests/v1`, { body: incomplete, headers: MANIFEST_TYPE });
    expect([refused.status, await refused.json()]).toMatchObject([400, { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN' }] }]);
    const manifest = `${await manifestFor(repository, 'layer')}\n  `;
    const pushed = await call('PUT', `/v2/${repository}/manifests/v1`, { body: manifest, headers: MANIFEST_TYPE });
    const digest = digestOf(manifest);
    expect([pushed.status, pushed.headers.get('docker-content-digest')]).toEqual([201, digest]);
    const got = await call('GET', `/v2/${repository}/manifests/${digest}`);
    expect([await got.text(), got.headers.get('content-type')]).toEqual([manifest, MANIFEST_TYPE['content-type']]);
    expect(target.aws.images.find(repository, 'v1')).toMatchObject({ digest, architecture: 'arm64', os: 'linux' });
    expect(await (await call('GET', `/v2/${repository}/tags/list`)).json()).toEqual({ name: repository, tags: ['v1'] });
  });

  it('does not move the tags of an immutable repository', async () => {
    const repository = await newRepository({ immutable: true });
    const first = await manifestFor(repository, 'one');
    const second = await manifestFor(repository, 'two');
    const push = (manifest: string) => call('PUT', `/v2/${repository}/manifests/v1`, { body: manifest, headers: MANIFEST_TYPE });
    expect((await push(first)).status).toBe(201);
    expect((await push(first)).status).toBe(201);
    const refused = await push(second);
    expect([refused.status, await refused.json()]).toMatchObject([400, { errors: [{ code: 'TAG_INVALID' }] }]);
  });

  it('shows its images through ECR, which tags and deletes them', async () => {
    const repositoryName = await newRepository();
    const imageManifest = await manifestFor(repositoryName, 'content');
    await call('PUT', `/v2/${repositoryName}/manifests/v1`, { body: imageManifest, headers: MANIFEST_TYPE });
    const imageDigest = digestOf(imageManifest);
    await ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'v2' }));
    const described = await ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'v2' }] }));
    expect(described.imageDetails).toMatchObject([{ imageDigest, imageTags: ['v1', 'v2'], imageStatus: 'ACTIVE' }]);
    expect((await ecr.send(new ListImagesCommand({ repositoryName }))).imageIds).toHaveLength(2);
    const got = await ecr.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: 'v1' }, { imageTag: 'none' }] }));
    expect([got.images?.[0]?.imageManifest, got.failures?.[0]?.failureCode]).toEqual([imageManifest, 'ImageNotFound']);
    await expect(ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'none' }] }))).rejects.toMatchObject({
      name: 'ImageNotFoundException',
    });
    await expect(ecr.send(new DeleteRepositoryCommand({ repositoryName }))).rejects.toMatchObject({ name: 'RepositoryNotEmptyException' });
    const layerDigests = [digestOf('content')];
    const layers = () => ecr.send(new BatchCheckLayerAvailabilityCommand({ repositoryName, layerDigests }));
    expect((await layers()).layers?.[0]?.layerAvailability).toBe('AVAILABLE');
    await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageDigest }] }));
    expect((await layers()).layers?.[0]?.layerAvailability).toBe('UNAVAILABLE');
    await ecr.send(new DeleteRepositoryCommand({ repositoryName }));
  });

  it('keeps everything over a restart', async () => {
    const repository = await newRepository();
    const manifest = await manifestFor(repository, 'kept');
    await call('PUT', `/v2/${repository}/manifests/v1`, { body: manifest, headers: MANIFEST_TYPE });
    target = await target.restart();
    ecr.destroy();
    ecr = new ECRClient(target.clientOptions());
    expect(await (await call('GET', `/v2/${repository}/manifests/v1`)).text()).toBe(manifest);
    expect(await (await call('GET', `/v2/${repository}/blobs/${digestOf('kept')}`)).text()).toBe('kept');
  });
});

const hasDocker = hasProgram('docker', ['version']);
const hasAws = hasProgram('aws');

describe.skipIf(!hasDocker || !hasAws)('the docker command', () => {
  it('logs in, pushes, and pulls the same image back by digest', async () => {
    const repositoryName = `docker-${randomUUID()}`;
    const config = await mkdtemp(path.join(tmpdir(), 'lambda-tool-docker-'));
    const env = { ...awsCliEnvironment(target), DOCKER_CONFIG: config };
    const docker = async (...args: string[]) => {
      const result = await runProgram('docker', args, { env });
      expect(result.stderr + result.stdout, args.join(' ')).toSatisfy(() => result.code === 0);
      return result.stdout.trim();
    };
    const host = `127.0.0.1:${target.port}`;
    const tag = `${host}/${repositoryName}:v1`;
    try {
      const created = await runProgram('aws', ['ecr', 'create-repository', '--repository-name', repositoryName], { env });
      const { repository } = JSON.parse(created.stdout) as { repository: { repositoryUri: string } };
      expect(repository.repositoryUri).toBe(`${host}/${repositoryName}`);
      const password = await runProgram('aws', ['ecr', 'get-login-password'], { env });
      const login = await runProgram('docker', ['login', '--username', 'AWS', '--password-stdin', host], { env, input: password.stdout });
      expect(login.stdout).toContain('Login Succeeded');
      const id = await buildScratchImage(tag, repositoryName);
      await docker('push', tag);
      const image = target.aws.images.find(repositoryName, 'v1');
      await docker('rmi', '-f', tag, id);
      const reference = `${host}/${repositoryName}@${image?.digest}`;
      await docker('pull', reference);
      expect(await docker('image', 'inspect', '-f', '{{.Id}}', reference)).toBe(id);
      expect(image?.architecture).toBe(process.arch === 'arm64' ? 'arm64' : 'amd64');
      await docker('rmi', '-f', reference);
    } finally {
      await runProgram('docker', ['rmi', '-f', tag], { env });
      await rm(config, { recursive: true, force: true });
    }
  });
});
