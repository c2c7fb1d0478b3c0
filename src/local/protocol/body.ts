/** Reading small request bodies: forms and documents, never content. */
import type { Readable } from 'node:stream';
import { ServiceError } from '../types.ts';

/** The largest document or form that is kept in memory, in bytes, unless a service says otherwise. */
export const DEFAULT_BODY_LIMIT = 10 * 1024 * 1024;

/**
 * Reads a body to its end. Throws ServiceError `RequestEntityTooLarge` (413) when it has more than `limit` bytes.
 */
export async function readBody(body: Readable, limit = DEFAULT_BODY_LIMIT): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new ServiceError('RequestEntityTooLarge', `The request has more than ${limit} bytes`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Reads a JSON object; an empty body is an empty object. Throws ServiceError `SerializationException` when it is something else. */
export async function readJsonBody(body: Readable, limit?: number): Promise<Record<string, unknown>> {
  const text = (await readBody(body, limit)).toString('utf8');
  if (text.trim() === '') return {};
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ServiceError('SerializationException', 'The request body is not a JSON object');
  }
  return value as Record<string, unknown>;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ServiceError('SerializationException', `The request body is not JSON: ${(error as Error).message}`);
  }
}
