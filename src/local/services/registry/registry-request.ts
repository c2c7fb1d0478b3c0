import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { RepositoryRecord } from './image-store.ts';

/** A request to one repository, after authentication. */
export interface RegistryRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly repository: RepositoryRecord;
  /** Tag, digest or upload id; empty where the path has none. */
  readonly reference: string;
  readonly body: Readable;
}
