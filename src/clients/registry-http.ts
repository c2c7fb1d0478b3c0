import { request as httpRequest, type Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** Which connections to use for an address; absent: Node's own. */
export type AgentFor = (url: URL) => HttpAgent | undefined;

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for every attempt and redirect. */
  readonly body?: (() => Promise<Readable> | Buffer) | undefined;
  /** Bytes of a body that is a stream. */
  readonly bodyBytes?: number | undefined;
  readonly signal: AbortSignal;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

/** Gives the value of the Authorization header for an address, or undefined where it must not be sent. */
export type Authorize = (url: URL) => Promise<string | undefined>;

/** Silence on a connection. */
const SILENCE_MS = 60_000;
const MOST_REDIRECTS = 5;

/**
 * One request to a registry, redirects followed (storage is elsewhere often). The header with the token is asked for again for every
 * address, so that a storage never gets it. Any status is an answer; what breaks on the way is thrown.
 */
export async function askRegistry(request: RegistryRequest, authorize: Authorize, agentFor: AgentFor): Promise<RegistryAnswer> {
  let { url } = request;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await send({ ...request, url }, await authorize(url), agentFor(url));
    const { location } = answer.headers;
    const isRedirect = [301, 302, 307, 308].includes(answer.status) && location !== undefined;
    if (!isRedirect || redirects >= MOST_REDIRECTS) return answer;
    url = new URL(location, url);
  }
}

function send(request: RegistryRequest, authorization: string | undefined, agent: HttpAgent | undefined): Promise<RegistryAnswer> {
  const { url, method, signal, bodyBytes } = request;
  return new Promise((resolve, reject) => {
    void (async () => {
      const body = await request.body?.();
      const length = Buffer.isBuffer(body) ? body.length : body === undefined ? 0 : bodyBytes;
      const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
        method,
        signal,
        ...(agent === undefined ? {} : { agent }),
        headers: {
          ...request.headers,
          ...(authorization === undefined ? {} : { authorization }),
          ...(method === 'GET' || method === 'HEAD' || length === undefined ? {} : { 'content-length': String(length) }),
        },
      });
      outgoing.setTimeout(SILENCE_MS, () => outgoing.destroy(new Error(`silence for ${SILENCE_MS / 1000} s`)));
      outgoing.on('error', reject);
      outgoing.on('response', (answer) => {
        buffer(answer).then(
          (bytes) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: bytes.toString('utf8'), url }),
          reject,
        );
      });
      if (body === undefined || Buffer.isBuffer(body)) outgoing.end(body);
      // A registry may answer before it has read everything, and close; then the answer says why.
      else await pipeline(body, outgoing).catch((error: unknown) => setImmediate(reject, error));
    })().catch(reject);
  });
}
