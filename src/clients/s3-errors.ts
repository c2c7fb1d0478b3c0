import { UserError, type ErrorCode } from '../errors.ts';
import { serviceFailure, translateAwsError } from './aws-errors.ts';
import type { S3Edge } from './s3-edge.ts';

/** The HTTP status of an answer of the service; undefined for anything else that was thrown. */
export function statusOf(error: unknown): number | undefined {
  return serviceFailure(error)?.status;
}

/** The region of a bucket, as the answer to a request that was sent to the wrong one tells it. */
export function bucketRegionOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('$response' in error)) return undefined;
  return (error.$response as { headers?: Record<string, string> } | undefined)?.headers?.['x-amz-bucket-region'];
}

const BUCKET_TROUBLES: Readonly<
  Record<string, { readonly code: ErrorCode; readonly text: (bucket: string) => string; readonly hint: string }>
> = {
  NoSuchBucket: {
    code: 'BUCKET_NOT_FOUND',
    text: (bucket) => `The bucket ${bucket} does not exist.`,
    hint: 'Make it with "lambda-tool bucket create", or give --resolve-s3 instead of --s3-bucket.',
  },
  PermanentRedirect: {
    code: 'BUCKET_REGION',
    text: (bucket) => `The bucket ${bucket} is in another region.`,
    hint: 'Give a bucket of the region that is deployed to, or change --region.',
  },
  AuthorizationHeaderMalformed: {
    code: 'BUCKET_REGION',
    text: (bucket) => `The bucket ${bucket} is in another region.`,
    hint: 'Give a bucket of the region that is deployed to, or change --region.',
  },
  BucketAlreadyExists: {
    code: 'BUCKET_EXISTS',
    text: (bucket) => `The name ${bucket} is taken by a bucket of another account.`,
    hint: 'Choose another name: bucket names are shared by all accounts.',
  },
  BucketNotEmpty: {
    code: 'BUCKET_NOT_EMPTY',
    text: (bucket) => `The bucket ${bucket} still holds objects.`,
    hint: 'Something wrote to it meanwhile: run "lambda-tool bucket delete" again.',
  },
};

/**
 * What the user is told about a failed call to S3: the bucket's own troubles here, what all services share in
 * `translateAwsError`. Anything else comes back as it is.
 */
export function translateS3Error(error: unknown, edge: Pick<S3Edge, 'config'>, operation: string, bucket: string): Error {
  const failure = serviceFailure(error);
  // The SDK refuses a name with a slash by itself.
  if ((failure?.name ?? (error instanceof Error ? error.name : '')) === 'InvalidBucketName') return badName(bucket, error);
  const known = failure === undefined ? undefined : BUCKET_TROUBLES[failure.name];
  if (known !== undefined) return new UserError(known.code, known.text(bucket), { hint: known.hint, cause: error });
  return translateAwsError(error, { service: `S3 (bucket ${bucket})`, operation, endpoint: edge.config.endpoint });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
function badName(bucket: string, cause: unknown): UserError {
  const [, name, key] = /^(?:s3:\/\/)?([^/]+)(?:\/(.*))?$/s.exec(bucket) ?? [];
  const meant =
    bucket.includes('/') && name !== undefined ? `Perhaps ${name}${key ? `, with --s3-prefix ${key.replace(/\/*$/, '/')}` : ''}. ` : '';
  return new UserError('USAGE', `"${bucket}" is no name that a bucket can have.`, {
    hint: `${meant}Names have 3 to 63 small letters, digits, dots and hyphens.`,
    cause,
  });
}

/** The last argument of `send`. */
export function sendOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
