/** `Api` and `HttpApi` events: routes that are collected for their API, and the permissions for it to call the function. */
import { asDict, type Dict, scalarText } from '../engine/values.ts';
import type { EventSource } from './pull-events.ts';
import { addPermission } from './push-events.ts';
import { derivedId, knownText, referredId, type Route, type SamContext, SamProblem } from './sam-context.ts';

export const IMPLICIT_REST_API = 'ServerlessRestApi';
export const IMPLICIT_HTTP_API = 'ServerlessHttpApi';
export const ANY_METHOD = 'x-amazon-apigateway-any-method';
export const DEFAULT_PATH = '$default';

export function addRestApiEvent(context: SamContext, event: EventSource): void {
  const path = knownText(context, event.properties['Path']);
  const method = knownText(context, event.properties['Method'])?.toLowerCase();
  if (path === undefined) throw new SamProblem("Property 'Path' is required.");
  if (method === undefined) throw new SamProblem("Property 'Method' is required.");
  const given = event.properties['RestApiId'];
  const apiId = given === undefined ? IMPLICIT_REST_API : referredId(given);
  const stage = given === undefined ? 'Prod' : stageSuffix(context, given, apiId);
  addRoute(context, event, apiId, { path, method: normalMethod(method) });
  const verb = isAny(method) ? '*' : method.toUpperCase();
  const arn = `arn:\${AWS::Partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${__ApiId__}/\${__Stage__}/${verb}${permissionPath(path)}`;
  const sourceArn = { 'Fn::Sub': [arn, { __ApiId__: given ?? { Ref: IMPLICIT_REST_API }, __Stage__: '*' }] };
  addPermission(context, event, 'apigateway.amazonaws.com', { SourceArn: sourceArn }, derivedId('', stage));
}

/** What ends the permission's logical id: the stage of an API of this template. */
function stageSuffix(context: SamContext, given: unknown, apiId: string | undefined): string {
  const isReference = typeof asDict(given)['Ref'] === 'string';
  const api = apiId === undefined ? undefined : context.apiProperties.get(apiId);
  if (
    isReference &&
    api === undefined &&
    apiId !== undefined &&
    context.resources[apiId] === undefined &&
    !context.scope.values.has(apiId)
  ) {
    throw new SamProblem('RestApiId property of Api event must reference a valid resource in the same template.');
  }
  if (api === undefined) return 'Prod';
  return typeof api['StageName'] === 'string' ? api['StageName'] : 'Stage';
}

export function addHttpApiEvent(context: SamContext, event: EventSource): void {
  const { Path, Method, ApiId } = event.properties;
  if ((Path === undefined) !== (Method === undefined)) {
    throw new SamProblem(Path === undefined ? "Property 'Path' is required." : "Property 'Method' is required.");
  }
  const path = Path === undefined ? DEFAULT_PATH : knownText(context, Path);
  const method = Method === undefined ? ANY_METHOD : knownText(context, Method)?.toLowerCase();
  if (path === undefined || method === undefined) throw new SamProblem("'Path' and 'Method' must be text.");
  const apiId = ApiId === undefined ? IMPLICIT_HTTP_API : referredId(ApiId);
  if (apiId === undefined || (ApiId !== undefined && !context.apiProperties.has(apiId))) {
    throw new SamProblem("ApiId must be a valid reference to an 'AWS::Serverless::HttpApi' resource in same template.");
  }
  addRoute(context, event, apiId, { path, method: normalMethod(method) });
  // The permission of the default route covers the other routes to the same function.
  if (path !== DEFAULT_PATH && hasDefaultRoute(context, event, apiId)) return;
  const suffix = path === DEFAULT_PATH ? '/*' : `/${isAny(method) ? '*' : method.toUpperCase()}${permissionPath(path)}`;
  const arn = `arn:\${AWS::Partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${__ApiId__}/\${__Stage__}${suffix}`;
  const sourceArn = { 'Fn::Sub': [arn, { __ApiId__: ApiId ?? { Ref: IMPLICIT_HTTP_API }, __Stage__: '*' }] };
  addPermission(context, event, 'apigateway.amazonaws.com', { SourceArn: sourceArn });
}

function hasDefaultRoute(context: SamContext, event: EventSource, apiId: string): boolean {
  return Object.values(asDict(event.owner.properties['Events'])).some((other) => {
    const { Type, Properties } = asDict(other);
    const { Path, ApiId } = asDict(Properties);
    const sameApi = (ApiId === undefined ? IMPLICIT_HTTP_API : referredId(ApiId)) === apiId;
    return Type === 'HttpApi' && sameApi && (Path === undefined || knownText(context, Path) === DEFAULT_PATH);
  });
}

function addRoute(context: SamContext, event: EventSource, apiId: string | undefined, place: Pick<Route, 'path' | 'method'>): void {
  if (apiId === undefined) return;
  const routes = context.routes.get(apiId) ?? [];
  if (routes.some(({ path, method }) => path === place.path && method === place.method)) {
    throw new SamProblem(`API method "${shownMethod(place.method)}" defined multiple times for path "${place.path}".`);
  }
  context.routes.set(apiId, [
    ...routes,
    { ...place, target: event.target.arnInText, event: event.properties, condition: conditionOf(event) },
  ]);
}

function conditionOf(event: EventSource): string | undefined {
  return scalarText(event.owner.attributes['Condition']);
}

function isAny(method: string): boolean {
  return method === 'any' || method === ANY_METHOD;
}

function normalMethod(method: string): string {
  return isAny(method) ? ANY_METHOD : method;
}

function shownMethod(method: string): string {
  return method === ANY_METHOD ? 'any' : method;
}

/** Parameters of the path match anything; API Gateway drops a slash at the end. */
function permissionPath(path: string): string {
  const withStars = path.replace(/\{[^{}]+\}/g, '*');
  return withStars.length > 1 ? withStars.replace(/\/$/, '') : withStars;
}

/** `{id}` and `{proxy+}` in a path, by name. */
export function pathParameters(path: string): readonly string[] {
  return [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name);
}

export function isWarnedAuth(auth: unknown): boolean {
  const { ApiKeyRequired: _key, AddDefaultAuthorizerToCorsPreflight: _cors, ...rest } = asDict(auth) as Record<string, unknown> & Dict;
  return Object.entries(rest).some(([name, value]) => !((name === 'DefaultAuthorizer' || name === 'Authorizer') && value === 'NONE'));
}
