/** The serverless types beside functions and APIs. */
import { asDict, type Dict, isDict, scalarText } from '../engine/values.ts';
import { addRole, assumeRolePolicy } from './function-role.ts';
import {
  addResource,
  known,
  objectPointer,
  passedOn,
  type SamContext,
  SamProblem,
  type SamResource,
  shortDigest,
  tagList,
  warn,
  withoutUndefined,
} from './sam-context.ts';

/** Throws SamProblem. */
export type TransformResource = (context: SamContext, resource: SamResource) => void;

const ATTRIBUTE_TYPES: Readonly<Record<string, string>> = { String: 'S', Number: 'N', Binary: 'B' };

export const transformSimpleTable: TransformResource = (context, { id, properties, attributes }) => {
  const key = asDict(properties['PrimaryKey'] ?? { Name: 'id', Type: 'String' });
  const type = ATTRIBUTE_TYPES[scalarText(known(context, key['Type'])) ?? ''];
  if (type === undefined) throw new SamProblem("Invalid 'Type' of the primary key: it must be String, Number or Binary.");
  const throughput = properties['ProvisionedThroughput'];
  addResource(
    context,
    id,
    'AWS::DynamoDB::Table',
    {
      AttributeDefinitions: [{ AttributeName: key['Name'], AttributeType: type }],
      KeySchema: [{ AttributeName: key['Name'], KeyType: 'HASH' }],
      ...(throughput === undefined ? { BillingMode: 'PAY_PER_REQUEST' } : { ProvisionedThroughput: throughput }),
      TableName: properties['TableName'],
      SSESpecification: properties['SSESpecification'],
      PointInTimeRecoverySpecification: properties['PointInTimeRecoverySpecification'],
      Tags: tagList(properties['Tags']),
    },
    attributes,
  );
};

/** The logical id changes with the content, so that a changed layer is a new version. */
export const transformLayerVersion: TransformResource = (context, resource) => {
  const { id, properties } = resource;
  const { ContentUri, RetentionPolicy, PublishLambdaVersion: _publish, ...rest } = properties;
  if (ContentUri === undefined) throw new SamProblem("Missing required property 'ContentUri'.");
  const pointer = objectPointer(ContentUri);
  if (pointer === undefined)
    throw new SamProblem("'ContentUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.");
  const retention = (scalarText(known(context, RetentionPolicy)) ?? 'Retain').toLowerCase();
  const newId = id + shortDigest({ [id]: { Type: resource.type, Properties: properties } });
  addResource(
    context,
    newId,
    'AWS::Lambda::LayerVersion',
    {
      ...rest,
      LayerName: properties['LayerName'] ?? id,
      Content: withoutUndefined({ S3Bucket: pointer.Bucket, S3Key: pointer.Key, S3ObjectVersion: pointer.Version }),
    },
    { ...resource.attributes, DeletionPolicy: retention === 'delete' ? 'Delete' : 'Retain' },
  );
  context.references.set(id, newId);
};

export const transformApplication: TransformResource = (context, { id, properties, attributes }) => {
  const { Location, Parameters, NotificationARNs, Tags, TimeoutInMinutes } = properties;
  const common = { Parameters, NotificationARNs, TimeoutInMinutes, Tags: tagList(Tags, 'lambda:createdBy') };
  if (isDict(Location) && Location['ApplicationId'] !== undefined) {
    // There is no application repository here: the type is one that is only recorded.
    warn(context, id, 'applications of the Serverless Application Repository');
    return addResource(context, id, 'AWS::ServerlessRepo::Application', { Location, ...common }, attributes);
  }
  if (Location === undefined) throw new SamProblem("Missing required property 'Location'.");
  addResource(context, id, 'AWS::CloudFormation::Stack', { TemplateURL: Location, ...common }, attributes);
};

export const transformStateMachine: TransformResource = (context, resource) => {
  const { id, properties, attributes } = resource;
  const tags = tagList(properties['Tags'], 'stateMachine:createdBy');
  const location = objectPointer(properties['DefinitionUri']);
  if (location === undefined && properties['Definition'] === undefined)
    throw new SamProblem("Either 'Definition' or 'DefinitionUri' property must be specified.");
  const tracing = properties['Tracing'];
  addResource(
    context,
    id,
    'AWS::StepFunctions::StateMachine',
    {
      DefinitionS3Location: location,
      DefinitionString: properties['Definition'] === undefined ? undefined : JSON.stringify(properties['Definition'], undefined, 4),
      DefinitionSubstitutions: properties['DefinitionSubstitutions'],
      LoggingConfiguration: properties['Logging'],
      RoleArn:
        properties['Role'] ??
        addRole(context, resource, { service: 'states.amazonaws.com', managedPolicies: [], inlinePolicies: [], tags }),
      StateMachineName: properties['Name'],
      StateMachineType: properties['Type'],
      TracingConfiguration: tracing,
      Tags: tags,
    },
    attributes,
  );
  for (const [name, definition] of Object.entries(asDict(properties['Events'])))
    addMachineEvent(context, resource, name, asDict(definition));
};

/** A rule that starts the machine, with the role that lets it. */
function addMachineEvent(context: SamContext, resource: SamResource, name: string, definition: Dict): void {
  const type = scalarText(definition['Type']) ?? '';
  const event = asDict(definition['Properties']);
  if (!['Schedule', 'EventBridgeRule', 'CloudWatchEvent'].includes(type))
    return warn(context, resource.id, `the event ${name} of type ${type}`);
  const ruleId = resource.id + name;
  const machine = { Ref: resource.id };
  const policy = { Action: 'states:StartExecution', Effect: 'Allow', Resource: machine };
  addResource(
    context,
    `${ruleId}Role`,
    'AWS::IAM::Role',
    {
      AssumeRolePolicyDocument: assumeRolePolicy('events.amazonaws.com'),
      Policies: [{ PolicyName: `${ruleId}RoleStartExecutionPolicy`, PolicyDocument: { Statement: [policy] } }],
    },
    passedOn(resource),
  );
  const role = { 'Fn::GetAtt': [`${ruleId}Role`, 'Arn'] };
  const target = withoutUndefined({ Arn: machine, Id: `${ruleId}StepFunctionsTarget`, RoleArn: role, Input: event['Input'] });
  addResource(
    context,
    ruleId,
    'AWS::Events::Rule',
    { ScheduleExpression: event['Schedule'], EventPattern: event['Pattern'], EventBusName: event['EventBusName'], Targets: [target] },
    passedOn(resource),
  );
}
