import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureBucketUsable, globalBucketName, regionalBucketName, resolveBucket } from '../../src/artifacts/bucket.ts';
import { createObjectStore, type ObjectStore } from '../../src/clients/s3.ts';
import { motoMissing, startMoto, type Moto } from '../support/moto.ts';

const missing = motoMissing();
if (missing !== undefined) console.warn(`skipped: S3 against moto: ${missing}`);
const ACCOUNT = '123456789012';

describe.skipIf(missing !== undefined)('the object store, against moto', () => {
  let moto: Moto;
  let store: ObjectStore;
  let raw: S3Client;
  let folder: string;
  const bucketName = () => `test-${randomBytes(6).toString('hex')}`;
  const newBucket = async () => {
    const name = bucketName();
    await store.createBucket(name);
    return name;
  };

  beforeAll(async () => {
    moto = await startMoto();
    store = await createObjectStore(moto.config(), { accountId: ACCOUNT });
    raw = new S3Client({ ...moto.config(), forcePathStyle: true });
    folder = await mkdtemp(join(tmpdir(), 's3-test-'));
  });
  afterAll(async () => {
    await moto.close();
    await rm(folder, { recursive: true });
  });

  it('creates a bucket that is private, encrypted and versioned, twice without harm', async () => {
    const name = await newBucket();
    await store.createBucket(name);
    expect(await store.findBucket(name)).toMatchObject({ region: 'eu-west-1', owned: true });
    expect((await raw.send(new GetBucketVersioningCommand({ Bucket: name }))).Status).toBe('Enabled');
    expect((await raw.send(new GetBucketEncryptionCommand({ Bucket: name }))).ServerSideEncryptionConfiguration?.Rules).toHaveLength(1);
    expect((await raw.send(new GetPublicAccessBlockCommand({ Bucket: name }))).PublicAccessBlockConfiguration?.RestrictPublicBuckets).toBe(
      true,
    );
    // Moto applies the TLS-only policy although it has no TLS: there it must have been taken back.
    await expect(raw.send(new GetBucketPolicyCommand({ Bucket: name }))).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
  });

  it('says of a bucket that it is missing or in another region', async () => {
    const name = await newBucket();
    expect(await store.findBucket(bucketName())).toBeUndefined();
    await expect(ensureBucketUsable(store, bucketName(), 'eu-west-1')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await expect(ensureBucketUsable(store, name, 'us-west-2')).rejects.toMatchObject({
      code: 'BUCKET_REGION',
      message: expect.stringContaining('eu-west-1'),
    });
    await expect(ensureBucketUsable(store, name, 'eu-west-1')).resolves.toBeUndefined();
  });

  it.each([
    ['s3://shop-artifacts/shop', 'Perhaps shop-artifacts, with --s3-prefix shop/. '],
    ['s3://shop-artifacts', 'Perhaps shop-artifacts. '],
  ])('says that a bucket cannot have a name such as %s', async (name, meant) => {
    const hint = `${meant}Names have 3 to 63 small letters, digits, dots and hyphens.`;
    await expect(store.createBucket(name)).rejects.toMatchObject({ code: 'USAGE', hint });
  });

  it('uploads a small and a large file once, with progress and version', async () => {
    const bucket = await newBucket();
    const small = join(folder, 'small');
    const large = join(folder, 'large');
    await writeFile(small, 'hello');
    await writeFile(large, randomBytes(12 * 1024 * 1024));
    const progress: number[] = [];
    const first = await store.uploadFile(bucket, 'p/small', small);
    expect(first).toMatchObject({ written: true, versionId: expect.any(String) });
    expect(await store.uploadFile(bucket, 'p/large', large, { onProgress: (sent) => progress.push(sent) })).toMatchObject({
      written: true,
    });
    expect(progress.at(-1)).toBe(12 * 1024 * 1024);
    expect(await store.findObject(bucket, 'p/large')).toMatchObject({ sizeBytes: 12 * 1024 * 1024 });
    expect(await store.findObject(bucket, 'p/none')).toBeUndefined();
    const again = await store.uploadFile(bucket, 'p/small', small);
    expect(again).toEqual({ written: false, versionId: first.versionId });
    await store.uploadText(bucket, 'q', 'text');
    const listing = await store.listKeys(bucket, 'p/');
    expect([listing.has('p/small'), listing.has('q'), listing.covers('p/zzz'), listing.covers('q')]).toEqual([true, false, true, false]);
  });

  it('lists keys as they are, over all pages or the first of them', async () => {
    const bucket = await newBucket();
    const odd = [`l/a&b<c>"d'.zip`, 'l/&amp;', 'l/ü 🙂+%20'];
    const many = Array.from({ length: 1001 }, (_, index) => `l/n${String(index).padStart(4, '0')}`);
    await Promise.all([...odd, ...many].map((key) => store.uploadText(bucket, key, '')));
    const all = await store.listKeys(bucket, 'l/');
    expect([...odd, ...many].filter((key) => !all.has(key))).toEqual([]);
    expect([all.has('l/'), all.has('l/&'), all.covers('l/zzz')]).toEqual([false, false, true]);
    const first = await store.listKeys(bucket, 'l/', { maxPages: 1 });
    expect([first.has('l/n0000'), first.covers('l/n0000'), first.covers('l/n1000')]).toEqual([true, true, false]);
    expect((await store.listKeys(bucket, 'none/')).has('none/')).toBe(false);
    // Digests lie evenly: 1000 of them that all begin with 00 let expect 256 pages, which is far more than two.
    const digests = Array.from({ length: 1001 }, (_, index) => `d/00ff${index.toString(16).padStart(60, '0')}`);
    const even = Array.from({ length: 1001 }, (_, index) => `e/${createHash('sha256').update(String(index)).digest('hex')}`);
    await Promise.all([...digests, ...even].map((key) => store.uploadText(bucket, key, '')));
    const hopeless = await store.listKeys(bucket, 'd/', { maxPages: 2 });
    expect([hopeless.covers(digests[999] ?? ''), hopeless.covers(digests[1000] ?? '')]).toEqual([true, false]);
    expect((await store.listKeys(bucket, 'd/')).covers('d/f')).toBe(true);
    expect((await store.listKeys(bucket, 'e/', { maxPages: 2 })).covers('e/f')).toBe(true);
    await expect(store.listKeys(bucketName(), '')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
  }, 60_000);

  it('gives an address that needs no credentials', async () => {
    const bucket = await newBucket();
    await store.uploadText(bucket, "a b/ü(1)'.json", '{}');
    const answer = await fetch(await store.presignedUrl(bucket, "a b/ü(1)'.json", 60));
    expect([answer.status, await answer.text()]).toEqual([200, '{}']);
  });

  it('leaves no unfinished upload behind when it is interrupted', async () => {
    const bucket = await newBucket();
    const large = join(folder, 'interrupted');
    await writeFile(large, randomBytes(40 * 1024 * 1024));
    const controller = new AbortController();
    const uploading = store.uploadFile(bucket, 'k', large, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(uploading).rejects.toMatchObject({ name: 'AbortError' });
    expect((await raw.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([]);
    expect(await store.findObject(bucket, 'k')).toBeUndefined();
  });

  it('names the bucket that an upload cannot find', async () => {
    await expect(store.uploadText(bucketName(), 'k', 'x')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
  });

  it('empties a bucket of versions and delete markers before it deletes it', async () => {
    const bucket = await newBucket();
    await Promise.all(Array.from({ length: 1050 }, (_, index) => store.uploadText(bucket, `k${index}`, 'x')));
    await expect(store.deleteBucket(bucket)).rejects.toMatchObject({ code: 'BUCKET_NOT_EMPTY' });
    const seen: number[] = [];
    expect(await store.empty(bucket, { onProgress: (count) => seen.push(count) })).toBe(1050);
    expect(seen.at(-1)).toBe(1050);
    expect(await store.deleteBucket(bucket)).toBe(true);
    expect(await store.deleteBucket(bucket)).toBe(false);
  });

  it('makes the bucket for an account and region once', async () => {
    const first = await resolveBucket(store, ACCOUNT, 'eu-west-1');
    expect(first).toEqual({ name: 'lambda-tool-123456789012-eu-west-1-an', created: true });
    expect(await resolveBucket(store, ACCOUNT, 'eu-west-1')).toEqual({ ...first, created: false });
  });
});

describe('the object store, against answers as AWS gives them', () => {
  let server: Server | undefined;
  afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

  interface Question {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }
  type Reply = readonly [status: number, code?: string | undefined, headers?: Record<string, string>];

  async function storeAnswering(answer: (question: Question) => Reply): Promise<ObjectStore> {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        const [status, code, headers] = answer({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
        response.writeHead(status, { connection: 'close', ...headers });
        response.end(code === undefined ? undefined : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`);
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const config = {
      region: 'eu-west-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: async () => ({ accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'secret' }),
      maxAttempts: 1,
      retryMode: 'standard' as const,
      customUserAgent: [] as [string, string][],
    };
    return createObjectStore(config, { accountId: ACCOUNT });
  }

  it('tells a foreign bucket from one that may not be seen', async () => {
    const foreign = await storeAnswering(({ headers }) => (headers['x-amz-expected-bucket-owner'] === undefined ? [200] : [403]));
    await expect(ensureBucketUsable(foreign, 'theirs', 'eu-west-1')).rejects.toMatchObject({
      code: 'BUCKET_FOREIGN',
      message: 'The bucket theirs belongs to another account.',
    });
    await new Promise((resolve) => server?.close(resolve));
    const hidden = await storeAnswering(() => [403]);
    await expect(ensureBucketUsable(hidden, 'theirs', 'eu-west-1')).rejects.toMatchObject({
      code: 'BUCKET_FOREIGN',
      message: expect.stringContaining('s3:ListBucket'),
    });
  });

  it.each([301, 400])('reads the region of a bucket from an answer with status %i', async (status) => {
    const store = await storeAnswering(() => [status, undefined, { 'x-amz-bucket-region': 'ap-south-1' }]);
    await expect(ensureBucketUsable(store, 'far', 'eu-west-1')).rejects.toMatchObject({
      code: 'BUCKET_REGION',
      message: expect.stringContaining('ap-south-1'),
    });
  });

  it('asks for the account’s own namespace, and takes the shared name where S3 does not have it', async () => {
    const created: [string, unknown][] = [];
    const policies: string[] = [];
    const store = await storeAnswering(({ method, url, headers, body }) => {
      if (url.includes('?policy')) policies.push(body);
      if (method === 'HEAD') return [404];
      const path = url.split('?')[0] ?? '';
      if (method === 'PUT' && (!url.includes('?') || url.includes('x-id=CreateBucket'))) {
        created.push([path, headers['x-amz-bucket-namespace']]);
        return path.endsWith('-an/') || path.endsWith('-an') ? [400, 'InvalidRequest'] : [200];
      }
      return [200];
    });
    expect(await resolveBucket(store, ACCOUNT, 'eu-west-1')).toEqual({ name: globalBucketName(ACCOUNT, 'eu-west-1'), created: true });
    expect(policies.join()).toContain('aws:SecureTransport');
    expect(created.map(([path, namespace]) => [path.replaceAll('/', ''), namespace])).toEqual([
      [regionalBucketName(ACCOUNT, 'eu-west-1'), 'account-regional'],
      [globalBucketName(ACCOUNT, 'eu-west-1'), undefined],
    ]);
  });
});
