import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  GetBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcessTarget, startInProcessTarget } from '../support/in-process-target.ts';

let target: InProcessTarget;
let s3: S3Client;
let bucketNumber = 0;

beforeAll(async () => {
  target = await startInProcessTarget();
  s3 = new S3Client(target.clientOptions());
});
afterAll(async () => {
  s3.destroy();
  await target.close();
});

async function newBucket(options: { versioned?: boolean } = {}): Promise<string> {
  const Bucket = `bucket-${++bucketNumber}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  if (options.versioned === true) {
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  }
  return Bucket;
}

async function put(Bucket: string, Key: string, Body = 'x'): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
}

async function text(Bucket: string, Key: string, VersionId?: string): Promise<string | undefined> {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return answer.Body?.transformToString();
}

describe('buckets', () => {
  it('are created, found, listed and deleted', async () => {
    const Bucket = await newBucket();
    expect((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe('us-east-1');
    expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map((bucket) => bucket.Name)).toContain(Bucket);
    await s3.send(new DeleteBucketCommand({ Bucket }));
    await expect(s3.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('lie in the region they were made for, and answer other regions with a redirect', async () => {
    const elsewhere = new S3Client(target.clientOptions('eu-central-1'));
    const Bucket = 'in-frankfurt';
    await elsewhere.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }));
    expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('eu-central-1');
    await expect(s3.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject({
      name: 'PermanentRedirect',
      $metadata: { httpStatusCode: 301 },
    });
    await expect(elsewhere.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
    const following = new S3Client({ ...target.clientOptions(), followRegionRedirects: true });
    expect((await following.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  });

  it('of the own regional namespace need the header and the right name', async () => {
    const Bucket = 'mine-000000000000-us-east-1-an';
    await expect(s3.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'MissingNamespaceHeader' });
    await expect(s3.send(new CreateBucketCommand({ Bucket: 'other-name', BucketNamespace: 'account-regional' }))).rejects.toMatchObject({
      name: 'InvalidBucketName',
    });
    await s3.send(new CreateBucketCommand({ Bucket, BucketNamespace: 'account-regional' }));
    await s3.send(new HeadBucketCommand({ Bucket }));
  });

  it('refuse an owner that is not theirs', async () => {
    const Bucket = await newBucket();
    await s3.send(new HeadBucketCommand({ Bucket, ExpectedBucketOwner: '000000000000' }));
    await expect(s3.send(new ListObjectsV2Command({ Bucket, ExpectedBucketOwner: '111111111111' }))).rejects.toMatchObject({
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    });
  });

  it('are not deleted while any version is left in them', async () => {
    const Bucket = await newBucket({ versioned: true });
    await put(Bucket, 'a');
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await expect(s3.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
    const versions = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    for (const { VersionId } of [...(versions.Versions ?? []), ...(versions.DeleteMarkers ?? [])]) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId }));
    }
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });

  it('keep their settings and give them back', async () => {
    const Bucket = await newBucket();
    expect((await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration?.BlockPublicAcls).toBe(true);
    await s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }] },
      }),
    );
    const encryption = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
    expect(encryption.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe('aws:kms');
    await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { BlockPublicAcls: false } }));
    expect((await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration?.BlockPublicAcls).toBe(false);
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    expect((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy);
    await expect(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{' }))).rejects.toMatchObject({ name: 'MalformedPolicy' });
    const TagSet = [{ Key: 'a&b', Value: '<1>' }];
    await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    expect((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet);
    await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } }));
    const controls = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    expect(controls.OwnershipControls?.Rules?.[0]?.ObjectOwnership).toBe('ObjectWriter');
    const rule = { ID: 'old', Status: 'Enabled' as const, Filter: { Prefix: 'x/' }, Expiration: { Days: 7 } };
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [rule] } }));
    expect((await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toMatchObject([rule]);
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
  });
});

describe('objects', () => {
  it('come back byte for byte, with their headers and metadata', async () => {
    const Bucket = await newBucket();
    const Body = randomBytes(300_000);
    const Key = 'päth/with spaces+plus/ü%20&.bin';
    const answer = await s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body,
        ContentType: 'application/x-test',
        CacheControl: 'no-store',
        Metadata: { Origin: 'Here' },
      }),
    );
    expect(answer.ETag).toBe(`"${createHash('md5').update(Body).digest('hex')}"`);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
    expect(got).toMatchObject({ ContentType: 'application/x-test', CacheControl: 'no-store', Metadata: { origin: 'Here' } });
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength).toBe(300_000);
    expect(target.aws.objects.find(Bucket, Key)).toMatchObject({ size: 300_000, sha256: createHash('sha256').update(Body).digest('hex') });
  });

  it('may be empty', async () => {
    const Bucket = await newBucket();
    await put(Bucket, 'empty', '');
    expect(await text(Bucket, 'empty')).toBe('');
  });

  it('answer ranges', async () => {
    const Bucket = await newBucket();
    await put(Bucket, 'k', '0123456789');
    const range = async (Range: string) => {
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', Range }));
      return [await answer.Body?.transformToString(), answer.ContentRange];
    };
    expect(await range('bytes=2-4')).toEqual(['234', 'bytes 2-4/10']);
    expect(await range('bytes=7-')).toEqual(['789', 'bytes 7-9/10']);
    expect(await range('bytes=-3')).toEqual(['789', 'bytes 7-9/10']);
    await expect(range('bytes=10-')).rejects.toMatchObject({ name: 'InvalidRange', $metadata: { httpStatusCode: 416 } });
  });

  it('are written only once with If-None-Match, and read only when changed', async () => {
    const Bucket = await newBucket();
    const once = () => s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', IfNoneMatch: '*' }));
    const { ETag } = await once();
    await expect(once()).rejects.toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'k', IfNoneMatch: ETag }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'k', IfMatch: '"other"' }))).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
  });

  it('of two writers at once, with If-None-Match, exactly one is kept', async () => {
    const Bucket = await newBucket();
    const bodies = Array.from({ length: 8 }, (_, index) => String(index).repeat(200_000));
    const results = await Promise.allSettled(
      bodies.map((Body) => s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body, IfNoneMatch: '*' }))),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(bodies).toContain(await text(Bucket, 'k'));
  });

  it('are refused when a checksum does not fit', async () => {
    const Bucket = await newBucket();
    const wrong = (extra: object) => s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...extra }));
    await expect(wrong({ ChecksumSHA256: Buffer.alloc(32).toString('base64') })).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(wrong({ ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(wrong({ ChecksumCRC32C: 'AAAAAA==' })).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(wrong({ ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' })).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(text(Bucket, 'k')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('keep the checksums that were given or asked for', async () => {
    const Bucket = await newBucket();
    for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const) {
      const written = await s3
        .send(new PutObjectCommand({ Bucket, Key: ChecksumAlgorithm, Body: 'hello', ChecksumAlgorithm }))
        .catch((error: unknown) => {
          // The SDK needs an optional package for this one.
          if (ChecksumAlgorithm === 'CRC64NVME') return undefined;
          throw error;
        });
      if (written === undefined) continue;
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: ChecksumAlgorithm, ChecksumMode: 'ENABLED' }));
      const name = `Checksum${ChecksumAlgorithm}` as const;
      expect(head[name]).toBe(written[name]);
      expect(head[name]).toBeTypeOf('string');
    }
  });

  it('are copied, with metadata kept or replaced', async () => {
    const Bucket = await newBucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a b', Body: 'content', Metadata: { m: '1' } }));
    const CopySource = `${Bucket}/a%20b`;
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'kept', CopySource }));
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'replaced', CopySource, MetadataDirective: 'REPLACE', Metadata: { n: '2' } }));
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'kept' }))).Metadata).toEqual({ m: '1' });
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'replaced' }))).Metadata).toEqual({ n: '2' });
    expect(await text(Bucket, 'replaced')).toBe('content');
    await expect(s3.send(new CopyObjectCommand({ Bucket, Key: 'a b', CopySource }))).rejects.toMatchObject({ name: 'InvalidRequest' });
  });

  it('whose sender goes away in the middle leave nothing behind', async () => {
    const Bucket = await newBucket();
    const before = await readdir(path.join(target.folder, 'data', 'objects'));
    const controller = new AbortController();
    const Body = new PassThrough();
    Body.write(randomBytes(200_000));
    const writing = s3.send(new PutObjectCommand({ Bucket, Key: 'half', Body, ContentLength: 1_000_000 }), {
      abortSignal: controller.signal,
    });
    const writingFailed = expect(writing).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => readdir(path.join(target.folder, 'data', 'objects'))).toHaveLength(before.length + 1);
    controller.abort();
    Body.destroy();
    await writingFailed;
    await expect.poll(() => readdir(path.join(target.folder, 'data', 'objects'))).toHaveLength(before.length);
    await expect(text(Bucket, 'half')).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect(target.logged).toEqual([]);
  });

  it('carry tags', async () => {
    const Bucket = await newBucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Tagging: 'a=1&b=2' }));
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet).toHaveLength(2);
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet: [{ Key: 'c', Value: '3' }] } }));
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet).toEqual([{ Key: 'c', Value: '3' }]);
  });

  it('keep their versions, hide behind delete markers and come back', async () => {
    const Bucket = await newBucket({ versioned: true });
    const first = await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'one' }));
    await put(Bucket, 'k', 'two');
    expect(await text(Bucket, 'k')).toBe('two');
    expect(await text(Bucket, 'k', first.VersionId)).toBe('one');
    const deleted = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    expect(deleted.DeleteMarker).toBe(true);
    await expect(text(Bucket, 'k')).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect(await text(Bucket, 'k', first.VersionId)).toBe('one');
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: deleted.VersionId }));
    expect(await text(Bucket, 'k')).toBe('two');
  });

  it('survive a restart', async () => {
    const Bucket = await newBucket({ versioned: true });
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'kept', Metadata: { a: 'b' } }));
    target = await target.restart();
    s3.destroy();
    s3 = new S3Client(target.clientOptions());
    expect(await text(Bucket, 'k')).toBe('kept');
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).Metadata).toEqual({ a: 'b' });
  });
});

describe('listings', () => {
  it('go on over pages, with prefix and delimiter', async () => {
    const Bucket = await newBucket();
    const keys = ['a/1', 'a/2', 'b', 'c/x/1', 'c/y/2', 'd', 'z\u{1F600}', 'z\uFF5E'];
    for (const key of keys) await put(Bucket, key);
    const seen: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2, Delimiter: '/', ContinuationToken }));
      seen.push(...(page.CommonPrefixes ?? []).map((item) => item.Prefix), ...(page.Contents ?? []).map((item) => item.Key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    // Sorted by the bytes of UTF-8, in which U+FF5E comes before U+1F600.
    expect(seen).toEqual(['a/', 'b', 'c/', 'd', 'z\uFF5E', 'z\u{1F600}']);
    const within = await s3.send(new ListObjectsCommand({ Bucket, Prefix: 'c/', Delimiter: '/', MaxKeys: 1 }));
    expect(within).toMatchObject({ IsTruncated: true, NextMarker: 'c/x/', CommonPrefixes: [{ Prefix: 'c/x/' }] });
    const rest = await s3.send(new ListObjectsCommand({ Bucket, Prefix: 'c/', Delimiter: '/', Marker: within.NextMarker }));
    expect(rest).toMatchObject({ IsTruncated: false, CommonPrefixes: [{ Prefix: 'c/y/' }] });
  });

  it('of versions go on inside a key', async () => {
    const Bucket = await newBucket({ versioned: true });
    for (let index = 0; index < 5; index++) await put(Bucket, 'k', String(index));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await put(Bucket, 'l');
    const seen: (string | undefined)[] = [];
    let KeyMarker: string | undefined;
    let VersionIdMarker: string | undefined;
    do {
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, KeyMarker, VersionIdMarker }));
      seen.push(...[...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map((item) => item.VersionId));
      KeyMarker = page.NextKeyMarker;
      VersionIdMarker = page.NextVersionIdMarker;
    } while (KeyMarker !== undefined);
    expect(new Set(seen).size).toBe(7);
    expect(seen).toHaveLength(7);
  });

  it('of more than a thousand keys need a second page, and DeleteObjects takes a thousand', async () => {
    const Bucket = await newBucket();
    const keys = Array.from({ length: 1003 }, (_, index) => `k${String(index).padStart(5, '0')}`);
    for (let from = 0; from < keys.length; from += 50) await Promise.all(keys.slice(from, from + 50).map((key) => put(Bucket, key)));
    const first = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(first).toMatchObject({ KeyCount: 1000, IsTruncated: true });
    const second = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: first.NextContinuationToken }));
    expect(second.Contents?.map((item) => item.Key)).toEqual(keys.slice(1000));
    const Objects = keys.slice(0, 1000).map((Key) => ({ Key }));
    expect((await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))).Deleted).toHaveLength(1000);
    expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(3);
  });
});

describe('multipart uploads', () => {
  it('put together 20 MB from a stream of parts', async () => {
    const Bucket = await newBucket();
    const Body = randomBytes(20 * 1024 * 1024);
    const upload = new Upload({ client: s3, params: { Bucket, Key: 'big', Body }, partSize: 6 * 1024 * 1024, queueSize: 3 });
    const done = await upload.done();
    expect(done.ETag).toMatch(/-4"$/);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'big' }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
    expect(target.aws.objects.find(Bucket, 'big')?.sha256).toBe(createHash('sha256').update(Body).digest('hex'));
    const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'big', PartNumber: 4 }));
    expect(part).toMatchObject({ ContentLength: 2 * 1024 * 1024, PartsCount: 4 });
    expect((await part.Body?.transformToByteArray())?.length).toBe(2 * 1024 * 1024);
  });

  it('are listed with their parts and can be given up', async () => {
    const Bucket = await newBucket();
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key: 'k', UploadId, PartNumber: 2, Body: 'part' }));
    expect((await s3.send(new ListPartsCommand({ Bucket, Key: 'k', UploadId }))).Parts).toMatchObject([{ PartNumber: 2, ETag, Size: 4 }]);
    expect((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads).toMatchObject([{ Key: 'k', UploadId }]);
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'k', UploadId }));
    await expect(s3.send(new ListPartsCommand({ Bucket, Key: 'k', UploadId }))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });
});
