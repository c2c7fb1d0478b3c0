/** Routes in an OpenAPI or Swagger document with API Gateway's extensions. */
import { corsRulesOf } from './cors.ts';
import { integrationOf } from './integrations.ts';
import type { CorsRules, Route } from './types.ts';

type Members = Readonly<Record<string, unknown>>;

const METHODS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch']);
const ANY_METHOD = 'x-amazon-apigateway-any-method';

/** All operations with their integrations. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html */
export function routesOfDocument(
  document: unknown,
  api: 'REST' | 'HTTP',
  stageVariables: Readonly<Record<string, string>>,
): readonly Route[] {
  const root = asMembers(document);
  const base = api === 'REST' && typeof root['basePath'] === 'string' ? root['basePath'].replace(/\/$/, '') : '';
  return Object.entries(asMembers(root['paths'])).flatMap(([path, item]) =>
    Object.entries(asMembers(item)).flatMap(([name, operation]) => {
      const method = name.toLowerCase() === ANY_METHOD ? 'ANY' : METHODS.has(name.toLowerCase()) ? name.toUpperCase() : undefined;
      return method === undefined ? [] : [routeOf(root, asMembers(operation), api, method, base + path, stageVariables)];
    }),
  );
}

function routeOf(
  root: Members,
  operation: Members,
  api: 'REST' | 'HTTP',
  method: string,
  path: string,
  variables: Readonly<Record<string, string>>,
): Route {
  const isDefault = /^\/?\$default$/.test(path);
  return {
    method,
    path: isDefault ? '$default' : path.startsWith('/') ? path : `/${path}`,
    integration: integrationOf(asMembers(operation['x-amazon-apigateway-integration']), api, variables),
    authorization: authorizationOf(root, operation),
    id: isDefault ? '$default' : `${method} ${path}`,
    operationName: typeof operation['operationId'] === 'string' ? operation['operationId'] : undefined,
  };
}

function authorizationOf(root: Members, operation: Members): string {
  const auth = asMembers(operation['x-amazon-apigateway-auth'])['type'];
  if (typeof auth === 'string') return auth.toUpperCase();
  const security = operation['security'] ?? root['security'];
  const names = Array.isArray(security) ? security.flatMap((entry) => Object.keys(asMembers(entry))) : [];
  const schemes = { ...asMembers(root['securityDefinitions']), ...asMembers(asMembers(root['components'])['securitySchemes']) };
  for (const name of names) {
    const type = asMembers(schemes[name])['x-amazon-apigateway-authtype'];
    if (type === 'awsSigv4') return 'AWS_IAM';
    if (name !== 'api_key') return 'CUSTOM';
  }
  return 'NONE';
}

/** The CORS settings of an HTTP API's document. */
export function corsOfDocument(document: unknown): CorsRules | undefined {
  return corsRulesOf(asMembers(document)['x-amazon-apigateway-cors']);
}

/** The media types that a REST API's document calls binary. */
export function binaryTypesOfDocument(document: unknown): readonly string[] {
  const types = asMembers(document)['x-amazon-apigateway-binary-media-types'];
  return Array.isArray(types) ? types.map(String) : [];
}

/** Name and description of a document, which an API without its own takes. */
export function infoOfDocument(document: unknown): { readonly title: string | undefined; readonly description: string | undefined } {
  const info = asMembers(asMembers(document)['info']);
  const text = (name: string): string | undefined => (typeof info[name] === 'string' ? info[name] : undefined);
  return { title: text('title'), description: text('description') };
}

export function asMembers(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}
