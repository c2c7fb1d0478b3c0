/** What the HTTP front ends know of APIs, routes and integrations. */
import type { FunctionInvoker } from '../types.ts';

/** What answers a route. */
export type Integration =
  | {
      readonly kind: 'lambda';
      readonly functionArn: string;
      readonly payload: '1.0' | '2.0';
      readonly timeoutMs: number;
      readonly streaming: boolean;
      /** With a role of its own the gateway needs no permission on the function. */
      readonly hasRole: boolean;
    }
  | { readonly kind: 'mock'; readonly status: string | undefined; readonly responses: readonly MockResponse[] }
  | { readonly kind: 'http'; readonly url: string; readonly method: string; readonly timeoutMs: number }
  | { readonly kind: 'unsupported'; readonly type: string };

export interface MockResponse {
  readonly status: number;
  /** Regular expression that selects this response; undefined for the default one. */
  readonly pattern: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Route {
  /** `ANY` for every method. */
  readonly method: string;
  /** `/items/{id}`, `/{proxy+}`, or `$default`. */
  readonly path: string;
  readonly integration: Integration;
  /** `NONE`, `AWS_IAM`, or the kind of an authorizer. */
  readonly authorization: string;
  /** Id of the resource (REST) or the route key (HTTP). */
  readonly id: string;
  readonly operationName?: string | undefined;
}

export interface CorsRules {
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  /** Seconds. */
  readonly maxAge: number | undefined;
}

export interface FrontDeps {
  readonly functions: FunctionInvoker;
  /** One line into the daemon's own log. */
  log(message: string): void;
}

/** An answer on its way to the client. */
export interface Answer {
  readonly status: number;
  /** In the order they are sent; several values of one name are several headers. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}
