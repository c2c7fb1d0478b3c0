/**
 * The AWS query protocol (CloudFormation, STS, IAM): a form with an Action in, XML out.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import type { ServerResponse } from 'node:http';
import { type Service, ServiceError, type ServiceRequest } from '../types.ts';
import { readBody } from './body.ts';
import { renderXml } from './xml.ts';

/** A parameter after unfolding: `A.member.1.B=c` is `{ A: [{ B: 'c' }] }`. */
export type QueryValue = string | readonly QueryValue[] | QueryParams;
export interface QueryParams {
  readonly [name: string]: QueryValue | undefined;
}

/** Answers the members of `<ActionResult>`; undefined when the operation has no result. */
export type QueryOperation = (params: QueryParams, request: ServiceRequest) => unknown;

export interface QueryServiceOptions {
  readonly name: string;
  /** The XML namespace of the API, e.g. `http://cloudformation.amazonaws.com/doc/2010-05-15/`. */
  readonly namespace: string;
  readonly operations: Readonly<Record<string, QueryOperation>>;
}

/** A service of the query protocol from a table of its operations. Operations that are not in it answer 501 `NotImplemented`. */
export function createQueryService(options: QueryServiceOptions): Service {
  const { name, namespace, operations } = options;
  return {
    name,
    async handle(request, response) {
      const { action, params } = await readQueryRequest(request);
      const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
      if (operation === undefined) throw notImplemented(name, action);
      sendQueryResult(response, action, namespace, await operation(params, request), request.requestId);
    },
    renderError: (error, request, response) => sendQueryError(response, namespace, error, request.requestId),
  };
}

/** The error for an operation that the local target does not have. */
export function notImplemented(service: string, operation: string): ServiceError {
  return new ServiceError('NotImplemented', `The local target does not implement ${service}:${operation}`, 501);
}

/** Reads the form (or, for GET, the query) and unfolds its parameters. Throws ServiceError `MissingAction`. */
export async function readQueryRequest(request: ServiceRequest): Promise<{ action: string; params: QueryParams }> {
  const form = request.method === 'GET' ? request.query : new URLSearchParams((await readBody(request.body)).toString('utf8'));
  const action = form.get('Action') ?? request.query.get('Action');
  if (action === null || action === '') throw new ServiceError('MissingAction', 'The request names no Action');
  return { action, params: unfoldParams(form) };
}

interface Branch {
  [name: string]: string | Branch;
}

/** Unfolds dotted names: `Tags.member.1.Key`, flat lists `Filter.1.Name` and maps `M.entry.1.key`/`.value`. */
export function unfoldParams(form: Iterable<readonly [string, string]>): QueryParams {
  const root = emptyBranch();
  for (const [name, value] of form) setAt(root, name.split('.'), value);
  const params: Record<string, QueryValue> = Object.create(null);
  for (const [name, value] of Object.entries(root)) params[name] = foldLists(value);
  return params;
}

function emptyBranch(): Branch {
  // Without a prototype, so that a parameter called __proto__ is just a parameter.
  return Object.create(null) as Branch;
}

function setAt(root: Branch, path: readonly string[], value: string): void {
  let branch = root;
  for (const part of path.slice(0, -1)) {
    const next = branch[part];
    if (typeof next === 'object') branch = next;
    else branch = branch[part] = emptyBranch();
  }
  const last = path.at(-1) ?? '';
  if (typeof branch[last] !== 'object') branch[last] = value;
}

function foldLists(value: string | Branch): QueryValue {
  if (typeof value === 'string') return value;
  const names = Object.keys(value);
  const member = value['member'];
  if (names.length === 1 && typeof member === 'object') return foldLists(member);
  if (names.length > 0 && names.every((name) => /^\d+$/.test(name))) {
    return names.toSorted((a, b) => Number(a) - Number(b)).map((name) => foldLists(value[name] ?? ''));
  }
  const entry = value['entry'];
  if (names.length === 1 && typeof entry === 'object') return foldMap(entry);
  const object: Record<string, QueryValue> = Object.create(null);
  for (const name of names) object[name] = foldLists(value[name] ?? '');
  return object;
}

function foldMap(entries: Branch): QueryValue {
  const map: Record<string, QueryValue> = Object.create(null);
  for (const entry of Object.values(entries)) {
    if (typeof entry === 'object' && typeof entry['key'] === 'string') map[entry['key']] = foldLists(entry['value'] ?? '');
  }
  return map;
}

/** A text parameter; undefined when it is absent or empty. */
export function paramText(params: QueryParams, name: string): string | undefined {
  const value = params[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A text parameter that has to be there. Throws ServiceError `ValidationError`. */
export function requiredText(params: QueryParams, name: string): string {
  const value = paramText(params, name);
  if (value === undefined) {
    const member = name.charAt(0).toLowerCase() + name.slice(1);
    throw new ServiceError(
      'ValidationError',
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
    );
  }
  return value;
}

/** A boolean parameter; undefined when it is absent. */
export function paramFlag(params: QueryParams, name: string): boolean | undefined {
  const value = paramText(params, name);
  return value === undefined ? undefined : value.toLowerCase() === 'true';
}

/** A list of texts; absent or empty is an empty list. */
export function paramTexts(params: QueryParams, name: string): readonly string[] {
  const value = params[name];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** A list of structures; absent or empty is an empty list. */
export function paramObjects(params: QueryParams, name: string): readonly QueryParams[] {
  const value = params[name];
  return Array.isArray(value) ? value.filter((item): item is QueryParams => typeof item === 'object' && !Array.isArray(item)) : [];
}

/** A structure; absent is undefined. */
export function paramObject(params: QueryParams, name: string): QueryParams | undefined {
  const value = params[name];
  return typeof value === 'object' && !Array.isArray(value) ? (value as QueryParams) : undefined;
}

/** `<ActionResponse><ActionResult>…</ActionResult><ResponseMetadata/></ActionResponse>`. */
export function sendQueryResult(response: ServerResponse, action: string, namespace: string, result: unknown, requestId: string): void {
  const members = result === undefined ? {} : { [`${action}Result`]: result };
  const document = renderXml(
    `${action}Response xmlns="${namespace}"`,
    { ...members, ResponseMetadata: { RequestId: requestId } },
    'member',
  );
  sendXml(response, 200, document, requestId);
}

/** `<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>`. */
export function sendQueryError(response: ServerResponse, namespace: string, error: ServiceError, requestId: string): void {
  const body = {
    Error: { Type: error.status < 500 ? 'Sender' : 'Receiver', Code: error.code, Message: error.message, ...error.details },
    RequestId: requestId,
  };
  sendXml(response, error.status, renderXml(`ErrorResponse xmlns="${namespace}"`, body, 'member'), requestId);
}

function sendXml(response: ServerResponse, status: number, document: string, requestId: string): void {
  const body = Buffer.from(document);
  response.writeHead(status, { 'content-type': 'text/xml', 'content-length': body.length, 'x-amzn-requestid': requestId });
  response.end(body);
}
