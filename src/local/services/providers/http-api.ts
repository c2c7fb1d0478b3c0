/** AWS::ApiGatewayV2::*: HTTP APIs. */
import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { urlSuffixOf } from '../../engine/pseudo.ts';
import { infoOfDocument } from '../../http/openapi.ts';
import type { ObjectReader, ResourceContext, ResourceOutcome, ResourceProvider } from '../../types.ts';
import { ServiceError } from '../../types.ts';
import type { Apis } from '../apigateway.ts';
import type { HttpApiRecord, StageRecord } from '../apigateway/records.ts';
import { without } from './rest-api.ts';
import { members, type Properties, required, shortId, simpleProvider, tagsOf, text } from './shared.ts';

export interface HttpApiDeps {
  readonly apis: Apis;
  readonly objects: ObjectReader;
}

export function httpApiProviders(deps: HttpApiDeps): readonly ResourceProvider[] {
  const { apis } = deps;
  const change = (properties: Properties, make: (record: HttpApiRecord) => HttpApiRecord): void => {
    const id = required(properties, 'ApiId');
    const record = apis.store.findHttp(id);
    if (record === undefined) throw new ServiceError('NotFoundException', `Invalid API identifier specified 000000000000:${id}`, 404);
    apis.store.put(make(record));
  };
  const changeIfThere = (properties: Properties, make: (record: HttpApiRecord) => HttpApiRecord): void => {
    const record = apis.store.findHttp(String(properties['ApiId']));
    if (record !== undefined) apis.store.put(make(record));
  };
  /** Integrations and routes: properties kept under an id. */
  const part = (type: string, member: 'integrations' | 'routes', attribute: string): ResourceProvider => {
    const put = (id: string, properties: Properties): ResourceOutcome => {
      change(properties, (record) => ({ ...record, [member]: { ...record[member], [id]: properties } }));
      return { physicalId: id, attributes: { [attribute]: id } };
    };
    return simpleProvider(type, ['ApiId'], {
      create(properties) {
        if (member === 'routes') change(properties, (record) => refuseTakenRoute(record, required(properties, 'RouteKey')));
        return put(shortId(7), properties);
      },
      update: (current, properties) => put(current.physicalId, properties),
      delete: (current) =>
        changeIfThere(current.properties, (record) => ({ ...record, [member]: without(record[member], current.physicalId) })),
    });
  };
  return [
    apiProvider(deps),
    part('AWS::ApiGatewayV2::Integration', 'integrations', 'IntegrationId'),
    part('AWS::ApiGatewayV2::Route', 'routes', 'RouteId'),
    simpleProvider('AWS::ApiGatewayV2::Deployment', ['ApiId'], {
      create() {
        const id = shortId(6);
        return { physicalId: id, attributes: { DeploymentId: id } };
      },
    }),
    simpleProvider('AWS::ApiGatewayV2::Stage', ['ApiId', 'StageName'], {
      create(properties) {
        const name = required(properties, 'StageName');
        change(properties, (record) => {
          if (record.stages[name] !== undefined)
            throw new ServiceError('ConflictException', `Stage already exists: ${name} already exists`, 409);
          return withStage(record, name, properties);
        });
        return { physicalId: name, attributes: {} };
      },
      update(current, properties) {
        change(properties, (record) => withStage(record, current.physicalId, properties));
        return { physicalId: current.physicalId, attributes: {} };
      },
      delete: (current) =>
        changeIfThere(current.properties, (record) => ({ ...record, stages: without(record.stages, current.physicalId) })),
    }),
  ];
}

function refuseTakenRoute(record: HttpApiRecord, key: string): HttpApiRecord {
  if (!Object.values(record.routes).some((route) => route['RouteKey'] === key)) return record;
  throw new ServiceError('ConflictException', `Route with key ${key} already exists for this API`, 409);
}

function withStage(record: HttpApiRecord, name: string, properties: Properties): HttpApiRecord {
  const stage: StageRecord = {
    variables: members(properties, 'StageVariables') as Readonly<Record<string, string>>,
    description: text(properties, 'Description'),
    createdAt: record.stages[name]?.createdAt ?? new Date().toISOString(),
  };
  return { ...record, stages: { ...record.stages, [name]: stage } };
}

function apiProvider({ apis, objects }: HttpApiDeps): ResourceProvider {
  const outcome = (record: HttpApiRecord, properties: Properties): ResourceOutcome => ({
    physicalId: record.id,
    attributes: { ApiId: record.id, ApiEndpoint: `https://${record.id}.execute-api.${record.region}.${urlSuffixOf(record.region)}` },
    ...(text(properties, 'ProtocolType') === 'WEBSOCKET' ? { remarks: ['The local target does not run WebSocket APIs'] } : {}),
  });
  const describe = async (properties: Properties, context: ResourceContext) => {
    const body = properties['Body'] ?? (await bodyFromS3(objects, properties));
    const info = infoOfDocument(body);
    const name = text(properties, 'Name') ?? info.title;
    if (name === undefined) throw new ServiceError('BadRequestException', 'Name is required unless Body or BodyS3Location is specified');
    return {
      name,
      description: text(properties, 'Description') ?? info.description,
      body,
      cors: properties['CorsConfiguration'],
      tags: tagsOf(properties, context),
    };
  };
  return simpleProvider('AWS::ApiGatewayV2::Api', ['ProtocolType'], {
    async create(properties, context) {
      const empty = { integrations: {}, routes: {}, stages: {} };
      const made = { kind: 'HTTP' as const, id: shortId(), region: context.region, createdAt: new Date().toISOString() };
      const record = quickCreated({ ...made, ...empty, ...(await describe(properties, context)) }, properties);
      apis.store.put(record);
      await apis.sync();
      return outcome(record, properties);
    },
    async update(current, properties, context) {
      const known = apis.store.findHttp(current.physicalId);
      if (known === undefined)
        throw new ServiceError('NotFoundException', `Invalid API identifier specified 000000000000:${current.physicalId}`, 404);
      const record = quickCreated({ ...known, ...(await describe(properties, context)) }, properties);
      apis.store.put(record);
      return outcome(record, properties);
    },
    async delete(current) {
      apis.store.delete(current.physicalId);
      await apis.sync();
    },
  });
}

/** `Target` makes an integration, a route and the `$default` stage at once. */
function quickCreated(record: HttpApiRecord, properties: Properties): HttpApiRecord {
  const target = text(properties, 'Target');
  if (target === undefined) return record;
  const type = target.startsWith('arn:') ? 'AWS_PROXY' : 'HTTP_PROXY';
  const integration = {
    IntegrationType: type,
    IntegrationUri: target,
    IntegrationMethod: 'ANY',
    PayloadFormatVersion: type === 'AWS_PROXY' ? '2.0' : '1.0',
    CredentialsArn: properties['CredentialsArn'],
  };
  const route = { RouteKey: text(properties, 'RouteKey') ?? '$default', Target: 'integrations/quick' };
  const stages = { $default: record.stages['$default'] ?? { variables: {}, createdAt: record.createdAt }, ...record.stages };
  return { ...record, stages, integrations: { ...record.integrations, quick: integration }, routes: { ...record.routes, quick: route } };
}

async function bodyFromS3(objects: ObjectReader, properties: Properties): Promise<unknown> {
  const location = members(properties, 'BodyS3Location');
  const [bucket, key, version] = [text(location, 'Bucket'), text(location, 'Key'), text(location, 'Version')];
  if (bucket === undefined || key === undefined) return undefined;
  const object = version === undefined ? objects.find(bucket, key) : objects.find(bucket, key, version);
  if (object === undefined)
    throw new ServiceError('BadRequestException', `Unable to get the S3 object s3://${bucket}/${key}: The specified key does not exist.`);
  return parseYaml(await readFile(object.path, 'utf8')) as unknown;
}
