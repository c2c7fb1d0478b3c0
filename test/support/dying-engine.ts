import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a real engine that breaks. */
export interface DyingEngine {
  /** For DOCKER_HOST. */
  readonly address: string;
  /** Breaks every connection, and takes no more, as soon as somebody asks for what holds this; undefined: never. */
  dieAt(part: string | undefined, afterMs?: number): void;
  close(): void;
}

/** Passes everything on to the engine behind a socket. */
export async function startDyingEngine(real: string, socket: string): Promise<DyingEngine> {
  const sockets = new Set<Socket>();
  let fatal: string | undefined;
  let afterMs = 0;
  let isDead = false;
  const die = (): void => {
    isDead = true;
    for (const one of sockets) one.destroy();
  };
  const server = createServer((client) => {
    if (isDead) return void client.destroy();
    const engine = connect(real);
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.on('end', () => to.end());
    }
    engine.on('data', (data) => client.write(data));
    client.on('data', (data) => {
      if (fatal !== undefined && data.includes(fatal)) setTimeout(die, afterMs);
      engine.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    address: `unix://${socket}`,
    dieAt(part, after = 0) {
      isDead = false;
      fatal = part;
      afterMs = after;
    },
    close() {
      die();
      server.close();
      rmSync(socket, { force: true });
    },
  };
}
