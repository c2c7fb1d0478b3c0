/** Lambda: the API, and what the other services use of it. */
import { createFunctionRunner, type FunctionRunner } from '../functions/runner.ts';
import { createRestJsonService } from '../protocol/rest-json.ts';
import type { FunctionInvoker, LocalAws, Service } from '../types.ts';
import { join } from 'node:path';
import { createFunctions, type Functions } from './lambda/functions.ts';
import { createInvoker, type InvokeDeps } from './lambda/invoke.ts';
import { createLayers, type Layers } from './lambda/layers.ts';
import { layerRoutes, otherRoutes } from './lambda/more-routes.ts';
import { createFunctionStore, type FunctionRecord, type FunctionStore, type UrlRecord } from './lambda/records.ts';
import { LAMBDA_BODY_LIMIT } from './lambda/route-parts.ts';
import { functionRoutes } from './lambda/routes.ts';

/** Everything of LocalAws but itself; `env` is the daemon's environment (PATH, DOCKER_HOST, …). */
export type LambdaDeps = Omit<LocalAws, 'functions'> & { readonly env?: Readonly<Record<string, string | undefined>> };

/** A function URL, for those who open it. */
export interface OpenUrl {
  readonly record: FunctionRecord;
  /** '' when the URL is the function's own. */
  readonly qualifier: string;
  readonly url: UrlRecord;
}

/**
 * How to wire it: make it before `createApis`, which needs it; `deps.urls` may be `{ toLocal: (text) => apis.urls.toLocal(text) }`
 * with `apis` assigned later, since it is only called for requests. `invoker` is `LocalAws.functions`, `service` goes to the
 * dispatcher. Call `recover()` before the first request, and `close()` at the end: it ends every process and container.
 */
export interface Lambda {
  readonly service: Service;
  readonly invoker: FunctionInvoker;
  recover(): Promise<void>;
  close(): Promise<void>;
  /** For the API Gateway service: the function URLs there are, and a call whenever they change. */
  functionUrls(): readonly OpenUrl[];
  onUrlsChanged(listener: () => Promise<void>): void;
  /** For the resource providers. */
  readonly functions: Functions;
  readonly layers: Layers;
  readonly store: FunctionStore;
  readonly runner: FunctionRunner;
}

export function createLambda(deps: LambdaDeps): Lambda {
  const toLocal = (text: string): string => deps.urls.toLocal(text);
  const { credentials, endpoint, images, log, logs, objects } = deps;
  const folder = join(deps.store.folder, 'functions');
  const runner = createFunctionRunner({ folder, endpoint, credentials, logs, images, toLocal, log, env: deps.env ?? process.env });
  const store = createFunctionStore(deps.store);
  const listeners: (() => Promise<void>)[] = [];
  const urlsChanged = async (): Promise<void> => {
    for (const listener of listeners) await listener();
  };
  const functions = createFunctions({ store, runner, objects, images, urlsChanged });
  const layers = createLayers({ store, runner, objects, images });
  const closing = new AbortController();
  const invokeDeps: InvokeDeps = { functions, store, runner, log, closing: closing.signal };
  const invoker = createInvoker(invokeDeps);
  const routeDeps = { ...invokeDeps, code: runner.code, toLocal, invoker };
  const routes = [...functionRoutes(routeDeps), ...layerRoutes(routeDeps, layers), ...otherRoutes(routeDeps, deps.store)];
  return {
    service: createRestJsonService({ name: 'lambda', routes, bodyLimit: LAMBDA_BODY_LIMIT }),
    invoker,
    async recover() {
      await runner.recover();
      await runner.code.prune(() => store.packagesInUse());
    },
    async close() {
      closing.abort();
      await runner.close();
    },
    functionUrls: () =>
      store.all().flatMap((record) => Object.entries(record.urls).map(([qualifier, url]) => ({ record, qualifier, url }))),
    onUrlsChanged: (listener) => void listeners.push(listener),
    functions,
    layers,
    store,
    runner,
  };
}
