/**
 * Events of payload format 1.0: REST APIs, and HTTP APIs that ask for it.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
import { LOCAL_ACCOUNT_ID } from '../types.ts';
import { type Match, safeDecode } from './match-route.ts';
import { accessTime, type FrontRequest } from './read-request.ts';

export interface Event1Options {
  readonly api: 'REST' | 'HTTP';
  readonly apiId: string;
  readonly stage: string;
  /** The path below the stage, as it goes into `path`. */
  readonly path: string;
  readonly match: Match;
  readonly stageVariables: Readonly<Record<string, string>>;
  readonly isBase64: boolean;
}

export function event1(request: FrontRequest, options: Event1Options): Readonly<Record<string, unknown>> {
  const { api, match, path, stageVariables } = options;
  const query = [...new URLSearchParams(request.query)];
  // REST APIs leave path parameters encoded, HTTP APIs decode them.
  const params = Object.entries(match.params).map(([name, value]) => [name, api === 'HTTP' ? safeDecode(value) : value] as const);
  return {
    ...(api === 'HTTP' ? { version: '1.0' } : {}),
    resource: match.route.path,
    path,
    httpMethod: request.method,
    headers: lastOfEach(request.headers),
    multiValueHeaders: allOfEach(request.headers),
    queryStringParameters: query.length === 0 ? null : lastOfEach(query),
    multiValueQueryStringParameters: query.length === 0 ? null : allOfEach(query),
    pathParameters: params.length === 0 ? null : Object.fromEntries(params),
    stageVariables: Object.keys(stageVariables).length === 0 ? null : stageVariables,
    requestContext: requestContext(request, options),
    body: request.body.length === 0 ? null : request.body.toString(options.isBase64 ? 'base64' : 'utf8'),
    isBase64Encoded: options.isBase64,
  };
}

function requestContext(request: FrontRequest, { api, apiId, match, path, stage }: Event1Options): unknown {
  return {
    resourceId: match.route.id,
    resourcePath: match.route.path,
    ...(match.route.operationName === undefined ? {} : { operationName: match.route.operationName }),
    httpMethod: request.method,
    extendedRequestId: Buffer.from(request.requestId).toString('base64').slice(0, 15) + '=',
    requestTime: accessTime(request.timeMs),
    path: api === 'REST' ? `/${stage}${path === '/' ? '/' : path}` : path,
    accountId: LOCAL_ACCOUNT_ID,
    protocol: request.protocol,
    stage,
    domainPrefix: request.host.split(/[.:]/, 1)[0],
    requestTimeEpoch: request.timeMs,
    requestId: request.requestId,
    identity: {
      cognitoIdentityPoolId: null,
      accountId: null,
      cognitoIdentityId: null,
      caller: null,
      sourceIp: request.sourceIp,
      principalOrgId: null,
      accessKey: null,
      cognitoAuthenticationType: null,
      cognitoAuthenticationProvider: null,
      userArn: null,
      userAgent: request.userAgent,
      user: null,
    },
    domainName: request.host,
    apiId,
  };
}

function lastOfEach(pairs: Iterable<readonly [string, string]>): Record<string, string> {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of pairs) values[name] = value;
  return { ...values };
}

function allOfEach(pairs: Iterable<readonly [string, string]>): Record<string, string[]> {
  const values: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of pairs) (values[name] ??= []).push(value);
  return { ...values };
}
