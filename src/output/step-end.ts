import { UserError } from '../errors.ts';

/** What a step that threw is said to have come to: one that was interrupted, or stopped because of another, has not failed itself. */
export function wordForEnd(error: unknown): 'stopped' | 'failed' {
  if (error instanceof UserError) return error.code === 'INTERRUPTED' ? 'stopped' : 'failed';
  return error instanceof Error && error.name === 'AbortError' ? 'stopped' : 'failed';
}
