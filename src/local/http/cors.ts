/** CORS as HTTP APIs and function URLs do it: the gateway answers preflights and sets the headers, not the function. */
import type { IncomingMessage } from 'node:http';
import { allowsOrigin } from './origin-guard.ts';
import type { Answer, CorsRules } from './types.ts';

type Headers = readonly (readonly [string, string])[];

export function isPreflight(request: IncomingMessage): boolean {
  return (
    request.method === 'OPTIONS' && request.headers.origin !== undefined && request.headers['access-control-request-method'] !== undefined
  );
}

export function preflightAnswer(request: IncomingMessage, rules: CorsRules, status: number): Answer {
  const origin = request.headers.origin ?? '';
  if (!allowsOrigin(rules.allowOrigins, origin)) return { status, headers: [], body: Buffer.alloc(0) };
  const headers: [string, string][] = [...originHeaders(origin, rules)];
  if (rules.allowMethods.length > 0) headers.push(['access-control-allow-methods', rules.allowMethods.join(',')]);
  if (rules.allowHeaders.length > 0) headers.push(['access-control-allow-headers', rules.allowHeaders.join(',')]);
  if (rules.maxAge !== undefined) headers.push(['access-control-max-age', String(rules.maxAge)]);
  return { status, headers, body: Buffer.alloc(0) };
}

/** The headers of an answer after the rules have been applied; what the function set of them is dropped. */
export function withCors(request: IncomingMessage, rules: CorsRules | undefined, headers: Headers): Headers {
  if (rules === undefined) return headers;
  const { origin } = request.headers;
  const own = headers.filter(([name]) => !name.toLowerCase().startsWith('access-control-'));
  if (origin === undefined || !allowsOrigin(rules.allowOrigins, origin)) return own;
  const expose: Headers = rules.exposeHeaders.length === 0 ? [] : [['access-control-expose-headers', rules.exposeHeaders.join(',')]];
  return [...own, ...originHeaders(origin, rules), ...expose];
}

function originHeaders(origin: string, rules: CorsRules): [string, string][] {
  const any = rules.allowOrigins.includes('*') && !rules.allowCredentials;
  return [
    ['access-control-allow-origin', any ? '*' : origin],
    ...(any ? [] : [['vary', 'Origin'] as [string, string]]),
    ...(rules.allowCredentials ? [['access-control-allow-credentials', 'true'] as [string, string]] : []),
  ];
}

/** Rules from settings in either spelling (`AllowOrigins` of CloudFormation, `allowOrigins` of OpenAPI); `true` allows everything. */
export function corsRulesOf(settings: unknown): CorsRules | undefined {
  if (settings === true)
    return { allowOrigins: ['*'], allowMethods: [], allowHeaders: [], exposeHeaders: [], allowCredentials: false, maxAge: undefined };
  if (typeof settings !== 'object' || settings === null) return undefined;
  const found = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name.toLowerCase(), value as unknown]));
  const list = (name: string): readonly string[] => {
    const value = found[name];
    return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
  };
  const maxAge = Number(found['maxage'] ?? Number.NaN);
  return {
    allowOrigins: list('alloworigins'),
    allowMethods: list('allowmethods'),
    allowHeaders: list('allowheaders'),
    exposeHeaders: list('exposeheaders'),
    allowCredentials: String(found['allowcredentials']) === 'true',
    maxAge: Number.isFinite(maxAge) ? maxAge : undefined,
  };
}
