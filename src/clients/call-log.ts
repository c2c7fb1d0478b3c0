import type { HttpRequest, HttpResponse } from '@smithy/core/protocols';
import type { HttpHandlerOptions } from '@smithy/types';

/** Takes one line about one request. */
export type CallLog = (line: string) => void;

/** What every SDK client needs of a handler. */
export interface RequestHandler {
  handle(request: HttpRequest, options?: HttpHandlerOptions): Promise<{ response: HttpResponse }>;
}

/** Names as people write them. */
const SERVICE_NAMES: Readonly<Record<string, string>> = {
  cloudformation: 'CloudFormation',
  lambda: 'Lambda',
  logs: 'CloudWatchLogs',
};

/** Wraps a handler so that every request, retries too, is told in one line without its content: service, operation, status, time. */
export function logCalls<H extends RequestHandler>(inner: H, service: string, log: CallLog): H {
  const name = SERVICE_NAMES[service] ?? service.toUpperCase();
  const handle: RequestHandler['handle'] = async (request, options) => {
    const started = performance.now();
    const tell = (end: string): void => log(`${name} ${describeRequest(request)} ${end} ${Math.round(performance.now() - started)} ms`);
    try {
      const answer = await inner.handle(request, options);
      tell(String(answer.response.statusCode));
      return answer;
    } catch (error) {
      tell(error instanceof Error && 'code' in error ? String(error.code) : 'no answer');
      throw error;
    }
  };
  // Everything else, such as the settings that an SDK client reads and changes, stays that of the handler.
  return new Proxy(inner, {
    get(target, key) {
      if (key === 'handle') return handle;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The operation where the request names it (query and JSON protocols, some of S3's), method and path otherwise. */
function describeRequest(request: HttpRequest): string {
  const target = request.headers['x-amz-target'];
  if (target !== undefined) return target.slice(target.lastIndexOf('.') + 1);
  const action = typeof request.body === 'string' ? /(?:^|&)Action=(\w+)/.exec(request.body)?.[1] : undefined;
  if (action !== undefined) return action;
  const id = request.query['x-id'];
  return typeof id === 'string' ? `${id} ${request.path}` : `${request.method} ${request.path}`;
}
