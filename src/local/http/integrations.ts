/** Reads integrations in the three spellings they come in: OpenAPI, AWS::ApiGateway::Method, AWS::ApiGatewayV2::Integration. */
import type { Integration, MockResponse } from './types.ts';

type Members = Readonly<Record<string, unknown>>;

/** How long a REST and an HTTP integration may take, in milliseconds. https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html */
const REST_TIMEOUT_MS = 29_000;
const HTTP_TIMEOUT_MS = 30_000;

/** The function in `arn:…:lambda:path/2015-03-31/functions/<arn>/invocations`, or in a plain ARN. */
export function functionArnIn(uri: string): string | undefined {
  const inUri = /\/functions\/(arn:aws[a-z-]*:lambda:.+?)\/(?:invocations|response-streaming-invocations)$/.exec(uri)?.[1];
  return inUri ?? (/^arn:aws[a-z-]*:lambda:[^/]+$/.test(uri) ? uri : undefined);
}

/** A REST or HTTP integration from members in any case; undefined when there is none. */
export function integrationOf(
  members: Members | undefined,
  api: 'REST' | 'HTTP',
  stageVariables: Readonly<Record<string, string>>,
): Integration {
  const found = lowerKeys(members ?? {});
  const text = (...names: string[]): string | undefined => {
    const value = names.map((name) => found[name]).find((item) => typeof item === 'string' || typeof item === 'number');
    return value === undefined ? undefined : String(value);
  };
  const type = (text('type', 'integrationtype') ?? 'none').toUpperCase();
  const uri = fillVariables(text('uri', 'integrationuri') ?? '', stageVariables);
  const timeoutMs = Number(text('timeoutinmillis') ?? (api === 'REST' ? REST_TIMEOUT_MS : HTTP_TIMEOUT_MS));
  if (type === 'AWS_PROXY') {
    const functionArn = functionArnIn(uri);
    if (functionArn === undefined) return { kind: 'unsupported', type: `AWS_PROXY of ${uri === '' ? 'an AWS service' : uri}` };
    const streaming = uri.endsWith('/response-streaming-invocations') || text('responsetransfermode')?.toUpperCase() === 'STREAM';
    const payload = api === 'HTTP' && text('payloadformatversion') !== '1.0' ? '2.0' : '1.0';
    return { kind: 'lambda', functionArn, payload, timeoutMs, streaming, hasRole: text('credentials', 'credentialsarn') !== undefined };
  }
  if (type === 'MOCK') return { kind: 'mock', status: mockStatus(found['requesttemplates']), responses: mockResponses(found) };
  if (type === 'HTTP_PROXY')
    return {
      kind: 'http',
      url: uri,
      method: (text('httpmethod', 'integrationhttpmethod', 'integrationmethod') ?? 'ANY').toUpperCase(),
      timeoutMs,
    };
  return { kind: 'unsupported', type };
}

/** `{"statusCode": 200}` in the request template of a mock chooses the response. */
function mockStatus(templates: unknown): string | undefined {
  const template = Object.values((templates ?? {}) as Record<string, unknown>).find((value): value is string => typeof value === 'string');
  return /["']?statusCode["']?\s*:\s*["']?(\d{3})/.exec(template ?? '')?.[1];
}

function mockResponses(found: Members): readonly MockResponse[] {
  const { integrationresponses, responses } = found;
  if (Array.isArray(integrationresponses)) return (integrationresponses as Members[]).map((response) => mockResponse(response, undefined));
  return Object.entries((responses ?? {}) as Record<string, Members>).map(([pattern, response]) => mockResponse(response, pattern));
}

function mockResponse(members: Members, key: string | undefined): MockResponse {
  const found = lowerKeys(members);
  const parameters = Object.entries((found['responseparameters'] ?? {}) as Record<string, unknown>);
  const headers = parameters.flatMap(([name, value]) => {
    const header = /^method\.response\.header\.(.+)$/i.exec(name)?.[1];
    const literal = /^'(.*)'$/s.exec(String(value))?.[1];
    return header === undefined || literal === undefined ? [] : [[header, literal] as const];
  });
  const [template] = Object.values((found['responsetemplates'] ?? {}) as Record<string, unknown>);
  const pattern = key ?? (found['selectionpattern'] as string | undefined);
  return {
    status: Number(found['statuscode'] ?? 200),
    pattern: pattern === 'default' || pattern === '' ? undefined : pattern,
    headers: Object.fromEntries(headers),
    // Templates are VTL; what has no expression in it is plain text.
    body: typeof template === 'string' && !/[#$]/.test(template) ? template.trim() : '',
  };
}

function fillVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{stageVariables\.(\w+)\}/g, (_all, name: string) => variables[name] ?? '');
}

function lowerKeys(members: Members): Members {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name.toLowerCase(), value]));
}
