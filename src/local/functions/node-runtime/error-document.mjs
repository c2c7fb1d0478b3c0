/** Errors as Lambda reports them. */

/** An error as Lambda reports it: `{ errorType, errorMessage, trace }`. */
export function toErrorDocument(error) {
  if (error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error && 'name' in error)) {
    const { name, message, stack } = error;
    return { errorType: String(name), errorMessage: String(message), trace: String(stack ?? '').split('\n') };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}
