/** Events whose source calls the function: rules, topics, buckets and others, each with its permission. */
import { asDict, asList, type Dict } from '../engine/values.ts';
import { assumeRolePolicy } from './function-role.ts';
import type { EventSource } from './pull-events.ts';
import { addResource, passedOn, referredId, type SamContext, SamProblem } from './sam-context.ts';

type AddEvent = (context: SamContext, event: EventSource) => void;

export const PUSH_EVENTS: Readonly<Record<string, AddEvent>> = {
  AlexaSkill(context, event) {
    addPermission(context, event, 'alexa-appkit.amazon.com', { EventSourceToken: event.properties['SkillId'] });
  },
  CloudWatchEvent: addRuleEvent,
  CloudWatchLogs: addLogsEvent,
  Cognito: addCognitoEvent,
  EventBridgeRule: addRuleEvent,
  IoTRule: addIotEvent,
  S3: addBucketEvent,
  Schedule: addScheduleEvent,
  ScheduleV2: addSchedulerEvent,
  SNS: addTopicEvent,
};

export function addPushEvent(context: SamContext, event: EventSource): void {
  PUSH_EVENTS[event.type]?.(context, event);
}

/** Adds `<Function><Event>Permission<Suffix>`. */
export function addPermission(context: SamContext, event: EventSource, principal: string, more: Dict, suffix = ''): void {
  const properties = { Action: 'lambda:InvokeFunction', FunctionName: event.target.ref, Principal: principal, ...more };
  addResource(context, `${event.id}Permission${suffix}`, 'AWS::Lambda::Permission', properties, passedOn(event.owner));
}

function required(event: EventSource, name: string): unknown {
  const value = event.properties[name];
  if (value === undefined) throw new SamProblem(`Missing required property '${name}'.`);
  return value;
}

function addRule(context: SamContext, event: EventSource, rule: Dict): void {
  const { Input, InputPath, InputTransformer, RetryPolicy, Target, State, Enabled, DeadLetterConfig } = event.properties;
  const target = Object.fromEntries(
    Object.entries({
      Arn: event.target.arn,
      Id: asDict(Target)['Id'] ?? `${event.id}LambdaTarget`,
      Input,
      InputPath,
      InputTransformer,
      RetryPolicy,
      DeadLetterConfig: deadLetter(context, event, DeadLetterConfig),
    }).filter(([, value]) => value !== undefined),
  );
  const state = State ?? (Enabled === undefined ? undefined : Enabled === true || Enabled === 'true' ? 'ENABLED' : 'DISABLED');
  addResource(context, event.id, 'AWS::Events::Rule', { ...rule, State: state, Targets: [target] }, passedOn(event.owner));
  addPermission(context, event, 'events.amazonaws.com', { SourceArn: { 'Fn::GetAtt': [event.id, 'Arn'] } });
}

/** A queue that is given, or one that SAM makes for `Type: SQS`. */
function deadLetter(context: SamContext, event: EventSource, config: unknown): Dict | undefined {
  if (config === undefined) return undefined;
  const { Arn, QueueLogicalId } = asDict(config);
  if (Arn !== undefined) return { Arn };
  const queue = typeof QueueLogicalId === 'string' ? QueueLogicalId : `${event.id}Queue`;
  const arn = { 'Fn::GetAtt': [queue, 'Arn'] };
  addResource(context, queue, 'AWS::SQS::Queue', {}, passedOn(event.owner));
  const policy = queuePolicy({ 'Fn::GetAtt': [event.id, 'Arn'] }, arn, { Ref: queue }, { Service: 'events.amazonaws.com' });
  addResource(context, `${event.id}QueuePolicy`, 'AWS::SQS::QueuePolicy', policy, passedOn(event.owner));
  return { Arn: arn };
}

function addScheduleEvent(context: SamContext, event: EventSource): void {
  const { Name, Description } = event.properties;
  addRule(context, event, { Name, Description, ScheduleExpression: required(event, 'Schedule') });
}

function addRuleEvent(context: SamContext, event: EventSource): void {
  const { RuleName, EventBusName } = event.properties;
  addRule(context, event, { Name: RuleName, EventBusName, EventPattern: required(event, 'Pattern') });
}

function addSchedulerEvent(context: SamContext, event: EventSource): void {
  const { RoleArn, PermissionsBoundary, Input, RetryPolicy, DeadLetterConfig, OmitName, Name, FlexibleTimeWindow, ...rest } =
    event.properties;
  const roleId = `${event.id}Role`;
  const attributes = passedOn(event.owner);
  const allow = { Action: 'lambda:InvokeFunction', Effect: 'Allow', Resource: event.target.arn };
  if (RoleArn === undefined) {
    const policy = { PolicyName: `${event.id}LambdaPolicy`, PolicyDocument: { Statement: [allow] } };
    const role = { AssumeRolePolicyDocument: assumeRolePolicy('scheduler.amazonaws.com'), PermissionsBoundary, Policies: [policy] };
    addResource(context, roleId, 'AWS::IAM::Role', role, attributes);
  }
  const target = { Arn: event.target.arn, RoleArn: RoleArn ?? { 'Fn::GetAtt': [roleId, 'Arn'] } };
  const more = { Input, RetryPolicy, DeadLetterConfig: deadLetter(context, event, DeadLetterConfig) };
  const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
  addResource(
    context,
    event.id,
    'AWS::Scheduler::Schedule',
    {
      ...rest,
      FlexibleTimeWindow: FlexibleTimeWindow ?? { Mode: 'OFF' },
      Name: Name ?? (OmitName === true ? undefined : event.id),
      Target: { ...target, ...given },
    },
    attributes,
  );
}

function addTopicEvent(context: SamContext, event: EventSource): void {
  const topic = required(event, 'Topic');
  const { Region, FilterPolicy, FilterPolicyScope, RedrivePolicy, SqsSubscription } = event.properties;
  const attributes = passedOn(event.owner);
  const subscription = { TopicArn: topic, Region, FilterPolicy, FilterPolicyScope, RedrivePolicy };
  if (SqsSubscription === undefined || SqsSubscription === false) {
    addResource(
      context,
      event.id,
      'AWS::SNS::Subscription',
      { ...subscription, Protocol: 'lambda', Endpoint: event.target.arn },
      attributes,
    );
    addPermission(context, event, 'sns.amazonaws.com', { SourceArn: topic });
    return;
  }
  const queueId = `${event.id}Queue`;
  const given = asDict(SqsSubscription);
  const queueArn = given['QueueArn'] ?? { 'Fn::GetAtt': [queueId, 'Arn'] };
  if (given['QueueArn'] === undefined) addResource(context, queueId, 'AWS::SQS::Queue', {}, attributes);
  addResource(
    context,
    `${event.id}QueuePolicy`,
    'AWS::SQS::QueuePolicy',
    queuePolicy(topic, queueArn, given['QueueUrl'] ?? { Ref: queueId }),
    attributes,
  );
  addResource(context, event.id, 'AWS::SNS::Subscription', { ...subscription, Protocol: 'sqs', Endpoint: queueArn }, attributes);
  const mapping = {
    BatchSize: given['BatchSize'] ?? 10,
    Enabled: given['Enabled'] ?? true,
    EventSourceArn: queueArn,
    FunctionName: event.target.ref,
  };
  addResource(context, `${event.id}EventSourceMapping`, 'AWS::Lambda::EventSourceMapping', mapping, attributes);
}

function queuePolicy(sourceArn: unknown, queueArn: unknown, queueUrl: unknown, principal: unknown = '*'): Dict {
  const statement = {
    Action: 'sqs:SendMessage',
    Effect: 'Allow',
    Principal: principal,
    Resource: queueArn,
    Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
  };
  return { PolicyDocument: { Version: '2012-10-17', Statement: [statement] }, Queues: [queueUrl] };
}

/** The resource of the template that an event changes. */
function targetResource(context: SamContext, reference: unknown, message: string): { readonly id: string; readonly resource: Dict } {
  const id = referredId(reference);
  const resource = id === undefined ? undefined : context.resources[id];
  if (id === undefined || resource === undefined) throw new SamProblem(message);
  return { id, resource };
}

function addBucketEvent(context: SamContext, event: EventSource): void {
  const { id, resource } = targetResource(
    context,
    required(event, 'Bucket'),
    'S3 events must reference an S3 bucket in the same template.',
  );
  const wanted = required(event, 'Events');
  const filter = event.properties['Filter'] === undefined ? {} : { Filter: event.properties['Filter'] };
  const mappings = (Array.isArray(wanted) ? wanted : [wanted]).map((name: unknown) => ({
    Function: event.target.arn,
    Event: name,
    ...filter,
  }));
  const properties = asDict(resource['Properties']);
  const notifications = asDict(properties['NotificationConfiguration']);
  const configurations = [...asList(notifications['LambdaConfigurations']), ...mappings];
  const dependsOn = typeof resource['DependsOn'] === 'string' ? [resource['DependsOn']] : asList(resource['DependsOn']);
  context.resources[id] = {
    ...resource,
    DependsOn: [...new Set([...dependsOn, `${event.id}Permission`])],
    Properties: { ...properties, NotificationConfiguration: { ...notifications, LambdaConfigurations: configurations } },
  };
  addPermission(context, event, 's3.amazonaws.com', { SourceAccount: { Ref: 'AWS::AccountId' } });
}

function addCognitoEvent(context: SamContext, event: EventSource): void {
  const { id, resource } = targetResource(
    context,
    required(event, 'UserPool'),
    'Cognito events must reference a Cognito UserPool in the same template.',
  );
  const triggers = required(event, 'Trigger');
  const properties = asDict(resource['Properties']);
  const config = Object.fromEntries(
    (Array.isArray(triggers) ? triggers : [triggers]).map((trigger) => [String(trigger), event.target.arn]),
  );
  context.resources[id] = {
    ...resource,
    Properties: { ...properties, LambdaConfig: { ...asDict(properties['LambdaConfig']), ...config } },
  };
  // One permission for the pool, whatever number of events of the function lead there.
  addPermission(context, { ...event, id: `${event.owner.id}Cognito` }, 'cognito-idp.amazonaws.com', {
    SourceArn: { 'Fn::GetAtt': [id, 'Arn'] },
  });
}

function addLogsEvent(context: SamContext, event: EventSource): void {
  const group = required(event, 'LogGroupName');
  const properties = { LogGroupName: group, FilterPattern: required(event, 'FilterPattern'), DestinationArn: event.target.arn };
  addResource(context, event.id, 'AWS::Logs::SubscriptionFilter', properties, {
    DependsOn: [`${event.id}Permission`],
    ...passedOn(event.owner),
  });
  const arn = 'arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*';
  addPermission(context, event, 'logs.amazonaws.com', { SourceArn: { 'Fn::Sub': [arn, { __LogGroupName__: group }] } });
}

function addIotEvent(context: SamContext, event: EventSource): void {
  const { AwsIotSqlVersion } = event.properties;
  const version = AwsIotSqlVersion === undefined ? {} : { AwsIotSqlVersion };
  const actions = [{ Lambda: { FunctionArn: event.target.arn } }];
  const payload = { Sql: required(event, 'Sql'), RuleDisabled: false, Actions: actions, ...version };
  addResource(context, event.id, 'AWS::IoT::TopicRule', { TopicRulePayload: payload }, passedOn(event.owner));
  const arn = 'arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}:rule/${RuleName}';
  addPermission(context, event, 'iot.amazonaws.com', {
    SourceAccount: { 'Fn::Sub': '${AWS::AccountId}' },
    SourceArn: { 'Fn::Sub': [arn, { RuleName: { Ref: event.id } }] },
  });
}
