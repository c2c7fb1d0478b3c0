/** What the HTTP front ends see of an API: its routes, made from the document and from single resources. */
import { corsRulesOf } from '../../http/cors.ts';
import type { HttpApiView } from '../../http/http-front.ts';
import { integrationOf } from '../../http/integrations.ts';
import { binaryTypesOfDocument, corsOfDocument, routesOfDocument } from '../../http/openapi.ts';
import type { RestApiView } from '../../http/rest-front.ts';
import type { Integration, Route } from '../../http/types.ts';
import { partitionOf } from '../../engine/pseudo.ts';
import { scalarText } from '../../engine/values.ts';
import { LOCAL_ACCOUNT_ID } from '../../types.ts';
import type { ApiRecord, HttpApiRecord, RestApiRecord } from './records.ts';

type Members = Readonly<Record<string, unknown>>;
type Variables = Readonly<Record<string, string>>;

/** Remembers the routes of a record until another takes its place. */
function remembered<R extends ApiRecord>(
  make: (record: R, variables: Variables) => readonly Route[],
): (record: R, stage: string) => readonly Route[] {
  const known = new WeakMap<R, Map<string, readonly Route[]>>();
  return (record, stage) => {
    const stages = known.get(record) ?? new Map<string, readonly Route[]>();
    known.set(record, stages);
    const routes = stages.get(stage) ?? make(record, record.stages[stage]?.variables ?? {});
    stages.set(stage, routes);
    return routes;
  };
}

const restRoutes = remembered((record: RestApiRecord, variables) => [
  ...routesOfDocument(record.body, 'REST', variables),
  ...Object.entries(record.methods).map(([key, method]) => methodRoute(record, key, method, variables)),
]);

const httpRoutes = remembered((record: HttpApiRecord, variables) => [
  ...routesOfDocument(record.body, 'HTTP', variables),
  ...Object.values(record.routes).map((route) => routeOf(record, route, variables)),
]);

export function restView(record: RestApiRecord): RestApiView {
  return {
    id: record.id,
    executeArn: executeArn(record),
    binaryTypes: [...record.binaryMediaTypes, ...binaryTypesOfDocument(record.body)].map((type) => type.replaceAll('~1', '/')),
    stage(name) {
      const stage = record.stages[name];
      return stage === undefined ? undefined : { variables: stage.variables, routes: restRoutes(record, name) };
    },
  };
}

export function httpView(record: HttpApiRecord): HttpApiView {
  return {
    id: record.id,
    executeArn: executeArn(record),
    cors: corsRulesOf(record.cors) ?? corsOfDocument(record.body),
    stage(name) {
      const stage = record.stages[name];
      return stage === undefined ? undefined : { variables: stage.variables, routes: httpRoutes(record, name) };
    },
  };
}

function methodRoute(record: RestApiRecord, key: string, method: Members, variables: Variables): Route {
  const [resourceId = '', verb = 'ANY'] = key.split(' ');
  return {
    method: verb,
    path: pathOfResource(record, resourceId),
    integration: integrationOf(method['Integration'] as Members | undefined, 'REST', variables),
    authorization: typeof method['AuthorizationType'] === 'string' ? method['AuthorizationType'] : 'NONE',
    id: resourceId,
    operationName: typeof method['OperationName'] === 'string' ? method['OperationName'] : undefined,
  };
}

export function pathOfResource(record: RestApiRecord, resourceId: string): string {
  const parts: string[] = [];
  for (let id = resourceId; id !== record.rootResourceId;) {
    const resource = record.resources[id];
    if (resource === undefined || parts.length > 100) break;
    parts.unshift(resource.pathPart);
    id = resource.parentId;
  }
  return `/${parts.join('/')}`;
}

function routeOf(record: HttpApiRecord, route: Members, variables: Variables): Route {
  const key = String(route['RouteKey']);
  const [method = 'ANY', path = ''] = key.split(' ');
  const target = /^integrations\/(.+)$/.exec(scalarText(route['Target']) ?? '')?.[1];
  const members = target === undefined ? undefined : record.integrations[target];
  const integration: Integration =
    members === undefined ? { kind: 'unsupported', type: 'no integration' } : integrationOf(members, 'HTTP', variables);
  return {
    method: key === '$default' ? 'ANY' : method,
    path: key === '$default' ? '$default' : path,
    integration,
    authorization: typeof route['AuthorizationType'] === 'string' ? route['AuthorizationType'] : 'NONE',
    id: key,
    operationName: undefined,
  };
}

function executeArn(record: ApiRecord): string {
  return `arn:${partitionOf(record.region)}:execute-api:${record.region}:${LOCAL_ACCOUNT_ID}:${record.id}`;
}
