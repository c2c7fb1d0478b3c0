import { UserError } from '../errors.ts';
import type { RegistryAnswer } from './registry-http.ts';

/** An answer of a registry that is not the one asked for. */
export class RegistryFailure extends Error {
  readonly answer: RegistryAnswer;

  constructor(answer: RegistryAnswer, reason?: string) {
    super(reason ?? describe(answer));
    this.name = 'RegistryFailure';
    this.answer = answer;
  }
}

interface RegistryErrors {
  readonly errors?: readonly { readonly code?: string; readonly message?: string }[];
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
function describe({ status, text }: RegistryAnswer): string {
  try {
    const [first] = (JSON.parse(text) as RegistryErrors).errors ?? [];
    if (first !== undefined) return [first.code, first.message].filter(Boolean).join(': ');
  } catch {
    // Not from the registry itself: a proxy, a load balancer.
  }
  return `it answered with status ${status}`;
}

/** The reason as the registry gave it, with the status. */
export function reasonIn({ message, answer }: RegistryFailure): string {
  return message.includes(String(answer.status)) ? message : `${message} (status ${answer.status})`;
}

/** Codes of an upload that went lost at the other end; begun anew it may succeed. */
const LOST_UPLOAD = /BLOB_UPLOAD_(?:UNKNOWN|INVALID)/;

/** Whether the same again may succeed: the connection broke, or the registry is busy. */
export function isWorthRetrying(error: unknown): boolean {
  if (error instanceof UserError) return false;
  if (!(error instanceof RegistryFailure)) return !isFinal(error);
  const { status } = error.answer;
  return status >= 500 || status === 429 || status === 408 || LOST_UPLOAD.test(error.message);
}

/** Certificates and names do not get better by waiting. */
function isFinal(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return (
    typeof code === 'string' &&
    (code.startsWith('CERT_') || code.includes('SELF_SIGNED') || code.startsWith('ERR_TLS') || code === 'ENOTFOUND')
  );
}
