import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A port far from those that local targets and the system choose by themselves, with some free ones behind it: for tests that need the
 * same port again after a program has let go of it.
 */
export async function findOwnPort(): Promise<number> {
  for (;;) {
    const port = randomInt(11_000, 30_000);
    const free = await Promise.all([0, 1, 2].map((offset) => isFree(port + offset)));
    if (free.every(Boolean)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
