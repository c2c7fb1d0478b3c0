import { ServiceError } from '../types.ts';

/** Percent-decodes. Throws ServiceError `InvalidURI` (400) when an escape is malformed. */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw new ServiceError('InvalidURI', "Couldn't parse the specified URI.", 400);
    throw error;
  }
}

/** Percent-encodes everything but the unreserved characters of RFC 3986. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
