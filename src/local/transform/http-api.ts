/** AWS::Serverless::HttpApi → AWS::ApiGatewayV2::Api with an OpenAPI body, and a stage that deploys by itself. */
import { asDict, asList, type Dict, isDict, intrinsicOf } from '../engine/values.ts';
import { DEFAULT_PATH, isWarnedAuth, pathParameters } from './api-events.ts';
import { stageIdOf } from './rest-api.ts';
import {
  addResource,
  objectPointer,
  passedOn,
  type Route,
  type SamContext,
  SamProblem,
  type SamResource,
  warn,
  withoutUndefined,
} from './sam-context.ts';

/** Throws SamProblem. */
export function transformHttpApi(context: SamContext, resource: SamResource): void {
  const { id, properties, attributes } = resource;
  const location = properties['DefinitionUri'] === undefined ? undefined : objectPointer(properties['DefinitionUri']);
  if (properties['DefinitionUri'] !== undefined && location === undefined) {
    throw new SamProblem("'DefinitionUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.");
  }
  addResource(
    context,
    id,
    'AWS::ApiGatewayV2::Api',
    {
      Body: location === undefined ? bodyOf(context, resource) : undefined,
      BodyS3Location: location,
      Description: properties['Description'],
      FailOnWarnings: properties['FailOnWarnings'],
      ...(location === undefined ? {} : { CorsConfiguration: properties['CorsConfiguration'] }),
    },
    withoutUndefined(attributes),
  );
  addStage(context, resource);
  warnAboutHttp(context, resource);
}

function bodyOf(context: SamContext, resource: SamResource): Dict {
  const { id, properties } = resource;
  const given = asDict(properties['DefinitionBody']);
  const paths = structuredClone(asDict(given['paths'])) as Record<string, Record<string, unknown>>;
  for (const route of context.routes.get(id) ?? []) addRoute(paths, route);
  const tags = Object.entries(asDict(properties['Tags'])).map(([name, value]) => ({ name, 'x-amazon-apigateway-tag-value': value }));
  const disabled = properties['DisableExecuteApiEndpoint'];
  return withoutUndefined({
    openapi: '3.0.1',
    info: { version: '1.0', title: properties['Name'] ?? { Ref: 'AWS::StackName' } },
    ...given,
    paths,
    tags: [...asList(given['tags']), { name: 'httpapi:createdBy', 'x-amazon-apigateway-tag-value': 'SAM' }, ...tags],
    'x-amazon-apigateway-cors': corsOf(properties['CorsConfiguration']) ?? given['x-amazon-apigateway-cors'],
    'x-amazon-apigateway-endpoint-configuration': disabled === undefined ? undefined : { disableExecuteApiEndpoint: disabled },
  });
}

function addRoute(paths: Record<string, Record<string, unknown>>, route: Route): void {
  const uri = `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/${route.target}/invocations`;
  const parameters = pathParameters(route.path).map((name) => ({ name: name.replace(/\+$/, ''), in: 'path', required: true }));
  const methods = (paths[route.path] ??= {});
  methods[route.method] = withoutUndefined({
    ...asDict(methods[route.method]),
    'x-amazon-apigateway-integration': withoutUndefined({
      httpMethod: 'POST',
      type: 'aws_proxy',
      uri: { 'Fn::Sub': uri },
      payloadFormatVersion: route.event['PayloadFormatVersion'] ?? '2.0',
      timeoutInMillis: route.event['TimeoutInMillis'],
    }),
    isDefaultRoute: route.path === DEFAULT_PATH ? true : undefined,
    parameters: parameters.length === 0 ? undefined : parameters,
    responses: {},
  });
}

/** `true` allows every origin; a map's keys get the spelling of the OpenAPI extension. */
function corsOf(value: unknown): unknown {
  if (value === undefined || value === false) return undefined;
  if (value === true) return { allowOrigins: ['*'] };
  if (!isDict(value) || intrinsicOf(value) !== undefined) return value;
  return Object.fromEntries(Object.entries(value).map(([name, setting]) => [name.charAt(0).toLowerCase() + name.slice(1), setting]));
}

const STAGE_PROPERTIES = ['AccessLogSettings', 'DefaultRouteSettings', 'StageVariables'];

function addStage(context: SamContext, resource: SamResource): void {
  const { id, properties } = resource;
  const name = properties['StageName'] ?? '$default';
  const stageId = name === '$default' ? `${id}ApiGatewayDefaultStage` : typeof name === 'string' ? stageIdOf(id, name) : `${id}Stage`;
  addResource(
    context,
    stageId,
    'AWS::ApiGatewayV2::Stage',
    {
      ApiId: { Ref: id },
      StageName: name,
      ...Object.fromEntries(STAGE_PROPERTIES.map((property) => [property, properties[property]])),
      RouteSettings: routeSettings(context, resource),
      Tags: { 'httpapi:createdBy': 'SAM', ...asDict(properties['Tags']) },
      AutoDeploy: true,
    },
    passedOn(resource),
  );
  context.references.set(`${id}.Stage`, stageId);
}

function routeSettings(context: SamContext, { id, properties }: SamResource): Dict | undefined {
  const own = (context.routes.get(id) ?? [])
    .filter(({ event }) => event['RouteSettings'] !== undefined)
    .map(({ path, method, event }) => [
      path === DEFAULT_PATH ? path : `${method.startsWith('x-') ? 'ANY' : method.toUpperCase()} ${path}`,
      event['RouteSettings'],
    ]);
  const all = { ...asDict(properties['RouteSettings']), ...Object.fromEntries(own) };
  return Object.keys(all).length === 0 ? undefined : all;
}

function warnAboutHttp(context: SamContext, { id, properties }: SamResource): void {
  if (properties['Domain'] !== undefined) warn(context, id, 'Domain of the API');
  if (isWarnedAuth(properties['Auth'])) warn(context, id, 'Auth of the API (requests are let through)');
  for (const { event, path } of context.routes.get(id) ?? []) {
    if (isWarnedAuth(event['Auth'])) warn(context, id, `Auth of ${path} (requests are let through)`);
  }
}
