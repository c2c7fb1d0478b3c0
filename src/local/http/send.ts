/** Writes answers: whole ones, and streamed ones as they come. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { MalformedAnswerError, preludeAnswer } from './answers.ts';
import type { Answer } from './types.ts';

/** Between the prelude of a streamed answer and its body. */
const DELIMITER = Buffer.alloc(8);
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';
/** A prelude is headers; more than this is a mistake. */
const MAX_PRELUDE_BYTES = 128 * 1024;

export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const noBody = answer.status === 204 || answer.status === 304;
  const headers: (readonly [string, string])[] = answer.headers.filter(([name]) => !noBody || name.toLowerCase() !== 'content-type');
  if (!noBody) headers.push(['content-length', String(answer.body.length)]);
  writeHead(response, answer.status, headers);
  response.end(request.method === 'HEAD' || noBody ? undefined : answer.body);
}

/** `{"message": …}`, as gateways say what is wrong. */
export function messageAnswer(status: number, message: string, headers: readonly (readonly [string, string])[] = []): Answer {
  return { status, headers: [['content-type', 'application/json'], ...headers], body: Buffer.from(JSON.stringify({ message })) };
}

/**
 * Sends a streamed answer while it comes. `adjust` may change the headers. Throws MalformedAnswerError before anything was sent;
 * a failure later on cuts the connection, so that the client notices.
 */
export async function sendStream(
  request: IncomingMessage,
  response: ServerResponse,
  source: { readonly stream: Readable; readonly contentType: string | undefined; readonly ended: Promise<Buffer | undefined> | undefined },
  adjust: (headers: Answer['headers']) => Answer['headers'],
): Promise<void> {
  const chunks = source.stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let first: Buffer = Buffer.alloc(0);
  if (source.contentType === PRELUDE_TYPE) {
    const { prelude, rest } = await readPrelude(chunks);
    const { headers, status } = preludeAnswer(prelude);
    writeHead(response, status, adjust(headers));
    first = rest;
  } else {
    writeHead(response, 200, adjust([['content-type', source.contentType ?? 'application/octet-stream']]));
  }
  response.flushHeaders();
  try {
    if (first.length > 0) await write(request, response, first);
    for (let next = await chunks.next(); next.done !== true && !response.destroyed; next = await chunks.next()) {
      await write(request, response, next.value);
    }
    if ((await source.ended) === undefined) response.end();
    else response.destroy();
  } catch (error) {
    response.destroy(error as Error);
  } finally {
    source.stream.destroy();
  }
}

async function readPrelude(chunks: AsyncIterator<Buffer>): Promise<{ readonly prelude: Buffer; readonly rest: Buffer }> {
  let read: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) throw new MalformedAnswerError('it ends before its headers do');
    read = Buffer.concat([read, next.value]);
    const at = read.indexOf(DELIMITER);
    if (at >= 0) return { prelude: read.subarray(0, at), rest: read.subarray(at + DELIMITER.length) };
    if (read.length > MAX_PRELUDE_BYTES) throw new MalformedAnswerError('its headers do not end');
  }
}

async function write(request: IncomingMessage, response: ServerResponse, chunk: Buffer): Promise<void> {
  if (request.method === 'HEAD' || response.write(chunk) || response.destroyed) return;
  const stop = new AbortController();
  await Promise.race([once(response, 'drain', { signal: stop.signal }), once(response, 'close', { signal: stop.signal })]);
  stop.abort();
}

function writeHead(response: ServerResponse, status: number, headers: Answer['headers']): void {
  const grouped = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const [name, value] of headers) {
    const known = grouped.get(name.toLowerCase());
    if (known === undefined) grouped.set(name.toLowerCase(), { name, values: [value] });
    else known.values.push(value);
  }
  for (const { name, values } of grouped.values()) response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values);
  response.writeHead(status);
}
