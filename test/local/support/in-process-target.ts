import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { assembleLocalAws } from '../../../src/local/assemble.ts';
import { findSecrets } from '../../../src/local/credentials.ts';
import { listenOnLoopback } from '../../../src/local/server.ts';
import type { LocalAws } from '../../../src/local/types.ts';

/** A local target in this process: the real server and services on a free port, with a folder of its own. */
export interface InProcessTarget {
  readonly aws: LocalAws;
  readonly folder: string;
  readonly port: number;
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly registryPassword: string;
  /** What the services wrote into the daemon's log. */
  readonly logged: readonly string[];
  /** For an SDK client. */
  clientOptions(region?: string): {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
    maxAttempts: number;
  };
  /** Stops and starts over the same folder; the port changes. */
  restart(): Promise<InProcessTarget>;
  close(): Promise<void>;
}

export async function startInProcessTarget(existingFolder?: string): Promise<InProcessTarget> {
  const folder = existingFolder ?? (await mkdtemp(path.join(tmpdir(), 'lambda-tool-local-')));
  const server = await listenOnLoopback(0);
  const logged: string[] = [];
  const { aws, close } = await assembleLocalAws({
    folder,
    server,
    version: '0.0.0-test',
    log: (message) => logged.push(message),
    onStop: () => {},
  });
  const secrets = findSecrets(folder);
  if (secrets === undefined) throw new Error('no credentials were made');
  const credentials = { accessKeyId: secrets.accessKeyId, secretAccessKey: secrets.secretAccessKey };
  return {
    aws,
    folder,
    port: server.port,
    endpoint: server.endpoint,
    credentials,
    registryPassword: secrets.registryPassword,
    logged,
    clientOptions: (region = 'us-east-1') => ({ endpoint: server.endpoint, region, credentials, maxAttempts: 1 }),
    async restart() {
      await close();
      return startInProcessTarget(folder);
    },
    async close() {
      await close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
