/**
 * Keeps foreign web pages away from local APIs. A page in the user's browser can send requests to loopback, and with a name
 * that resolves to 127.0.0.1 read the answers; so the Host has to be ours. Pages of this machine (their origin is on
 * loopback: a development server, another local API) may call as the browser lets them; pages of elsewhere only where the
 * API's own CORS settings name them.
 */
import type { IncomingMessage } from 'node:http';
import { hasOwnHost, splitHost } from '../http-guard.ts';

/** Why a request is refused; undefined when it may pass. `allowOrigins` are the origins that the API's CORS settings name. */
export function refusalOf(request: IncomingMessage, allowOrigins: readonly string[]): string | undefined {
  if (!hasOwnHost(request)) {
    return `The Host header '${request.headers.host ?? ''}' does not name this machine. Local APIs answer to 127.0.0.1, localhost and names under .localhost.`;
  }
  const { origin } = request.headers;
  if (origin !== undefined) {
    if (isLoopbackOrigin(origin) || allowsOrigin(allowOrigins, origin)) return undefined;
    return `Pages of '${origin}' may not call this API: its CORS settings do not name that origin.`;
  }
  if (!isEmbeddedByForeignPage(request) || allowOrigins.includes('*')) return undefined;
  return 'Pages of another site may only embed this API when its CORS settings allow every origin.';
}

/** Whether the CORS settings name the origin: itself, `*`, or a pattern such as `https://*`. */
export function allowsOrigin(allowOrigins: readonly string[], origin: string): boolean {
  return allowOrigins.some((allowed) => {
    if (allowed === '*') return true;
    if (allowed.endsWith('://*')) return origin.toLowerCase().startsWith(allowed.slice(0, -1).toLowerCase());
    return allowed.toLowerCase() === origin.toLowerCase();
  });
}

function isLoopbackOrigin(origin: string): boolean {
  const host = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  const name = host === undefined ? undefined : splitHost(host)?.name;
  if (name === undefined) return false;
  return name === 'localhost' || name === '[::1]' || name.endsWith('.localhost') || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Images, scripts and the like carry no Origin; following a link does no harm. */
function isEmbeddedByForeignPage(request: IncomingMessage): boolean {
  if (request.headers['sec-fetch-site'] !== 'cross-site') return false;
  if (request.headers['sec-fetch-mode'] === 'navigate' && (request.method === 'GET' || request.method === 'HEAD')) return false;
  const referer = request.headers.referer;
  return referer === undefined || !URL.canParse(referer) || !isLoopbackOrigin(new URL(referer).origin);
}
