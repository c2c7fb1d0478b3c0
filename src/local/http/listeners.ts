/** A port of loopback for every API and function URL, kept between restarts. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Store } from '../types.ts';

const MAX_PORT = 65_535;

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface Listeners {
  /** Opens a port for this key, the one it had before if that is free. Does nothing when it is open. */
  open(key: string, handler: Handler): Promise<void>;
  /** Closes the port and forgets it. */
  remove(key: string): Promise<void>;
  keys(): readonly string[];
  /** `http://127.0.0.1:<port>`; undefined when it is not open. */
  originOf(key: string): string | undefined;
  close(): Promise<void>;
}

/** `firstPort` is where to look for free ports from. */
export function createListeners(options: {
  readonly store: Store;
  readonly firstPort: number;
  readonly log: (message: string) => void;
}): Listeners {
  const ports = options.store.collection<number>('api-ports');
  const open = new Map<string, Server>();
  let queue: Promise<unknown> = Promise.resolve();

  async function bind(key: string, server: Server): Promise<void> {
    const known = ports.get(key);
    const others = new Set([...ports.entries()].filter(([other]) => other !== key).map(([, port]) => port));
    if (known !== undefined && (await tryListen(server, known))) return;
    let port = options.firstPort;
    while (others.has(port) || !(await tryListen(server, port))) port = port >= MAX_PORT ? 0 : port + 1;
    if (known !== undefined) options.log(`Port ${known} of ${key} is taken; it answers on ${portOf(server)} now`);
    ports.put(key, portOf(server));
  }

  async function openOne(key: string, handler: Handler): Promise<void> {
    if (open.has(key)) return;
    const server = createServer((request, response) => {
      handler(request, response).catch((error: Error) => {
        options.log(`${key}: ${request.method} ${request.url}: ${error.stack ?? error.message}`);
        if (response.headersSent) response.destroy();
        else response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"Internal Server Error"}');
      });
    });
    // Pages keep their connections for longer than a gateway's answer may take.
    server.keepAliveTimeout = 65_000;
    await bind(key, server);
    open.set(key, server);
  }

  return {
    open(key, handler) {
      // One after the other, so that two never try the same port.
      const turn = queue.then(() => openOne(key, handler));
      queue = turn.catch(() => undefined);
      return turn;
    },
    async remove(key) {
      await queue;
      ports.delete(key);
      const server = open.get(key);
      open.delete(key);
      if (server !== undefined) await closeServer(server);
    },
    keys: () => [...open.keys()],
    originOf(key) {
      const server = open.get(key);
      return server === undefined ? undefined : `http://127.0.0.1:${portOf(server)}`;
    },
    async close() {
      await queue;
      const servers = [...open.values()];
      open.clear();
      await Promise.all(servers.map(closeServer));
    },
  };
}

function tryListen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off('listening', listening);
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    };
    const listening = (): void => {
      server.off('error', failed);
      resolve(true);
    };
    server.once('error', failed);
    server.once('listening', listening);
    server.listen({ host: '127.0.0.1', port });
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
