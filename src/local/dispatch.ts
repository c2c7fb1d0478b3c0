/** From an HTTP request to the service that it is signed for: host and origin, signature, errors. */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { isSameSecret, type LocalCredentials } from './credentials.ts';
import { HEALTH_PATH, STOP_PATH } from './health.ts';
import { hasOwnHost, isFromWebPage } from './http-guard.ts';
import { DEFAULT_BODY_LIMIT, readBody } from './protocol/body.ts';
import type { RequestHandler } from './server.ts';
import { checkSignature, readSignatureClaim, type SignatureClaim } from './sigv4.ts';
import { type Service, ServiceError } from './types.ts';

/** Something on the same socket that is not an AWS API: the registry, or the addresses of APIs and function URLs. */
export interface Site {
  /** `path` is the request's, still encoded, without the query. */
  matches(request: IncomingMessage, path: string): boolean;
  /** Whether web pages may call it; it then applies its own CORS rules. */
  readonly allowsWebPages: boolean;
  handle: RequestHandler;
}

export interface DispatchOptions {
  readonly services: readonly Service[];
  /** Looked at before the services, in order. */
  readonly sites: readonly Site[];
  readonly credentials: LocalCredentials;
  /** Who knows the token may stop the process. */
  readonly control?: { readonly token: string; readonly onStop: () => void } | undefined;
  /** What `/_lambda-tool/health` answers beside its status. */
  readonly version: string;
  readonly log: (message: string) => void;
}

/** Answers every request; nothing that happens in a service gets out of it. */
export function createDispatcher(options: DispatchOptions): RequestHandler {
  return async (request, response) => {
    response.on('error', (error) => options.log(`answer not delivered: ${error.message}`));
    try {
      await dispatch(options, request, response);
    } catch (error) {
      if (!(error instanceof ServiceError) && !clientIsGone(request, response))
        options.log(`${request.method} ${request.url?.split('?', 1)[0]}: ${describe(error)}`);
      if (response.headersSent) response.destroy();
      else if (error instanceof ServiceError) refuse(response, error.status, error.code, error.message);
      else refuse(response, 500, 'InternalFailure', 'The local target failed; see its log');
    }
  };
}

async function dispatch(options: DispatchOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '/', queryText] = (request.url ?? '/').split(/\?(.*)/s, 2);
  if (!hasOwnHost(request)) return refuse(response, 403, 'ForbiddenHost', 'This host name does not lead to the local target');
  const site = options.sites.find((candidate) => candidate.matches(request, path));
  if (isFromWebPage(request) && site?.allowsWebPages !== true) {
    return refuse(response, 403, 'ForbiddenOrigin', 'The local target does not answer web pages');
  }
  if (request.headers.expect !== undefined) response.writeContinue();
  if (site !== undefined) return site.handle(request, response);
  if (path === HEALTH_PATH) return sendHealth(response, options.version);
  if (path === STOP_PATH && isStopRequest(options, request)) return stop(options, response);
  await callService(options, request, response, path, new URLSearchParams(queryText ?? ''));
}

function sendHealth(response: ServerResponse, version: string): void {
  const body = JSON.stringify({ status: 'ok', version, pid: process.pid });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}

function isStopRequest(options: DispatchOptions, request: IncomingMessage): boolean {
  const given = request.headers.authorization ?? '';
  return request.method === 'POST' && options.control !== undefined && isSameSecret(given, `Bearer ${options.control.token}`);
}

function stop(options: DispatchOptions, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 0, connection: 'close' }).end();
  options.control?.onStop();
}

/** Errors from before a service is known. */
function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  const body = JSON.stringify({ code, message });
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-amzn-errortype': code,
  });
  response.end(body);
}

async function callService(
  options: DispatchOptions,
  request: IncomingMessage,
  response: ServerResponse,
  rawPath: string,
  query: URLSearchParams,
): Promise<void> {
  const draft = { method: request.method ?? 'GET', rawPath, query, headers: request.headers, requestId: randomUUID(), body: request };
  let service = guessService(options.services, request);
  let region = 'us-east-1';
  try {
    const claim = readSignatureClaim(request, query);
    if (claim === undefined) throw unsigned(service?.name);
    region = claim.region;
    service = findService(options.services, claim.service);
    const body = await authenticate(options.credentials, service, claim, request, rawPath, query);
    await service.handle({ ...draft, region, body }, response);
  } catch (error) {
    if (service === undefined || response.headersSent || clientIsGone(request, response)) throw error;
    if (!(error instanceof ServiceError)) options.log(`${service.name} ${draft.method} ${rawPath}: ${describe(error)}`);
    const known = error instanceof ServiceError ? error : new ServiceError('InternalFailure', 'The local target failed; see its log', 500);
    service.renderError(known, { ...draft, region }, response);
  }
}

/** Answers the body to hand on, once the signature over it is known to be right. */
async function authenticate(
  credentials: LocalCredentials,
  service: Service,
  claim: SignatureClaim,
  request: IncomingMessage,
  rawPath: string,
  query: URLSearchParams,
): Promise<Readable> {
  if (claim.accessKeyId !== credentials.accessKeyId) throw unknownKey(service.name);
  const announced = request.headers['x-amz-content-sha256'];
  const check = { claim, request, rawPath, query, credentials };
  if (service.bodyLimit === 'stream') {
    checkSignature({ ...check, payloadHash: typeof announced === 'string' ? announced : 'UNSIGNED-PAYLOAD' });
    return request;
  }
  const body = await readBody(request, service.bodyLimit ?? DEFAULT_BODY_LIMIT);
  const hash = createHash('sha256').update(body).digest('hex');
  const literal = announced === 'UNSIGNED-PAYLOAD' ? announced : hash;
  checkSignature({ ...check, payloadHash: literal });
  return Readable.from(body.length === 0 ? [] : [body], { objectMode: false });
}

function findService(services: readonly Service[], name: string): Service {
  const service = services.find((candidate) => candidate.name === name);
  if (service === undefined) throw new ServiceError('NotImplemented', `The local target does not implement the service ${name}`, 501);
  return service;
}

/** Without a signature only the shape of a request tells in which protocol it wants its error. */
function guessService(services: readonly Service[], request: IncomingMessage): Service | undefined {
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  let name = 's3';
  if (request.headers['x-amz-target'] !== undefined) name = 'ecr';
  else if (isForm) name = 'sts';
  else if (/^\/20\d\d-\d\d-\d\d\//.test(request.url ?? '')) name = 'lambda';
  return services.find((candidate) => candidate.name === name);
}

function unsigned(service: string | undefined): ServiceError {
  if (service === 's3') return new ServiceError('AccessDenied', 'Access Denied: the request is not signed', 403);
  return new ServiceError('MissingAuthenticationToken', 'Missing Authentication Token: the request is not signed', 403);
}

const QUERY_SERVICES: ReadonlySet<string> = new Set(['cloudformation', 'iam', 'sts']);

function unknownKey(service: string): ServiceError {
  const hint = '(`lambda-tool local env` prints the credentials of this local target)';
  if (service === 's3') {
    return new ServiceError('InvalidAccessKeyId', `The AWS Access Key Id you provided does not exist in our records. ${hint}`, 403);
  }
  const code = QUERY_SERVICES.has(service) ? 'InvalidClientTokenId' : 'UnrecognizedClientException';
  return new ServiceError(code, `The security token included in the request is invalid. ${hint}`, 403);
}

function clientIsGone(request: IncomingMessage, response: ServerResponse): boolean {
  return request.errored !== null || response.destroyed || request.socket.destroyed;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
