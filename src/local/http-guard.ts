/**
 * Keeps web pages out. A page in the user's browser can send requests to loopback addresses, and with a name that
 * resolves to 127.0.0.1 it can read the answers (DNS rebinding); so the Host has to be ours, and requests that a
 * browser marks as sent by a page are refused.
 */
import type { IncomingMessage } from 'node:http';

/** The last one is how containers on an engine in a virtual machine reach this machine; a foreign page cannot have the name. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]', 'host.docker.internal']);

/** Whether the Host header names this machine (or a name under `.localhost`) and the port the request came in on. */
export function hasOwnHost(request: IncomingMessage): boolean {
  const host = splitHost(request.headers.host ?? '');
  if (host === undefined || host.port !== (request.socket.localPort ?? -1)) return false;
  return LOOPBACK_NAMES.has(host.name) || (host.name.endsWith('.localhost') && /^[a-z0-9.-]+$/.test(host.name));
}

/** Host name (lower case, without a last dot) and port (80 unless said) of a Host header. */
export function splitHost(host: string): { readonly name: string; readonly port: number } | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:@/?#\s]+?)\.?(?::(\d{1,5}))?$/i.exec(host);
  if (match?.[1] === undefined) return undefined;
  return { name: match[1].toLowerCase(), port: match[2] === undefined ? 80 : Number(match[2]) };
}

/** Whether a web page sent the request: browsers add Origin or Sec-Fetch-Site, other clients do not. A typed address (`none`) is no page. */
export function isFromWebPage(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  return request.headers.origin !== undefined || (site !== undefined && site !== 'none');
}
