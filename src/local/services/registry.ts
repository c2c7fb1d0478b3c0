/**
 * A container registry: the OCI distribution protocol under `/v2/`, with the repositories that ECR has.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isSameSecret } from '../credentials.ts';
import type { Site } from '../dispatch.ts';
import { decodeUri } from '../protocol/uri.ts';
import { deleteBlob, finishUpload, getBlob, getUploadStatus, patchUpload, startUpload } from './registry/blobs.ts';
import type { ImageStore } from './registry/image-store.ts';
import { deleteManifest, getManifest, listTags, putManifest } from './registry/manifests.ts';
import { RegistryError } from './registry/registry-error.ts';
import type { RegistryRequest } from './registry/registry-request.ts';

export interface RegistryOptions {
  readonly store: ImageStore;
  readonly endpoint: string;
  /** For user name AWS. */
  readonly password: string;
}

type RegistryOperation = (store: ImageStore, request: RegistryRequest, response: ServerResponse) => void | Promise<void>;

interface RegistryRoute {
  readonly path: RegExp;
  readonly methods: Readonly<Record<string, RegistryOperation>>;
}

const ROUTES: readonly RegistryRoute[] = [
  { path: /^\/v2\/(.+)\/blobs\/uploads\/?()$/, methods: { POST: startUpload } },
  {
    path: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: { GET: getUploadStatus, PATCH: patchUpload, PUT: finishUpload, DELETE: cancelUpload },
  },
  { path: /^\/v2\/(.+)\/blobs\/([^/]+)$/, methods: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob } },
  {
    path: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  },
  { path: /^\/v2\/(.+)\/tags\/list()$/, methods: { GET: listTags } },
];

/** The registry as a part of the local target's socket. Every request needs basic authentication. */
export function createRegistry(options: RegistryOptions): Site {
  return {
    allowsWebPages: false,
    // API Gateway's own API begins with /v2/ as well; its requests are signed, a registry's are not.
    matches: ({ headers }, path) => (path === '/v2' || path.startsWith('/v2/')) && headers.authorization?.startsWith('AWS4-') !== true,
    async handle(request, response) {
      response.setHeader('docker-distribution-api-version', 'registry/2.0');
      try {
        checkAuthorization(options, request);
        await answer(options.store, request, response);
      } catch (error) {
        if (!(error instanceof RegistryError) || response.headersSent) throw error;
        if (error.code === 'UNAUTHORIZED')
          response.setHeader('www-authenticate', `Basic realm="${options.endpoint}/",service="ecr.amazonaws.com"`);
        sendRegistryError(request, response, error);
      }
    },
  };
}

function checkAuthorization(options: RegistryOptions, request: IncomingMessage): void {
  const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ', 2);
  const given = Buffer.from(token, 'base64').toString('utf8');
  if (scheme.toLowerCase() === 'basic' && isSameSecret(given, `AWS:${options.password}`)) return;
  throw new RegistryError('UNAUTHORIZED', 401, 'authentication required');
}

async function answer(store: ImageStore, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '', queryText = ''] = (incoming.url ?? '').split(/\?(.*)/s, 2);
  if (path === '/v2' || path === '/v2/') return sendRegistryJson(response, 200, {});
  const method = incoming.method ?? 'GET';
  for (const route of ROUTES) {
    const match = route.path.exec(path);
    if (match === null) continue;
    const operation = route.methods[method];
    if (operation === undefined) break;
    const name = match[1] ?? '';
    const repository = store.repositories.get(name);
    if (repository === undefined) {
      throw new RegistryError(
        'NAME_UNKNOWN',
        404,
        `The repository with name '${name}' does not exist in the registry; ECR's CreateRepository makes it`,
      );
    }
    const reference = decodeUri(match[2] ?? '');
    const query = new URLSearchParams(queryText);
    return operation(store, { method, headers: incoming.headers, query, repository, reference, body: incoming }, response);
  }
  throw new RegistryError('UNSUPPORTED', 405, `The local target's registry does not implement ${method} ${path}`);
}

function cancelUpload(store: ImageStore, request: RegistryRequest, response: ServerResponse): void {
  store.blobs.cancel(request.reference);
  response.writeHead(204).end();
}

function sendRegistryError(request: IncomingMessage, response: ServerResponse, error: RegistryError): void {
  const body = { errors: [{ code: error.code, message: error.message }] };
  if (request.method === 'HEAD') response.writeHead(error.status).end();
  else sendRegistryJson(response, error.status, body);
}

function sendRegistryJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}
