import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { UserError } from '../../src/errors.ts';
import type { ImageRepositories, ImageRepository, RegistryImage } from '../../src/clients/ecr.ts';

/** An OCI registry in memory, spoken to by a real engine over real HTTP, with the part of ECR's API that goes with it. */
export interface TinyRegistry {
  readonly host: string;
  readonly password: string;
  readonly repositories: ImageRepositories;
  /** `METHOD path` of every request. */
  readonly requests: string[];
  /** `repository:tag` → digest. */
  readonly tags: Map<string, string>;
  /** Calls of the API, such as `getAuthorization`. */
  readonly calls: string[];
  /** Manifests are refused with this text. */
  refuseManifests: string | undefined;
  /** Tags cannot be moved. */
  isImmutable: boolean;
  /** Nobody may make repositories. */
  deniesCreation: boolean;
  /** So many connections are cut in the middle of an upload. */
  breakUploads: number;
  close(): Promise<void>;
}

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export async function startTinyRegistry(): Promise<TinyRegistry> {
  const blobs = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer>();
  const types = new Map<string, string>();
  const tags = new Map<string, string>();
  const requests: string[] = [];
  const calls: string[] = [];
  const password = `secret-${randomUUID()}`;
  const basic = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
  const state = { refuseManifests: undefined as string | undefined, isImmutable: false, deniesCreation: false, breakUploads: 0 };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://registry');
    requests.push(`${request.method} ${url.pathname}`);
    if (request.method === 'PATCH' && state.breakUploads > 0) {
      state.breakUploads -= 1;
      return void request.once('data', () => request.socket.resetAndDestroy());
    }
    const body = await buffer(request);
    const answer = (status: number, headers: Record<string, string> = {}, content?: Buffer | string): void =>
      void response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : content);
    if (request.headers.authorization !== basic) return answer(401, { 'www-authenticate': 'Basic realm="r"' });
    const [, repository = '', kind = '', rest = ''] = /^\/v2\/(.+?)\/(blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === '') return answer(200);
    if (rest.startsWith('uploads/')) return answerUpload(request, url, repository, rest.slice(8), body, answer);
    if (kind === 'blobs') {
      const blob = blobs.get(rest);
      return blob === undefined ? answer(404) : answer(200, { 'docker-content-digest': rest, 'content-length': String(blob.length) }, blob);
    }
    if (request.method === 'PUT') {
      if (state.refuseManifests !== undefined)
        return answer(400, {}, JSON.stringify({ errors: [{ code: 'TAG_INVALID', message: state.refuseManifests }] }));
      const digest = sha256(body);
      const held = tags.get(`${repository}:${rest}`);
      if (state.isImmutable && held !== undefined && held !== digest)
        return answer(400, {}, JSON.stringify({ errors: [{ code: 'TAG_INVALID', message: 'the tag is immutable' }] }));
      blobs.set(digest, body);
      types.set(digest, request.headers['content-type'] ?? '');
      if (!rest.startsWith('sha256:')) tags.set(`${repository}:${rest}`, digest);
      return answer(201, { 'docker-content-digest': digest });
    }
    const digest = rest.startsWith('sha256:') ? rest : tags.get(`${repository}:${rest}`);
    const manifest = blobs.get(digest ?? '');
    if (digest === undefined || manifest === undefined) return answer(404);
    answer(
      200,
      { 'docker-content-digest': digest, 'content-type': types.get(digest) ?? '', 'content-length': String(manifest.length) },
      manifest,
    );
  };

  const answerUpload = (
    request: IncomingMessage,
    url: URL,
    repository: string,
    id: string,
    body: Buffer,
    answer: (status: number, headers?: Record<string, string>) => void,
  ): void => {
    const upload = id === '' ? randomUUID() : id;
    const bytes = Buffer.concat([uploads.get(upload) ?? Buffer.alloc(0), body]);
    const digest = url.searchParams.get('digest');
    if (request.method === 'PUT' && digest !== null) {
      blobs.set(digest, bytes);
      return answer(201, { 'docker-content-digest': digest });
    }
    uploads.set(upload, bytes);
    answer(202, {
      location: `/v2/${repository}/blobs/uploads/${upload}`,
      range: `0-${Math.max(bytes.length - 1, 0)}`,
      'docker-upload-uuid': upload,
    });
  };

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const known = new Set<string>();
  const toRepository = (name: string): ImageRepository => ({ name, uri: `${host}/${name}`, isTagImmutable: () => state.isImmutable });
  const repositories: ImageRepositories = {
    region: 'eu-west-1',
    async findRepository(name) {
      calls.push(`findRepository ${name}`);
      return known.has(name) ? toRepository(name) : undefined;
    },
    async createRepository(name) {
      calls.push(`createRepository ${name}`);
      if (state.deniesCreation) throw new UserError('ACCESS_DENIED', 'ecr:CreateRepository is not allowed');
      known.add(name);
      return toRepository(name);
    },
    async putLifecyclePolicy(name) {
      calls.push(`putLifecyclePolicy ${name}`);
    },
    async findImage(repository, reference): Promise<RegistryImage | undefined> {
      calls.push('findImage');
      const digest = reference.startsWith('sha256:') ? reference : tags.get(`${repository}:${reference}`);
      return digest === undefined ? undefined : { digest, mediaType: types.get(digest), sizeBytes: 1, status: 'ACTIVE' };
    },
    listImages: () => Promise.resolve([]),
    manifests: () => Promise.resolve([]),
    referrers: () => Promise.resolve([]),
    deleteTags: () => Promise.resolve([]),
    async getAuthorization() {
      calls.push('getAuthorization');
      return { registryHost: host, registryOrigin: `http://${host}`, username: 'AWS', expiresAt: undefined, password: () => password };
    },
  };
  return Object.assign(state, {
    host,
    password,
    repositories,
    requests,
    tags,
    calls,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}
