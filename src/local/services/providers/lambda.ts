/** The AWS::Lambda::* types besides the function itself. */
import { physicalName } from '../../engine/names.ts';
import { type ResourceContext, type ResourceProvider, ServiceError } from '../../types.ts';
import type { Lambda } from '../lambda.ts';
import { codeOfRequest } from '../lambda/code.ts';
import { functionUrl } from '../lambda/describe.ts';
import { conflict } from '../lambda/functions.ts';
import { layerArn, parseFunctionReference, parseLayerReference } from '../lambda/identifiers.ts';
import { addStatement, removeStatement, statementOf } from '../lambda/policy.ts';
import { type Cors, type FunctionRecord, UNQUALIFIED } from '../lambda/records.ts';
import { functionProvider } from './lambda-function.ts';
import { members, type Properties, required, simpleProvider, text } from './shared.ts';

export function lambdaProviders(lambda: Lambda): readonly ResourceProvider[] {
  return [
    functionProvider(lambda),
    versionProvider(lambda),
    aliasProvider(lambda),
    permissionProvider(lambda),
    urlProvider(lambda),
    layerProvider(lambda),
    eventInvokeProvider(lambda),
  ];
}

/** The function that a property names, by name or ARN, with the qualifier that may be in it. */
function target(lambda: Lambda, reference: string, region: string): { readonly record: FunctionRecord; readonly qualifier: string } {
  const { name, qualifier, region: own } = parseFunctionReference(reference);
  return { record: lambda.functions.get(own ?? region, name), qualifier: qualifier ?? UNQUALIFIED };
}

/** The same, undefined when the function is gone. */
function findTarget(
  lambda: Lambda,
  reference: string,
  region: string,
): { readonly record: FunctionRecord; readonly qualifier: string } | undefined {
  try {
    return target(lambda, reference, region);
  } catch (error) {
    if (error instanceof ServiceError && error.status === 404) return undefined;
    throw error;
  }
}

function versionProvider(lambda: Lambda): ResourceProvider {
  const createOnly = [
    'FunctionName',
    'CodeSha256',
    'Description',
    'ProvisionedConcurrencyConfig',
    'RuntimePolicy',
    'FunctionScalingConfig',
  ];
  return simpleProvider('AWS::Lambda::Version', createOnly, {
    create(properties, context) {
      const { record } = target(lambda, required(properties, 'FunctionName'), context.region);
      const { record: changed, version } = lambda.functions.publish(record, text(properties, 'Description'));
      if (changed.lastVersion === record.lastVersion) {
        throw conflict(`A version for this Lambda function exists ( ${version} ). Modify the function to create a new version.`);
      }
      const arn = `${record.arn}:${version}`;
      return { physicalId: arn, attributes: { Version: version, FunctionArn: arn } };
    },
    delete(current, context) {
      const found = findTarget(lambda, current.physicalId, context.region);
      if (found?.record.versions[found.qualifier] !== undefined) lambda.functions.removeVersion(found.record, found.qualifier);
    },
  });
}

function aliasProvider(lambda: Lambda): ResourceProvider {
  const put = (properties: Properties, context: ResourceContext, isNew: boolean) => {
    const { record } = target(lambda, required(properties, 'FunctionName'), context.region);
    const name = required(properties, 'Name');
    if (isNew && record.aliases[name] !== undefined) throw conflict(`Alias already exists: ${record.arn}:${name}`);
    const weights = members(properties, 'RoutingConfig')['AdditionalVersionWeights'];
    const routing = Array.isArray(weights)
      ? Object.fromEntries(
          (weights as Properties[]).map((weight) => [text(weight, 'FunctionVersion') ?? '', Number(weight['FunctionWeight'])]),
        )
      : undefined;
    const alias = { version: required(properties, 'FunctionVersion'), description: text(properties, 'Description') ?? '', routing };
    lambda.functions.putAlias(record, name, alias);
    const arn = `${record.arn}:${name}`;
    return { physicalId: arn, attributes: { AliasArn: arn } };
  };
  return simpleProvider('AWS::Lambda::Alias', ['FunctionName', 'Name'], {
    create: (properties, context) => put(properties, context, true),
    update: (_current, properties, context) => put(properties, context, false),
    delete(current, context) {
      const found = findTarget(lambda, current.physicalId, context.region);
      if (found === undefined) return;
      const aliases = Object.fromEntries(Object.entries(found.record.aliases).filter(([name]) => name !== found.qualifier));
      lambda.functions.save({ ...found.record, aliases });
    },
  });
}

function permissionProvider(lambda: Lambda): ResourceProvider {
  const properties = [
    'Action',
    'EventSourceToken',
    'FunctionName',
    'FunctionUrlAuthType',
    'InvokedViaFunctionUrl',
    'Principal',
    'PrincipalOrgID',
  ];
  return simpleProvider('AWS::Lambda::Permission', [...properties, 'SourceAccount', 'SourceArn'], {
    create(wanted, context) {
      const { qualifier, record } = target(lambda, required(wanted, 'FunctionName'), context.region);
      const sid = physicalName(context.stackName, context.logicalId);
      const resource = qualifier === UNQUALIFIED ? record.arn : `${record.arn}:${qualifier}`;
      lambda.functions.save(addStatement(record, qualifier, statementOf(wanted, sid, resource)));
      return { physicalId: sid, attributes: { Id: sid } };
    },
    delete(current, context) {
      const found = findTarget(lambda, String(current.properties['FunctionName']), context.region);
      const changed = found === undefined ? undefined : removeStatement(found.record, found.qualifier, current.physicalId);
      if (changed !== undefined) lambda.functions.save(changed);
    },
  });
}

function urlProvider(lambda: Lambda): ResourceProvider {
  const place = (properties: Properties, region: string) => {
    const found = target(lambda, required(properties, 'TargetFunctionArn'), region);
    return { record: found.record, qualifier: text(properties, 'Qualifier') ?? found.qualifier };
  };
  const put = async (properties: Properties, context: ResourceContext, isNew: boolean) => {
    const { qualifier, record } = place(properties, context.region);
    if (isNew && record.urls[qualifier] !== undefined)
      throw conflict(`FunctionUrlConfig exists for this Lambda function: ${record.arn} already exists`);
    const input = { authType: required(properties, 'AuthType'), invokeMode: text(properties, 'InvokeMode'), cors: corsOf(properties) };
    const changed = await lambda.functions.putUrl(record, qualifier, input);
    const url = changed.urls[qualifier];
    const arn = qualifier === UNQUALIFIED ? record.arn : `${record.arn}:${qualifier}`;
    return { physicalId: arn, attributes: { FunctionArn: arn, FunctionUrl: url === undefined ? '' : functionUrl(changed, url) } };
  };
  return simpleProvider('AWS::Lambda::Url', ['TargetFunctionArn', 'Qualifier'], {
    create: (properties, context) => put(properties, context, true),
    update: (_current, properties, context) => put(properties, context, false),
    async delete(current, context) {
      const found = findTarget(lambda, current.physicalId, context.region);
      if (found?.record.urls[found.qualifier] !== undefined) await lambda.functions.removeUrl(found.record, found.qualifier);
    },
  });
}

function corsOf(properties: Properties): Cors | undefined {
  return properties['Cors'] === undefined ? undefined : members(properties, 'Cors');
}

function layerProvider(lambda: Lambda): ResourceProvider {
  const createOnly = ['LayerName', 'Content', 'Description', 'LicenseInfo', 'CompatibleRuntimes', 'CompatibleArchitectures'];
  return simpleProvider('AWS::Lambda::LayerVersion', createOnly, {
    async create(properties, context) {
      const name = text(properties, 'LayerName') ?? context.logicalId;
      const layer = await lambda.layers.publish(
        context.region,
        parseLayerReference(name).name,
        codeOfRequest(members(properties, 'Content')),
        properties,
      );
      const arn = `${layerArn(context.region, layer.name)}:${layer.version}`;
      return { physicalId: arn, attributes: { LayerVersionArn: arn } };
    },
    async delete(current, context) {
      const { name, version } = parseLayerReference(current.physicalId);
      const layer = version === undefined ? undefined : lambda.store.findLayer(context.region, name, version);
      if (layer !== undefined) await lambda.layers.remove(layer);
    },
  });
}

function eventInvokeProvider(lambda: Lambda): ResourceProvider {
  const put = (properties: Properties, context: ResourceContext) => {
    const { record } = target(lambda, required(properties, 'FunctionName'), context.region);
    lambda.functions.save({ ...record, eventInvoke: { maximumRetryAttempts: Number(text(properties, 'MaximumRetryAttempts') ?? 2) } });
    return { physicalId: `${record.name}|${text(properties, 'Qualifier') ?? '$LATEST'}`, attributes: {} };
  };
  return simpleProvider('AWS::Lambda::EventInvokeConfig', ['FunctionName', 'Qualifier'], {
    create: put,
    update: (_current, properties, context) => put(properties, context),
    delete(current, context) {
      const found = findTarget(lambda, String(current.properties['FunctionName']), context.region);
      if (found !== undefined) lambda.functions.save({ ...found.record, eventInvoke: undefined });
    },
  });
}
