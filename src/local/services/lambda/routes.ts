/** The Lambda API for functions, versions, aliases, permissions and URLs. */
import { randomUUID } from 'node:crypto';
import { readJsonBody } from '../../protocol/body.ts';
import type { PathParams, RestRoute } from '../../protocol/rest-json.ts';
import { ServiceError, type ServiceRequest } from '../../types.ts';
import { codeOfRequest } from './code.ts';
import { describeAlias, describeFunction, describeUrl, describeVersion, type DescribeDeps } from './describe.ts';
import { conflict, type Functions } from './functions.ts';
import { type FunctionReference, parseFunctionReference } from './identifiers.ts';
import { answerInvoke, answerStreamingInvoke, type InvokeDeps, type Invoker } from './invoke.ts';
import { addStatement, removeStatement, statementOf } from './policy.ts';
import { type Cors, type FunctionRecord, UNQUALIFIED } from './records.ts';
import { pickSettings } from './settings.ts';

/** Bodies may hold a zip of 50 MB in base64. */
export const LAMBDA_BODY_LIMIT = 70 * 1024 * 1024;

const FUNCTIONS = '/2015-03-31/functions';
const FUNCTION = `${FUNCTIONS}/{FunctionName}`;

export interface RouteDeps extends DescribeDeps, InvokeDeps {
  readonly invoker: Invoker;
}

type Body = Readonly<Record<string, unknown>>;

interface Target {
  readonly reference: FunctionReference;
  readonly record: FunctionRecord;
  /** `UNQUALIFIED` when none was given. */
  readonly qualifier: string;
}

export function functionRoutes(deps: RouteDeps): readonly RestRoute[] {
  const { functions } = deps;
  const target = (path: PathParams, request: ServiceRequest): Target => {
    const reference = parseFunctionReference(path['FunctionName'] ?? '', request.query.get('Qualifier'));
    return {
      reference,
      record: functions.get(reference.region ?? request.region, reference.name),
      qualifier: reference.qualifier ?? UNQUALIFIED,
    };
  };
  const body = (request: ServiceRequest): Promise<Body> => readJsonBody(request.body, LAMBDA_BODY_LIMIT);
  const configuration = (record: FunctionRecord, qualifier?: string): Record<string, unknown> => {
    const { config, version } = functions.resolve(record, qualifier);
    return describeVersion(deps, record, version, config, qualifier !== undefined && qualifier !== UNQUALIFIED);
  };
  return [
    { method: 'GET', path: `${FUNCTIONS}`, handle: (_path, request) => listFunctions(deps, request) },
    {
      method: 'POST',
      path: `${FUNCTIONS}`,
      status: 201,
      async handle(_path, request) {
        const input = await body(request);
        const { name } = parseFunctionReference(String(input['FunctionName'] ?? ''));
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

type TargetOf = (path: PathParams, request: ServiceRequest) => Target;
type BodyOf = (request: ServiceRequest) => Promise<Body>;

function versionRoutes(
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
        const name = String(input['Name'] ?? '');
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

function policyRoutes(deps: RouteDeps, target: TargetOf, body: BodyOf): readonly RestRoute[] {
  const { functions } = deps;
  return [
    {
      method: 'POST',
      path: `${FUNCTION}/policy`,
      status: 201,
      async handle(path, request) {
        const input = await body(request);
        const { qualifier, record } = target(path, request);
        const statement = statementOf(input, String(input['StatementId'] ?? randomUUID()), qualifiedArn(record, qualifier));
        functions.save(addStatement(record, qualifier, statement));
        return { Statement: JSON.stringify(statement) };
      },
    },
    {
      method: 'GET',
      path: `${FUNCTION}/policy`,
      handle(path, request) {
        const { qualifier, record } = target(path, request);
        const statements = record.policies[qualifier] ?? [];
        if (statements.length === 0) throw new ServiceError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
        return {
          Policy: JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements }),
          RevisionId: record.latest.revisionId,
        };
      },
    },
    {
      method: 'DELETE',
      path: `${FUNCTION}/policy/{StatementId}`,
      status: 204,
      handle(path, request) {
        const { qualifier, record } = target(path, request);
        const changed = removeStatement(record, qualifier, path['StatementId'] ?? '');
        if (changed === undefined)
          throw new ServiceError('ResourceNotFoundException', `Statement ${path['StatementId']} is not found in resource policy.`, 404);
        functions.save(changed);
      },
    },
  ];
}

function urlRoutes(deps: RouteDeps, target: TargetOf, body: BodyOf): readonly RestRoute[] {
  const { functions } = deps;
  const path = '/2021-10-31/functions/{FunctionName}/url';
  const described = (record: FunctionRecord, qualifier: string): unknown => {
    const url = record.urls[qualifier];
    if (url === undefined) throw new ServiceError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
    return describeUrl(deps, record, qualifier, url);
  };
  const put = async (params: PathParams, request: ServiceRequest, isNew: boolean): Promise<unknown> => {
    const input = await body(request);
    const { qualifier, record } = target(params, request);
    const known = record.urls[qualifier];
    if (isNew && known !== undefined)
      throw conflict(
        `Failed to create function url config for [functionArn = ${qualifiedArn(record, qualifier)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      );
    if (!isNew) described(record, qualifier);
    const changed = await functions.putUrl(record, qualifier, {
      authType: String(input['AuthType'] ?? known?.authType),
      invokeMode: input['InvokeMode'] as string | undefined,
      cors: (input['Cors'] as Cors | undefined) ?? known?.cors,
    });
    return described(changed, qualifier);
  };
  return [
    { method: 'POST', path, status: 201, handle: (params, request) => put(params, request, true) },
    { method: 'PUT', path, handle: (params, request) => put(params, request, false) },
    {
      method: 'GET',
      path,
      handle(params, request) {
        const { qualifier, record } = target(params, request);
        return described(record, qualifier);
      },
    },
    {
      method: 'DELETE',
      path,
      status: 204,
      async handle(params, request) {
        const { qualifier, record } = target(params, request);
        described(record, qualifier);
        await functions.removeUrl(record, qualifier);
      },
    },
    {
      method: 'GET',
      path: '/2021-10-31/functions/{FunctionName}/urls',
      handle(params, request) {
        const { record } = target(params, request);
        return { FunctionUrlConfigs: Object.keys(record.urls).map((qualifier) => described(record, qualifier)) };
      },
    },
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

function aliasOf(input: Body, known: { readonly version: string; readonly description: string } | undefined) {
  const weights = (input['RoutingConfig'] as { AdditionalVersionWeights?: Record<string, number> } | undefined)?.AdditionalVersionWeights;
  return {
    version: String(input['FunctionVersion'] ?? known?.version ?? '$LATEST'),
    description: String(input['Description'] ?? known?.description ?? ''),
    ...(weights === undefined || Object.keys(weights).length === 0 ? {} : { routing: weights }),
  };
}

function qualifiedArn(record: FunctionRecord, qualifier: string): string {
  return qualifier === UNQUALIFIED ? record.arn : `${record.arn}:${qualifier}`;
}

function checkRevision(record: FunctionRecord, input: Body): void {
  if (input['RevisionId'] === undefined || input['RevisionId'] === record.latest.revisionId) return;
  throw new ServiceError(
    'PreconditionFailedException',
    'The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId',
    412,
  );
}

function fail(): never {
  throw new Error('the record that was just written is gone');
}
