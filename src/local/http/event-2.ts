/**
 * Events of payload format 2.0: HTTP APIs and function URLs.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
import { LOCAL_ACCOUNT_ID } from '../types.ts';
import { safeDecode } from './match-route.ts';
import { accessTime, type FrontRequest, headerValues } from './read-request.ts';

export interface Event2Options {
  /** Function URLs keep the path as it was sent; HTTP APIs decode it. */
  readonly front: 'http-api' | 'function-url';
  readonly apiId: string;
  readonly routeKey: string;
  readonly stage: string;
  /** With the stage, percent-encoded. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly stageVariables: Readonly<Record<string, string>>;
}

export function event2(request: FrontRequest, options: Event2Options): Readonly<Record<string, unknown>> {
  const { cookie, ...rest } = headerValues(request);
  const cookies = (cookie ?? []).flatMap((value) => value.split(/;\s*/)).filter((value) => value !== '');
  const path = options.front === 'http-api' ? safeDecode(options.path) : options.path;
  const params = Object.entries(options.params).map(([name, value]) => [name, safeDecode(value)] as const);
  const isBase64 = request.body.length > 0 && isBinary(rest['content-type']?.[0], request.body);
  const headers = options.front === 'function-url' && cookie !== undefined ? { ...rest, cookie } : rest;
  return {
    version: '2.0',
    routeKey: options.routeKey,
    rawPath: path,
    rawQueryString: request.query,
    ...(cookies.length === 0 ? {} : { cookies }),
    headers: Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.join(',')])),
    ...(request.query === '' ? {} : { queryStringParameters: joinedQuery(request.query) }),
    requestContext: {
      accountId: options.front === 'function-url' ? 'anonymous' : LOCAL_ACCOUNT_ID,
      apiId: options.apiId,
      domainName: request.host,
      domainPrefix: request.host.split(/[.:]/, 1)[0],
      http: { method: request.method, path, protocol: request.protocol, sourceIp: request.sourceIp, userAgent: request.userAgent },
      requestId: request.requestId,
      routeKey: options.routeKey,
      stage: options.stage,
      time: accessTime(request.timeMs),
      timeEpoch: request.timeMs,
    },
    ...(params.length === 0 ? {} : { pathParameters: Object.fromEntries(params) }),
    ...(Object.keys(options.stageVariables).length === 0 ? {} : { stageVariables: options.stageVariables }),
    ...(request.body.length === 0 ? {} : { body: request.body.toString(isBase64 ? 'base64' : 'utf8') }),
    isBase64Encoded: isBase64,
  };
}

function joinedQuery(query: string): Record<string, string> {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) values.set(name, [...(values.get(name) ?? []), value]);
  return Object.fromEntries([...values].map(([name, all]) => [name, all.join(',')]));
}

/** Text, JSON, XML and JavaScript travel as they are, everything else (forms too) as base64. */
export function isBinary(contentType: string | undefined, body: Buffer): boolean {
  if (contentType === undefined) return !Buffer.from(body.toString('utf8')).equals(body);
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return !/^text\/|^application\/(?:json|xml|javascript|ecmascript|graphql)$|\+(?:json|xml)$/.test(type);
}
