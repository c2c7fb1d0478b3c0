/**
 * The `AWS::Serverless-2016-10-31` transform, as far as the local target runs what comes out of it.
 * https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
 */
import type { Scope } from '../engine/intrinsics.ts';
import { validationError } from '../engine/parse-template.ts';
import { asDict, type Dict, scalarText } from '../engine/values.ts';
import { IMPLICIT_HTTP_API, IMPLICIT_REST_API } from './api-events.ts';
import { transformFunction } from './function.ts';
import { withGlobals } from './globals.ts';
import { transformHttpApi } from './http-api.ts';
import {
  transformApplication,
  transformLayerVersion,
  type TransformResource,
  transformSimpleTable,
  transformStateMachine,
} from './other-resources.ts';
import { transformRestApi } from './rest-api.ts';
import { foldProperties, isIncluded, type SamContext, SamProblem, type SamResource, warn } from './sam-context.ts';
import { rewriteReferences } from './sam-references.ts';

export interface ServerlessResult {
  readonly document: Dict;
  /** What was left out, by the logical id it concerns. */
  readonly warnings: Record<string, string[]>;
}

const FUNCTION = 'AWS::Serverless::Function';
const REST_API = 'AWS::Serverless::Api';
const HTTP_API = 'AWS::Serverless::HttpApi';

/** In this order: functions bring the routes that APIs are made of, applications and tables need nothing. */
const TRANSFORMS: readonly (readonly [string, TransformResource])[] = [
  ['AWS::Serverless::LayerVersion', transformLayerVersion],
  ['AWS::Serverless::SimpleTable', transformSimpleTable],
  ['AWS::Serverless::Application', transformApplication],
  [FUNCTION, transformFunction],
  ['AWS::Serverless::StateMachine', transformStateMachine],
  [REST_API, transformRestApi],
  [HTTP_API, transformHttpApi],
];

/** Throws ServiceError `ValidationError` that lists every resource that is wrong, in the transform's words. */
export function transformServerless(document: Dict, scope: Scope): ServerlessResult {
  const serverless = serverlessResources(document, scope);
  const context: SamContext = {
    scope,
    resources: plainResources(document, scope),
    warnings: {},
    problems: new Map(),
    references: new Map(),
    apiProperties: new Map(
      serverless.filter(({ type }) => type === REST_API || type === HTTP_API).map(({ id, properties }) => [id, properties]),
    ),
    routes: new Map(),
  };
  for (const [type, transform] of TRANSFORMS) {
    const wanted = [...serverless.filter((resource) => resource.type === type), ...implicitApis(document, context, type)];
    for (const resource of wanted) attempt(context, resource, transform);
  }
  for (const resource of serverless) recordOther(context, resource);
  if (context.problems.size > 0) throw transformError(context.problems);
  const { Globals: _globals, ...rest } = document;
  const result = rewriteReferences({ ...rest, Resources: context.resources }, context.references);
  return { document: asDict(result), warnings: context.warnings };
}

function serverlessResources(document: Dict, scope: Scope): readonly SamResource[] {
  return Object.entries(asDict(document['Resources'])).flatMap(([id, definition]) => {
    const resource = asDict(definition);
    const type = scalarText(resource['Type']) ?? '';
    if (!type.startsWith('AWS::Serverless::') || !isIncluded(resource, scope)) return [];
    const { Type: _type, Properties, IgnoreGlobals, Connectors: _connectors, ...attributes } = resource;
    const properties = foldProperties(withGlobals(document['Globals'], type, Properties, IgnoreGlobals), scope);
    return [{ id, type, properties, attributes }];
  });
}

/** Resources that are not serverless, as they are. */
function plainResources(document: Dict, scope: Scope): Record<string, Dict> {
  const plain = Object.entries(asDict(document['Resources'])).filter(([, definition]) => {
    const resource = asDict(definition);
    return !(scalarText(resource['Type']) ?? '').startsWith('AWS::Serverless::') && isIncluded(resource, scope);
  });
  return Object.fromEntries(plain.map(([id, definition]) => [id, asDict(definition)]));
}

/** The API that events without an API of their own share, when there are any and the template does not define it itself. */
function implicitApis(document: Dict, context: SamContext, type: string): readonly SamResource[] {
  const id = type === REST_API ? IMPLICIT_REST_API : type === HTTP_API ? IMPLICIT_HTTP_API : undefined;
  if (id === undefined || !context.routes.has(id) || context.apiProperties.has(id)) return [];
  const own = type === REST_API ? { StageName: 'Prod' } : {};
  const properties = foldProperties(withGlobals(document['Globals'], type, own, undefined), context.scope);
  return [{ id, type, properties, attributes: {} }];
}

function attempt(context: SamContext, resource: SamResource, transform: TransformResource): void {
  try {
    transform(context, resource);
  } catch (error) {
    if (!(error instanceof SamProblem)) throw error;
    context.problems.set(resource.id, error.message);
  }
}

/** Types without a rule are kept as they are, to be recorded; connectors only give rights. */
function recordOther(context: SamContext, { id, type, properties, attributes }: SamResource): void {
  if (TRANSFORMS.some(([known]) => known === type)) return;
  if (type === 'AWS::Serverless::Connector') return warn(context, '', `the connector ${id}`);
  context.resources[id] = { Type: type, ...attributes, Properties: properties };
}

function transformError(problems: ReadonlyMap<string, string>): Error {
  const list = [...problems].map(([id, message]) => `Resource with id [${id}] is invalid. ${message}`);
  return validationError(
    `Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: ${list.length}. ${list.join(' ')}`,
  );
}
