import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { createServer, request as send, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text as readText } from 'node:stream/consumers';

import { SignatureV4 } from '@smithy/signature-v4';

import type { Workspace } from './cli.ts';

export interface DenyingProxy {
  readonly endpoint: string;
  /** Actions in the order of their calls: `CreateChangeSet`, `s3:PUT /bucket/key`. */
  readonly calls: string[];
  /** What fits is answered with AccessDenied from now on; undefined: nothing. */
  deny(action: RegExp | undefined): void;
  /** What is changed in the answers to one action from now on. */
  alter(action: string, change: (text: string) => string): void;
  close(): void;
}

interface Upstream {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What the signer wants of a hash, with what Node has. */
class Sha256 {
  private readonly hash: Hash | Hmac;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = key === undefined ? createHash('sha256') : createHmac('sha256', typeof key === 'string' ? key : bytesOf(key));
  }

  update(data: Uint8Array): void {
    this.hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }

  reset(): void {
    throw new Error('A hash is used once');
  }
}

function bytesOf(key: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(key) ? new Uint8Array(key.buffer, key.byteOffset, key.byteLength) : new Uint8Array(key);
}

/** An endpoint before the local target of a workspace, for an identity that may not do everything, and the variables that lead to it. */
export async function denyingProxy(workspace: Workspace): Promise<{ proxy: DenyingProxy; env: Record<string, string> }> {
  const { stdout } = await workspace.run(['local', 'env']);
  const exported = Object.fromEntries([...stdout.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]));
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '', AWS_ENDPOINT_URL: endpoint = '' } = exported;
  const proxy = await start({ endpoint, accessKeyId, secretAccessKey });
  return { proxy, env: { ...exported, AWS_ENDPOINT_URL: proxy.endpoint } };
}

/** Every request is signed anew, for the address differs. */
async function start(upstream: Upstream): Promise<DenyingProxy> {
  const calls: string[] = [];
  let denied: RegExp | undefined;
  let altered: { readonly action: string; readonly change: (text: string) => string } | undefined;
  const server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const { region, service } = scopeOf(request.headers);
      const action = actionOf(request, service, body);
      calls.push(action);
      if (denied?.test(action) === true) return refuse(response, service, action);
      const headers = await sign(request, body, { region, service }, upstream);
      const target = new URL(request.url ?? '/', upstream.endpoint);
      send(target, { method: request.method, headers }, (answer) => {
        if (altered?.action !== action) {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
          return;
        }
        const { change } = altered;
        void readText(answer).then((whole) => {
          response.writeHead(answer.statusCode ?? 500, { 'content-type': 'text/xml' });
          response.end(change(whole));
        });
      })
        .on('error', () => response.destroy())
        .end(body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    deny(action) {
      denied = action;
      calls.length = 0;
    },
    alter(action, change) {
      altered = { action, change };
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Scope {
  readonly region: string;
  readonly service: string;
}

function scopeOf({ authorization }: IncomingHttpHeaders): Scope {
  const [, region = 'us-east-1', service = ''] = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\//.exec(authorization ?? '') ?? [];
  return { region, service };
}

function actionOf({ headers, method, url }: IncomingMessage, service: string, body: Buffer): string {
  if (service === 's3') return `s3:${method} ${url}`;
  return new URLSearchParams(body.toString()).get('Action') ?? String(headers['x-amz-target'] ?? url);
}

function refuse(response: ServerResponse, service: string, action: string): void {
  const message = `User: arn:aws:iam::000000000000:user/ci is not authorized to perform: ${service}:${action}`;
  const error = `<Code>AccessDenied</Code><Message>${message}</Message>`;
  response.writeHead(403, { 'content-type': 'text/xml' });
  response.end(service === 's3' ? `<Error>${error}</Error>` : `<ErrorResponse><Error>${error}</Error></ErrorResponse>`);
}

/** Not passed on: what belongs to the connection, and the signature for the proxy's own address. */
const OWN = new Set(['authorization', 'host', 'connection', 'x-amz-date', 'x-amz-content-sha256', 'expect', 'transfer-encoding']);

async function sign(request: IncomingMessage, body: Buffer, scope: Scope, upstream: Upstream): Promise<Record<string, string>> {
  const target = new URL(request.url ?? '/', upstream.endpoint);
  const kept = Object.entries(request.headers).filter(([name]) => !OWN.has(name));
  const signer = new SignatureV4({ ...scope, credentials: upstream, sha256: Sha256, uriEscapePath: scope.service !== 's3' });
  const signed = await signer.sign({
    method: request.method ?? 'GET',
    protocol: 'http:',
    hostname: target.hostname,
    port: Number(target.port),
    path: target.pathname,
    query: queryOf(target.searchParams),
    headers: {
      ...Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
      host: target.host,
      ...(scope.service === 's3' ? { 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') } : {}),
    },
    body,
  });
  return { ...signed.headers, 'content-length': String(body.length) };
}

function queryOf(parameters: URLSearchParams): Record<string, string | string[]> {
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const [first = '', ...more] = parameters.getAll(name);
      return [name, more.length === 0 ? first : [first, ...more]];
    }),
  );
}
