import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

import type { HttpRequest, HttpResponse } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { HttpHandlerOptions, NodeHttpHandlerOptions } from '@smithy/types';

import { UserError, messageOf } from '../errors.ts';

const MAX_SOCKETS = 50;
const SILENCE_MS = 60_000;

/**
 * Reads a PEM file of certificate authorities. The SDK for JavaScript knows nothing of AWS_CA_BUNDLE, so we do what the
 * other SDKs do with it. Throws UserError CA_BUNDLE.
 */
export function readCaBundle(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError('CA_BUNDLE', `The certificate bundle ${path} cannot be read: ${messageOf(error)}`, {
      hint: 'Check --ca-bundle or AWS_CA_BUNDLE',
      cause: error,
    });
  }
  if (!text.includes('-----BEGIN')) {
    throw new UserError('CA_BUNDLE', `The certificate bundle ${path} holds no PEM certificate`, {
      hint: 'Check --ca-bundle or AWS_CA_BUNDLE',
    });
  }
  return text;
}

export interface HttpHandlerRequest {
  /** The text of a PEM bundle, trusted besides the usual authorities. */
  readonly ca?: string | undefined;
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are looked up; absent: no proxy. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Connections over http and over https. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

export function createAgents({ ca, proxyEnv }: HttpHandlerRequest = {}): Agents {
  // Node's agents know proxies since 22.21 and 24.5; older ones do not look at this option.
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS, ...(proxyEnv === undefined ? {} : { proxyEnv }) };
  return {
    http: new HttpAgent(options),
    https: new HttpsAgent(ca === undefined ? options : { ...options, ca: [...usualAuthorities(), ca] }),
  };
}

/** An import of node:tls reads all of its certificates at once, which takes milliseconds of every run. */
function usualAuthorities(): readonly string[] {
  return process.getBuiltinModule('node:tls').rootCertificates;
}

/** One connection pool for all clients of a run. */
export function createHttpHandler(agents: Agents = createAgents()): NodeHttpHandler {
  return new NodeHttpHandler({
    connectionTimeout: 10_000,
    // Silence on a connection; none of the operations that we call thinks for so long.
    socketTimeout: SILENCE_MS,
    // Requests may queue for a socket; that is what the limit is for, and no news for the user.
    socketAcquisitionWarningTimeout: 3_600_000,
    httpAgent: agents.http,
    httpsAgent: agents.https,
  });
}

/** Wraps a handler so that nothing leaves the chosen endpoint, whatever an SDK makes of its settings. */
export function guardHandler(inner: NodeHttpHandler, endpoint: string): GuardedHandler {
  return new GuardedHandler(inner, new URL(endpoint));
}

class GuardedHandler {
  readonly #inner: NodeHttpHandler;
  readonly #endpoint: URL;
  readonly metadata = { handlerProtocol: 'http/1.1' };

  constructor(inner: NodeHttpHandler, endpoint: URL) {
    this.#inner = inner;
    this.#endpoint = endpoint;
  }

  async handle(request: HttpRequest, options?: HttpHandlerOptions): Promise<{ response: HttpResponse }> {
    const { hostname, port, protocol } = this.#endpoint;
    const wantedPort = port === '' ? undefined : Number(port);
    if (request.hostname !== hostname || request.port !== wantedPort || request.protocol !== protocol) {
      throw new UserError('FOREIGN_HOST', `A request for ${request.hostname} was stopped: only ${this.#endpoint.origin} may be called`, {
        hint: 'Credentials that need another host (SSO, assume-role) do not work with --endpoint-url; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
      });
    }
    return this.#inner.handle(request, options);
  }

  updateHttpClientConfig(key: keyof NodeHttpHandlerOptions, value: NodeHttpHandlerOptions[typeof key]): void {
    this.#inner.updateHttpClientConfig(key, value);
  }

  httpHandlerConfigs(): NodeHttpHandlerOptions {
    return this.#inner.httpHandlerConfigs();
  }

  destroy(): void {
    this.#inner.destroy();
  }
}
