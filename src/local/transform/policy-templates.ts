/**
 * SAM's policy templates: a name and parameters that stand for an IAM statement.
 * https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
 * The common ones are here; the local target gives the others no statement and says so, as it checks no permissions of functions anyway.
 */
import { asDict, asList, type Dict } from '../engine/values.ts';

/** Actions of one service in one word list, and what they are allowed on; parameters in `${}`. */
type Rule = readonly [actions: string, ...resources: string[]];

const arn = (service: string, resource: string) => `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`;
const table = ['table/${TableName}', 'table/${TableName}/index/*'].map((path) => arn('dynamodb', path));
const bucket = ['arn:${AWS::Partition}:s3:::${BucketName}', 'arn:${AWS::Partition}:s3:::${BucketName}/*'];
const stream = arn('kinesis', 'stream/${StreamName}');
const readParameters = 'ssm:GetParameters GetParameter GetParametersByPath';

const TEMPLATES: Readonly<Record<string, readonly Rule[]>> = {
  AWSSecretsManagerGetSecretValuePolicy: [['secretsmanager:GetSecretValue', '${SecretArn}']],
  CloudFormationDescribeStacksPolicy: [['cloudformation:DescribeStacks', arn('cloudformation', 'stack/*')]],
  CloudWatchPutMetricPolicy: [['cloudwatch:PutMetricData', '*']],
  DynamoDBCrudPolicy: [
    ['dynamodb:GetItem DeleteItem PutItem Scan Query UpdateItem BatchWriteItem BatchGetItem DescribeTable ConditionCheckItem', ...table],
  ],
  DynamoDBReadPolicy: [['dynamodb:GetItem Scan Query BatchGetItem DescribeTable', ...table]],
  DynamoDBStreamReadPolicy: [
    ['dynamodb:DescribeStream GetRecords GetShardIterator', arn('dynamodb', 'table/${TableName}/stream/${StreamName}')],
    ['dynamodb:ListStreams', arn('dynamodb', 'table/${TableName}/stream/*')],
  ],
  DynamoDBWritePolicy: [['dynamodb:PutItem UpdateItem BatchWriteItem', ...table]],
  EcsRunTaskPolicy: [['ecs:RunTask', arn('ecs', 'task-definition/${TaskDefinition}')]],
  EventBridgePutEventsPolicy: [['events:PutEvents', arn('events', 'event-bus/${EventBusName}')]],
  FilterLogEventsPolicy: [['logs:FilterLogEvents', arn('logs', 'log-group:${LogGroupName}:log-stream:*')]],
  FirehoseWritePolicy: [['firehose:PutRecord PutRecordBatch', arn('firehose', 'deliverystream/${DeliveryStreamName}')]],
  KinesisStreamReadPolicy: [
    ['kinesis:ListStreams DescribeLimits', arn('kinesis', 'stream/*')],
    ['kinesis:DescribeStream DescribeStreamSummary GetRecords GetShardIterator', stream],
  ],
  KinesisCrudPolicy: [
    [
      'kinesis:AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteStream DescribeStream DescribeStreamSummary GetShardIterator ' +
        'IncreaseStreamRetentionPeriod ListTagsForStream MergeShards PutRecord PutRecords SplitShard RemoveTagsFromStream',
      stream,
    ],
  ],
  KMSDecryptPolicy: [['kms:Decrypt', arn('kms', 'key/${KeyId}')]],
  KMSEncryptPolicy: [['kms:Encrypt', arn('kms', 'key/${KeyId}')]],
  LambdaInvokePolicy: [['lambda:InvokeFunction', arn('lambda', 'function:${FunctionName}*')]],
  S3CrudPolicy: [
    [
      's3:GetObject ListBucket GetBucketLocation GetObjectVersion PutObject PutObjectAcl GetLifecycleConfiguration PutLifecycleConfiguration DeleteObject',
      ...bucket,
    ],
  ],
  S3FullAccessPolicy: [
    [
      's3:GetObject GetObjectAcl GetObjectVersion PutObject PutObjectAcl DeleteObject DeleteObjectTagging DeleteObjectVersionTagging ' +
        'GetObjectTagging GetObjectVersionTagging PutObjectTagging PutObjectVersionTagging',
      'arn:${AWS::Partition}:s3:::${BucketName}/*',
    ],
    ['s3:ListBucket GetBucketLocation GetLifecycleConfiguration PutLifecycleConfiguration', 'arn:${AWS::Partition}:s3:::${BucketName}'],
  ],
  S3ReadPolicy: [['s3:GetObject ListBucket GetBucketLocation GetObjectVersion GetLifecycleConfiguration', ...bucket]],
  S3WritePolicy: [['s3:PutObject PutObjectAcl PutLifecycleConfiguration', ...bucket]],
  SESCrudPolicy: [
    ['ses:GetIdentityVerificationAttributes SendEmail SendRawEmail VerifyEmailIdentity', arn('ses', 'identity/${IdentityName}')],
  ],
  SESSendBouncePolicy: [['ses:SendBounce', arn('ses', 'identity/${IdentityName}')]],
  SNSCrudPolicy: [['sns:ListSubscriptionsByTopic CreateTopic SetTopicAttributes Subscribe Publish', arn('sns', '${TopicName}*')]],
  SNSPublishMessagePolicy: [['sns:Publish', arn('sns', '${TopicName}')]],
  SQSPollerPolicy: [
    [
      'sqs:ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch GetQueueAttributes ReceiveMessage',
      arn('sqs', '${QueueName}'),
    ],
  ],
  SQSSendMessagePolicy: [['sqs:SendMessage*', arn('sqs', '${QueueName}')]],
  SSMParameterReadPolicy: [
    ['ssm:DescribeParameters', '*'],
    [readParameters, arn('ssm', 'parameter/${ParameterName}')],
  ],
  SSMParameterWithSlashPrefixReadPolicy: [
    ['ssm:DescribeParameters', '*'],
    [readParameters, arn('ssm', 'parameter${ParameterName}')],
  ],
  StepFunctionsExecutionPolicy: [['states:StartExecution', arn('states', 'stateMachine:${StateMachineName}')]],
  VPCAccessPolicy: [['ec2:CreateNetworkInterface DeleteNetworkInterface DescribeNetworkInterfaces DetachNetworkInterface', '*']],
};

/** A document of the template; undefined when it is not one of those here. Parameters that are missing are named in `missing`. */
export function expandPolicyTemplate(
  name: string,
  parameters: Dict,
): { readonly document: Dict; readonly missing: readonly string[] } | undefined {
  const rules = Object.hasOwn(TEMPLATES, name) ? TEMPLATES[name] : undefined;
  if (rules === undefined) return undefined;
  const wanted = rules.flatMap(([, ...resources]) => resources.flatMap(parameterNames));
  const missing = [...new Set(wanted)].filter((parameter) => parameters[parameter] === undefined);
  return { document: { Statement: rules.map((rule) => statement(rule, parameters)) }, missing };
}

function parameterNames(resource: string): readonly string[] {
  return [...resource.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
}

function statement([actions, ...resources]: Rule, parameters: Dict): Dict {
  const [service = '', names = ''] = actions.split(/:(.*)/s);
  const granted = resources.map((resource) => withParameters(resource, parameters));
  return {
    Action: names.split(' ').map((name) => `${service}:${name}`),
    Effect: 'Allow',
    Resource: granted.length === 1 ? granted[0] : granted,
  };
}

function withParameters(resource: string, parameters: Dict): unknown {
  if (!resource.includes('${')) return resource;
  const names = parameterNames(resource);
  if (names.length === 0) return { 'Fn::Sub': resource };
  return { 'Fn::Sub': [resource, Object.fromEntries(names.map((name) => [name, parameters[name] ?? '']))] };
}

/** A policy is a template when it is a map with one key, the name of one. */
export function isPolicyTemplate(policy: Dict): boolean {
  const names = Object.keys(policy);
  return names.length === 1 && names.every((name) => /Policy(?:_v2)?$/.test(name)) && asList(policy['Statement']).length === 0;
}

export function templateParameters(policy: Dict): Dict {
  return asDict(Object.values(policy)[0]);
}
