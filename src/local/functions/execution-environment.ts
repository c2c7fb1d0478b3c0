/** One execution environment: a sandbox with its Runtime API, initialised once, running one event at a time. */
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { deferred } from './deferred.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import { errorDocument, MAX_RESPONSE_BYTES, RuntimeApi, type RuntimeAnswer } from './runtime-api.ts';
import { type FunctionHost, type FunctionSpec, type Sandbox, type SandboxExit, SandboxStartError, type StartSandbox } from './types.ts';

/** How long the initialisation may take before it is done again as part of the first event. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const INIT_TIMEOUT_MS = 10_000;

export interface Call {
  readonly requestId: string;
  readonly functionArn: string;
  readonly payload: Buffer;
  readonly clientContext?: string | undefined;
  /** Answer with a stream when the function streams; otherwise the stream is collected. */
  readonly streaming: boolean;
}

export interface CallResult {
  readonly payload: Buffer;
  readonly functionError?: string;
  readonly logTail: string;
  readonly stream?: Readable;
  readonly contentType?: string;
  /** For a streamed answer: its end; an error document when the function failed on the way. */
  readonly streamEnded?: Promise<Buffer | undefined>;
}

interface Launched {
  readonly api: RuntimeApi;
  readonly sandbox: Sandbox;
}

type Init =
  | { readonly kind: 'ready'; readonly launched: Launched; readonly initMs: number }
  | { readonly kind: 'failed'; readonly document: (requestId: string) => Buffer }
  | { readonly kind: 'timeout' };

type Outcome = RuntimeAnswer | { readonly kind: 'exit'; readonly exit: SandboxExit } | { readonly kind: 'timeout' };

/** Must be stopped. `onEnd` is called once when its sandbox is gone, for whatever reason. */
export class ExecutionEnvironment {
  readonly #spec: FunctionSpec;
  readonly #start: StartSandbox;
  readonly #log: RequestLog;
  readonly #ended = deferred<undefined>();
  #init: Promise<Init> | undefined;
  #reportedInit = false;
  #launched: Launched | undefined;
  #stopping = false;
  #over = false;
  /** Settles when the current call is over and the runtime asks for the next one, or the sandbox is gone. */
  #free: Promise<unknown> = Promise.resolve();

  constructor(spec: FunctionSpec, host: FunctionHost, start: StartSandbox) {
    this.#spec = spec;
    this.#start = start;
    this.#log = createRequestLog(spec, host.logs);
  }

  /** Settles when the sandbox has ended for good. */
  get ended(): Promise<undefined> {
    return this.#ended.promise;
  }

  /** Starts the sandbox now, so that the first event finds it ready. */
  warm(): void {
    this.#init ??= this.#initialize(INIT_TIMEOUT_MS);
  }

  /** Settles when the environment can take the next call (true) or never will (false). */
  async free(): Promise<boolean> {
    return await Promise.race([this.#free.then(() => !this.#over), this.#ended.promise.then(() => false)]);
  }

  /** Runs one event. Never rejects for what the function does: that is a result with `functionError`. */
  async invoke(call: Call): Promise<CallResult> {
    const timeoutMs = this.#spec.timeoutSeconds * 1000;
    const first = !this.#reportedInit;
    this.warm();
    let init = (await this.#init) as Init;
    this.#log.start(call.requestId);
    let startedAt = performance.now();
    if (init.kind === 'timeout') {
      this.#init = this.#initialize(timeoutMs);
      init = await this.#init;
    }
    if (init.kind !== 'ready') return await this.#failInit(call, init, startedAt);
    if (first) startedAt = performance.now();
    this.#reportedInit = true;
    const { initMs, launched } = init;
    const outcome = await this.#race(launched, timeoutMs, launched.api.invoke(invocationOf(call, timeoutMs)));
    const report = (): string => this.#report(call.requestId, performance.now() - startedAt, first ? initMs : undefined);
    if (outcome.kind === 'stream') {
      return await this.#streamed(call, outcome, launched, timeoutMs - (performance.now() - startedAt), report);
    }
    if (outcome.kind === 'response' || outcome.kind === 'error') {
      this.#free = this.#untilIdle(launched, timeoutMs - (performance.now() - startedAt));
      await settleOutput(launched.sandbox);
      const failed = outcome.kind === 'error' ? { functionError: 'Unhandled' } : {};
      return { payload: outcome.payload, ...failed, logTail: report() };
    }
    return await this.#broken(call, outcome, launched, report);
  }

  /** Ends the sandbox. Done when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const init = await this.#init;
    if (init === undefined) this.#ended.resolve(undefined);
    await this.#launched?.sandbox.kill();
    await this.#launched?.api.close();
    this.#ended.resolve(undefined);
  }

  /** Ends the sandbox at once, even while it starts. */
  async abandon(): Promise<void> {
    this.#stopping = true;
    await this.#launched?.sandbox.kill();
    await this.stop();
  }

  async #initialize(timeoutMs: number): Promise<Init> {
    let launched: Launched;
    try {
      launched = await this.#launch();
    } catch (error) {
      this.#ended.resolve(undefined);
      return { kind: 'failed', document: (requestId) => startFailure(error, requestId, this.#log) };
    }
    const startedAt = performance.now();
    const outcome = await this.#race(launched, timeoutMs, launched.api.initialized);
    const initMs = performance.now() - startedAt;
    if (outcome.kind === 'ready') return { kind: 'ready', launched, initMs };
    if (outcome.kind === 'exit') return { kind: 'failed', document: (requestId) => exitDocument(requestId, outcome.exit) };
    if (outcome.kind === 'error') {
      await launched.sandbox.kill();
      return { kind: 'failed', document: () => outcome.payload };
    }
    this.#log.line(`INIT_REPORT Init Duration: ${initMs.toFixed(2)} ms\tPhase: init\tStatus: timeout`);
    await this.#replace(launched);
    return { kind: 'timeout' };
  }

  async #launch(): Promise<Launched> {
    const api = await RuntimeApi.start();
    try {
      const sandbox = await this.#start({
        spec: this.#spec,
        runtimeApiPort: api.port,
        logStream: this.#log.stream,
        onLine: (line) => this.#log.line(line),
      });
      const launched = { api, sandbox };
      this.#launched = launched;
      void sandbox.exited.then(async () => {
        // A sandbox whose initialisation took too long has been replaced by another.
        const last = this.#launched === launched;
        this.#over ||= last;
        await api.close();
        if (last) this.#ended.resolve(undefined);
      });
      if (this.#stopping) await sandbox.kill();
      return launched;
    } catch (error) {
      await api.close();
      throw error;
    }
  }

  async #replace(launched: Launched): Promise<void> {
    this.#launched = undefined;
    await launched.sandbox.kill();
  }

  async #race<T>(launched: Launched, timeoutMs: number, work: Promise<T>): Promise<T | Exclude<Outcome, RuntimeAnswer>> {
    const clock = new AbortController();
    try {
      return await Promise.race([
        work,
        launched.sandbox.exited.then((exit) => ({ kind: 'exit', exit }) as const),
        sleep(Math.max(0, timeoutMs), { kind: 'timeout' } as const, { signal: clock.signal }),
      ]);
    } finally {
      clock.abort();
    }
  }

  async #failInit(call: Call, init: Exclude<Init, { kind: 'ready' }>, startedAt: number): Promise<CallResult> {
    this.#over = true;
    const payload = init.kind === 'failed' ? init.document(call.requestId) : this.#timeoutDocument(call.requestId);
    const logTail = this.#report(call.requestId, performance.now() - startedAt, undefined);
    await this.stop();
    return { payload, functionError: 'Unhandled', logTail };
  }

  async #broken(call: Call, outcome: Exclude<Outcome, RuntimeAnswer>, launched: Launched, report: () => string): Promise<CallResult> {
    this.#over = true;
    await launched.sandbox.kill();
    const payload = outcome.kind === 'timeout' ? this.#timeoutDocument(call.requestId) : exitDocument(call.requestId, outcome.exit);
    if (outcome.kind === 'exit') this.#log.line(`RequestId: ${call.requestId} Error: ${exitReason(outcome.exit)}\nRuntime.ExitError`);
    return { payload, functionError: 'Unhandled', logTail: report() };
  }

  #timeoutDocument(requestId: string): Buffer {
    const message = `Task timed out after ${this.#spec.timeoutSeconds.toFixed(2)} seconds`;
    this.#log.line(`${new Date().toISOString()} ${requestId} ${message}\n`);
    return errorDocument('Sandbox.Timedout', `RequestId: ${requestId} Error: ${message}`);
  }

  #report(requestId: string, durationMs: number, initMs: number | undefined): string {
    return this.#log.end(requestId, { durationMs, initMs, memoryUsedMb: this.#launched?.sandbox.memoryUsedMb() });
  }

  async #streamed(
    call: Call,
    answer: Extract<RuntimeAnswer, { kind: 'stream' }>,
    launched: Launched,
    leftMs: number,
    report: () => string,
  ): Promise<CallResult> {
    const streamEnded = this.#race(launched, leftMs, answer.ended).then(async (end) => {
      if (end === undefined || Buffer.isBuffer(end)) return end;
      const document = end.kind === 'timeout' ? this.#timeoutDocument(call.requestId) : exitDocument(call.requestId, end.exit);
      await launched.sandbox.kill();
      return document;
    });
    const finished = streamEnded.then(async (error) => {
      await settleOutput(launched.sandbox);
      return { error, logTail: report() };
    });
    this.#free = finished.then(() => this.#untilIdle(launched, leftMs));
    if (call.streaming)
      return { payload: Buffer.alloc(0), logTail: '', stream: answer.stream, contentType: answer.contentType, streamEnded };
    const payload = await collect(answer.stream);
    const { error, logTail } = await finished;
    if (error !== undefined) return { payload: error, functionError: 'Unhandled', logTail };
    if (payload !== undefined) return { payload, contentType: answer.contentType, logTail };
    const message = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
    return { payload: errorDocument('Function.ResponseSizeTooLarge', message), functionError: 'Unhandled', logTail };
  }

  /** What runs on after the answer may use the rest of the function's time. */
  async #untilIdle(launched: Launched, leftMs: number): Promise<void> {
    const outcome = await this.#race(launched, leftMs, launched.api.idle());
    if (outcome?.kind === 'timeout') await launched.sandbox.kill();
  }
}

function invocationOf(call: Call, timeoutMs: number): Parameters<RuntimeApi['invoke']>[0] {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  const id = call.requestId.replaceAll('-', '');
  return {
    requestId: call.requestId,
    payload: call.payload,
    deadlineMs: Date.now() + timeoutMs,
    functionArn: call.functionArn,
    traceId: `Root=1-${seconds}-${id.slice(0, 24)};Parent=${id.slice(16)};Sampled=0`,
    clientContext: call.clientContext,
  };
}

/** What the function printed before its answer has been read when this is done. */
async function settleOutput({ outputDelayMs }: Sandbox): Promise<void> {
  if (outputDelayMs > 0) await sleep(outputDelayMs);
  else await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
}

function startFailure(error: unknown, requestId: string, log: RequestLog): Buffer {
  const { message } = error as Error;
  const type = error instanceof SandboxStartError ? error.errorType : 'LocalTarget.StartError';
  log.line(`RequestId: ${requestId} Error: ${message}\n${type}`);
  return errorDocument(type, `RequestId: ${requestId} Error: ${message}`);
}

function exitDocument(requestId: string, exit: SandboxExit): Buffer {
  return errorDocument('Runtime.ExitError', `RequestId: ${requestId} Error: ${exitReason(exit)}`);
}

function exitReason({ code, signal }: SandboxExit): string {
  if (signal !== null) return `Runtime exited with error: signal: ${signal === 'SIGKILL' ? 'killed' : signal}`;
  return code === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: exit status ${code}`;
}

/** The whole stream; undefined when it is larger than a buffered answer may be. */
async function collect(stream: Readable): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_RESPONSE_BYTES) chunks.push(chunk);
    }
  } catch {
    // A stream that was cut off; the reason is in its end.
  }
  return size <= MAX_RESPONSE_BYTES ? Buffer.concat(chunks, size) : undefined;
}
