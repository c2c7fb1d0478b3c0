import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import type { SdkClientConfig } from '../../src/clients/aws-config.ts';

/** An AWS emulator that is not ours, as a referee. */
export interface Moto {
  readonly endpoint: string;
  config(region?: string): SdkClientConfig;
  close(): Promise<void>;
}

/** Why tests against moto cannot run here, or undefined. */
export function motoMissing(): string | undefined {
  return spawnSync('moto_server', ['--help']).status === 0 ? undefined : 'moto_server is not on this machine';
}

export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const endpoint = `http://127.0.0.1:${port}`;
  await answers(`${endpoint}/moto-api/data.json`);
  return {
    endpoint,
    config: (region = 'eu-west-1') => ({
      region,
      endpoint,
      credentials: async () => ({ accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'secret' }),
      maxAttempts: 2,
      retryMode: 'standard',
      customUserAgent: [],
    }),
    async close() {
      child.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const isUp = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`moto_server does not answer at ${url}`);
}
