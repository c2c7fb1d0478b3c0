/** AWS::ApiGateway::*: REST APIs. */
import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { infoOfDocument } from '../../http/openapi.ts';
import type { ObjectReader, ResourceContext, ResourceOutcome, ResourceProvider } from '../../types.ts';
import { ServiceError } from '../../types.ts';
import type { Apis } from '../apigateway.ts';
import type { RestApiRecord, StageRecord } from '../apigateway/records.ts';
import { members, type Properties, required, shortId, simpleProvider, tagsOf, text } from './shared.ts';

export interface RestApiDeps {
  readonly apis: Apis;
  readonly objects: ObjectReader;
}

export function restApiProviders(deps: RestApiDeps): readonly ResourceProvider[] {
  const { apis } = deps;
  const api = (properties: Properties): RestApiRecord => {
    const id = required(properties, 'RestApiId');
    const record = apis.store.findRest(id);
    if (record === undefined) throw new ServiceError('NotFoundException', `Invalid API identifier specified 000000000000:${id}`, 404);
    return record;
  };
  const change = (properties: Properties, make: (record: RestApiRecord) => RestApiRecord): void => apis.store.put(make(api(properties)));
  const changeIfThere = (properties: Properties, make: (record: RestApiRecord) => RestApiRecord): void => {
    const record = apis.store.findRest(String(properties['RestApiId']));
    if (record !== undefined) apis.store.put(make(record));
  };
  return [
    apiProvider(deps),
    simpleProvider('AWS::ApiGateway::Resource', ['RestApiId', 'ParentId', 'PathPart'], {
      create(properties) {
        const id = shortId(6);
        const [parentId, pathPart] = [required(properties, 'ParentId'), required(properties, 'PathPart')];
        change(properties, (record) => {
          const taken = Object.values(record.resources).some((other) => other.parentId === parentId && other.pathPart === pathPart);
          if (taken)
            throw new ServiceError('ConflictException', `Another resource with the same parent already has this name: ${pathPart}`, 409);
          return { ...record, resources: { ...record.resources, [id]: { parentId, pathPart } } };
        });
        return { physicalId: id, attributes: { ResourceId: id } };
      },
      delete: (current) =>
        changeIfThere(current.properties, (record) => ({ ...record, resources: without(record.resources, current.physicalId) })),
    }),
    methodProvider(change, changeIfThere),
    simpleProvider('AWS::ApiGateway::Deployment', ['RestApiId', 'DeploymentCanarySettings'], {
      create(properties) {
        const id = shortId(6);
        const stage = text(properties, 'StageName');
        change(properties, (record) =>
          stage === undefined ? record : withStage(record, stage, { ...members(properties, 'StageDescription'), DeploymentId: id }),
        );
        return { physicalId: id, attributes: { DeploymentId: id } };
      },
      delete(current) {
        const stage = text(current.properties, 'StageName');
        if (stage === undefined) return;
        // Only the stage that this deployment made.
        changeIfThere(current.properties, (record) =>
          record.stages[stage]?.deploymentId === current.physicalId ? { ...record, stages: without(record.stages, stage) } : record,
        );
      },
    }),
    stageProvider(change, changeIfThere),
    named('AWS::ApiGateway::Model', ['RestApiId', 'Name'], (properties) => text(properties, 'Name') ?? shortId()),
    named('AWS::ApiGateway::RequestValidator', ['RestApiId', 'Name'], () => shortId(6), 'RequestValidatorId'),
    named('AWS::ApiGateway::GatewayResponse', ['RestApiId', 'ResponseType'], () => shortId(), 'Id'),
    named('AWS::ApiGateway::Account', [], () => 'ApiGatewayAccountConfig', 'Id'),
  ];
}

/** A type that changes nothing about how requests are answered here. */
function named(type: string, createOnly: readonly string[], id: (properties: Properties) => string, attribute?: string): ResourceProvider {
  return simpleProvider(type, createOnly, {
    create(properties) {
      const physicalId = id(properties);
      return { physicalId, attributes: attribute === undefined ? {} : { [attribute]: physicalId } };
    },
  });
}

function apiProvider({ apis, objects }: RestApiDeps): ResourceProvider {
  const outcome = (record: RestApiRecord): ResourceOutcome => ({
    physicalId: record.id,
    attributes: { RestApiId: record.id, RootResourceId: record.rootResourceId },
  });
  const describe = async (properties: Properties, context: ResourceContext) => {
    const body = properties['Body'] ?? (await bodyFromS3(objects, properties));
    const info = infoOfDocument(body);
    const name = text(properties, 'Name') ?? info.title;
    if (name === undefined) throw new ServiceError('BadRequestException', 'Either Name or Body must be specified');
    const types = properties['BinaryMediaTypes'];
    return {
      name,
      description: text(properties, 'Description') ?? info.description,
      body,
      binaryMediaTypes: Array.isArray(types) ? types.map(String) : [],
      tags: tagsOf(properties, context),
    };
  };
  return simpleProvider('AWS::ApiGateway::RestApi', [], {
    async create(properties, context) {
      const record: RestApiRecord = {
        kind: 'REST',
        id: shortId(),
        region: context.region,
        createdAt: new Date().toISOString(),
        rootResourceId: shortId(),
        resources: {},
        methods: {},
        stages: {},
        ...(await describe(properties, context)),
      };
      apis.store.put(record);
      await apis.sync();
      return outcome(record);
    },
    async update(current, properties, context) {
      const known = apis.store.findRest(current.physicalId);
      if (known === undefined)
        throw new ServiceError('NotFoundException', `Invalid API identifier specified 000000000000:${current.physicalId}`, 404);
      const record = { ...known, ...(await describe(properties, context)) };
      apis.store.put(record);
      return outcome(record);
    },
    async delete(current) {
      apis.store.delete(current.physicalId);
      await apis.sync();
    },
  });
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

type Change = (properties: Properties, make: (record: RestApiRecord) => RestApiRecord) => void;

function methodProvider(change: Change, changeIfThere: Change): ResourceProvider {
  const keyOf = (properties: Properties): string =>
    `${required(properties, 'ResourceId')} ${required(properties, 'HttpMethod').toUpperCase()}`;
  const put = (properties: Properties): ResourceOutcome => {
    change(properties, (record) => ({ ...record, methods: { ...record.methods, [keyOf(properties)]: properties } }));
    return { physicalId: `${String(properties['RestApiId'])}|${keyOf(properties).replace(' ', '|')}`, attributes: {} };
  };
  return simpleProvider('AWS::ApiGateway::Method', ['RestApiId', 'ResourceId', 'HttpMethod'], {
    create(properties) {
      change(properties, (record) => {
        if (record.methods[keyOf(properties)] === undefined) return record;
        throw new ServiceError('ConflictException', 'Method already exists for this resource', 409);
      });
      return put(properties);
    },
    update: (_current, properties) => put(properties),
    delete: (current) =>
      changeIfThere(current.properties, (record) => ({ ...record, methods: without(record.methods, keyOf(current.properties)) })),
  });
}

function stageProvider(change: Change, changeIfThere: Change): ResourceProvider {
  const put = (properties: Properties): ResourceOutcome => {
    const name = text(properties, 'StageName') ?? 'default';
    change(properties, (record) => withStage(record, name, properties));
    return { physicalId: name, attributes: {} };
  };
  return simpleProvider('AWS::ApiGateway::Stage', ['RestApiId', 'StageName'], {
    create(properties) {
      const name = text(properties, 'StageName') ?? 'default';
      change(properties, (record) => {
        if (record.stages[name] === undefined) return record;
        throw new ServiceError('ConflictException', `Stage already exists: ${name} already exists`, 409);
      });
      return put(properties);
    },
    update: (_current, properties) => put(properties),
    delete: (current) => changeIfThere(current.properties, (record) => ({ ...record, stages: without(record.stages, current.physicalId) })),
  });
}

function withStage(record: RestApiRecord, name: string, properties: Properties): RestApiRecord {
  const stage: StageRecord = {
    variables: members(properties, 'Variables') as Readonly<Record<string, string>>,
    description: text(properties, 'Description'),
    deploymentId: text(properties, 'DeploymentId'),
    createdAt: record.stages[name]?.createdAt ?? new Date().toISOString(),
  };
  return { ...record, stages: { ...record.stages, [name]: stage } };
}

export function without<T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}
