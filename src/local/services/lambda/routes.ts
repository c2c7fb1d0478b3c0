/** The Lambda API for functions. */
import { scalarText } from '../../engine/values.ts';
import { readJsonBody } from '../../protocol/body.ts';
import type { RestRoute } from '../../protocol/rest-json.ts';
import { ServiceError, type ServiceRequest } from '../../types.ts';
import { policyRoutes, urlRoutes } from './access-routes.ts';
import { codeOfRequest } from './code.ts';
import { describeFunction, describeVersion } from './describe.ts';
import { parseFunctionReference } from './identifiers.ts';
import { answerInvoke, answerStreamingInvoke } from './invoke.ts';
import { type FunctionRecord, UNQUALIFIED } from './records.ts';
import {
  type Body,
  type BodyOf,
  checkRevision,
  FUNCTION,
  FUNCTIONS,
  LAMBDA_BODY_LIMIT,
  type RouteDeps,
  type TargetOf,
} from './route-parts.ts';
import { pickSettings } from './settings.ts';
import { versionRoutes } from './version-routes.ts';

export function functionRoutes(deps: RouteDeps): readonly RestRoute[] {
  const { functions } = deps;
  const target: TargetOf = (path, request) => {
    const reference = parseFunctionReference(path['FunctionName'] ?? '', request.query.get('Qualifier'));
    return {
      reference,
      record: functions.get(reference.region ?? request.region, reference.name),
      qualifier: reference.qualifier ?? UNQUALIFIED,
    };
  };
  const body: BodyOf = (request) => readJsonBody(request.body, LAMBDA_BODY_LIMIT);
  const configuration = (record: FunctionRecord, qualifier?: string): Record<string, unknown> => {
    const { config, version } = functions.resolve(record, qualifier);
    return describeVersion(deps, record, version, config, qualifier !== undefined && qualifier !== UNQUALIFIED);
  };
  return [
    { method: 'GET', path: FUNCTIONS, handle: (_path, request) => listFunctions(deps, request) },
    {
      method: 'POST',
      path: FUNCTIONS,
      status: 201,
      async handle(_path, request) {
        const input = await body(request);
        const { name } = parseFunctionReference(scalarText(input['FunctionName']) ?? '');
        const source = codeOfRequest((input['Code'] ?? {}) as Body);
        const tags = (input['Tags'] ?? {}) as Record<string, string>;
        if (typeof input['Role'] !== 'string')
          throw new ServiceError(
            'ValidationException',
            "1 validation error detected: Value null at 'role' failed to satisfy constraint: Member must not be null",
          );
        const record = await functions.create({ name, region: request.region, settings: input, source, tags });
        if (input['Publish'] !== true) return configuration(record);
        const published = functions.publish(record);
        return configuration(published.record, published.version);
      },
    },
    {
      method: 'POST',
      path: `${FUNCTION}/invocations`,
      handle: (path, request, response) => answerInvoke(deps, deps.invoker, target(path, request).reference, request, response),
    },
    {
      method: 'POST',
      path: '/2021-11-15/functions/{FunctionName}/response-streaming-invocations',
      handle: (path, request, response) => answerStreamingInvoke(deps.invoker, target(path, request).reference, request, response),
    },
    {
      method: 'GET',
      path: FUNCTION,
      handle(path, request) {
        const { qualifier, record } = target(path, request);
        const { config, version } = functions.resolve(record, qualifier);
        return describeFunction(deps, record, version, config, qualifier !== UNQUALIFIED);
      },
    },
    {
      method: 'GET',
      path: `${FUNCTION}/configuration`,
      handle(path, request) {
        const { qualifier, record } = target(path, request);
        return configuration(record, qualifier);
      },
    },
    {
      method: 'DELETE',
      path: FUNCTION,
      status: 204,
      async handle(path, request) {
        const { qualifier, record } = target(path, request);
        if (qualifier === UNQUALIFIED) await functions.remove(record);
        else functions.removeVersion(record, qualifier);
      },
    },
    {
      method: 'PUT',
      path: `${FUNCTION}/code`,
      async handle(path, request) {
        const { record } = target(path, request);
        const input = await body(request);
        checkRevision(record, input);
        if (input['DryRun'] === true) return configuration(record);
        const changed = await functions.updateCode(record, codeOfRequest(input), input['Architectures']);
        if (input['Publish'] !== true) return configuration(changed);
        const published = functions.publish(changed);
        return configuration(published.record, published.version);
      },
    },
    {
      method: 'PUT',
      path: `${FUNCTION}/configuration`,
      async handle(path, request) {
        const input = await body(request);
        const { record } = target(path, request);
        checkRevision(record, input);
        return configuration(functions.updateSettings(record, pickSettings(input)));
      },
    },
    ...versionRoutes(deps, target, body, configuration),
    ...policyRoutes(deps, target, body),
    ...urlRoutes(deps, target, body),
  ];
}

function listFunctions(deps: RouteDeps, request: ServiceRequest): unknown {
  const records = deps.store.all().filter((record) => record.region === request.region);
  const limit = Math.min(Number(request.query.get('MaxItems') ?? 50) || 50, 50);
  const marker = request.query.get('Marker') ?? '';
  const rest = records.filter((record) => record.name > marker);
  const page = rest.slice(0, limit);
  const withVersions = request.query.get('FunctionVersion') === 'ALL';
  return {
    Functions: page.flatMap((record) => {
      const latest = describeVersion(deps, record, '$LATEST', record.latest, withVersions);
      return withVersions
        ? [latest, ...Object.entries(record.versions).map(([version, config]) => describeVersion(deps, record, version, config, true))]
        : [latest];
    }),
    ...(rest.length > limit ? { NextMarker: page.at(-1)?.name } : {}),
  };
}
