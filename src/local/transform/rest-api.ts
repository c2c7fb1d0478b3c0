/** AWS::Serverless::Api → AWS::ApiGateway::RestApi with a swagger body, a deployment and a stage. */
import { asDict, asList, type Dict, scalarText } from '../engine/values.ts';
import { isWarnedAuth } from './api-events.ts';
import { addCorsToPaths } from './rest-cors.ts';
import {
  addResource,
  derivedId,
  objectPointer,
  passedOn,
  type Route,
  type SamContext,
  SamProblem,
  type SamResource,
  shortDigest,
  tagList,
  warn,
  withKnownValues,
  withoutUndefined,
} from './sam-context.ts';

type Mutable = Record<string, Record<string, unknown>>;

/** Throws SamProblem. */
export function transformRestApi(context: SamContext, resource: SamResource): void {
  const { id, properties, attributes } = resource;
  if (properties['StageName'] === undefined) throw new SamProblem("Missing required property 'StageName'.");
  const body = bodyOf(context, resource);
  const location = properties['DefinitionUri'] === undefined ? undefined : objectPointer(properties['DefinitionUri']);
  if (properties['DefinitionUri'] !== undefined && location === undefined) {
    throw new SamProblem("'DefinitionUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.");
  }
  const endpoint = endpointConfiguration(properties['EndpointConfiguration']);
  addResource(
    context,
    id,
    'AWS::ApiGateway::RestApi',
    {
      Body: body,
      BodyS3Location: location,
      Name: properties['Name'],
      Description: properties['Description'],
      BinaryMediaTypes: properties['BinaryMediaTypes'],
      MinimumCompressionSize: properties['MinimumCompressionSize'],
      FailOnWarnings: properties['FailOnWarnings'],
      Mode: properties['Mode'],
      ApiKeySourceType: properties['ApiKeySourceType'],
      Policy: properties['Policy'],
      SecurityPolicy: properties['SecurityPolicy'],
      EndpointConfiguration: endpoint,
      Parameters: endpoint === undefined ? undefined : { endpointConfigurationTypes: asList(endpoint['Types'])[0] },
    },
    withoutUndefined(attributes),
  );
  addDeploymentAndStage(context, resource, { body: withKnownValues(context, body), location, version: properties['OpenApiVersion'] });
  warnAboutRest(context, resource);
}

function bodyOf(context: SamContext, resource: SamResource): Dict | undefined {
  const { id, properties } = resource;
  const given = properties['DefinitionBody'];
  if (properties['DefinitionUri'] !== undefined) {
    if (given !== undefined) throw new SamProblem("Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.");
    if (properties['Cors'] !== undefined)
      throw new SamProblem("Cors works only with inline Swagger specified in 'DefinitionBody' property.");
    return undefined;
  }
  const managesPaths = given === undefined || properties['MergeDefinitions'] === true;
  const paths: Mutable = structuredClone(asDict(asDict(given)['paths'])) as Mutable;
  if (managesPaths) for (const route of context.routes.get(id) ?? []) addMethod(paths, route, properties);
  const skeleton = { info: { version: '1.0', title: { Ref: 'AWS::StackName' } }, ...versionMember(given, properties['OpenApiVersion']) };
  const format = asDict(given)['openapi'] !== undefined || Object.hasOwn(skeleton, 'openapi') ? 'openapi' : 'swagger';
  if (properties['Cors'] !== undefined) addCorsToPaths(paths, properties['Cors'], format);
  return withoutUndefined({
    ...skeleton,
    ...asDict(given),
    paths,
    'x-amazon-apigateway-binary-media-types': binaryMediaTypes(given, properties['BinaryMediaTypes']),
    'x-amazon-apigateway-endpoint-configuration':
      properties['DisableExecuteApiEndpoint'] === undefined
        ? undefined
        : { disableExecuteApiEndpoint: properties['DisableExecuteApiEndpoint'] },
    securityDefinitions: needsKey(context, id, properties) ? apiKeyDefinition(given) : asDict(given)['securityDefinitions'],
  });
}

function versionMember(given: unknown, openApiVersion: unknown): Dict {
  if (asDict(given)['swagger'] !== undefined || asDict(given)['openapi'] !== undefined) return {};
  return openApiVersion === undefined ? { swagger: '2.0' } : { openapi: scalarText(openApiVersion) ?? openApiVersion };
}

function binaryMediaTypes(given: unknown, types: unknown): unknown {
  if (types === undefined) return asDict(given)['x-amazon-apigateway-binary-media-types'];
  return asList(types).map((type) => (typeof type === 'string' ? type.replaceAll('~1', '/') : type));
}

function needsKey(context: SamContext, id: string, properties: Dict): boolean {
  const routes = context.routes.get(id) ?? [];
  return (
    asDict(properties['Auth'])['ApiKeyRequired'] === true || routes.some(({ event }) => asDict(event['Auth'])['ApiKeyRequired'] === true)
  );
}

function apiKeyDefinition(given: unknown): Dict {
  return { ...asDict(asDict(given)['securityDefinitions']), api_key: { type: 'apiKey', name: 'x-api-key', in: 'header' } };
}

function addMethod(paths: Mutable, route: Route, properties: Dict): void {
  const streams = ['STREAM', 'RESPONSE_STREAM'].includes(scalarText(route.event['ResponseTransferMode']) ?? '');
  const [version, action] = streams ? ['2021-11-15', 'response-streaming-invocations'] : ['2015-03-31', 'invocations'];
  const uri = `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/${version}/functions/${route.target}/${action}`;
  const keyRequired = asDict(route.event['Auth'])['ApiKeyRequired'] ?? asDict(properties['Auth'])['ApiKeyRequired'];
  (paths[route.path] ??= {})[route.method] = {
    'x-amazon-apigateway-integration': withoutUndefined({
      httpMethod: 'POST',
      type: 'aws_proxy',
      uri: { 'Fn::Sub': uri },
      responseTransferMode: streams ? 'STREAM' : undefined,
      timeoutInMillis: route.event['TimeoutInMillis'],
    }),
    responses: {},
    ...(keyRequired === true ? { security: [{ api_key: [] }] } : {}),
  };
}

function endpointConfiguration(value: unknown): Dict | undefined {
  if (value === undefined) return undefined;
  const { Type, VPCEndpointIds, IpAddressType } = asDict(value);
  return withoutUndefined({ Types: [Type ?? value], VpcEndpointIds: VPCEndpointIds, IpAddressType });
}

/** A deployment is a snapshot: its id changes with the definition, so that a change is deployed. */
function addDeploymentAndStage(context: SamContext, resource: SamResource, definition: Dict): void {
  const { id, properties } = resource;
  const always = properties['AlwaysDeploy'] === true ? { at: Date.now() } : {};
  const digest = shortDigest({ ...definition, ...always });
  const deploymentId = `${id}Deployment${digest}`;
  const attributes = passedOn(resource);
  addResource(
    context,
    deploymentId,
    'AWS::ApiGateway::Deployment',
    {
      RestApiId: { Ref: id },
      Description: `RestApi deployment id: ${digest}`,
      StageName: properties['OpenApiVersion'] === undefined ? 'Stage' : undefined,
    },
    attributes,
  );
  const stageName = properties['StageName'];
  const stageId = typeof stageName === 'string' ? stageIdOf(id, stageName) : `${id}Stage`;
  addResource(
    context,
    stageId,
    'AWS::ApiGateway::Stage',
    {
      RestApiId: { Ref: id },
      DeploymentId: { Ref: deploymentId },
      StageName: stageName,
      ...Object.fromEntries(STAGE_PROPERTIES.map((name) => [name, properties[name]])),
      Tags: tagList(properties['Tags']),
    },
    attributes,
  );
  context.references.set(`${id}.Deployment`, deploymentId);
  context.references.set(`${id}.Stage`, stageId);
}

const STAGE_PROPERTIES = [
  'AccessLogSetting',
  'CacheClusterEnabled',
  'CacheClusterSize',
  'CanarySetting',
  'MethodSettings',
  'TracingEnabled',
  'Variables',
];

/** `MyApi` + `v1` → `MyApiv1Stage`; names that a logical id cannot hold become a digest. */
export function stageIdOf(apiId: string, stageName: string): string {
  return /^[A-Za-z0-9]+$/.test(stageName) ? `${apiId}${stageName}Stage` : derivedId(`${apiId}Stage`, stageName);
}

function warnAboutRest(context: SamContext, { id, properties }: SamResource): void {
  for (const name of ['Domain', 'GatewayResponses', 'Models']) {
    if (properties[name] !== undefined) warn(context, id, `${name} of the API`);
  }
  if (isWarnedAuth(properties['Auth'])) warn(context, id, 'Auth of the API (requests are let through)');
  for (const { event, path } of context.routes.get(id) ?? []) {
    if (isWarnedAuth(event['Auth'])) warn(context, id, `Auth of ${path} (requests are let through)`);
    if (event['RequestModel'] !== undefined || event['RequestParameters'] !== undefined) warn(context, id, `request validation of ${path}`);
  }
}
