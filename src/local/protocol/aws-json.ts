/**
 * The AWS JSON 1.0 and 1.1 protocols (ECR, CloudWatch Logs): the operation in X-Amz-Target, JSON in and out.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
import type { ServerResponse } from 'node:http';
import type { Service, ServiceError, ServiceRequest } from '../types.ts';
import { readJsonBody } from './body.ts';
import { notImplemented } from './query-xml.ts';

/** Answers the members of the result. Timestamps are numbers of seconds (`epochSeconds`), dates are turned into that. */
export type JsonOperation = (input: Readonly<Record<string, unknown>>, request: ServiceRequest) => unknown;

export interface JsonServiceOptions {
  readonly name: string;
  /** What stands before the dot in X-Amz-Target, e.g. `AmazonEC2ContainerRegistry_V20150921`. */
  readonly targetPrefix: string;
  readonly version: '1.0' | '1.1';
  readonly operations: Readonly<Record<string, JsonOperation>>;
}

/** A service of the JSON protocol from a table of its operations. Operations that are not in it answer 501 `NotImplemented`. */
export function createJsonService(options: JsonServiceOptions): Service {
  const { name, operations, targetPrefix } = options;
  const contentType = `application/x-amz-json-${options.version}`;
  return {
    name,
    async handle(request, response) {
      const [prefix, action = ''] = String(request.headers['x-amz-target'] ?? '').split('.', 2);
      const operation = prefix === targetPrefix && Object.hasOwn(operations, action) ? operations[action] : undefined;
      if (operation === undefined) throw notImplemented(name, action === '' ? '(no X-Amz-Target)' : action);
      const result = await operation(await readJsonBody(request.body), request);
      sendJson(response, 200, result ?? {}, request.requestId, contentType);
    },
    renderError: (error, request, response) => sendJsonError(response, error, request.requestId, contentType),
  };
}

/** Writes a JSON document. Dates are written as seconds since the epoch, as the JSON protocols have them. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  requestId: string,
  contentType = 'application/json',
): void {
  const body = Buffer.from(stringify(value));
  response.writeHead(status, { 'content-type': contentType, 'content-length': body.length, 'x-amzn-requestid': requestId });
  response.end(body);
}

/** Writes `{"__type": code, "message": …}` with the code in `x-amzn-errortype` too. */
export function sendJsonError(response: ServerResponse, error: ServiceError, requestId: string, contentType = 'application/json'): void {
  response.setHeader('x-amzn-errortype', error.code);
  const body = { __type: error.code, message: error.message, ...error.details };
  sendJson(response, error.status, body, requestId, contentType);
}

/** Seconds since the epoch, to the millisecond. */
export function epochSeconds(date: Date | number | string): number {
  return new Date(date).getTime() / 1000;
}

function stringify(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, member: unknown) {
    // JSON.stringify has called toJSON already, so the date itself is only found on the holder.
    const original = this[key];
    return original instanceof Date ? epochSeconds(original) : member;
  });
}
