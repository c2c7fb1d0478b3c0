import { ensureBucketUsable, resolveBucket } from '../artifacts/bucket.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { ask } from './ask.ts';

export interface BucketWish {
  readonly s3Bucket: string | undefined;
  readonly resolveS3: boolean | undefined;
  readonly local: boolean | undefined;
}

/**
 * The bucket for what is uploaded, looked at before any long work. On the local target a missing one is made.
 * Throws UserError BUCKET_NOT_FOUND, BUCKET_FOREIGN, BUCKET_REGION or MISSING_OPTION.
 */
export async function chooseBucket(wish: BucketWish, context: Context): Promise<string> {
  const [objects, { account }, { region }] = await Promise.all([
    context.clients.objects(),
    context.clients.caller(),
    context.clients.edge(),
  ]);
  const named = wish.s3Bucket ?? (wish.resolveS3 === true || wish.local === true ? undefined : await askForBucket(context));
  if (named === undefined) {
    const resolved = await resolveBucket(objects, account, region);
    if (resolved.created) context.reporter.info(`Bucket ${resolved.name} made: private, encrypted, versioned, TLS only`);
    return resolved.name;
  }
  if (wish.local === true && (await objects.findBucket(named)) === undefined) {
    await objects.createBucket(named);
    context.reporter.info(`Bucket ${named} made on the local target`);
  }
  await ensureBucketUsable(objects, named, region);
  return named;
}

async function askForBucket(context: Context): Promise<string> {
  if (context.prompts.available) return ask('s3-bucket', context);
  throw new UserError('MISSING_OPTION', 'There is something to upload, but no bucket was named', {
    hint: 'Add --s3-bucket NAME, or --resolve-s3 to use one that lambda-tool makes for this account and region',
  });
}
