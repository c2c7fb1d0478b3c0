/** Plain HTTP, without a client that knows better: raw headers out and in. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** Undefined when the body is no JSON. */
  readonly json: Record<string, unknown>;
  /** When each chunk came, in milliseconds since the request. */
  readonly times: readonly number[];
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

export function call(url: string, options: RawRequest = {}): Promise<RawAnswer> {
  const { body, headers = {}, method = 'GET' } = options;
  const startedAt = Date.now();
  // The path is sent as it is written here: a URL object would normalise it.
  const [, host = '', path = '/'] = /^http:\/\/([^/]+)(\/.*)?$/s.exec(url) ?? [];
  const [hostname, port] = host.split(':');
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { hostname, port, path, method, headers: headers as Record<string, string | string[]>, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        const times: number[] = [];
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          times.push(Date.now() - startedAt);
        });
        response.on('error', reject);
        response.on('end', () => {
          const all = Buffer.concat(chunks);
          const text = all.toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all, text, json: parse(text), times });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
