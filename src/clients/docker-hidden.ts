import { inspect } from 'node:util';

/**
 * The value of one of the engine's headers for credentials, as an object that turns into text only where the request is written:
 * docker-modem prints its requests when DEBUG is set, and nothing secret must be among what it prints.
 */
export function hiddenHeader(value: () => unknown): { readonly base64: string } {
  const header = {
    // The URL alphabet, but with padding: Go's decoder wants both.
    toString: () => Buffer.from(JSON.stringify(value())).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
    [inspect.custom]: () => '[hidden]',
  };
  return { base64: header as unknown as string };
}
