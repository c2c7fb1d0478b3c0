import type { ObjectStore } from '../clients/s3.ts';
import { UserError } from '../errors.ts';

/** S3's limit for the whole name, in either namespace. */
const NAME_LIMIT = 63;

/**
 * The bucket that this tool makes for an account and a region. In the account's own namespace (`-an`) where S3 has
 * that: nobody else can take the name. https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
 */
export function regionalBucketName(account: string, region: string): string {
  const suffix = `-${account}-${region}-an`;
  return `${'lambda-tool'.slice(0, NAME_LIMIT - suffix.length)}${suffix}`;
}

/** The name in the namespace that all accounts share, for Regions without the other. */
export function globalBucketName(account: string, region: string): string {
  return `lambda-tool-${region}-${account}`;
}

export interface ResolvedBucket {
  readonly name: string;
  readonly created: boolean;
}

/** Errors that mean "make the shared name instead", and not "you may not" or "no network". */
const NO_NAMESPACE = new Set(['AWS_ERROR', 'ENDPOINT_NOT_IMPLEMENTED', 'BUCKET_EXISTS']);

/**
 * Finds or makes the bucket for `--resolve-s3`: private, encrypted, versioned, TLS only. Throws UserError BUCKET_FOREIGN
 * when somebody else has the shared name, ACCESS_DENIED.
 */
export async function resolveBucket(store: ObjectStore, account: string, region: string): Promise<ResolvedBucket> {
  const regional = regionalBucketName(account, region);
  const shared = globalBucketName(account, region);
  if (await store.findBucket(regional)) return { name: regional, created: false };
  const older = await store.findBucket(shared);
  // One made when the Region did not have the namespace yet stays in use: what is deployed refers to it.
  if (older?.owned === true && isRegion(older.region, region)) return { name: shared, created: false };
  try {
    return { name: regional, ...(await store.createBucket(regional)) };
  } catch (error) {
    if (!(error instanceof UserError) || !NO_NAMESPACE.has(error.code)) throw error;
  }
  if (older !== undefined) await ensureBucketUsable(store, shared, region);
  return { name: shared, ...(await store.createBucket(shared)) };
}

/** Refuses a bucket that is missing, foreign or in another region: UserError BUCKET_NOT_FOUND, BUCKET_FOREIGN, BUCKET_REGION. */
export async function ensureBucketUsable(store: ObjectStore, name: string, region: string): Promise<void> {
  const bucket = await store.findBucket(name);
  if (bucket === undefined) {
    throw new UserError('BUCKET_NOT_FOUND', `The bucket ${name} does not exist.`, {
      hint: `Make it with "lambda-tool bucket create ${name}", or give --resolve-s3 instead.`,
    });
  }
  if (bucket.owned === false) throw foreign(`The bucket ${name} belongs to another account.`);
  if (!isRegion(bucket.region, region)) {
    throw new UserError('BUCKET_REGION', `The bucket ${name} is in ${bucket.region}, and this deployment goes to ${region}.`, {
      hint: `Give a bucket in ${region}, or --resolve-s3 to have one made; or deploy with --region ${bucket.region}.`,
    });
  }
  if (bucket.owned === 'unknown' && bucket.denied) {
    throw foreign(`The bucket ${name} belongs to another account, or this identity may not look at it (s3:ListBucket).`);
  }
}

function isRegion(found: string | undefined, wanted: string): boolean {
  return found === undefined || found === wanted;
}

function foreign(message: string): UserError {
  return new UserError('BUCKET_FOREIGN', message, { hint: 'Give a bucket of this account, or --resolve-s3 to have one made.' });
}
