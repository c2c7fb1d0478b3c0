/** The Lambda API for layers, tags, concurrency, event sources and the account. */
import { randomUUID } from 'node:crypto';
import { readJsonBody } from '../../protocol/body.ts';
import type { RestRoute } from '../../protocol/rest-json.ts';
import { ServiceError, type Store } from '../../types.ts';
import { codeOfRequest } from './code.ts';
import { describeLayerVersion } from './describe.ts';
import { parseFunctionReference, parseLayerReference } from './identifiers.ts';
import type { Layers } from './layers.ts';
import type { LayerVersionRecord } from './records.ts';
import { LAMBDA_BODY_LIMIT, type RouteDeps } from './route-parts.ts';

export function layerRoutes(deps: RouteDeps, layers: Layers): readonly RestRoute[] {
  const found = (region: string, name: string, version: number): LayerVersionRecord => {
    const layer = deps.store.findLayer(region, parseLayerReference(name).name, version);
    if (layer === undefined) throw new ServiceError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
    return layer;
  };
  const withoutContent = (layer: LayerVersionRecord): unknown => ({ ...describeLayerVersion(deps, layer), Content: undefined });
  return [
    {
      method: 'POST',
      path: '/2018-10-31/layers/{LayerName}/versions',
      status: 201,
      async handle(path, request) {
        const input = await readJsonBody(request.body, LAMBDA_BODY_LIMIT);
        const { name } = parseLayerReference(path['LayerName'] ?? '');
        const source = codeOfRequest((input['Content'] ?? {}) as Record<string, unknown>);
        return describeLayerVersion(deps, await layers.publish(request.region, name, source, input));
      },
    },
    {
      method: 'GET',
      path: '/2018-10-31/layers',
      handle(_path, request) {
        if (request.query.get('find') === 'LayerVersion') {
          const { name, version } = parseLayerReference(request.query.get('Arn') ?? '');
          return describeLayerVersion(deps, found(request.region, name, version ?? 0));
        }
        const latest = new Map(deps.store.layers(request.region).map((layer) => [layer.name, layer]));
        return {
          Layers: [...latest.values()].map((layer) => {
            const { LayerArn } = describeLayerVersion(deps, layer);
            return { LayerName: layer.name, LayerArn, LatestMatchingVersion: withoutContent(layer) };
          }),
        };
      },
    },
    {
      method: 'GET',
      path: '/2018-10-31/layers/{LayerName}/versions',
      handle(path, request) {
        const { name } = parseLayerReference(path['LayerName'] ?? '');
        const versions = deps.store.layers(request.region).filter((layer) => layer.name === name);
        return { LayerVersions: versions.toReversed().map(withoutContent) };
      },
    },
    {
      method: 'GET',
      path: '/2018-10-31/layers/{LayerName}/versions/{VersionNumber}',
      handle: (path, request) => describeLayerVersion(deps, found(request.region, path['LayerName'] ?? '', Number(path['VersionNumber']))),
    },
    {
      method: 'DELETE',
      path: '/2018-10-31/layers/{LayerName}/versions/{VersionNumber}',
      status: 204,
      async handle(path, request) {
        const { name } = parseLayerReference(path['LayerName'] ?? '');
        const layer = deps.store.findLayer(request.region, name, Number(path['VersionNumber']));
        if (layer !== undefined) await layers.remove(layer);
      },
    },
  ];
}

export function otherRoutes(deps: RouteDeps, store: Store): readonly RestRoute[] {
  const { functions } = deps;
  const byArn = (arn: string, region: string) => {
    const reference = parseFunctionReference(arn);
    return functions.get(reference.region ?? region, reference.name);
  };
  const mappings = store.collection<Readonly<Record<string, unknown>>>('lambda-event-sources');
  return [
    {
      method: 'GET',
      path: '/2017-03-31/tags/{Resource+}',
      handle: (path, request) => ({ Tags: byArn(path['Resource'] ?? '', request.region).tags }),
    },
    {
      method: 'POST',
      path: '/2017-03-31/tags/{Resource+}',
      status: 204,
      async handle(path, request) {
        const { Tags } = await readJsonBody(request.body);
        const record = byArn(path['Resource'] ?? '', request.region);
        functions.save({ ...record, tags: { ...record.tags, ...(Tags as Record<string, string>) } });
      },
    },
    {
      method: 'DELETE',
      path: '/2017-03-31/tags/{Resource+}',
      status: 204,
      handle(path, request) {
        const gone = new Set(request.query.getAll('tagKeys'));
        const record = byArn(path['Resource'] ?? '', request.region);
        functions.save({ ...record, tags: Object.fromEntries(Object.entries(record.tags).filter(([key]) => !gone.has(key))) });
      },
    },
    {
      method: 'PUT',
      path: '/2017-10-31/functions/{FunctionName}/concurrency',
      async handle(path, request) {
        const { ReservedConcurrentExecutions } = await readJsonBody(request.body);
        const record = byArn(path['FunctionName'] ?? '', request.region);
        functions.save({ ...record, reservedConcurrency: Number(ReservedConcurrentExecutions) });
        return { ReservedConcurrentExecutions: Number(ReservedConcurrentExecutions) };
      },
    },
    {
      method: 'DELETE',
      path: '/2017-10-31/functions/{FunctionName}/concurrency',
      status: 204,
      handle: (path, request) =>
        void functions.save({ ...byArn(path['FunctionName'] ?? '', request.region), reservedConcurrency: undefined }),
    },
    {
      method: 'GET',
      path: '/2019-09-30/functions/{FunctionName}/concurrency',
      handle(path, request) {
        const { reservedConcurrency } = byArn(path['FunctionName'] ?? '', request.region);
        return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency };
      },
    },
    {
      method: 'GET',
      path: '/2015-03-31/event-source-mappings',
      handle: () => ({ EventSourceMappings: [...mappings.entries()].map(([, mapping]) => mapping) }),
    },
    {
      method: 'POST',
      path: '/2015-03-31/event-source-mappings',
      status: 202,
      async handle(_path, request) {
        const { FunctionName, ...rest } = await readJsonBody(request.body);
        const record = byArn(String(FunctionName), request.region);
        const mapping = {
          ...rest,
          UUID: randomUUID(),
          FunctionArn: record.arn,
          State: 'Disabled',
          StateTransitionReason: 'Recorded only: the local target polls no event sources',
        };
        mappings.put(mapping.UUID, mapping);
        return mapping;
      },
    },
    {
      method: 'GET',
      path: '/2016-08-19/account-settings',
      handle(_path, request) {
        const records = deps.store.all().filter((record) => record.region === request.region);
        const size = records.reduce((sum, { latest }) => sum + (latest.code.kind === 'zip' ? latest.code.sizeBytes : 0), 0);
        return {
          AccountLimit: {
            TotalCodeSize: 80_530_636_800,
            CodeSizeUnzipped: 262_144_000,
            CodeSizeZipped: 52_428_800,
            ConcurrentExecutions: 1000,
            UnreservedConcurrentExecutions: 1000,
          },
          AccountUsage: { TotalCodeSize: size, FunctionCount: records.length },
        };
      },
    },
  ];
}
