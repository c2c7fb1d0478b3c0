/**
 * The aws-chunked content encoding, signed or not, with trailers. Chunk signatures are not checked: the header's is.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ServiceError } from '../../types.ts';

const MAX_LINE_BYTES = 16 * 1024;

export function isAwsChunked(headers: IncomingHttpHeaders): boolean {
  return String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
}

/** Yields the content; puts the trailers (names in lower case) into `trailers`. Throws ServiceError `IncompleteBody`. */
export async function* decodeAwsChunked(source: AsyncIterable<Buffer>, trailers: Map<string, string>): AsyncGenerator<Buffer> {
  const lines = createLineReader(trailers);
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length > 0) {
      if (lines.contentLeft() > 0) {
        const content = pending.subarray(0, lines.contentLeft());
        pending = pending.subarray(content.length);
        lines.tookContent(content.length);
        yield content;
        continue;
      }
      const lineEnd = pending.indexOf('\r\n');
      if (lineEnd < 0 && pending.length > MAX_LINE_BYTES) throw malformed();
      if (lineEnd < 0) break;
      lines.read(pending.subarray(0, lineEnd).toString('latin1'));
      pending = pending.subarray(lineEnd + 2);
    }
  }
  if (!lines.isComplete()) throw malformed();
}

/** Understands what stands between the pieces of content: sizes, the line end after each piece, and the trailer. */
function createLineReader(trailers: Map<string, string>) {
  let expected: 'size' | 'content-end' | 'trailer' | 'nothing' = 'size';
  let left = 0;
  return {
    contentLeft: () => left,
    tookContent(bytes: number) {
      left -= bytes;
    },
    isComplete: () => expected === 'trailer' || expected === 'nothing',
    read(line: string) {
      if (expected === 'size') {
        left = chunkSize(line);
        expected = left === 0 ? 'trailer' : 'content-end';
      } else if (expected === 'content-end') {
        if (line !== '') throw malformed();
        expected = 'size';
      } else if (expected === 'trailer' && line !== '') addTrailer(trailers, line);
      else expected = 'nothing';
    },
  };
}

function chunkSize(line: string): number {
  const size = line.split(';', 1)[0] ?? '';
  if (!/^[0-9a-f]{1,8}$/i.test(size)) throw malformed();
  return Number.parseInt(size, 16);
}

function addTrailer(trailers: Map<string, string>, line: string): void {
  const colon = line.indexOf(':');
  if (colon < 0) throw malformed();
  trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
}

function malformed(): ServiceError {
  return new ServiceError('IncompleteBody', 'The request body terminated unexpectedly', 400);
}
