/** API Gateway and function URLs: every API and every URL answers on a port of its own. */
import { corsRulesOf } from '../http/cors.ts';
import { httpFront } from '../http/http-front.ts';
import { createListeners, type Listeners } from '../http/listeners.ts';
import { restFront } from '../http/rest-front.ts';
import type { FrontDeps } from '../http/types.ts';
import { type FunctionUrlView, urlFront } from '../http/url-front.ts';
import { createRestJsonService, type RestRoute } from '../protocol/rest-json.ts';
import { type LocalAws, type Service, ServiceError, type UrlMapper } from '../types.ts';
import { type ApiRecord, type ApiStore, createApiStore } from './apigateway/records.ts';
import { httpView, restView } from './apigateway/views.ts';
import type { Lambda, OpenUrl } from './lambda.ts';
import { UNQUALIFIED } from './lambda/records.ts';

export interface ApisDeps extends Pick<LocalAws, 'store' | 'endpoint' | 'log'> {
  readonly lambda: Pick<Lambda, 'invoker' | 'functionUrls' | 'onUrlsChanged'>;
}

/**
 * How to wire it: make it after `createLambda`. `urls` is `LocalAws.urls`, `service` (signing name `apigateway`, used by REST and HTTP
 * APIs alike) goes to the dispatcher. Call `start()` once the endpoint listens, so that it has its port first, and `close()` at the end.
 */
export interface Apis {
  readonly service: Service;
  readonly urls: UrlMapper;
  /** Opens the ports of all APIs and URLs that the store knows. */
  start(): Promise<void>;
  close(): Promise<void>;
  /** For the resource providers: records, and what has to follow a change of which APIs there are. */
  readonly store: ApiStore;
  sync(): Promise<void>;
}

export function createApis(deps: ApisDeps): Apis {
  const store = createApiStore(deps.store);
  const firstPort = Number(new URL(deps.endpoint).port) + 1;
  const listeners = createListeners({ store: deps.store, firstPort, log: deps.log });
  const front: FrontDeps = { functions: deps.lambda.invoker, log: deps.log };

  async function sync(): Promise<void> {
    const urls = deps.lambda.functionUrls();
    const wanted = new Set([...store.all().map(({ id }) => apiKey(id)), ...urls.map(({ url }) => urlKey(url.id))]);
    for (const key of listeners.keys()) if (!wanted.has(key)) await listeners.remove(key);
    for (const { id, kind } of store.all()) await listeners.open(apiKey(id), kind === 'REST' ? openRest(id) : openHttp(id));
    for (const { url } of urls) await listeners.open(urlKey(url.id), openUrl(url.id));
  }

  const openRest = (id: string) =>
    restFront(front, () => {
      const record = store.findRest(id);
      return record === undefined ? undefined : restView(record);
    });
  const openHttp = (id: string) =>
    httpFront(front, () => {
      const record = store.findHttp(id);
      return record === undefined ? undefined : httpView(record);
    });
  const openUrl = (id: string) => urlFront(front, () => urlView(deps.lambda.functionUrls().find(({ url }) => url.id === id)));

  deps.lambda.onUrlsChanged(sync);
  return {
    service: createRestJsonService({ name: 'apigateway', routes: routesOf(store, listeners) }),
    urls: { toLocal: (text) => toLocal(listeners, text) },
    start: sync,
    close: () => listeners.close(),
    store,
    sync,
  };
}

function apiKey(id: string): string {
  return `api/${id}`;
}

function urlKey(id: string): string {
  return `url/${id}`;
}

function urlView(open: OpenUrl | undefined): FunctionUrlView | undefined {
  if (open === undefined) return undefined;
  const { qualifier, record, url } = open;
  return {
    id: url.id,
    functionArn: qualifier === UNQUALIFIED ? record.arn : `${record.arn}:${qualifier}`,
    authType: url.authType,
    streaming: url.invokeMode === 'RESPONSE_STREAM',
    cors: corsRulesOf(url.cors),
  };
}

/** Hosts of APIs and function URLs, in all partitions. */
const PUBLIC_ORIGIN = /https:\/\/([a-z0-9]+)\.(execute-api|lambda-url)\.[a-z0-9-]+\.(?:on\.aws|(?:[a-z0-9-]+\.)*[a-z]+)(?![\w-]|\.\w)/gi;

function toLocal(listeners: Listeners, text: string): string {
  return text.replace(PUBLIC_ORIGIN, (address, id: string, kind: string) => {
    const key = kind.toLowerCase() === 'execute-api' ? apiKey(id.toLowerCase()) : urlKey(id.toLowerCase());
    return listeners.originOf(key) ?? address;
  });
}

function routesOf(store: ApiStore, listeners: Listeners): readonly RestRoute[] {
  const rest = (id: string | undefined) => store.findRest(id ?? '') ?? missing('Invalid API identifier specified 000000000000:' + id);
  const http = (id: string | undefined) => store.findHttp(id ?? '') ?? missing('Invalid API identifier specified 000000000000:' + id);
  const restStages = (id: string | undefined) =>
    Object.entries(rest(id).stages).map(([name, stage]) => ({
      stageName: name,
      deploymentId: stage.deploymentId ?? '',
      variables: stage.variables,
      createdDate: new Date(stage.createdAt),
    }));
  const httpStages = (id: string | undefined) =>
    Object.entries(http(id).stages).map(([name, stage]) => ({
      stageName: name,
      stageVariables: stage.variables,
      createdDate: stage.createdAt,
      autoDeploy: true,
    }));
  const all = (kind: ApiRecord['kind'], region: string) => store.all().filter((record) => record.kind === kind && record.region === region);
  return [
    { method: 'GET', path: '/restapis', handle: (_path, request) => ({ item: all('REST', request.region).map(describeRest) }) },
    { method: 'GET', path: '/restapis/{id}', handle: (path) => describeRest(rest(path['id'])) },
    { method: 'GET', path: '/restapis/{id}/stages', handle: (path) => ({ item: restStages(path['id']) }) },
    {
      method: 'GET',
      path: '/restapis/{id}/stages/{stage}',
      handle: (path) =>
        restStages(path['id']).find(({ stageName }) => stageName === path['stage']) ?? missing('Invalid stage identifier specified'),
    },
    {
      method: 'GET',
      path: '/v2/apis',
      handle: (_path, request) => ({ items: all('HTTP', request.region).map((record) => describeHttp(record, listeners)) }),
    },
    { method: 'GET', path: '/v2/apis/{id}', handle: (path) => describeHttp(http(path['id']), listeners) },
    { method: 'GET', path: '/v2/apis/{id}/stages', handle: (path) => ({ items: httpStages(path['id']) }) },
    {
      method: 'GET',
      path: '/v2/apis/{id}/stages/{stage}',
      handle: (path) =>
        httpStages(path['id']).find(({ stageName }) => stageName === path['stage']) ?? missing('Invalid stage identifier specified'),
    },
  ];
}

function describeRest(record: ApiRecord): unknown {
  if (record.kind !== 'REST') return {};
  const { binaryMediaTypes, createdAt, description, id, name, rootResourceId, tags } = record;
  return {
    id,
    name,
    description,
    createdDate: new Date(createdAt),
    binaryMediaTypes,
    apiKeySource: 'HEADER',
    endpointConfiguration: { types: ['REGIONAL'] },
    tags,
    rootResourceId,
  };
}

function describeHttp(record: ApiRecord, listeners: Listeners): unknown {
  const { createdAt, description, id, name, region, tags } = record;
  const apiEndpoint = listeners.originOf(apiKey(id)) ?? `https://${id}.execute-api.${region}.amazonaws.com`;
  return {
    apiId: id,
    name,
    description,
    createdDate: createdAt,
    apiEndpoint,
    protocolType: 'HTTP',
    routeSelectionExpression: '$request.method $request.path',
    tags,
  };
}

function missing(message: string): never {
  throw new ServiceError('NotFoundException', message, 404);
}
