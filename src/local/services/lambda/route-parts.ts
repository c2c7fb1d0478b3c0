/** What the tables of the Lambda API's routes share. */
import type { PathParams } from '../../protocol/rest-json.ts';
import { ServiceError, type ServiceRequest } from '../../types.ts';
import type { DescribeDeps } from './describe.ts';
import type { FunctionReference } from './identifiers.ts';
import type { InvokeDeps, Invoker } from './invoke.ts';
import type { FunctionRecord } from './records.ts';

/** Bodies may hold a zip of 50 MB in base64. */
export const LAMBDA_BODY_LIMIT = 70 * 1024 * 1024;

export const FUNCTIONS = '/2015-03-31/functions';
export const FUNCTION = `${FUNCTIONS}/{FunctionName}`;

export interface RouteDeps extends DescribeDeps, InvokeDeps {
  readonly invoker: Invoker;
}

export type Body = Readonly<Record<string, unknown>>;

export interface Target {
  readonly reference: FunctionReference;
  readonly record: FunctionRecord;
  /** `UNQUALIFIED` when none was given. */
  readonly qualifier: string;
}

export type TargetOf = (path: PathParams, request: ServiceRequest) => Target;
export type BodyOf = (request: ServiceRequest) => Promise<Body>;

/** Throws ServiceError `PreconditionFailedException` (412) when the request is about an older revision. */
export function checkRevision(record: FunctionRecord, input: Body): void {
  if (input['RevisionId'] === undefined || input['RevisionId'] === record.latest.revisionId) return;
  throw new ServiceError(
    'PreconditionFailedException',
    'The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId',
    412,
  );
}
