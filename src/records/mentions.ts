import { readArtifactKey } from './keys.ts';
import type { StoredArtifact } from './types.ts';

/**
 * Whether a text (a template, a record) mentions an object, however it is written: as key, S3 URI, address, or with a prefix that a
 * function call makes. The same content under another literal prefix or in another named bucket is another object.
 */
export function mentionsObject(text: string, { bucket, key }: StoredArtifact): boolean {
  const parts = readArtifactKey(key);
  if (parts === undefined) return text.includes(key);
  const { digest } = parts;
  const prefixes = [parts.prefix, parts.prefix.split('/').map(encodeURIComponent).join('/')];
  for (let at = text.indexOf(digest); at >= 0; at = text.indexOf(digest, at + 1)) {
    const before = literalBefore(text, at);
    if (prefixes.some((prefix) => mayEndWith(before, bucket, prefix))) return true;
  }
  return false;
}

const LONGEST_LITERAL = 1200;

/** The path that stands directly before a place: up to a quote, a space or a function call. */
function literalBefore(text: string, at: number): string {
  return /[\w./%:~+-]*$/.exec(text.slice(Math.max(0, at - LONGEST_LITERAL), at))?.[0] ?? '';
}

function mayEndWith(before: string, bucket: string, prefix: string): boolean {
  // Nothing but a part of the prefix: the bucket stands elsewhere, or the rest is made by a function call.
  if (prefix.endsWith(before)) return true;
  if (!before.endsWith(`/${prefix}`)) return false;
  const place = before.slice(0, before.length - prefix.length - 1);
  return place.endsWith(`/${bucket}`) || place.includes(`//${bucket}.s3`);
}

/** Whether a text mentions an image by one of its names: the hex digits of its digest, or a tag that is a digest itself. */
export function mentionsImage(text: string, names: readonly string[]): boolean {
  return names.some((name) => text.includes(name));
}
