import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketEncryptionCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { HttpRequest } from '@smithy/core/protocols';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SdkClientConfig } from '../../src/clients/aws-config.ts';
import type { S3Edge } from '../../src/clients/s3-edge.ts';
import { createObjectStore, type ObjectStore } from '../../src/clients/s3.ts';
import { UserError } from '../../src/errors.ts';
import { uploadFile } from '../../src/clients/s3-upload.ts';
import { startInProcessTarget, type InProcessTarget } from '../local/support/in-process-target.ts';
import { startBreakingProxy, type BreakingProxy, type Fate, type SeenRequest } from '../support/breaking-proxy.ts';
import { motoMissing, startMoto } from '../support/moto.ts';

const ACCOUNT = '000000000000';
const PART = 5 * 1024 * 1024;
const BUCKET = 'bad-line';
const CONTENT = randomBytes(3 * PART + 1000);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const failure = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;

const isPart = ({ method, url }: SeenRequest) => method === 'PUT' && url.includes('partNumber=');
const isBegin = ({ method, url }: SeenRequest) => method === 'POST' && /[?&]uploads\b/.test(url);
const isCompletion = ({ method, url }: SeenRequest) => method === 'POST' && url.includes('uploadId=');
const isWhole = ({ method, url }: SeenRequest) => method === 'PUT' && !url.includes('partNumber=');

describe('uploads over a bad line', () => {
  let target: InProcessTarget;
  let proxy: BreakingProxy;
  let raw: S3Client;
  let config: SdkClientConfig;
  let store: ObjectStore;
  let folder: string;
  let file: string;
  let keys = 0;
  const nextKey = () => `p/${(keys += 1)}.zip`;

  beforeAll(async () => {
    target = await startInProcessTarget();
    const { credentials, ...rest } = target.clientOptions('eu-west-1');
    raw = new S3Client({ ...target.clientOptions('eu-west-1'), forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' });
    proxy = await startBreakingProxy(rest.endpoint);
    config = {
      ...rest,
      requestHandler: proxy.requestHandler,
      credentials: async () => credentials,
      maxAttempts: 2,
      retryMode: 'standard',
      customUserAgent: [],
    };
    store = await createObjectStore(config, { accountId: ACCOUNT });
    await store.createBucket(BUCKET);
    folder = await mkdtemp(join(tmpdir(), 's3-uploads-'));
    file = join(folder, 'large.bin');
    await writeFile(file, CONTENT);
    await writeFile(join(folder, 'small.bin'), 'small');
  });
  afterEach(() => {
    proxy.judge = undefined;
    proxy.seen.length = 0;
  });
  afterAll(async () => {
    proxy.close();
    await target.close();
    await rm(folder, { recursive: true, force: true });
  });

  const stored = async (key: string) => {
    const answer = await raw.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    return sha256(await (answer.Body?.transformToByteArray() ?? Promise.resolve(new Uint8Array())));
  };
  const leftovers = async () => (await raw.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads ?? [];
  /** With the checksums that AWS itself is sent. */
  const checkedEdge = (): S3Edge => ({
    client: new S3Client({ ...config, forcePathStyle: true }),
    config,
    accountId: ACCOUNT,
    encryption: new Map(),
    accelerated: new Map(),
  });

  it('send parts again whose connection broke, more often than the SDK does', async () => {
    const key = nextKey();
    let cuts = 0;
    proxy.judge = (request) => (isPart(request) && (cuts += 1) <= 11 ? (cuts % 2 === 0 ? 'cut' : 'lose') : 'pass');
    const progress: number[] = [];
    expect(await store.uploadFile(BUCKET, key, file, { onProgress: (sent) => progress.push(sent) })).toMatchObject({ written: true });
    expect(await stored(key)).toBe(sha256(CONTENT));
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(CONTENT.length);
    expect(await leftovers()).toEqual([]);
  });

  it('leave nothing behind when the line stays away', async () => {
    const key = nextKey();
    proxy.judge = (request) => (isPart(request) && request.url.includes('partNumber=3') ? 'cut' : 'pass');
    await expect(store.uploadFile(BUCKET, key, file)).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
    expect(await leftovers()).toEqual([]);
    await expect(raw.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }))).rejects.toMatchObject({ name: 'NotFound' });
  });

  it.each([
    ['in parts', 'large.bin', 3],
    ['whole', 'small.bin', 0],
  ])('make no object of a file that turns out to have changed when all of it is read (%s)', async (_, name, parts) => {
    const key = nextKey();
    const refused = store.uploadFile(BUCKET, key, join(folder, name), {
      check: () => Promise.reject(new UserError('ARTIFACT_UNREADABLE', `changed after ${proxy.seen.filter(isPart).length >= parts}`)),
    });
    await expect(refused).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE', message: 'changed after true' });
    expect(proxy.seen.filter((request) => isCompletion(request) || isWhole(request)).map(({ method }) => method)).not.toContain('PUT');
    expect(await leftovers()).toEqual([]);
    await expect(raw.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }))).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('count as done when the answer to the last request was lost', async () => {
    const [large, small] = [nextKey(), nextKey()];
    let lost = 0;
    proxy.judge = (request) => ((isCompletion(request) || isWhole(request)) && (lost += 1) % 2 === 1 ? 'lose' : 'pass');
    await store.uploadFile(BUCKET, large, file);
    await store.uploadFile(BUCKET, small, join(folder, 'small.bin'));
    expect(lost).toBeGreaterThanOrEqual(4);
    expect([await stored(large), await stored(small)]).toEqual([sha256(CONTENT), sha256(Buffer.from('small'))]);
    expect(await leftovers()).toEqual([]);
  });

  it('take up what a killed run has left, and send only what it lacks', async () => {
    const key = nextKey();
    const { UploadId } = await raw.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: key }));
    const put = (PartNumber: number, Body: Uint8Array) =>
      raw.send(new UploadPartCommand({ Bucket: BUCKET, Key: key, UploadId, PartNumber, Body }));
    await put(1, CONTENT.subarray(0, PART));
    await put(2, Buffer.alloc(PART, 'not what the file has'));
    await put(9, Buffer.from('of another division into parts'));
    await store.uploadFile(BUCKET, key, file);
    expect(proxy.seen.filter(isBegin)).toEqual([]);
    const sent = proxy.seen.filter(isPart).map(({ url }) => /partNumber=(\d+)/.exec(url)?.[1] ?? '');
    expect(sent.toSorted((a, b) => a.localeCompare(b))).toEqual(['2', '3', '4']);
    expect(await stored(key)).toBe(sha256(CONTENT));
    expect(await leftovers()).toEqual([]);
  });

  it('begin anew when another run takes the upload away, and are done when it has completed it', async () => {
    const key = nextKey();
    let taken = false;
    proxy.judge = async (request): Promise<Fate> => {
      const uploadId = /uploadId=([^&]+)/.exec(request.url)?.[1];
      if (isPart(request) && !taken && uploadId !== undefined) {
        taken = true;
        await raw.send(new AbortMultipartUploadCommand({ Bucket: BUCKET, Key: key, UploadId: decodeURIComponent(uploadId) }));
      }
      return 'pass';
    };
    expect(await store.uploadFile(BUCKET, key, file)).toMatchObject({ written: true });
    expect(proxy.seen.filter(isBegin)).toHaveLength(2);
    expect(await stored(key)).toBe(sha256(CONTENT));

    const both = nextKey();
    const answers = await Promise.all([store.uploadFile(BUCKET, both, file), store.uploadFile(BUCKET, both, file)]);
    expect(answers.some(({ written }) => written)).toBe(true);
    expect(new Set(answers.map(({ versionId }) => versionId)).size).toBe(1);
    expect(await stored(both)).toBe(sha256(CONTENT));
    expect(await leftovers()).toEqual([]);
  });

  it('wait while another run writes the same key', async () => {
    const key = nextKey();
    let conflicts = 0;
    proxy.judge = (request) =>
      isWhole(request) && (conflicts += 1) === 1 ? { status: 409, body: failure('ConditionalRequestConflict') } : 'pass';
    expect(await store.uploadText(BUCKET, key, 'x')).toMatchObject({ written: true });
  });

  it('do without looking for leftovers where that is not allowed', async () => {
    const key = nextKey();
    proxy.judge = ({ method, url }) =>
      method === 'GET' && /[?&]uploads\b/.test(url) ? { status: 403, body: failure('AccessDenied') } : 'pass';
    expect(await store.uploadFile(BUCKET, key, file)).toMatchObject({ written: true });
  });

  it('name the account on every request', async () => {
    const keysHere = [nextKey(), nextKey()];
    await store.uploadFile(BUCKET, keysHere[0] ?? '', file);
    await store.uploadText(BUCKET, keysHere[1] ?? '', 'x');
    expect(new Set(proxy.seen.map(({ headers }) => headers['x-amz-expected-bucket-owner']))).toEqual(new Set([ACCOUNT]));
  });

  it('have S3 compare checksums of the parts and of the whole, and send what arrived damaged again', async () => {
    const key = nextKey();
    let damaged = 0;
    proxy.judge = (request) => {
      if (!isPart(request) || !request.url.includes('partNumber=2') || (damaged += 1) > 1) return 'pass';
      const replace = Buffer.from(request.body);
      replace[1000] = (replace[1000] ?? 0) ^ 1;
      return { replace };
    };
    await uploadFile(checkedEdge(), BUCKET, key, file);
    expect(damaged).toBe(2);
    expect(await stored(key)).toBe(sha256(CONTENT));
    const head = await raw.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key, ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({
      ChecksumType: 'FULL_OBJECT',
      ChecksumCRC32: proxy.seen.find(isCompletion)?.headers['x-amz-checksum-crc32'],
    });
    expect(proxy.seen.filter(isPart).every(({ headers }) => typeof headers['x-amz-checksum-crc32'] === 'string')).toBe(true);
  });

  it('take up with checksums only what was begun with them', async () => {
    const [old, own] = [nextKey(), nextKey()];
    await raw.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: old }));
    await uploadFile(checkedEdge(), BUCKET, old, file);
    expect(proxy.seen.filter(isPart)).toHaveLength(4);
    expect(await stored(old)).toBe(sha256(CONTENT));
    for (const { Key, UploadId } of await leftovers()) await raw.send(new AbortMultipartUploadCommand({ Bucket: BUCKET, Key, UploadId }));

    const edge = checkedEdge();
    const input = { Bucket: BUCKET, Key: own, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
    const { UploadId } = await edge.client.send(new CreateMultipartUploadCommand(input));
    const part = {
      Bucket: BUCKET,
      Key: own,
      UploadId,
      PartNumber: 1,
      Body: CONTENT.subarray(0, PART),
      ChecksumAlgorithm: 'CRC32',
    } as const;
    await edge.client.send(new UploadPartCommand(part));
    proxy.seen.length = 0;
    await uploadFile(edge, BUCKET, own, file);
    expect(proxy.seen.filter(isPart)).toHaveLength(3);
    expect(await stored(own)).toBe(sha256(CONTENT));
  });

  it('say how to encrypt only where the bucket’s policy insists on it, and then what the bucket is set up for', async () => {
    const KMSMasterKeyID = 'arn:aws:kms:eu-west-1:000000000000:key/1234';
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID }, BucketKeyEnabled: true } as const;
    await raw.send(new PutBucketEncryptionCommand({ Bucket: BUCKET, ServerSideEncryptionConfiguration: { Rules: [rule] } }));
    await store.uploadText(BUCKET, nextKey(), 'x');
    expect(Object.keys(proxy.seen[0]?.headers ?? {}).filter((name) => name.includes('encryption'))).toEqual([]);

    proxy.seen.length = 0;
    proxy.judge = (request) =>
      (isWhole(request) || isBegin(request)) && request.headers['x-amz-server-side-encryption'] !== 'aws:kms'
        ? { status: 403, body: failure('AccessDenied') }
        : 'pass';
    await store.uploadText(BUCKET, nextKey(), 'x');
    expect(proxy.seen.map(({ method, headers }) => [method, headers['x-amz-server-side-encryption-aws-kms-key-id']])).toEqual([
      ['PUT', undefined],
      ['GET', undefined],
      ['PUT', KMSMasterKeyID],
    ]);
    proxy.seen.length = 0;
    await store.uploadFile(BUCKET, nextKey(), file);
    expect(proxy.seen.filter(isBegin).map(({ headers }) => headers['x-amz-server-side-encryption-bucket-key-enabled'])).toEqual(['true']);

    proxy.judge = (request) => (isWhole(request) ? { status: 403, body: failure('AccessDenied') } : 'pass');
    const other = await createObjectStore(config, { accountId: ACCOUNT });
    await expect(other.uploadText(BUCKET, nextKey(), 'x')).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

const missing = motoMissing();
if (missing !== undefined) console.warn(`skipped: accelerated uploads against moto: ${missing}`);

describe.skipIf(missing !== undefined)('uploads to AWS’s own hosts, played by moto', () => {
  it('take the accelerate endpoint when the bucket has it and they are large', async () => {
    const moto = await startMoto();
    const folder = await mkdtemp(join(tmpdir(), 's3-accelerate-'));
    try {
      const hosts: string[] = [];
      const inner = new NodeHttpHandler();
      const { hostname, port } = new URL(moto.endpoint);
      const handle = (request: HttpRequest, options?: object) => {
        const bucket = request.hostname.split('.')[0] ?? '';
        hosts.push(`${request.query['partNumber'] === undefined ? request.method : 'UploadPart'} ${request.hostname}`);
        const path = bucket === 's3' ? request.path : `/${bucket}${request.path}`;
        Object.assign(request.headers, { host: `${hostname}:${port}` });
        return inner.handle(Object.assign(request, { protocol: 'http:', hostname, port: Number(port), path }), options);
      };
      const { endpoint: _endpoint, ...config } = moto.config();
      const store = await createObjectStore({ ...config, requestHandler: { handle, metadata: inner.metadata } }, {});
      const plain = new S3Client({ ...moto.config(), forcePathStyle: true });
      const { PutBucketAccelerateConfigurationCommand, CreateBucketCommand } = await import('@aws-sdk/client-s3');
      for (const Bucket of ['fast-bucket', 'plain-bucket']) {
        await plain.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }));
      }
      await plain.send(
        new PutBucketAccelerateConfigurationCommand({ Bucket: 'fast-bucket', AccelerateConfiguration: { Status: 'Enabled' } }),
      );
      const [small, large] = [join(folder, 'small'), join(folder, 'large')];
      await writeFile(small, randomBytes(6 * 1024 * 1024));
      await writeFile(large, randomBytes(17 * 1024 * 1024));
      await store.uploadFile('fast-bucket', 'small', small);
      expect(hosts.filter((host) => host.includes('accelerate'))).toEqual([]);
      await store.uploadFile('fast-bucket', 'large', large);
      const fast = hosts.filter((host) => host.includes('fast-bucket.s3-accelerate.amazonaws.com'));
      expect(fast.filter((host) => host.startsWith('UploadPart'))).toHaveLength(4);
      hosts.length = 0;
      await store.uploadFile('plain-bucket', 'large', large);
      expect(hosts.filter((host) => host.includes('accelerate.amazonaws'))).toEqual([]);
      expect(await store.findObject('fast-bucket', 'large')).toMatchObject({ sizeBytes: 17 * 1024 * 1024 });
    } finally {
      await moto.close();
      await rm(folder, { recursive: true });
    }
  });
});
