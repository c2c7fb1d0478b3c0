import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RuntimeAnswer {
  readonly kind: 'response' | 'error';
  readonly body: unknown;
  /** `Lambda-Runtime-Function-Error-Type` of an error. */
  readonly errorType: string | undefined;
}

export interface FakeRuntimeApi {
  readonly port: number;
  /** Hands an event to the function and waits for what it posts. */
  invoke(event: unknown): Promise<RuntimeAnswer>;
  /** What the function has posted because it could not start. */
  initError(): Promise<unknown>;
  close(): Promise<void>;
}

interface Waiting {
  readonly id: string;
  readonly event: unknown;
  readonly resolve: (answer: RuntimeAnswer) => void;
}

/**
 * A Lambda Runtime API over real HTTP for one function.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export async function startRuntimeApi(host = '127.0.0.1'): Promise<FakeRuntimeApi> {
  const queue: Waiting[] = [];
  const running = new Map<string, Waiting>();
  let asking: ServerResponse | undefined;
  let tellStartError: (body: unknown) => void = () => {};
  const startError = new Promise<unknown>((resolve) => (tellStartError = resolve));

  const hand = () => {
    const next = queue[0];
    if (!asking || !next) return;
    queue.shift();
    running.set(next.id, next);
    asking.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': next.id,
      'lambda-runtime-deadline-ms': String(Date.now() + 30_000),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-central-1:000000000000:function:demo',
      'lambda-runtime-trace-id': 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0',
    });
    asking.end(JSON.stringify(next.event));
    asking = undefined;
  };

  const server = createServer((request, response) => {
    const [, id, kind] = /^\/2018-06-01\/runtime\/invocation\/([\w-]+)(?:\/(response|error))?$/.exec(request.url ?? '') ?? [];
    if (id === 'next') {
      asking = response;
      hand();
      return;
    }
    void readJson(request).then((body) => {
      if (request.url === '/2018-06-01/runtime/init/error') tellStartError(body);
      if (id && (kind === 'response' || kind === 'error')) {
        const errorType = request.headers['lambda-runtime-function-error-type'];
        running.get(id)?.resolve({ kind, body, errorType: errorType?.toString() });
      }
      response.writeHead(202).end('{"status":"OK"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));

  return {
    port: (server.address() as AddressInfo).port,
    invoke: (event) =>
      new Promise((resolve) => {
        queue.push({ id: randomUUID(), event, resolve });
        hand();
      }),
    initError: () => startError,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += chunk.toString();
  return text === '' ? undefined : JSON.parse(text);
}
