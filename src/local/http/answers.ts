/** Turns what a function answers into an HTTP answer, or finds that it is none. */
import type { Answer } from './types.ts';

type Members = Readonly<Record<string, unknown>>;
type Header = readonly [string, string];

const KEYS_1: ReadonlySet<string> = new Set(['statusCode', 'headers', 'multiValueHeaders', 'body', 'isBase64Encoded', 'cookies']);

/** Headers that belong to the connection, or that follow from the body. */
const DROPPED = /^(?:connection|keep-alive|proxy-connection|transfer-encoding|upgrade|content-length)$/i;

/** An answer that does not have the form that the gateway asks for; the reason goes into the log. */
export class MalformedAnswerError extends Error {
  override readonly name = 'MalformedAnswerError';
}

/**
 * Payload format 1.0. `decodes` says whether a body in base64 becomes bytes for this client.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function answer1(payload: Buffer, decodes: boolean): Answer {
  const value = parse(payload);
  if (!isMembers(value)) throw new MalformedAnswerError('it is no JSON object');
  const strange = Object.keys(value).find((key) => !KEYS_1.has(key));
  if (strange !== undefined) throw new MalformedAnswerError(`it has the member '${strange}', which an answer cannot have`);
  const multiple = headersOf(value['multiValueHeaders'], 'multiValueHeaders');
  const names = new Set(multiple.map(([name]) => name.toLowerCase()));
  const single = headersOf(value['headers'], 'headers').filter(([name]) => !names.has(name.toLowerCase()));
  return {
    status: statusOf(value['statusCode'] ?? 200),
    headers: withContentType([...single, ...multiple], 'application/json'),
    body: bodyOf(value, decodes),
  };
}

/**
 * Payload format 2.0, where a value without `statusCode` is the body itself.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function answer2(payload: Buffer, usualType: string): Answer {
  const value = parse(payload);
  if (!isMembers(value) || value['statusCode'] === undefined) {
    const body = typeof value === 'string' ? Buffer.from(value) : payload;
    return { status: 200, headers: [['content-type', 'application/json']], body };
  }
  const cookies = value['cookies'] ?? [];
  if (!Array.isArray(cookies)) throw new MalformedAnswerError('its cookies are no list');
  const headers = [...headersOf(value['headers'], 'headers'), ...cookies.map((cookie): Header => ['set-cookie', String(cookie)])];
  return { status: statusOf(value['statusCode']), headers: withContentType(headers, usualType), body: bodyOf(value, true) };
}

/** What comes before a streamed body: status, headers and cookies. */
export function preludeAnswer(prelude: Buffer): Pick<Answer, 'status' | 'headers'> {
  const value = parse(prelude);
  if (!isMembers(value)) throw new MalformedAnswerError('what comes before its body is no JSON object');
  const cookies = Array.isArray(value['cookies']) ? value['cookies'].map((cookie): Header => ['set-cookie', String(cookie)]) : [];
  const headers = [...headersOf(value['headers'], 'headers'), ...headersOf(value['multiValueHeaders'], 'multiValueHeaders'), ...cookies];
  return { status: statusOf(value['statusCode'] ?? 200), headers: withContentType(headers, 'application/octet-stream') };
}

/** Whether a body in base64 is turned into bytes: when the first media type that the client accepts is one of the binary ones. */
export function acceptsBinary(binaryTypes: readonly string[], accept: string | undefined): boolean {
  if (binaryTypes.includes('*/*')) return true;
  const first = accept?.split(',', 1)[0]?.split(';', 1)[0]?.trim().toLowerCase();
  return first !== undefined && matchesMediaType(binaryTypes, first);
}

export function matchesMediaType(types: readonly string[], type: string): boolean {
  return types.some((candidate) => {
    if (candidate === '*/*') return true;
    const wanted = candidate.toLowerCase();
    return wanted.endsWith('/*') ? type.startsWith(wanted.slice(0, -1)) : wanted === type;
  });
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch (error) {
    throw new MalformedAnswerError(`it is no JSON: ${(error as Error).message}`);
  }
}

function statusOf(value: unknown): number {
  const status = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw new MalformedAnswerError(`its statusCode is ${JSON.stringify(value)}`);
  }
  return status;
}

function headersOf(value: unknown, member: string): readonly Header[] {
  if (value === undefined || value === null) return [];
  if (!isMembers(value)) throw new MalformedAnswerError(`its ${member} are no object`);
  return Object.entries(value).flatMap(([name, one]) => {
    const values = Array.isArray(one) ? one : [one];
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new MalformedAnswerError(`it has a header named '${name}'`);
    return DROPPED.test(name)
      ? []
      : values.flatMap((item) => (item === null || item === undefined ? [] : [[name, headerText(name, item)] as const]));
  });
}

function headerText(name: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new MalformedAnswerError(`the value of its header '${name}' is no text`);
  }
  // oxlint-disable-next-line no-control-regex -- what must not be in a header
  if (/[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/.test(String(value)))
    throw new MalformedAnswerError(`its header '${name}' has characters that a header cannot have`);
  return String(value);
}

function withContentType(headers: readonly Header[], usual: string): readonly Header[] {
  return headers.some(([name]) => name.toLowerCase() === 'content-type') ? headers : [...headers, ['content-type', usual]];
}

function bodyOf(value: Members, decodes: boolean): Buffer {
  const { body, isBase64Encoded } = value;
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body !== 'string') throw new MalformedAnswerError('its body is no text');
  return Buffer.from(body, isBase64Encoded === true && decodes ? 'base64' : 'utf8');
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
