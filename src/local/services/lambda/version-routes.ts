/** The Lambda API for versions and aliases. */
import { scalarText } from '../../engine/values.ts';
import type { PathParams, RestRoute } from '../../protocol/rest-json.ts';
import { ServiceError, type ServiceRequest } from '../../types.ts';
import { describeAlias } from './describe.ts';
import { conflict } from './functions.ts';
import type { FunctionRecord } from './records.ts';
import { type Body, type BodyOf, checkRevision, FUNCTION, type RouteDeps, type TargetOf } from './route-parts.ts';

export function versionRoutes(
  deps: RouteDeps,
  target: TargetOf,
  body: BodyOf,
  configuration: (record: FunctionRecord, qualifier?: string) => Record<string, unknown>,
): readonly RestRoute[] {
  const { functions } = deps;
  const alias = (path: PathParams, request: ServiceRequest) => {
    const { record } = target(path, request);
    const name = path['Name'] ?? '';
    const found = record.aliases[name];
    if (found === undefined) throw new ServiceError('ResourceNotFoundException', `Cannot find alias arn: ${record.arn}:${name}`, 404);
    return { record, name, found };
  };
  return [
    {
      method: 'POST',
      path: `${FUNCTION}/versions`,
      status: 201,
      async handle(path, request) {
        const input = await body(request);
        const { record } = target(path, request);
        checkRevision(record, input);
        const published = functions.publish(record, input['Description'] as string | undefined);
        return configuration(published.record, published.version);
      },
    },
    {
      method: 'GET',
      path: `${FUNCTION}/versions`,
      handle(path, request) {
        const { record } = target(path, request);
        const versions = Object.keys(record.versions).toSorted((a, b) => Number(a) - Number(b));
        return { Versions: ['$LATEST', ...versions].map((version) => configuration(record, version)) };
      },
    },
    {
      method: 'POST',
      path: `${FUNCTION}/aliases`,
      status: 201,
      async handle(path, request) {
        const input = await body(request);
        const { record } = target(path, request);
        const name = scalarText(input['Name']) ?? '';
        if (record.aliases[name] !== undefined) throw conflict(`Alias already exists: ${record.arn}:${name}`);
        const changed = functions.putAlias(record, name, aliasOf(input, undefined));
        return describeAlias(changed, name, changed.aliases[name] ?? fail());
      },
    },
    {
      method: 'GET',
      path: `${FUNCTION}/aliases`,
      handle(path, request) {
        const { record } = target(path, request);
        const wanted = request.query.get('FunctionVersion');
        const aliases = Object.entries(record.aliases).filter(([, { version }]) => wanted === null || version === wanted);
        return { Aliases: aliases.map(([name, item]) => describeAlias(record, name, item)) };
      },
    },
    {
      method: 'GET',
      path: `${FUNCTION}/aliases/{Name}`,
      handle(path, request) {
        const { found, name, record } = alias(path, request);
        return describeAlias(record, name, found);
      },
    },
    {
      method: 'PUT',
      path: `${FUNCTION}/aliases/{Name}`,
      async handle(path, request) {
        const input = await body(request);
        const { found, name, record } = alias(path, request);
        const changed = functions.putAlias(record, name, aliasOf(input, found));
        return describeAlias(changed, name, changed.aliases[name] ?? fail());
      },
    },
    {
      method: 'DELETE',
      path: `${FUNCTION}/aliases/{Name}`,
      status: 204,
      handle(path, request) {
        const { record } = target(path, request);
        functions.save({
          ...record,
          aliases: Object.fromEntries(Object.entries(record.aliases).filter(([name]) => name !== path['Name'])),
        });
      },
    },
  ];
}

function aliasOf(input: Body, known: { readonly version: string; readonly description: string } | undefined) {
  const weights = (input['RoutingConfig'] as { AdditionalVersionWeights?: Record<string, number> } | undefined)?.AdditionalVersionWeights;
  return {
    version: scalarText(input['FunctionVersion']) ?? known?.version ?? '$LATEST',
    description: scalarText(input['Description']) ?? known?.description ?? '',
    ...(weights === undefined || Object.keys(weights).length === 0 ? {} : { routing: weights }),
  };
}

function fail(): never {
  throw new Error('the record that was just written is gone');
}
