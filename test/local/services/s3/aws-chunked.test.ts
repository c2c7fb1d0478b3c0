import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAwsChunked } from '../../../../src/local/services/s3/aws-chunked.ts';

async function decode(encoded: Buffer, cuts: readonly number[] = []): Promise<{ content: Buffer; trailers: Map<string, string> }> {
  const trailers = new Map<string, string>();
  const chunks: Buffer[] = [];
  for await (const chunk of decodeAwsChunked(pieces(encoded, cuts), trailers)) chunks.push(chunk);
  return { content: Buffer.concat(chunks), trailers };
}

async function* pieces(encoded: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const cut of [...cuts.map((at) => at % (encoded.length + 1)), encoded.length].toSorted((a, b) => a - b)) {
    if (cut > start) yield encoded.subarray(start, cut);
    start = cut;
  }
}

describe('aws-chunked content', () => {
  it('is the same however the network cuts it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 })),
        fc.array(fc.nat()),
        fc.boolean(),
        async (parts, cuts, signed) => {
          const extension = signed ? `;chunk-signature=${'0'.repeat(64)}` : '';
          const encoded = Buffer.concat([
            ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}${extension}\r\n`), part, Buffer.from('\r\n')]),
            Buffer.from(`0${extension}\r\nX-Amz-Checksum-Crc32: AAAA\r\n\r\n`),
          ]);
          const { content, trailers } = await decode(encoded, cuts);
          expect(content.equals(Buffer.concat(parts))).toBe(true);
          expect(trailers.get('x-amz-checksum-crc32')).toBe('AAAA');
        },
      ),
    );
  });

  it('that ends early or is no such thing is refused', async () => {
    for (const text of ['', '5\r\nabc', '5\r\nabcde', '5\r\nabcdeXX', 'zz\r\n', '5;x\r\nabcde\r\n', '-1\r\n', 'x'.repeat(20_000)]) {
      await expect(decode(Buffer.from(text)), text.slice(0, 20)).rejects.toMatchObject({ code: 'IncompleteBody' });
    }
  });
});
