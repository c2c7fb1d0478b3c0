import { UserError, messageOf } from '../errors.ts';

/** What was being attempted, for the message. */
export interface AwsCall {
  /** As people write it: `CloudFormation`, `S3`, `ECR`. */
  readonly service: string;
  /** The API operation: `CreateChangeSet`. */
  readonly operation: string;
  /** The endpoint that was chosen instead of AWS's own. */
  readonly endpoint?: string | undefined;
}

interface ServiceFailure {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
}

/** Name, text and HTTP status of an SDK error, or undefined when it is none. */
export function serviceFailure(error: unknown): ServiceFailure | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: number };
  if (httpStatusCode === undefined) return undefined;
  return { name: error.name, message: error.message, status: httpStatusCode };
}

/** How services say that there were too many calls. */
const THROTTLED = /^(Throttl|TooManyRequests|RequestLimitExceeded|RequestThrottled|SlowDown|BandwidthLimitExceeded)/;

/** What passes by itself: `throttled`, or `unavailable` for 5xx answers and networks that fail; undefined for every other error. */
export function passingTrouble(error: unknown): 'throttled' | 'unavailable' | undefined {
  const failure = serviceFailure(error) ?? (error instanceof Error ? serviceFailure(error.cause) : undefined);
  if (failure !== undefined) {
    if (THROTTLED.test(failure.name) || failure.status === 429) return 'throttled';
    return failure.status !== undefined && failure.status >= 500 && failure.status !== 501 ? 'unavailable' : undefined;
  }
  return error instanceof UserError && error.code === 'ENDPOINT_UNREACHABLE' ? 'unavailable' : undefined;
}

const SIGN_IN_AGAIN = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'InvalidToken',
]);

const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE']);

/** Turns whatever a client threw into a UserError that says what to do; leaves UserErrors and aborts as they are. */
export function translateAwsError(error: unknown, call: AwsCall): Error {
  if (error instanceof UserError) return error;
  if (error instanceof Error && error.name === 'AbortError') return error;
  const failure = serviceFailure(error);
  if (failure !== undefined) return translateAnswer(failure, error, call);
  const code = networkCode(error);
  if (code !== undefined || (error instanceof Error && error.name === 'TimeoutError')) {
    const place = call.endpoint ?? 'AWS';
    return new UserError('ENDPOINT_UNREACHABLE', `${place} does not answer (${call.service} ${call.operation}: ${messageOf(error)})`, {
      hint:
        call.endpoint === undefined
          ? 'Check the network, the proxy and the region'
          : 'Is it running, and is the address right? For the local target: lambda-tool local status',
      cause: error,
    });
  }
  if (/certificate|self.signed|unable to verify/i.test(messageOf(error))) {
    return new UserError('CA_BUNDLE', `The certificate of ${call.endpoint ?? 'AWS'} is not trusted: ${messageOf(error)}`, {
      hint: 'Name the authority with --ca-bundle FILE or AWS_CA_BUNDLE',
      cause: error,
    });
  }
  return error instanceof Error ? error : new Error(String(error));
}

function translateAnswer(failure: ServiceFailure, cause: unknown, call: AwsCall): UserError {
  const where = `${call.service} ${call.operation}`;
  if (failure.status === 501 || failure.name === 'NotImplemented') {
    const place = call.endpoint ?? 'This endpoint';
    return new UserError('ENDPOINT_NOT_IMPLEMENTED', `${place} does not implement ${where}`, {
      hint: 'Deploy to AWS, or use --local',
      cause,
    });
  }
  if (/Deserialization error/.test(failure.message)) {
    const place = call.endpoint ?? 'AWS';
    return new UserError('AWS_ERROR', `${place} answered ${where} with HTTP ${failure.status} and something that is no AWS answer`, {
      hint: call.endpoint === undefined ? 'A proxy may be in between; otherwise try again' : 'Its own log may tell more',
      cause,
    });
  }
  if (SIGN_IN_AGAIN.has(failure.name)) {
    return new UserError('CREDENTIALS', `AWS does not accept the credentials (${where}): ${failure.message}`, {
      hint: 'Sign in again, or check profile, keys and the clock of this machine',
      cause,
    });
  }
  if (failure.status === 403 || /^AccessDenied|^UnauthorizedOperation$/.test(failure.name)) {
    return new UserError('ACCESS_DENIED', `AWS refused ${where}: ${failure.message}`, {
      hint: `The identity needs the permission for ${call.operation}; see docs/iam-policy.md`,
      cause,
    });
  }
  return new UserError('AWS_ERROR', `${where} failed: ${failure.message} (${failure.name})`, { cause });
}

function networkCode(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as { code?: unknown };
    if (typeof code === 'string' && UNREACHABLE.has(code)) return code;
    if (current instanceof AggregateError && current.errors.length > 0) return networkCode(current.errors[0]);
  }
  return undefined;
}
