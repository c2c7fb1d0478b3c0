import type { Readable } from 'node:stream';

/** One line of what an engine answers to build, push and pull. Every member may be missing. */
export interface EngineMessage {
  readonly stream?: string;
  readonly status?: string;
  /** Layer of a push, or the kind of an `aux`. */
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  readonly aux?: unknown;
}

/**
 * The JSON lines of an engine's answer. An engine reports failures inside an answer with status 200, so the caller has
 * to look at every message for `error`. Ends the request when the signal is aborted, and throws its reason.
 */
export async function* readMessages(stream: Readable, signal?: AbortSignal): AsyncGenerator<EngineMessage> {
  const stop = (): void => void stream.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  const decoder = new TextDecoder();
  let rest = '';
  try {
    signal?.throwIfAborted();
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield* parse(line);
    }
    yield* parse(rest);
  } catch (error) {
    // Ending the request makes the stream fail; the reason is the caller's own.
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    stream.destroy();
  }
  signal?.throwIfAborted();
}

function* parse(line: string): Generator<EngineMessage> {
  const text = line.trim();
  if (text === '') return;
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    // Engines and proxies between have been seen to answer with plain text; it is worth showing.
    message = { stream: `${text}\n` };
  }
  if (typeof message === 'object' && message !== null) yield message;
}

/** The failure that a message reports, if it does. */
export function failureIn(message: EngineMessage): string | undefined {
  return message.errorDetail?.message ?? message.error;
}
