/** The loopback socket of the local target. What answers behind it is in `dispatch.ts`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface LocalServer {
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** From now on requests go here; before, they wait. */
  serve(handler: RequestHandler): void;
  /** Stops listening, gives running requests two seconds and ends all connections. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 2000;

/**
 * Listens on 127.0.0.1. Port 0 is any free one. `triesOnTaken` more ports are tried upwards when it is taken, but for those to `avoid`.
 * Throws the system's error with code `EADDRINUSE` when none is free.
 */
export async function listenOnLoopback(port: number, triesOnTaken = 0, avoid: ReadonlySet<number> = new Set()): Promise<LocalServer> {
  for (let tries = 0; ; tries++) {
    if (avoid.has(port + tries)) continue;
    const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 });
    try {
      await listen(server, port === 0 ? 0 : port + tries);
      return wrap(server);
    } catch (error) {
      const taken = ['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');
      if (!taken || tries >= triesOnTaken || port + tries >= 65_535) throw error;
    }
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function wrap(server: Server): LocalServer {
  const { port } = server.address() as AddressInfo;
  let serve: (handler: RequestHandler) => void = () => {};
  const ready = new Promise<RequestHandler>((resolve) => {
    serve = resolve;
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse) => void ready.then((handler) => handler(request, response));
  server.on('request', onRequest);
  // With this listener Node leaves the "100 Continue" to the handler, which sends it once it wants the body.
  server.on('checkContinue', onRequest);
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  });
  return { port, endpoint: `http://127.0.0.1:${port}`, serve: (handler) => serve(handler), close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(timer);
}
