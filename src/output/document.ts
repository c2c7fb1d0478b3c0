import type { ShownError } from './render.ts';
import type { Secrets } from './secrets.ts';

/** How a run ended, for the document on stdout. */
export interface DocumentEnd {
  readonly command: string;
  readonly error: ShownError | undefined;
  readonly result: unknown;
  readonly warnings: readonly string[];
}

/** The one document of `--output json`, or the last line of `--output ndjson`: `docs/output.schema.json` describes both. */
export function renderDocument(format: 'json' | 'ndjson', end: DocumentEnd, replacer: Secrets['replacer'] | undefined): string {
  const { command, error, result, warnings } = end;
  const shown =
    error === undefined
      ? undefined
      : {
          code: error.code,
          message: error.message,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
          ...(error.cause === undefined ? {} : { cause: error.cause }),
          ...(error.details.length === 0 ? {} : { details: error.details }),
        };
  const body = {
    ok: error === undefined,
    command,
    ...(shown === undefined ? {} : { error: shown }),
    ...(result === undefined ? (shown === undefined ? { result: null } : {}) : { result }),
    warnings,
  };
  return format === 'json' ? `${JSON.stringify(body, replacer, 2)}\n` : `${JSON.stringify({ type: 'end', ...body }, replacer)}\n`;
}
