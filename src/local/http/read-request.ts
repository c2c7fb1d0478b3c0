/** What a front end needs to know of a request, read once. */
import type { IncomingMessage } from 'node:http';
import { randomBytes, randomUUID } from 'node:crypto';

/** The largest request body, in bytes. https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html */
export const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

export interface FrontRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** Percent-encoded, without `?`. */
  readonly query: string;
  /** Names as they were sent, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly host: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly protocol: string;
  readonly requestId: string;
  readonly timeMs: number;
}

/** Reads a request to its end; undefined when its body is larger than `limit` (it is read and dropped then). */
export async function readFrontRequest(request: IncomingMessage, limit: number = MAX_REQUEST_BYTES): Promise<FrontRequest | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  if (size > limit) return undefined;
  const [path = '/', ...query] = (request.url ?? '/').split('?');
  const sourceIp = (request.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, '');
  return {
    method: request.method ?? 'GET',
    path,
    query: query.join('?'),
    headers: [...pairs(request.rawHeaders), ...forwarded(request, sourceIp)],
    body: Buffer.concat(chunks, size),
    host: request.headers.host ?? 'localhost',
    sourceIp,
    userAgent: request.headers['user-agent'] ?? '',
    protocol: `HTTP/${request.httpVersion}`,
    requestId: randomUUID(),
    timeMs: Date.now(),
  };
}

/** What a gateway adds. The scheme is the one the client used. */
function forwarded(request: IncomingMessage, sourceIp: string): [string, string][] {
  const known = request.headers['x-forwarded-for'];
  return [
    ['X-Amzn-Trace-Id', `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`],
    ['X-Forwarded-For', known === undefined ? sourceIp : `${String(known)}, ${sourceIp}`],
    ['X-Forwarded-Port', String(request.socket.localPort ?? 80)],
    ['X-Forwarded-Proto', 'http'],
  ];
}

/** Without the headers that end at the gateway, or that it writes itself. */
function pairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (/^(?:connection|keep-alive|transfer-encoding|upgrade|te|trailer|proxy-.*|x-forwarded-.*|x-amzn-trace-id)$/i.test(name)) continue;
    result.push([name, raw[index + 1] ?? '']);
  }
  return result;
}

/** All values by name in lower case. */
export function headerValues(request: Pick<FrontRequest, 'headers'>): Readonly<Record<string, readonly string[]>> {
  const values: Record<string, string[]> = {};
  for (const [name, value] of request.headers) (values[name.toLowerCase()] ??= []).push(value);
  return values;
}

/** `23/Nov/2026:10:00:00 +0000`, as in access logs. */
export function accessTime(timeMs: number): string {
  const date = new Date(timeMs);
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][date.getUTCMonth()] ?? '';
  const iso = date.toISOString();
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
