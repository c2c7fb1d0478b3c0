import { UserError, messageOf } from '../errors.ts';

/** What ends a connection in the middle, in the words of Node, docker-modem and ssh. */
const BROKEN = /^(?:aborted|socket hang up|premature close|unexpected EOF)$|ECONNRESET|EPIPE|ECONNREFUSED|closed network connection/i;

/** Whether an engine, or the way to it, went away in the middle. */
export function isBroken(reason: string): boolean {
  return BROKEN.test(reason.trim());
}

/** What an engine said, without what docker-modem puts before it. */
export function engineReason(error: unknown): string {
  const { message: said } = (error as { json?: { message?: unknown } }).json ?? {};
  if (typeof said === 'string' && said !== '') return said.trim();
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .trim();
}

/** The hint for a connection that broke, undefined for what only the reason explains. */
export function hintForBroken(reason: string): string | undefined {
  return isBroken(reason) ? 'See whether the engine still runs ("docker version"), then run it again.' : undefined;
}

/** The hint for an engine without room. */
export function hintForRoom(text: string): string | undefined {
  return /no space left|disk quota|ENOSPC/i.test(text)
    ? 'There is no room left: "docker system prune" frees some in the engine.'
    : undefined;
}

/** A call to an engine that failed, other than a build or a push: those explain themselves. */
export function engineFailed(engine: string, doing: string, error: unknown): UserError {
  const reason = engineReason(error);
  const said = isBroken(reason) ? `the connection broke (${reason})` : reason;
  return new UserError('ENGINE_FAILED', `${engine} could not ${doing}: ${said}`, {
    hint: hintForRoom(reason) ?? 'See whether the engine is well ("docker version"), then run it again.',
    cause: error,
  });
}
