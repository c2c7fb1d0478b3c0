/** Asking a daemon whether it is there, and to stop. */
import { request } from 'node:http';
import type { EndpointRecord } from './endpoint-file.ts';

export const HEALTH_PATH = '/_lambda-tool/health';
export const STOP_PATH = '/_lambda-tool/stop';

const TIMEOUT_MS = 3000;

export interface Health {
  readonly version: string;
  readonly pid: number;
}

/** What the daemon of a record answers; undefined when nothing answers there, or another process does. */
export async function askHealth(record: EndpointRecord | undefined): Promise<Health | undefined> {
  if (record === undefined) return undefined;
  const body = await callDaemon(record.port, 'GET', HEALTH_PATH, {});
  if (body === undefined) return undefined;
  try {
    const health = JSON.parse(body) as Health;
    return health.pid === record.pid ? health : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether the daemon has said that it will stop. Windows has no signal that a process could answer, so this is a request. */
export async function askToStop(record: EndpointRecord, token: string): Promise<boolean> {
  return (await callDaemon(record.port, 'POST', STOP_PATH, { authorization: `Bearer ${token}` })) !== undefined;
}

/** The body of a 200 answer; undefined for everything else. */
export function callDaemon(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  text = '',
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, timeout: TIMEOUT_MS, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString('utf8') : undefined));
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve(undefined));
    outgoing.end(text);
  });
}
