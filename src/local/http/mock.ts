/** MOCK integrations and pass-through to other HTTP servers. */
import { matchesMediaType } from './answers.ts';
import type { Match } from './match-route.ts';
import type { FrontRequest } from './read-request.ts';
import { messageAnswer } from './send.ts';
import type { Answer, Integration } from './types.ts';

/** The answer that a MOCK integration chooses by its status. */
export function mockAnswer(integration: Extract<Integration, { kind: 'mock' }>): Answer {
  const { responses, status } = integration;
  if (status === undefined) return messageAnswer(500, 'Internal server error');
  const chosen =
    responses.find(({ pattern }) => pattern !== undefined && new RegExp(`^(?:${pattern})$`).test(status)) ??
    responses.find(({ pattern }) => pattern === undefined);
  if (chosen === undefined) return messageAnswer(500, 'Internal server error');
  const headers = Object.entries(chosen.headers);
  const type = headers.some(([name]) => name.toLowerCase() === 'content-type') ? [] : [['content-type', 'application/json'] as const];
  return { status: chosen.status, headers: [...headers, ...type], body: Buffer.from(chosen.body) };
}

/** Hop-by-hop headers, and what fetch writes itself. */
const NOT_PASSED = /^(?:connection|keep-alive|host|content-length|transfer-encoding|upgrade|expect|te|trailer)$/i;

/** Passes a request on to another server, placeholders in its URL filled. */
export async function passOn(request: FrontRequest, match: Match, integration: Extract<Integration, { kind: 'http' }>): Promise<Answer> {
  const url = new URL(integration.url.replace(/\{([^}+]+)\+?\}/g, (_all, name: string) => match.params[name] ?? ''));
  for (const [name, value] of new URLSearchParams(request.query)) url.searchParams.append(name, value);
  const method = integration.method === 'ANY' ? request.method : integration.method;
  const headers = new Headers();
  for (const [name, value] of request.headers) if (!NOT_PASSED.test(name)) headers.append(name, value);
  const response = await fetch(url, {
    method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(integration.timeoutMs),
    ...(request.body.length === 0 || method === 'GET' || method === 'HEAD' ? {} : { body: new Uint8Array(request.body) }),
  });
  const body = Buffer.from(await response.arrayBuffer());
  // fetch has decoded the body already.
  const answered = [...response.headers].filter(([name]) => !NOT_PASSED.test(name) && name !== 'content-encoding');
  return { status: response.status, headers: answered, body };
}

/** Whether a request's body reaches the function as base64. */
export function isBinaryRequest(request: FrontRequest, binaryTypes: readonly string[]): boolean {
  const type = request.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  return request.body.length > 0 && matchesMediaType(binaryTypes, type?.split(';', 1)[0]?.trim().toLowerCase() ?? 'application/json');
}
