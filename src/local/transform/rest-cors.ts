/** CORS of REST APIs: an OPTIONS method with a mock integration on every path that has none. */
import { asDict, type Dict, isDict, scalarText } from '../engine/values.ts';
import { ANY_METHOD } from './api-events.ts';

const ALL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** `cors` is the allowed origin, or a map; its texts carry their own single quotes, as API Gateway wants them. */
export function addCorsToPaths(paths: Record<string, Record<string, unknown>>, cors: unknown, format: 'swagger' | 'openapi'): void {
  const settings = isDict(cors) && !isIntrinsicOrigin(cors) ? cors : { AllowOrigin: cors };
  for (const [path, methods] of Object.entries(paths)) {
    if (methods['options'] === undefined) paths[path] = { ...methods, options: preflight(settings, Object.keys(methods), format) };
  }
}

function isIntrinsicOrigin(value: Dict): boolean {
  return Object.keys(value).every((key) => key === 'Ref' || key.startsWith('Fn::'));
}

function preflight(settings: Dict, methods: readonly string[], format: 'swagger' | 'openapi'): Dict {
  const headers = corsHeaders(settings, methods);
  const parameters = Object.fromEntries(Object.entries(headers).map(([name, value]) => [`method.response.header.${name}`, value]));
  const text = { type: 'string' };
  const declared = Object.fromEntries(Object.keys(headers).map((name) => [name, format === 'swagger' ? text : { schema: text }]));
  return {
    summary: 'CORS support',
    ...(format === 'swagger' ? { consumes: ['application/json'], produces: ['application/json'] } : {}),
    'x-amazon-apigateway-integration': {
      type: 'mock',
      requestTemplates: { 'application/json': '{\n  "statusCode" : 200\n}\n' },
      responses: { default: { statusCode: '200', responseParameters: parameters, responseTemplates: { 'application/json': '{}\n' } } },
    },
    responses: { '200': { description: 'Default response for CORS method', headers: declared } },
  };
}

function corsHeaders(settings: Dict, methods: readonly string[]): Dict {
  const { AllowOrigin, AllowHeaders, AllowMethods, MaxAge, AllowCredentials } = asDict(settings);
  const named = methods.includes(ANY_METHOD)
    ? ALL_METHODS
    : [...new Set([...methods.map((method) => method.toUpperCase()), 'OPTIONS'])].toSorted();
  const headers: Record<string, unknown> = { 'Access-Control-Allow-Origin': AllowOrigin ?? "'*'" };
  if (AllowHeaders !== undefined) headers['Access-Control-Allow-Headers'] = AllowHeaders;
  headers['Access-Control-Allow-Methods'] = AllowMethods ?? `'${named.join(',')}'`;
  if (MaxAge !== undefined) headers['Access-Control-Max-Age'] = scalarText(MaxAge) ?? MaxAge;
  if (AllowCredentials === true) headers['Access-Control-Allow-Credentials'] = "'true'";
  return headers;
}
