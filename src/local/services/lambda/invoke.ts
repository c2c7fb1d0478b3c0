/** Invoking: for other services, and for the API in its four forms. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ThrottledError } from '../../functions/environment-pool.ts';
import type { CallResult } from '../../functions/execution-environment.ts';
import type { FunctionRunner } from '../../functions/runner.ts';
import { readBody } from '../../protocol/body.ts';
import type { FunctionInvoker, InvokeResult, ServiceRequest } from '../../types.ts';
import { ServiceError } from '../../types.ts';
import { encodeEvent } from './event-stream.ts';
import type { Functions } from './functions.ts';
import { type FunctionReference, parseFunctionReference } from './identifiers.ts';
import { isAllowed } from './policy.ts';
import type { FunctionStore } from './records.ts';
import { specOf } from './spec.ts';

/** Largest event of a synchronous and an asynchronous call, in bytes. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_SYNC_BYTES = 6 * 1024 * 1024;
const MAX_ASYNC_BYTES = 1024 * 1024;
/** How long an asynchronous call that failed waits for its next attempt. AWS waits one minute, then two. */
const RETRY_DELAYS_MS = [1000, 2000] as const;

export interface InvokeDeps {
  readonly functions: Functions;
  readonly store: FunctionStore;
  readonly runner: FunctionRunner;
  /** Aborts when the target closes: no retries after that. */
  readonly closing: AbortSignal;
  log(message: string): void;
}

/** An answer with what only this service looks at. */
interface FullResult extends InvokeResult {
  readonly streamEnded?: Promise<Buffer | undefined>;
}

type Options = Parameters<FunctionInvoker['invoke']>[2];

export function createInvoker(
  deps: InvokeDeps,
): FunctionInvoker & { invokeFully(reference: FunctionReference, payload: Buffer, options?: Options): Promise<FullResult> } {
  async function invokeFully(reference: FunctionReference, payload: Buffer, options: Options = {}): Promise<FullResult> {
    const record = deps.functions.get(reference.region, reference.name);
    const { config, version } = deps.functions.resolve(record, reference.qualifier);
    const requestId = randomUUID();
    const functionArn = reference.qualifier === undefined ? record.arn : `${record.arn}:${reference.qualifier}`;
    const call = { requestId, functionArn, payload, clientContext: options.clientContext, streaming: options.streaming === true };
    const spec = specOf(record, version, config, { code: deps.runner.code, store: deps.store });
    const running = deps.runner.run(spec, call, record.reservedConcurrency).catch((error: unknown) => {
      throw error instanceof ThrottledError ? throttled(error) : error;
    });
    const result: CallResult = await untilAborted(running, options.signal);
    return { ...result, requestId, executedVersion: version };
  }
  return {
    invokeFully,
    invoke: (name, payload, options) => invokeFully(parseFunctionReference(name), payload, options),
    isAllowed(functionName, principal, action, sourceArn) {
      const reference = parseFunctionReference(functionName);
      const record = deps.store.find(reference.region, reference.name);
      return record !== undefined && isAllowed(record, reference.qualifier, { principal, action, sourceArn });
    },
  };
}

export type Invoker = ReturnType<typeof createInvoker>;

/** The caller stops waiting; the function runs on, as on AWS. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  signal.throwIfAborted();
  let stop!: () => void;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    aborted.catch(() => undefined); // nobody waits any more
    work.catch(() => undefined);
  }
}

function throttled(error: ThrottledError): ServiceError {
  return new ServiceError('TooManyRequestsException', error.message, 429, {
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    Type: 'User',
  });
}

/** POST …/invocations. */
export async function answerInvoke(
  deps: InvokeDeps,
  invoker: Invoker,
  reference: FunctionReference,
  request: ServiceRequest,
  response: ServerResponse,
): Promise<void> {
  const payload = await readBody(request.body, MAX_SYNC_BYTES * 2);
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  const record = deps.functions.get(reference.region ?? request.region, reference.name);
  deps.functions.resolve(record, reference.qualifier);
  checkEvent(payload, type === 'Event' ? MAX_ASYNC_BYTES : MAX_SYNC_BYTES);
  const clientContext = decodeClientContext(request);
  const full = { ...reference, region: record.region };
  if (type === 'DryRun') {
    response.writeHead(204, { 'x-amzn-requestid': request.requestId }).end();
    return;
  }
  if (type === 'Event') {
    void invokeLater(deps, invoker, full, payload, clientContext, record.eventInvoke?.maximumRetryAttempts ?? RETRY_DELAYS_MS.length);
    response.writeHead(202, { 'x-amzn-requestid': request.requestId, 'content-length': 0 }).end();
    return;
  }
  const result = await invoker.invokeFully(full, payload, clientContext === undefined ? {} : { clientContext });
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': result.payload.length,
    'x-amzn-requestid': result.requestId,
    'x-amz-executed-version': result.executedVersion,
    ...(result.functionError === undefined ? {} : { 'x-amz-function-error': result.functionError }),
    ...(request.headers['x-amz-log-type'] === 'Tail' ? { 'x-amz-log-result': Buffer.from(result.logTail).toString('base64') } : {}),
  });
  response.end(result.payload);
}

async function invokeLater(
  deps: InvokeDeps,
  invoker: Invoker,
  reference: FunctionReference,
  payload: Buffer,
  clientContext: string | undefined,
  retries: number,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const result = await invoker.invokeFully(reference, payload, clientContext === undefined ? {} : { clientContext });
      if (result.functionError === undefined) return;
      if (attempt >= retries) return deps.log(`${reference.name}: an asynchronous call failed for the last time (attempt ${attempt + 1})`);
      await sleep(RETRY_DELAYS_MS[attempt] ?? RETRY_DELAYS_MS[1], undefined, { signal: deps.closing, ref: false });
    } catch (error) {
      if (deps.closing.aborted) return;
      const isThrottled = error instanceof ServiceError && error.status === 429;
      if (!isThrottled) return deps.log(`${reference.name}: an asynchronous call was dropped: ${(error as Error).message}`);
      // Throttled events stay in the queue and cost no attempt.
      attempt -= 1;
      await sleep(RETRY_DELAYS_MS[0], undefined, { signal: deps.closing, ref: false }).catch(() => undefined);
      if (deps.closing.aborted) return;
    }
  }
}

/** POST …/response-streaming-invocations. */
export async function answerStreamingInvoke(
  invoker: Invoker,
  reference: FunctionReference,
  request: ServiceRequest,
  response: ServerResponse,
): Promise<void> {
  const payload = await readBody(request.body, MAX_SYNC_BYTES * 2);
  checkEvent(payload, MAX_SYNC_BYTES);
  const clientContext = decodeClientContext(request);
  const result = await invoker.invokeFully({ ...reference, region: reference.region ?? request.region }, payload, {
    streaming: true,
    ...(clientContext === undefined ? {} : { clientContext }),
  });
  response.writeHead(200, {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-requestid': result.requestId,
    'x-amz-executed-version': result.executedVersion,
    ...(result.contentType === undefined ? {} : { 'x-amzn-remapped-content-type': result.contentType }),
  });
  let failure = result.functionError === undefined ? undefined : result.payload;
  if (result.stream !== undefined) failure = (await sendChunks(result.stream, response)) ?? (await result.streamEnded);
  else if (failure === undefined && result.payload.length > 0) response.write(chunkEvent(result.payload));
  const completion = {
    ...(failure === undefined ? {} : errorOf(failure)),
    ...(request.headers['x-amz-log-type'] === 'Tail' ? { LogResult: Buffer.from(result.logTail).toString('base64') } : {}),
  };
  response.end(encodeEvent('InvokeComplete', 'application/json', Buffer.from(JSON.stringify(completion))));
}

function chunkEvent(chunk: Buffer): Buffer {
  return encodeEvent('PayloadChunk', 'application/octet-stream', chunk);
}

/** The stream's own end tells what went wrong, so a stream that is cut off is no error here. */
async function sendChunks(stream: Readable, response: ServerResponse): Promise<undefined> {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (!response.write(chunkEvent(chunk)) && !response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')]);
      if (response.destroyed) return;
    }
  } catch (error) {
    if (!stream.destroyed) throw error;
  }
}

function errorOf(document: Buffer): { readonly ErrorCode: string; readonly ErrorDetails: string } {
  const text = document.toString('utf8');
  const { errorType } = JSON.parse(text) as { errorType?: string };
  return { ErrorCode: errorType ?? 'Unhandled', ErrorDetails: text };
}

function decodeClientContext(request: ServiceRequest): string | undefined {
  const header = request.headers['x-amz-client-context'];
  return typeof header === 'string' ? Buffer.from(header, 'base64').toString('utf8') : undefined;
}

function checkEvent(payload: Buffer, limit: number): void {
  if (payload.length > limit) {
    throw new ServiceError('RequestTooLargeException', `Request must be smaller than ${limit} bytes for the InvokeFunction operation`, 413);
  }
  if (payload.length === 0) return;
  try {
    JSON.parse(payload.toString('utf8'));
  } catch (error) {
    throw new ServiceError('InvalidRequestContentException', `Could not parse request body into json: ${(error as Error).message}`);
  }
}
