/**
 * The REST-JSON protocol (Lambda, API Gateway): the operation in method and path, JSON in and out.
 * https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
import type { ServerResponse } from 'node:http';
import type { Service, ServiceRequest } from '../types.ts';
import { sendJson, sendJsonError } from './aws-json.ts';
import { notImplemented } from './query-xml.ts';
import { decodeUri } from './uri.ts';

/** What the path's placeholders held, percent-decoded. */
export type PathParams = Readonly<Record<string, string>>;

export interface RestRoute {
  readonly method: string;
  /** `/2015-03-31/functions/{FunctionName}/invocations`; `{Name+}` at the end takes the rest of the path. */
  readonly path: string;
  /** HTTP status of the answer; 200 unless said. */
  readonly status?: number | undefined;
  /** Answers the JSON body. When it has written to `response` itself, its result is ignored. */
  readonly handle: (path: PathParams, request: ServiceRequest, response: ServerResponse) => unknown;
}

/**
 * A service of the REST-JSON protocol from a table of its routes; the first that fits answers. Read bodies with
 * `readJsonBody(request.body)`. Requests that fit none answer 501 `NotImplemented`.
 */
export function createRestJsonService(options: {
  readonly name: string;
  readonly routes: readonly RestRoute[];
  readonly bodyLimit?: number | undefined;
}): Service {
  const { name } = options;
  const routes = options.routes.map((route) => ({ route, pattern: compilePath(route.path) }));
  return {
    name,
    bodyLimit: options.bodyLimit,
    async handle(request, response) {
      for (const { route, pattern } of routes) {
        const params = route.method === request.method ? matchPath(pattern, request.rawPath) : undefined;
        if (params === undefined) continue;
        const result = await route.handle(params, request, response);
        if (!response.headersSent) sendAnswer(response, route.status ?? 200, result, request.requestId);
        return;
      }
      throw notImplemented(name, `${request.method} ${request.rawPath}`);
    },
    renderError: (error, request, response) => sendJsonError(response, error, request.requestId),
  };
}

function sendAnswer(response: ServerResponse, status: number, result: unknown, requestId: string): void {
  if (status === 204) response.writeHead(204, { 'x-amzn-requestid': requestId }).end();
  else sendJson(response, status, result ?? {}, requestId);
}

function compilePath(path: string): RegExp {
  const source = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)(\\\+)?\}/g, (_all, name: string, rest?: string) => {
    return rest === undefined ? `(?<${name}>[^/]+)` : `(?<${name}>.+)`;
  });
  return new RegExp(`^${source}/?$`);
}

function matchPath(pattern: RegExp, rawPath: string): PathParams | undefined {
  const match = pattern.exec(rawPath);
  if (match === null) return undefined;
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(match.groups ?? {})) params[name] = decodeUri(value);
  return params;
}
