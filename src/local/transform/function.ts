/** AWS::Serverless::Function → AWS::Lambda::Function with its role, version, alias, URL and events. */
import { asDict, type Dict, isDict, scalarText } from '../engine/values.ts';
import { addFunctionEvents, type EventTarget } from './function-events.ts';
import { addRole, managedPolicyArn } from './function-role.ts';
import { addFunctionUrl } from './function-url.ts';
import {
  addResource,
  knownText,
  objectPointer,
  passedOn,
  type SamContext,
  SamProblem,
  type SamResource,
  shortDigest,
  tagList,
  warn,
  withKnownValues,
  withoutUndefined,
} from './sam-context.ts';

/** Properties that SAM turns into something else. Whatever is not here goes to the Lambda function as it is. */
const OWN_PROPERTIES: ReadonlySet<string> = new Set([
  'AssumeRolePolicyDocument',
  'AutoPublishAlias',
  'AutoPublishAliasAllProperties',
  'AutoPublishCodeSha256',
  'CodeUri',
  'DeadLetterQueue',
  'DeploymentPreference',
  'EventInvokeConfig',
  'Events',
  'FunctionUrlConfig',
  'ImageUri',
  'InlineCode',
  'PermissionsBoundary',
  'Policies',
  'PropagateTags',
  'ProvisionedConcurrencyConfig',
  'RolePath',
  'SourceKMSKeyArn',
  'Tags',
  'Tracing',
  'VersionDeletionPolicy',
  'VersionDescription',
]);

/** Throws SamProblem. */
export function transformFunction(context: SamContext, resource: SamResource): void {
  const { id, properties, attributes } = resource;
  const tags = tagList(properties['Tags'], 'lambda:createdBy');
  const code = codeOf(properties);
  const invoke = addEventInvokeConfig(context, resource);
  const lambda: Record<string, unknown> = withoutUndefined({
    ...Object.fromEntries(Object.entries(properties).filter(([name]) => !OWN_PROPERTIES.has(name))),
    Code: code,
    Description: description(context, properties),
    DeadLetterConfig: deadLetterConfig(properties['DeadLetterQueue']),
    Tags: tags,
    TracingConfig: properties['Tracing'] === undefined ? undefined : { Mode: properties['Tracing'] },
  });
  const alias = addVersionAndAlias(context, resource, lambda, code);
  const target: EventTarget = alias === undefined ? functionTarget(id) : aliasTarget(alias);
  addFunctionUrl(context, resource, target, alias);
  const events = addFunctionEvents(context, resource, target);
  if (lambda['Role'] === undefined) {
    lambda['Role'] = addRole(context, resource, {
      service: 'lambda.amazonaws.com',
      managedPolicies: [...basicPolicies(properties), ...events.managedPolicies],
      inlinePolicies: [...deadLetterPolicy(properties['DeadLetterQueue']), ...invoke],
      tags,
    });
  }
  addResource(context, id, 'AWS::Lambda::Function', lambda, attributes);
  if (properties['DeploymentPreference'] !== undefined) {
    warn(context, id, 'DeploymentPreference (the alias moves at once)');
  }
}

/** A changed `AutoPublishCodeSha256` has to change the function, or Lambda would publish no new version. */
function description(context: SamContext, properties: Dict): unknown {
  const given = properties['Description'];
  const sha256 = properties['AutoPublishAlias'] === undefined ? undefined : knownText(context, properties['AutoPublishCodeSha256']);
  if (sha256 === undefined) return given;
  return given === undefined ? sha256 : { 'Fn::Join': [' ', [given, sha256]] };
}

function functionTarget(id: string): EventTarget {
  return { ref: { Ref: id }, arn: { 'Fn::GetAtt': [id, 'Arn'] }, arnInText: `\${${id}.Arn}` };
}

function aliasTarget(alias: string): EventTarget {
  return { ref: { Ref: alias }, arn: { Ref: alias }, arnInText: `\${${alias}}` };
}

/** CodeUri (text or map), InlineCode or ImageUri as Lambda's Code. */
function codeOf(properties: Dict): Dict {
  const kms = withoutUndefined({ SourceKMSKeyArn: properties['SourceKMSKeyArn'] });
  if (properties['InlineCode'] !== undefined) return { ZipFile: properties['InlineCode'] };
  if (properties['ImageUri'] !== undefined) return { ImageUri: properties['ImageUri'] };
  const codeUri = properties['CodeUri'];
  if (codeUri === undefined) {
    if (isDict(properties['Code'])) return properties['Code'];
    throw new SamProblem(properties['PackageType'] === 'Image' ? "'ImageUri' must be set." : "'CodeUri' or 'InlineCode' must be set.");
  }
  if (isDict(codeUri) && Object.keys(codeUri).some((key) => key.startsWith('S3') || key === 'ImageUri' || key === 'ZipFile'))
    return codeUri;
  const pointer = objectPointer(codeUri);
  if (pointer === undefined) {
    throw new SamProblem(
      isDict(codeUri)
        ? "'CodeUri' requires Bucket and Key properties to be specified."
        : "'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.",
    );
  }
  return withoutUndefined({ S3Bucket: pointer.Bucket, S3Key: pointer.Key, S3ObjectVersion: pointer.Version, ...kms });
}

function basicPolicies(properties: Dict): readonly string[] {
  return [
    managedPolicyArn('AWSLambdaBasicExecutionRole'),
    ...(properties['Tracing'] === undefined ? [] : [managedPolicyArn('AWSXrayWriteOnlyAccess')]),
    ...(properties['VpcConfig'] === undefined ? [] : [managedPolicyArn('AWSLambdaVPCAccessExecutionRole')]),
  ];
}

const SEND_ACTIONS: Readonly<Record<string, string>> = { SQS: 'sqs:SendMessage', SNS: 'sns:Publish' };

function deadLetterConfig(queue: unknown): Dict | undefined {
  return queue === undefined ? undefined : { TargetArn: asDict(queue)['TargetArn'] };
}

function deadLetterPolicy(queue: unknown): readonly Dict[] {
  if (queue === undefined) return [];
  const { Type, TargetArn } = asDict(queue);
  const action = SEND_ACTIONS[String(Type)];
  if (action === undefined || TargetArn === undefined) {
    throw new SamProblem("'DeadLetterQueue' requires Type of SQS or SNS and TargetArn properties to be specified.");
  }
  const statement = { Action: action, Resource: TargetArn, Effect: 'Allow' };
  return [{ PolicyName: 'DeadLetterQueuePolicy', PolicyDocument: { Version: '2012-10-17', Statement: [statement] } }];
}

/** `AutoPublishAlias`: a version whose id changes with the code, and the alias that points to it. Answers the alias's logical id. */
function addVersionAndAlias(context: SamContext, resource: SamResource, lambda: Dict, code: Dict): string | undefined {
  const { id, properties, attributes } = resource;
  if (properties['AutoPublishAlias'] === undefined) return undefined;
  const name = knownText(context, properties['AutoPublishAlias']);
  if (name === undefined) throw new SamProblem("'AutoPublishAlias' must be a string or a Ref to a template parameter");
  const versionId = `${id}Version${versionDigest(context, properties, lambda, code)}`;
  const aliasId = `${id}Alias${name.replace(/[^A-Za-z0-9]/g, '')}`;
  const deletionPolicy = properties['VersionDeletionPolicy'] ?? attributes['DeletionPolicy'] ?? 'Retain';
  const version = { FunctionName: { Ref: id }, Description: properties['VersionDescription'] };
  addResource(context, versionId, 'AWS::Lambda::Version', version, { DeletionPolicy: deletionPolicy, ...passedOn(resource) });
  addResource(
    context,
    aliasId,
    'AWS::Lambda::Alias',
    {
      Name: name,
      FunctionName: { Ref: id },
      FunctionVersion: { 'Fn::GetAtt': [versionId, 'Version'] },
      ProvisionedConcurrencyConfig: properties['ProvisionedConcurrencyConfig'],
    },
    passedOn(resource),
  );
  context.references.set(`${id}.Version`, versionId);
  context.references.set(`${id}.Alias`, aliasId);
  return aliasId;
}

function versionDigest(context: SamContext, properties: Dict, lambda: Dict, code: Dict): string {
  const sha256 = knownText(context, properties['AutoPublishCodeSha256']);
  if (properties['AutoPublishCodeSha256'] !== undefined && sha256 !== undefined) return sha256.slice(0, 10);
  if (properties['AutoPublishAliasAllProperties'] === true) return shortDigest(withKnownValues(context, lambda));
  const snapStart = asDict(lambda['SnapStart']);
  const memory = lambda['MemorySize'];
  return shortDigest({
    ...asDict(withKnownValues(context, code)),
    ...asDict(lambda['Environment']),
    ...(memory === undefined ? {} : { MemorySize: memory }),
    ...((snapStart['ApplyOn'] ?? 'None') === 'None' ? {} : { SnapStart: snapStart }),
  });
}

/** `EventInvokeConfig`, with the queues and topics that it asks SAM to make. Answers policies for the role. */
function addEventInvokeConfig(context: SamContext, resource: SamResource): readonly Dict[] {
  const { id, properties } = resource;
  const config = properties['EventInvokeConfig'];
  if (config === undefined) return [];
  const configId = `${id}EventInvokeConfig`;
  const policies: Dict[] = [];
  const destinations: Record<string, unknown> = {};
  for (const [event, wish] of Object.entries(asDict(asDict(config)['DestinationConfig']))) {
    const destination = destinationOf(context, resource, configId + event, asDict(wish));
    destinations[event] = { Destination: destination.arn };
    if (destination.policy !== undefined) policies.push(destination.policy);
    if (destination.madeId !== undefined)
      context.references.set(`${id}.Destination${scalarText(asDict(wish)['Type']) === 'SNS' ? 'Topic' : 'Queue'}`, destination.madeId);
  }
  const alias = knownText(context, properties['AutoPublishAlias']);
  const rest = withoutUndefined({
    MaximumEventAgeInSeconds: asDict(config)['MaximumEventAgeInSeconds'],
    MaximumRetryAttempts: asDict(config)['MaximumRetryAttempts'],
  });
  const dependsOn = alias === undefined ? {} : { DependsOn: [`${id}Alias${alias.replace(/[^A-Za-z0-9]/g, '')}`] };
  addResource(
    context,
    configId,
    'AWS::Lambda::EventInvokeConfig',
    { FunctionName: { Ref: id }, Qualifier: alias ?? '$LATEST', DestinationConfig: destinations, ...rest },
    { ...dependsOn, ...passedOn(resource) },
  );
  return policies;
}

const DESTINATION_ACTIONS: Readonly<Record<string, string>> = {
  SQS: 'sqs:SendMessage',
  SNS: 'sns:publish',
  Lambda: 'lambda:InvokeFunction',
  EventBridge: 'events:PutEvents',
  S3Bucket: 's3:PutObject',
};

function destinationOf(
  context: SamContext,
  resource: SamResource,
  id: string,
  wish: Dict,
): { arn: unknown; policy?: Dict; madeId?: string } {
  const type = scalarText(wish['Type']) ?? '';
  const action = DESTINATION_ACTIONS[type];
  if (action === undefined) throw new SamProblem(`'Type: ${type}' must be one of [${Object.keys(DESTINATION_ACTIONS).join(', ')}]`);
  const given = wish['Destination'];
  if (given !== undefined) return { arn: given, policy: destinationPolicy(id, type, action, given) };
  if (type !== 'SQS' && type !== 'SNS') throw new SamProblem(`Destination is required if Type is not [SNS, SQS]`);
  const madeId = id + (type === 'SQS' ? 'Queue' : 'Topic');
  addResource(context, madeId, type === 'SQS' ? 'AWS::SQS::Queue' : 'AWS::SNS::Topic', {}, passedOn(resource));
  const arn = type === 'SQS' ? { 'Fn::GetAtt': [madeId, 'Arn'] } : { Ref: madeId };
  return { arn, policy: destinationPolicy(id, type, action, arn), madeId };
}

function destinationPolicy(id: string, type: string, action: string, arn: unknown): Dict {
  return { PolicyName: `${id}${type}Policy`, PolicyDocument: { Statement: [{ Action: action, Effect: 'Allow', Resource: arn }] } };
}
