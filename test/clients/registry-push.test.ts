import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { PushProgress } from '../../src/clients/push-progress.ts';
import { createRegistryClient, type PushBlob, type PushRequest } from '../../src/clients/registry-push.ts';
import { parseImageName, readRemoteDigest } from '../../src/clients/registry-read.ts';
import { sha256 } from '../support/image-archives.ts';
import { startTinyRegistry, type TinyRegistry } from '../support/tiny-registry.ts';

const blobOf = (bytes: Buffer, digest = sha256(bytes)): PushBlob => ({
  digest,
  sizeBytes: bytes.length,
  open: () => Promise.resolve(Readable.from([bytes.subarray(0, 10), bytes.subarray(10)])),
});
const manifestOf = (blobs: readonly PushBlob[]) => {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, layers: blobs.map(({ digest }) => ({ digest })) }));
  return { bytes, mediaType, digest: sha256(bytes) };
};

/** A server whose every answer the test gives. */
async function startServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; host: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('a push over HTTP', () => {
  let registry: TinyRegistry;
  let tokens: boolean[];
  const client = createRegistryClient();

  beforeEach(async () => {
    registry = await startTinyRegistry();
    tokens = [];
  });
  afterEach(() => registry.close());

  const request = (blobs: readonly PushBlob[], more: Partial<PushRequest> = {}): PushRequest => ({
    target: {
      repositoryUri: `${registry.host}/shop/app`,
      origin: `http://${registry.host}`,
      authorization: async (fresh) => {
        tokens.push(fresh);
        return `Basic ${Buffer.from(`AWS:${registry.password}`).toString('base64')}`;
      },
    },
    tags: ['v1'],
    blobs,
    manifest: manifestOf(blobs),
    signal: new AbortController().signal,
    ...more,
  });
  const blobs = [blobOf(randomBytes(100_000)), blobOf(randomBytes(2_000_000)), blobOf(Buffer.from('config'))];

  it('tells how far it is, and sends nothing a second time', async () => {
    const told: PushProgress[] = [];
    await client.push(request(blobs, { onProgress: (progress) => told.push(progress) }));
    expect(told.at(-1)).toEqual({ doneLayers: 2, layers: 2, sentBytes: 2_100_006, totalBytes: 2_100_006 });
    expect(told.map(({ doneLayers }) => doneLayers)).toEqual(told.map(({ doneLayers }) => doneLayers).toSorted((a, b) => a - b));
    expect(registry.tags.get('shop/app:v1')).toBe(manifestOf(blobs).digest);
    registry.requests.length = 0;
    await client.push(request(blobs, { tags: ['v1', 'v2'] }));
    expect(registry.requests.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'HEAD', 'HEAD', 'PUT', 'PUT']);
    expect(registry.tags.get('shop/app:v2')).toBe(manifestOf(blobs).digest);
  });

  it('sends again what broke in the middle', async () => {
    registry.breakUploads = 3;
    await client.push(request(blobs));
    expect(registry.breakUploads).toBe(0);
    expect(registry.tags.get('shop/app:v1')).toBe(manifestOf(blobs).digest);
  });

  it('never finishes content that is not what its digest says', async () => {
    const wrong = blobOf(Buffer.from('something else'), sha256(Buffer.from('this')));
    await expect(client.push(request([wrong]))).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    expect(registry.requests.filter((line) => line.startsWith('PUT'))).toEqual([]);
  });

  it('stops at once when it is interrupted', async () => {
    const stop = new AbortController();
    const endless: PushBlob = {
      digest: sha256(Buffer.from('endless')),
      sizeBytes: 1e9,
      open: () =>
        Promise.resolve(
          Readable.from(
            (async function* () {
              yield Buffer.from('begin');
              stop.abort(new Error('enough'));
              await new Promise(() => undefined);
            })(),
          ),
        ),
    };
    await expect(client.push(request([endless], { signal: stop.signal }))).rejects.toThrow('enough');
  });

  it('names what the registry said', async () => {
    registry.refuseManifests = 'the tag is immutable';
    await expect(client.push(request(blobs))).rejects.toMatchObject({
      code: 'PUSH_FAILED',
      message: `${registry.host}/shop/app:v1 could not be pushed: TAG_INVALID: the tag is immutable (status 400)`,
    });
  });

  it('asks for another token when one is refused, and gives up when that is refused as well', async () => {
    const target = {
      ...request(blobs).target,
      authorization: async (fresh: boolean) => (
        tokens.push(fresh),
        fresh ? request(blobs).target.authorization(true) : 'Basic b2xkOm9sZA=='
      ),
    };
    await client.push(request(blobs, { target }));
    expect(tokens).toContain(true);
    const refused = { ...target, authorization: async () => 'Basic b2xkOm9sZA==' };
    await expect(client.push(request(blobs, { target: refused, tags: ['v9'] }))).rejects.toMatchObject({
      code: 'PUSH_FAILED',
      hint: expect.stringContaining('PutImage'),
    });
  });

  it('sends content to a storage elsewhere without the token', async () => {
    const seen: { url: string; authorization: string | undefined; bytes: number }[] = [];
    const storage = await startServer((incoming, response) => {
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => (bytes += chunk.length));
      incoming.on('end', () => {
        seen.push({ url: incoming.url ?? '', authorization: incoming.headers.authorization, bytes });
        response.writeHead(202, { location: incoming.url ?? '' }).end();
      });
    });
    const front = await startServer((incoming, response) => {
      incoming.resume();
      const path = incoming.url ?? '';
      if (incoming.method === 'HEAD') response.writeHead(404).end();
      else if (incoming.method === 'POST') response.writeHead(202, { location: '/v2/a/upload' }).end();
      else if (incoming.method === 'PATCH') response.writeHead(307, { location: `http://${storage.host}/bucket` }).end();
      else response.writeHead(201).end(path);
    });
    const finish = await startServer((_, response) => void response.writeHead(201).end());
    try {
      const one = blobOf(Buffer.from('to the storage'));
      const target = { repositoryUri: `${front.host}/a`, origin: `http://${front.host}`, authorization: async () => 'Basic secret' };
      // The storage answers 202 and 404 for the rest; what counts is what it was sent.
      await client.push(request([one], { target })).catch(() => undefined);
      expect(seen[0]).toEqual({ url: '/bucket', authorization: undefined, bytes: 14 });
      expect(seen.every(({ authorization }) => authorization === undefined)).toBe(true);
    } finally {
      for (const { server } of [storage, front, finish]) server.close();
    }
  });
});

describe('names of images', () => {
  it.each([
    ['node', 'registry-1.docker.io', 'library/node', 'latest'],
    ['node:24', 'registry-1.docker.io', 'library/node', '24'],
    ['docker.io/bitnami/node:1', 'registry-1.docker.io', 'bitnami/node', '1'],
    ['public.ecr.aws/lambda/nodejs:24', 'public.ecr.aws', 'lambda/nodejs', '24'],
    ['localhost:5000/a/b', 'localhost:5000', 'a/b', 'latest'],
  ])('%s', (text, host, repository, tag) => {
    expect(parseImageName(text)).toEqual({ host, repository, tag });
  });
});

describe('the digest of an image in a registry', () => {
  const signal = new AbortController().signal;
  const agentFor = () => undefined;

  it('is had with a token that anybody gets', async () => {
    const digest = sha256(Buffer.from('base'));
    const hub = await startServer((incoming, response) => {
      const [path = '', query] = (incoming.url ?? '').split('?');
      if (path === '/token') return void response.end(JSON.stringify({ token: `for ${new URLSearchParams(query).get('scope')}` }));
      if (incoming.headers.authorization === undefined)
        return void response
          .writeHead(401, { 'www-authenticate': `Bearer realm="http://${hub.host}/token",service="hub",scope="repository:a/b:pull"` })
          .end();
      const isRight = incoming.headers.authorization === 'Bearer for repository:a/b:pull' && path === '/v2/a/b/manifests/1';
      response.writeHead(isRight ? 200 : 403, { 'docker-content-digest': digest }).end();
    });
    try {
      expect(await readRemoteDigest(parseImageName(`${hub.host}/a/b:1`), { agentFor, signal })).toBe(digest);
      await expect(readRemoteDigest(parseImageName(`${hub.host}/a/b:2`), { agentFor, signal })).rejects.toThrow('status 403');
    } finally {
      hub.server.close();
    }
  });
});
