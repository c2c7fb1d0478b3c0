import { buffer } from 'node:stream/consumers';
import type { ListObjectsV2Command } from '@aws-sdk/client-s3';

type Response = { statusCode: number; body: AsyncIterable<Uint8Array> | Uint8Array };

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Takes the keys out of the answer to a listing before the SDK reads it, and everything else of the objects with them: as
 * objects with dates and tags, a thousand keys take the SDK 50 ms of a core. What remains (is there a next page, was it an error)
 * is still the SDK's to read.
 */
export function takeKeys(command: ListObjectsV2Command): string[] {
  const keys: string[] = [];
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as Response;
      if (response.statusCode !== 200) return result;
      const { body } = response;
      const text = (body instanceof Uint8Array ? Buffer.from(body) : await buffer(body)).toString();
      keys.length = 0;
      const rest = text.replace(/<Contents>(.*?)<\/Contents>/gs, (_, object: string) => {
        const key = /<Key>([^<]*)<\/Key>/.exec(object)?.[1];
        if (key !== undefined) keys.push(unescapeXml(key));
        return '';
      });
      response.body = Buffer.from(rest);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'takeKeys' },
  );
  return keys;
}

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi,
    (whole, hex: string | undefined, decimal: string | undefined, name: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return ENTITIES[name] ?? whole;
    },
  );
}
