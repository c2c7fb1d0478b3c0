/** Errors in the words of CloudFormation's events. */
import { randomUUID } from 'node:crypto';
import { ServiceError } from '../types.ts';

/** The handler error codes of the resource provider contract, by what an API's error code looks like. */
const HANDLER_CODES: readonly (readonly [RegExp, string])[] = [
  [/NotFound|NoSuch/i, 'NotFound'],
  [/AlreadyExists|ResourceConflict|EntityAlreadyExists|Conflict/i, 'AlreadyExists'],
  [/AccessDenied|Unauthorized|Forbidden/i, 'AccessDenied'],
  [/Throttl|TooManyRequests/i, 'Throttling'],
  [/LimitExceeded|CodeStorageExceeded/i, 'ServiceLimitExceeded'],
  [/Invalid|Validation|BadRequest|Malformed|Unsupported/i, 'InvalidRequest'],
  [/Timeout/i, 'NotStabilized'],
];

/** `Resource handler returned message: "…" (RequestToken: …, HandlerErrorCode: …)`; template errors as they are. */
export function failureReason(error: unknown): string {
  if (error instanceof TemplateFailure) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof ServiceError ? handlerCode(error) : 'InternalFailure';
  return `Resource handler returned message: "${message}" (RequestToken: ${randomUUID()}, HandlerErrorCode: ${code})`;
}

function handlerCode(error: ServiceError): string {
  const known = HANDLER_CODES.find(([pattern]) => pattern.test(error.code));
  if (known !== undefined) return known[1];
  return error.status >= 500 ? 'ServiceInternalError' : 'GeneralServiceException';
}

/** A failure before a provider was asked, e.g. an unresolvable reference. */
export class TemplateFailure extends Error {}

/** A custom resource that says it failed may still name what it has made. */
export class CustomResourceFailure extends TemplateFailure {
  readonly physicalId: string | undefined;
  constructor(message: string, physicalId: string | undefined) {
    super(message);
    this.physicalId = physicalId;
  }
}

/** Runs the resolution of a value so that its failure is told apart from a provider's. */
export function resolving<T>(resolve: () => T): T {
  try {
    return resolve();
  } catch (error) {
    throw new TemplateFailure(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** `The following resource(s) failed to create: [A, B]. ` */
export function failedSentence(verb: 'create' | 'update' | 'delete', ids: readonly string[]): string {
  return ids.length === 0 ? '' : `The following resource(s) failed to ${verb}: [${ids.join(', ')}]. `;
}
