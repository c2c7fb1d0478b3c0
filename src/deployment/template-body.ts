import { createHash } from 'node:crypto';

import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { TEMPLATE_LIMITS, templateBytes, templateTransport } from '../template/limits.ts';
import { chooseBucket, type BucketWish } from './artifact-bucket.ts';

export interface TemplateBodyWish extends BucketWish {
  readonly s3Prefix: string | undefined;
}

/** A template as CloudFormation is given it. In the bucket it has its digest for a key. */
export type PlacedTemplate =
  | { readonly body: string }
  | { readonly url: string; readonly bucket: string; readonly key: string; readonly digest: string };

/** Hands a template over in the request, or through the bucket when it is longer than a request may be. */
export async function placeTemplate(
  text: string,
  wish: TemplateBodyWish,
  context: Context,
  knownBucket: string | undefined,
): Promise<PlacedTemplate> {
  const transport = templateTransport(text);
  if (transport === 'body') return { body: text };
  if (transport === 'too-large') {
    throw new UserError(
      'ARTIFACT_TOO_LARGE',
      `The template has ${templateBytes(text)} bytes; CloudFormation takes ${TEMPLATE_LIMITS.urlBytes} at most`,
      {
        hint: 'Split it into nested stacks',
      },
    );
  }
  const bucket = knownBucket ?? (await chooseBucket(wish, context));
  const digest = createHash('sha256').update(text).digest('hex');
  const key = `${wish.s3Prefix ?? ''}${digest}.template`;
  const objects = await context.clients.objects();
  if ((await objects.findObject(bucket, key, context.signal)) === undefined)
    await objects.uploadText(bucket, key, text, { signal: context.signal });
  return { url: await objectUrl(bucket, key, context), bucket, key, digest };
}

/** CloudFormation reads it with the caller's rights, so it needs no signature. */
async function objectUrl(bucket: string, key: string, context: Context): Promise<string> {
  const edge = await context.clients.edge();
  const endpoint = edge.endpointFor('s3');
  if (endpoint !== undefined) return `${endpoint.replace(/\/$/, '')}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const { s3HttpsUrl } = await import('../template/rewrite.ts');
  return s3HttpsUrl({ bucket, key, region: edge.region });
}
