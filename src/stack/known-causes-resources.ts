import { deployAgain, type KnownCause } from './known-cause.ts';

const NETWORK = /^AWS::(EC2|Lambda|Serverless)::/;

/** Causes in resources around functions: names, deletion, APIs, queues, networks. */
export const KNOWN_RESOURCE_CAUSES: readonly KnownCause[] = [
  {
    // A function makes its log group by itself when it first runs: Lambda developer guide, "Sending Lambda function logs to CloudWatch Logs".
    id: 'log-group-exists',
    reason: /already exists/i,
    type: /^AWS::Logs::LogGroup$/,
    hint: (match, facts) =>
      `The function made its log group before the stack did. Take it over: ${deployAgain(facts, ' --import-existing-resources')}; or delete it with what it holds: aws logs delete-log-group --log-group-name ${logGroupIn(match.input)}`,
  },
  {
    id: 'mapping-exists',
    reason: /event source mapping with .* already exists.*UUID ([0-9a-f-]{36})/is,
    hint: (match) =>
      `The same queue or stream is bound to the function already, outside this stack: aws lambda delete-event-source-mapping --uuid ${match[1]}, then deploy again`,
  },
  {
    id: 'exists-in-stack',
    reason: /(\S+) already exists in stack arn:[^:]+:cloudformation:[^:]+:\d+:stack\/([^/\s]+)\//i,
    hint: (match) =>
      `${match[1]} belongs to the stack ${match[2]}: remove the fixed name from one of the two templates (CloudFormation makes one up then)`,
  },
  {
    // Bucket names are one namespace for all accounts of a partition: S3 user guide, "General purpose bucket naming rules".
    id: 'bucket-name-taken',
    reason: /already exists|BucketAlreadyExists|bucket name is not available|BucketAlreadyOwnedByYou|already owned by you/i,
    type: /^AWS::S3::Bucket$/,
    hint: (_, facts) =>
      `Bucket names are taken for all accounts together. Remove BucketName from the template, or, when the bucket is yours, take it over: ${deployAgain(facts, ' --import-existing-resources')}`,
  },
  {
    id: 'bucket-name-invalid',
    reason: /(?:specified bucket is not valid|Bucket name should not contain|bucket name.*invalid|InvalidBucketName)/is,
    type: /^AWS::S3::/,
    hint: 'Bucket names have 3 to 63 lower-case letters, digits, dots and dashes. Remove BucketName from the template, or use only such',
  },
  {
    id: 'bucket-conflict',
    reason: /conflicting conditional operation is currently in progress against this resource/i,
    hint: (_, facts) =>
      `S3 still deletes a bucket of that name, which may take up to an hour. Wait, or use another name; then: ${deployAgain(facts)}`,
  },
  {
    id: 'name-taken',
    reason:
      /already exists|AlreadyExists|EntityAlreadyExists|ResourceConflict\w*: .*exist|has already been taken|already being used|name is already in use/i,
    hint: (_, facts) =>
      `Another stack or a person made something with that name. Remove the fixed name from the template, or take it over: ${deployAgain(facts, ' --import-existing-resources')}`,
  },
  {
    id: 'bucket-not-empty',
    reason: /bucket you tried to delete is not empty|BucketNotEmpty/i,
    hint: (_, { stackName, logicalId, target }) =>
      `CloudFormation deletes only empty buckets, and old versions count too. When what it holds may go: lambda-tool delete-serverless ${stackName} --empty-buckets ${logicalId}${target}`,
  },
  {
    id: 'repository-not-empty',
    reason: /repository with name '([^']+)'.* cannot be deleted because it still contains images|RepositoryNotEmpty/is,
    hint: (match) =>
      `The ECR repository ${match[1] ?? ''} holds images. When they may go: aws ecr delete-repository --force --repository-name ${match[1] ?? 'NAME'}. EmptyOnDelete: true in the template prevents this`,
  },
  {
    id: 'role-in-use',
    reason: /Cannot delete entity, must (?:detach|delete|remove)|DeleteConflict/i,
    hint: 'Somebody attached a policy or an instance profile to the role outside the stack: detach it (aws iam list-attached-role-policies, list-role-policies), then try again',
  },
  {
    // Lambda gives its interfaces back some time after the last function that used them is gone: Lambda developer guide, VPC page.
    id: 'network-in-use',
    reason: /has a dependent object|DependencyViolation|has dependencies and cannot be deleted|is currently in use/i,
    type: NETWORK,
    hint: 'Lambda gives its network interfaces back up to 20 minutes after the function has left the VPC. Wait and try again; aws ec2 describe-network-interfaces --filters Name=group-id,Values=… shows who else holds it',
  },
  {
    id: 'network-addresses',
    reason:
      /ENILimitReached|NetworkInterfaceLimitExceeded|insufficient free addresses|InsufficientFreeAddresses|not able to create an ENI/i,
    hint: 'The subnets have no free addresses, or the quota of network interfaces is used up: use larger or more subnets, or raise Service Quotas > Amazon VPC > "Network interfaces per Region" (L-DF5E4CA3)',
  },
  {
    id: 'network-missing',
    reason:
      /(?:subnet|security group|sg)\b.*(?:does not exist|do not exist|not found|belong to different networks)|InvalidSubnetID|InvalidGroup\.NotFound|InvalidSecurityGroupID/is,
    hint: 'A subnet or security group in VpcConfig is not there, or is in another VPC or region than the rest: check the ids with aws ec2 describe-subnets and describe-security-groups',
  },
  {
    id: 'edge-replica',
    reason: /because it is a replicated function/i,
    hint: 'CloudFront deletes the replicas of a Lambda@Edge function some hours after it was taken out of the distribution. Try again later, or leave it behind with --retain',
  },
  {
    id: 'api-cloudwatch-role',
    reason: /CloudWatch Logs role ARN must be set in account settings to enable logging/i,
    hint: 'API Gateway needs a role of the account before any stage may log: add an AWS::ApiGateway::Account with CloudWatchRoleArn (a role that apigateway.amazonaws.com assumes, with AmazonAPIGatewayPushToCloudWatchLogs), and let the stage depend on it',
  },
  {
    id: 'api-no-methods',
    reason: /The REST API doesn't contain any methods/i,
    hint: 'A deployment was made before the methods: let AWS::ApiGateway::Deployment depend (DependsOn) on every AWS::ApiGateway::Method',
  },
  {
    id: 'api-domain',
    reason:
      /certificate.*(?:us-east-1|doesn't exist|not valid|isn't valid|not in the|does not exist)|domain name you provided already exists/is,
    hint: 'The certificate must be issued and lie in the region of the API (us-east-1 for edge-optimised APIs and CloudFront), and cover the domain name: aws acm list-certificates',
  },
  {
    id: 'queue-timeout',
    reason: /visibility timeout: (\d+) seconds is less than Function timeout: (\d+) seconds/i,
    hint: (match) =>
      `Set VisibilityTimeout of the queue to ${match[2]} seconds at least (six times the function's timeout is AWS's advice), or lower Timeout of the function`,
  },
  {
    id: 's3-notification',
    reason: /Unable to validate the following destination configurations/i,
    hint: "S3 may not call the bucket's destination yet: add an AWS::Lambda::Permission (or queue or topic policy) for s3.amazonaws.com, and let the bucket depend on it",
  },
  {
    id: 'policy-size',
    reason: /final policy size \((\d+)\) is bigger than the limit \((\d+)\)/i,
    hint: (match) =>
      `The function has too many permissions of its own (${match[1]} of ${match[2]} bytes): one AWS::Lambda::Permission with a SourceArn that ends in /* does for a whole API`,
  },
  {
    id: 'function-url',
    reason: /Function ?Url|FunctionUrlAuthType/i,
    type: /^AWS::Lambda::(Url|Permission)$/,
    hint: 'The URL and its permissions must name the same function or alias and the same auth type. A public URL needs two permissions: lambda:InvokeFunctionUrl with FunctionUrlAuthType NONE, and lambda:InvokeFunction with InvokedViaFunctionUrl true',
  },
  {
    id: 'dynamodb-indexes',
    reason: /(?:more than one|only one) (?:GSI|global secondary index)|Subscriber limit exceeded: Only 1 online index/i,
    hint: 'DynamoDB adds or removes one index at a time: deploy the changes of the indexes one after the other',
  },
  {
    id: 'dynamodb-keys',
    reason: /AttributeDefinitions|Table KeySchema|Some index key attributes are not defined/i,
    type: /^AWS::DynamoDB::/,
    hint: 'AttributeDefinitions must name exactly the attributes that the keys of the table and its indexes use',
  },
  {
    id: 'not-updatable',
    reason: /Updates are not allowed|HandlerErrorCode: NotUpdatable|is immutable|cannot be changed/i,
    hint: (_, { logicalId }) =>
      `The property cannot be changed on what exists: put it back, or give ${logicalId} another logical id so that it is made anew (its data is lost)`,
  },
];

function logGroupIn(reason: string): string {
  return /LogGroupName"?:\s*"?([\w./#-]+)/.exec(reason)?.[1] ?? /(\/aws\/[\w./#-]+)/.exec(reason)?.[1] ?? 'NAME';
}
