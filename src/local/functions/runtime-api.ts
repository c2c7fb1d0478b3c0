/**
 * The Lambda Runtime API, version 2018-06-01: what a runtime inside one execution environment talks to.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { type Deferred, deferred } from './deferred.ts';

/** The largest answer that is not streamed, in bytes: 6 MB and some room for the envelope, as on AWS. */
export const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100;
/** The largest streamed answer, in bytes. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_STREAM_BYTES = 200 * 1024 * 1024;

/** One event on its way into the function. */
export interface Invocation {
  readonly requestId: string;
  readonly payload: Buffer;
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly traceId: string;
  readonly clientContext?: string | undefined;
}

/** What the runtime made of an event. */
export type RuntimeAnswer =
  | { readonly kind: 'response'; readonly payload: Buffer }
  | { readonly kind: 'error'; readonly payload: Buffer }
  | {
      readonly kind: 'stream';
      readonly stream: Readable;
      readonly contentType: string;
      /** Settles when the answer is complete: undefined, or the error document that the runtime appended. */
      readonly ended: Promise<Buffer | undefined>;
    };

/** What came of the initialisation: ready for events, or the error document that the runtime posted. */
export type InitAnswer = { readonly kind: 'ready' } | { readonly kind: 'error'; readonly payload: Buffer };

interface Current {
  readonly invocation: Invocation;
  readonly answer: Deferred<RuntimeAnswer>;
  delivered: boolean;
  answered: boolean;
}

const ROUTE = /^\/2018-06-01\/runtime\/(?:(invocation\/next)|(init\/error)|invocation\/([^/]+)\/(response|error))$/;

/** One server on loopback for one execution environment. Must be closed. */
export class RuntimeApi {
  readonly #server: Server;
  readonly #init = deferred<InitAnswer>();
  #current: Current | undefined;
  #waiting: ServerResponse | undefined;
  #onIdle: (() => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(): Promise<RuntimeApi> {
    const server = createServer();
    const api = new RuntimeApi(server);
    server.on('request', (request, response) => {
      api.#handle(request, response).catch((error: unknown) => {
        if (!response.headersSent) sendError(response, 500, 'InternalServerError', String(error));
        else response.destroy();
      });
    });
    // A runtime polls for as long as no event comes, and keeps its connection in between.
    server.requestTimeout = 0;
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    return api;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Settles with the runtime's first poll or its report that it cannot start. Pending when it does neither. */
  get initialized(): Promise<InitAnswer> {
    return this.#init.promise;
  }

  /** Hands an event to the runtime. Pending when the runtime never answers: race it with the sandbox's end and a clock. */
  invoke(invocation: Invocation): Promise<RuntimeAnswer> {
    if (this.#current !== undefined && !this.#current.answered) throw new Error('the runtime is still busy with another event');
    this.#current = { invocation, answer: deferred<RuntimeAnswer>(), delivered: false, answered: false };
    this.#deliver();
    return this.#current.answer.promise;
  }

  /** Settles when the runtime asks for its next event (at once when it is asking already). */
  idle(): Promise<void> {
    if (this.#waiting !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  async close(): Promise<void> {
    this.#waiting?.destroy();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const match = ROUTE.exec(path);
    // A browser says where a page comes from; a runtime is no browser. And a rebound name is not one that was handed out.
    if (request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined || !isOwnHost(request)) {
      sendError(response, 403, 'Forbidden', 'Only the runtime of this execution environment may call');
    } else if (match?.[1] !== undefined && request.method === 'GET') {
      this.#next(response);
    } else if (match?.[2] !== undefined && request.method === 'POST') {
      await this.#initError(request, response);
    } else if (match?.[3] !== undefined && request.method === 'POST') {
      await this.#answer(decodeURIComponent(match[3]), match[4] === 'error', request, response);
    } else {
      sendError(response, 404, 'NotFound', `There is no ${request.method} ${path}`);
    }
  }

  #next(response: ServerResponse): void {
    this.#waiting?.destroy();
    this.#waiting = response;
    response.on('close', () => {
      if (this.#waiting === response) this.#waiting = undefined;
    });
    this.#init.resolve({ kind: 'ready' });
    for (const notify of this.#onIdle.splice(0)) notify();
    this.#deliver();
  }

  #deliver(): void {
    const current = this.#current;
    const response = this.#waiting;
    if (response === undefined || current === undefined || current.delivered) return;
    this.#waiting = undefined;
    current.delivered = true;
    const { invocation } = current;
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': invocation.payload.length,
      'lambda-runtime-aws-request-id': invocation.requestId,
      'lambda-runtime-deadline-ms': String(invocation.deadlineMs),
      'lambda-runtime-invoked-function-arn': invocation.functionArn,
      'lambda-runtime-trace-id': invocation.traceId,
      ...(invocation.clientContext === undefined ? {} : { 'lambda-runtime-client-context': invocation.clientContext }),
    });
    response.end(invocation.payload);
  }

  async #initError(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const payload = await readUpTo(request, MAX_RESPONSE_BYTES);
    this.#init.resolve({ kind: 'error', payload: payload ?? Buffer.from('{}') });
    sendAccepted(response);
  }

  async #answer(requestId: string, isError: boolean, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const current = this.#current;
    if (current === undefined || !current.delivered || current.invocation.requestId !== requestId) {
      sendError(response, 400, 'InvalidRequestID', 'Invalid request ID');
    } else if (current.answered) {
      sendError(response, 400, 'InvalidStateTransition', 'The event has been answered already');
    } else if (isError) {
      const payload = await readUpTo(request, MAX_RESPONSE_BYTES);
      settle(current, { kind: 'error', payload: payload ?? tooLargeDocument() });
      sendAccepted(response);
    } else if (String(request.headers['lambda-runtime-function-response-mode']).toLowerCase() === 'streaming') {
      await receiveStream(current, request, response);
    } else {
      await receiveBuffered(current, request, response);
    }
  }
}

function settle(current: Current, answer: RuntimeAnswer): void {
  current.answered = true;
  current.answer.resolve(answer);
}

async function receiveBuffered(current: Current, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const payload = await readUpTo(request, MAX_RESPONSE_BYTES);
  if (payload !== undefined) {
    settle(current, { kind: 'response', payload });
    sendAccepted(response);
    return;
  }
  settle(current, { kind: 'error', payload: tooLargeDocument() });
  const message = `Exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
  sendError(response, 413, 'RequestEntityTooLarge', message);
}

async function receiveStream(current: Current, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const stream = new PassThrough();
  const ended = deferred<Buffer | undefined>();
  const contentType = request.headers['content-type'] ?? 'application/octet-stream';
  settle(current, { kind: 'stream', stream, contentType, ended: ended.promise });
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_STREAM_BYTES) throw new Error('the streamed answer is larger than 200 MB');
      // A reader that has gone away must not hold up the function.
      if (!stream.destroyed && !stream.write(chunk)) await drained(stream);
    }
    stream.end();
    ended.resolve(trailingError(request));
    sendAccepted(response);
  } catch (error) {
    // The sandbox died or ran over its time in the middle of its answer.
    stream.destroy(error as Error);
    ended.resolve(errorDocument('Runtime.TruncatedResponse', `The answer was cut off: ${(error as Error).message}`));
    response.destroy();
  }
}

function drained(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

/** A runtime that fails in the middle of a streamed answer says so in trailers, the document as base64. */
function trailingError(request: IncomingMessage): Buffer | undefined {
  const type = request.trailers['lambda-runtime-function-error-type'];
  if (type === undefined) return undefined;
  const body = request.trailers['lambda-runtime-function-error-body'];
  return body === undefined ? errorDocument(type, 'The function failed while it was answering') : Buffer.from(body, 'base64');
}

/** Reads the body to its end; undefined when it is larger than the limit (the rest is read and dropped). */
async function readUpTo(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  return size <= limit ? Buffer.concat(chunks, size) : undefined;
}

function tooLargeDocument(): Buffer {
  const message = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
  return errorDocument('Function.ResponseSizeTooLarge', message);
}

/** The JSON that stands for an error of a function. */
export function errorDocument(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}

function isOwnHost(request: IncomingMessage): boolean {
  const name = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  return name === '127.0.0.1' || name === 'localhost' || name === 'host.docker.internal';
}

function sendAccepted(response: ServerResponse): void {
  response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
}

function sendError(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ errorMessage, errorType }));
}
