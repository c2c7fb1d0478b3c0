/** Addresses that AWS would own, told as the addresses on this machine that answer: the question and who answers it. */
import type { Site } from './dispatch.ts';
import { callDaemon } from './health.ts';
import { LocalTargetError } from './local-target-error.ts';
import { readJsonBody } from './protocol/body.ts';
import type { UrlMapper } from './types.ts';

const ADDRESSES_PATH = '/_lambda-tool/addresses';
const BODY_LIMIT = 1024 * 1024;

/** Takes `{ addresses: [] }` and answers the list of those that answer here. Nobody has to sign for what any caller of an API sees. */
export function createAddressSite(urls: UrlMapper): Site {
  return {
    allowsWebPages: false,
    matches: ({ method }, path) => method === 'POST' && path === ADDRESSES_PATH,
    async handle(request, response) {
      const { addresses } = await readJsonBody(request, BODY_LIMIT);
      const body = JSON.stringify(Array.isArray(addresses) ? addresses.map((address) => urls.toLocal(String(address))) : []);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
    },
  };
}

/** Asks a running target. What it does not know comes back as it was. Throws LocalTargetError. */
export async function localAddresses(target: { readonly port: number }, addresses: readonly string[]): Promise<readonly string[]> {
  const headers = { 'content-type': 'application/json' };
  const answer = await callDaemon(target.port, 'POST', ADDRESSES_PATH, headers, JSON.stringify({ addresses }));
  if (answer === undefined) throw new LocalTargetError('NOT_RUNNING', 'The local target does not tell its addresses');
  return JSON.parse(answer) as string[];
}
