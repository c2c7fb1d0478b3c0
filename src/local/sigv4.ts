/**
 * Checks AWS Signature Version 4, in the Authorization header or in the query (presigned).
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isSameSecret, type LocalCredentials } from './credentials.ts';
import { decodeUri, encodeUri } from './protocol/uri.ts';
import { ServiceError } from './types.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** How far the clocks of client and service may differ. */
const MAX_SKEW_MS = 15 * 60 * 1000;
/** One week, as in AWS. */
const MAX_PRESIGNED_SECONDS = 604_800;

/** What a request claims about its signature, before anything is checked. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  /** Seconds a presigned URL lives; undefined for a signature in the header. */
  readonly expiresSeconds: number | undefined;
}

/** Reads the claim of a request; undefined when it is not signed. Throws ServiceError when a signature is there but malformed. */
export function readSignatureClaim(request: IncomingMessage, query: URLSearchParams): SignatureClaim | undefined {
  const header = request.headers.authorization;
  if (header?.startsWith('AWS ') || query.has('AWSAccessKeyId')) {
    throw new ServiceError(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
      400,
    );
  }
  if (header !== undefined) return readHeaderClaim(header, request);
  return query.has('X-Amz-Signature') ? readQueryClaim(query) : undefined;
}

function readHeaderClaim(header: string, request: IncomingMessage): SignatureClaim {
  const [algorithm, rest] = splitOnce(header.trim(), ' ');
  const fields = new Map(rest.split(',').map((field) => splitOnce(field.trim(), '=')));
  const timestamp = headerText(request, 'x-amz-date') ?? isoBasic(headerText(request, 'date'));
  const signature = fields.get('Signature');
  const signedHeaders = fields.get('SignedHeaders');
  if (algorithm !== ALGORITHM || signature === undefined || signedHeaders === undefined || timestamp === undefined) {
    throw new ServiceError('IncompleteSignature', `The Authorization header is not a complete ${ALGORITHM} signature`, 403);
  }
  return {
    ...readScope(fields.get('Credential') ?? ''),
    signedHeaders: signedHeaders.toLowerCase().split(';'),
    signature,
    timestamp,
    expiresSeconds: undefined,
  };
}

function readQueryClaim(query: URLSearchParams): SignatureClaim {
  const expiresSeconds = Number(query.get('X-Amz-Expires') ?? Number.NaN);
  const timestamp = query.get('X-Amz-Date') ?? '';
  const wellFormed = query.get('X-Amz-Algorithm') === ALGORITHM && expiresSeconds >= 0 && expiresSeconds <= MAX_PRESIGNED_SECONDS;
  if (!wellFormed || timestamp === '') {
    throw new ServiceError('AuthorizationQueryParametersError', 'The query parameters of the presigned request are not complete', 400);
  }
  return {
    ...readScope(query.get('X-Amz-Credential') ?? ''),
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').toLowerCase().split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    timestamp,
    expiresSeconds,
  };
}

function readScope(credential: string): Pick<SignatureClaim, 'accessKeyId' | 'date' | 'region' | 'service'> {
  const parts = credential.split('/');
  const [accessKeyId = '', date = '', region = '', service = '', terminator] = parts.slice(-5);
  if (parts.length < 5 || terminator !== 'aws4_request') {
    throw new ServiceError('IncompleteSignature', 'The credential of the signature has no complete scope', 403);
  }
  return { accessKeyId, date, region, service };
}

/** What a signature is checked against. */
export interface SignatureCheck {
  readonly claim: SignatureClaim;
  readonly request: IncomingMessage;
  /** Path of the request line, still percent-encoded. */
  readonly rawPath: string;
  readonly query: URLSearchParams;
  /** The lower-case hex SHA-256 of the body, or the literal that stood in its place. */
  readonly payloadHash: string;
  readonly credentials: LocalCredentials;
  readonly nowMs?: number | undefined;
}

/**
 * Throws ServiceError `SignatureDoesNotMatch`, `RequestTimeTooSkewed` or, for a presigned URL past its time, `AccessDenied`.
 * The access key id has been looked at before.
 */
export function checkSignature(check: SignatureCheck): void {
  const { claim } = check;
  checkTime(claim, check.nowMs ?? Date.now());
  const complete = claim.signedHeaders.includes('host') && claim.timestamp.startsWith(claim.date);
  if (!complete || !isSameSecret(claim.signature, sign(check))) {
    throw new ServiceError(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      403,
    );
  }
}

function checkTime(claim: SignatureClaim, nowMs: number): void {
  const signedAt = Date.parse(claim.timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(signedAt)) throw new ServiceError('AccessDenied', 'The date of the signature is not in ISO 8601 basic format', 403);
  if (claim.expiresSeconds !== undefined && nowMs > signedAt + claim.expiresSeconds * 1000) {
    throw new ServiceError('AccessDenied', 'Request has expired', 403);
  }
  const tooOld = claim.expiresSeconds === undefined && nowMs - signedAt > MAX_SKEW_MS;
  if (tooOld || signedAt - nowMs > MAX_SKEW_MS) {
    throw new ServiceError('RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.', 403);
  }
}

function sign(check: SignatureCheck): string {
  const { claim, credentials } = check;
  const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`;
  const canonicalHash = createHash('sha256').update(canonicalRequest(check)).digest('hex');
  const dateKey = hmac(`AWS4${credentials.secretAccessKey}`, claim.date);
  const key = hmac(hmac(hmac(dateKey, claim.region), claim.service), 'aws4_request');
  return hmac(key, [ALGORITHM, claim.timestamp, scope, canonicalHash].join('\n')).toString('hex');
}

function canonicalRequest(check: SignatureCheck): string {
  const { claim, request } = check;
  const headers = claim.signedHeaders.map((name) => `${name}:${canonicalHeader(request, name)}\n`).join('');
  return [
    request.method ?? 'GET',
    canonicalPath(check.rawPath, claim.service),
    canonicalQuery(check.query),
    headers,
    claim.signedHeaders.join(';'),
    check.payloadHash,
  ].join('\n');
}

function canonicalHeader(request: IncomingMessage, name: string): string {
  const values = request.headersDistinct[name] ?? [];
  return values.map((value) => value.trim().replace(/\s+/g, ' ')).join(',');
}

/** S3 signs the path encoded once and as it is; all others encode the encoded path again, with dot segments taken out. */
function canonicalPath(rawPath: string, service: string): string {
  if (service === 's3') return rawPath.split('/').map(decodeUri).map(encodeUri).join('/');
  const segments: string[] = [];
  for (const segment of rawPath.split('/').slice(1)) {
    if (segment === '..') segments.pop();
    else if (segment !== '.' && segment !== '') segments.push(encodeUri(segment));
  }
  const trailing = segments.length > 0 && rawPath.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${trailing}`;
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeUri(name), encodeUri(value)] as const)
    .toSorted((a, b) => compareText(a[0], b[0]) || compareText(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function headerText(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function isoBasic(date: string | undefined): string | undefined {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
