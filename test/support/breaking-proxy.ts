import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { HttpRequest } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** What becomes of a request: `cut` breaks the connection before anything is forwarded, `lose` after the endpoint has done it. */
export type Fate = 'pass' | 'cut' | 'lose' | { readonly status: number; readonly body: string } | { readonly replace: Buffer };

/** A request as it came in. */
export interface SeenRequest {
  readonly method: string;
  /** Path with query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A line to an endpoint that breaks. */
export interface BreakingProxy {
  /** To be given to a client of the endpoint itself, whose requests then come by here: they stay signed for the endpoint. */
  readonly requestHandler: object;
  /** In the order in which they came. */
  readonly seen: SeenRequest[];
  /** Decides about the requests from now on; undefined: all pass. */
  judge: ((request: SeenRequest) => Fate | Promise<Fate>) | undefined;
  close(): void;
}

export async function startBreakingProxy(endpoint: string): Promise<BreakingProxy> {
  const server = createServer((request, response) => {
    void handle(request, response).catch(() => request.socket.destroy());
  });
  const proxy: BreakingProxy = {
    requestHandler: {},
    seen: [],
    judge: undefined,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    proxy.seen.push(seen);
    const fate = (await proxy.judge?.(seen)) ?? 'pass';
    if (fate === 'cut') return void request.socket.destroy();
    if (typeof fate === 'object' && 'status' in fate) {
      return void response.writeHead(fate.status, { 'content-type': 'application/xml' }).end(fate.body);
    }
    const answer = await send(endpoint, request, typeof fate === 'object' ? fate.replace : body);
    const text = await buffer(answer);
    if (fate === 'lose') return void request.socket.destroy();
    response.writeHead(answer.statusCode ?? 500, answer.headers).end(text);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const inner = new NodeHttpHandler();
  const requestHandler = {
    metadata: inner.metadata,
    handle: (request: HttpRequest, options?: object) => inner.handle(Object.assign(request, { port }), options),
  };
  return Object.assign(proxy, { requestHandler });
}

function send(endpoint: string, request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method: request.method, path: request.url, headers: request.headers };
    forward(options, resolve).once('error', reject).end(body);
  });
}
