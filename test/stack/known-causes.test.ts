import { describe, expect, it } from 'vitest';

import { KNOWN_CAUSES, findKnownCause } from '../../src/stack/known-causes.ts';

const FUNCTION = 'AWS::Lambda::Function';
const framed = (words: string, code = 'InvalidRequest', service = 'Lambda') =>
  `Resource handler returned message: "${words} (Service: ${service}, Status Code: 400, Request ID: 72b88508-7f01-487d-8460-cfe49db47651) (SDK Attempt Count: 1)" (RequestToken: b924457d-1f77-0f63-c0c1-7c0e601fe327, HandlerErrorCode: ${code})`;

/** Id of the row, resource type, AWS's words (as issues of public projects quote them), and something that the hint must say. */
const CAUSES: readonly (readonly [id: string, type: string, reason: string, says: string])[] = [
  [
    'image-manifest',
    FUNCTION,
    framed(
      'The image manifest, config or layer media type for the source image 123456789012.dkr.ecr.us-east-1.amazonaws.com/proxy:latest is not supported.',
    ),
    '--provenance=false',
  ],
  [
    'image-not-found',
    FUNCTION,
    framed('Source image 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1.0.0 is not valid. Provide a valid source image.'),
    'aws ecr describe-images',
  ],
  [
    'image-permission',
    FUNCTION,
    framed('Lambda does not have permission to access the ECR image. Check the ECR permissions.', 'AccessDenied'),
    'ecr:SetRepositoryPolicy',
  ],
  [
    'image-architecture',
    'Custom::Seed',
    'Received response status [FAILED] from custom resource. Message returned: fork/exec /lambda-entrypoint.sh: exec format error (RequestId: 1d2c)',
    'Architectures',
  ],
  [
    'layer-incompatible',
    FUNCTION,
    framed('Layer arn:aws:lambda:eu-west-1:123456789012:layer:deps:3 is not compatible with the architecture arm64 of the function.'),
    'CompatibleArchitectures',
  ],
  ['layer-missing', FUNCTION, framed('Layer version arn:aws:lambda:eu-west-1:123456789012:layer:deps:7 does not exist.'), 'layer:deps:7'],
  [
    'layer-missing',
    FUNCTION,
    framed(
      'User: arn:aws:iam::123456789012:user/ci is not authorized to perform: lambda:GetLayerVersion on resource: arn:aws:lambda:eu-west-1:999999999999:layer:tracing:12 because no resource-based policy allows the lambda:GetLayerVersion action',
      'AccessDenied',
    ),
    'layer:tracing:12',
  ],
  ['layers-too-large', FUNCTION, framed('Layers consume more than the available size of 262144000 bytes'), 'container image'],
  [
    'layers-too-large',
    FUNCTION,
    framed('Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The actual size is 266322428 bytes.'),
    'the layer comes first',
  ],
  ['code-too-large', FUNCTION, framed('Unzipped size must be smaller than 262144000 bytes'), '250 MB'],
  ['request-too-large', FUNCTION, framed('Request must be smaller than 69905067 bytes for the CreateFunction operation'), '--resolve-s3'],
  ['code-storage', FUNCTION, framed('Code storage limit exceeded.', 'ServiceLimitExceeded'), 'Service Quotas'],
  [
    'runtime-ended',
    FUNCTION,
    framed(
      'The runtime parameter of nodejs12.x is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.',
    ),
    'nodejs12.x',
  ],
  [
    'runtime-unknown',
    FUNCTION,
    framed("Value nodejs99.x at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs20.x]"),
    'nodejs99.x',
  ],
  [
    'code-other-region',
    FUNCTION,
    framed(
      'Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: The bucket is in this region: us-east-1. Please use this region to retry the request',
    ),
    'in us-east-1',
  ],
  [
    'code-missing',
    FUNCTION,
    framed('Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.'),
    'lambda-tool deploy-serverless -sn Shop --profile dev',
  ],
  [
    'code-denied',
    FUNCTION,
    framed(
      'Your access has been denied by S3, please make sure your request credentials have permission to GetObject for shop-artifacts/shop/4be0.zip. S3 Error Code: AccessDenied. S3 Error Message: Access Denied',
    ),
    's3:GetObject',
  ],
  [
    'environment-too-large',
    FUNCTION,
    framed(
      'Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {"A":"…"}',
    ),
    '4 KB',
  ],
  [
    'environment-reserved',
    FUNCTION,
    framed(
      'Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION',
    ),
    'AWS_REGION',
  ],
  [
    'memory-size',
    FUNCTION,
    framed("'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008"),
    '3008',
  ],
  [
    'reserved-concurrency',
    FUNCTION,
    framed(
      "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].",
    ),
    'At least 10',
  ],
  [
    'function-pending',
    FUNCTION,
    framed(
      'The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:eu-west-1:123456789012:function:Shop-Fn',
      'ResourceConflict',
    ),
    'Wait a minute',
  ],
  [
    'vpc-rights',
    FUNCTION,
    framed('The provided execution role does not have permissions to call CreateNetworkInterface on EC2'),
    'AWSLambdaVPCAccessExecutionRole',
  ],
  [
    'execution-role-rights',
    'AWS::Lambda::EventSourceMapping',
    framed('The provided execution role does not have permissions to call ReceiveMessage on SQS'),
    'ReceiveMessage on SQS',
  ],
  [
    'custom-resource-silent',
    'Custom::Seed',
    'CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [6da1afd2-c13d-4c41-bce6-f3022a30aae7]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.',
    'ServiceTimeout',
  ],
  [
    'custom-resource-failed',
    'Custom::Seed',
    'Received response status [FAILED] from custom resource. Message returned: See the details in CloudWatch Log Stream: 2026/11/23/[$LATEST]58419525d4394e57b0b4 (RequestId: a7d2f1c4-0f6b-4c9e-9d4e-0e2f4d5a6b7c)',
    'answered FAILED',
  ],
  ['custom-resource-id', 'Custom::Seed', 'Invalid PhysicalResourceId', 'PhysicalResourceId'],
  ['custom-resource-token', 'Custom::Seed', 'Modifying service token is not allowed.', 'another logical id'],
  ['hook', 'AWS::S3::Bucket', 'The following hook(s) failed: [Private::Guard::S3SecurityGuardHook]', 'Private::Guard::S3SecurityGuardHook'],
  [
    'stack-policy',
    'AWS::DynamoDB::Table',
    'Action denied by stack policy: Statement [#1] does not allow [Update:*] for resource [Orders]',
    'set-stack-policy',
  ],
  ['capability', 'AWS::CloudFormation::Stack', 'Requires capabilities : [CAPABILITY_NAMED_IAM]', 'CAPABILITY_NAMED_IAM'],
  [
    'export-taken',
    'AWS::CloudFormation::Stack',
    'Export with name SharedQueueUrl is already exported by stack Producer. Rollback requested by user.',
    'Stack Producer exports',
  ],
  [
    'export-in-use',
    'AWS::CloudFormation::Stack',
    'Export network:PrivateSubnets cannot be deleted as it is in use by app-dev and app-prod',
    'app-dev and app-prod',
  ],
  [
    'export-in-use',
    'AWS::CloudFormation::Stack',
    'Cannot delete export network:PrivateSubnets as it is in use by app-dev',
    'network:PrivateSubnets',
  ],
  ['export-missing', 'AWS::Lambda::Function', 'No export named network-vpc found. Rollback requested by user.', 'list-exports'],
  [
    'ssm-parameter',
    'AWS::CloudFormation::Stack',
    'Unable to fetch parameters [/app/dev/version] from parameter store for this account.',
    '/app/dev/version',
  ],
  ['secret-missing', FUNCTION, framed("Secrets Manager can't find the specified secret.", 'NotFound', 'AWSSecretsManager'), 'list-secrets'],
  [
    'circular',
    'AWS::CloudFormation::Stack',
    'Circular dependency between resources: [Bucket, Fn, FnPermission]',
    'Bucket, Fn, FnPermission',
  ],
  [
    'undefined-reference',
    'AWS::CloudFormation::Stack',
    'Template error: instance of Fn::GetAtt references undefined resource Tabel',
    'no Tabel',
  ],
  ['nested-template', 'AWS::CloudFormation::Stack', 'TemplateURL must be a supported URL.', 'TemplateURL'],
  ['parameters-missing', 'AWS::CloudFormation::Stack', 'Parameters: [TableName] must have values', 'TableName'],
  [
    'custom-name-replacement',
    'AWS::DynamoDB::Table',
    'CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename orders/arn:aws:dynamodb:eu-west-1:123456789012:table/orders and update the stack again.',
    'change the name of orders in',
  ],
  [
    'stack-timeout',
    'AWS::CloudFormation::Stack',
    'Stack creation time exceeded the specified timeout. Rollback requested by user.',
    'timeout',
  ],
  [
    'rollback-alarm',
    'AWS::CloudFormation::Stack',
    'Rollback requested: the alarm arn:aws:cloudwatch:eu-west-1:123456789012:alarm:Errors went into ALARM',
    'describe-alarm-history',
  ],
  ['cancelled-by-user', 'AWS::CloudFormation::Stack', 'User Initiated', 'Somebody stopped'],
  [
    'property-invalid',
    'AWS::DynamoDB::Table',
    'Properties validation failed for resource Orders with message:\n[#: extraneous key [TabelName] is not permitted]',
    'validate --online',
  ],
  [
    'log-group-exists',
    'AWS::Logs::LogGroup',
    'Resource handler returned message: "Resource of type \'AWS::Logs::LogGroup\' with identifier \'{"/properties/LogGroupName":"/aws/lambda/fn"}\' already exists." (RequestToken: 1, HandlerErrorCode: AlreadyExists)',
    '--log-group-name /aws/lambda/fn',
  ],
  [
    'mapping-exists',
    'AWS::Lambda::EventSourceMapping',
    framed(
      'An event source mapping with SQS arn (" arn:aws:sqs:eu-west-1:123456789012:jobs ") and function (" worker ") already exists. Please update or delete the existing mapping with UUID 3d8a7a1e-5c3f-4f2c-9a83-8f6f2f7a1b20',
      'AlreadyExists',
    ),
    '--uuid 3d8a7a1e-5c3f-4f2c-9a83-8f6f2f7a1b20',
  ],
  [
    'exists-in-stack',
    'AWS::S3::Bucket',
    'shop-uploads already exists in stack arn:aws:cloudformation:eu-west-1:123456789012:stack/shop-old/879f5100-dfe6-11ec-b43c-0a8caa13634c',
    'the stack shop-old',
  ],
  ['bucket-name-taken', 'AWS::S3::Bucket', 'shop-uploads already exists', 'all accounts'],
  ['bucket-name-invalid', 'AWS::S3::Bucket', 'Bucket name should not contain uppercase characters', '63'],
  [
    'bucket-conflict',
    'AWS::S3::Bucket',
    framed(
      'A conflicting conditional operation is currently in progress against this resource. Please try again.',
      'GeneralServiceException',
      'S3',
    ),
    'an hour',
  ],
  [
    'name-taken',
    'AWS::DynamoDB::Table',
    "Resource handler returned message: \"Resource of type 'AWS::DynamoDB::Table' with identifier 'orders' already exists.\" (RequestToken: 1, HandlerErrorCode: AlreadyExists)",
    '--import-existing-resources',
  ],
  [
    'name-taken',
    'AWS::IAM::Role',
    'Resource handler returned message: "Role with name shop-worker already exists. (Service: Iam, Status Code: 409, Request ID: 1)" (RequestToken: 1, HandlerErrorCode: AlreadyExists)',
    'Remove the fixed name',
  ],
  [
    'bucket-not-empty',
    'AWS::S3::Bucket',
    framed('The bucket you tried to delete is not empty', 'GeneralServiceException', 'S3'),
    '--empty-buckets Thing --profile dev',
  ],
  [
    'repository-not-empty',
    'AWS::ECR::Repository',
    framed(
      "The repository with name 'shop' in registry with id '123456789012' cannot be deleted because it still contains images",
      'GeneralServiceException',
      'Ecr',
    ),
    '--repository-name shop',
  ],
  [
    'role-in-use',
    'AWS::IAM::Role',
    framed('Cannot delete entity, must detach all policies first.', 'InvalidRequest', 'Iam'),
    'list-attached-role-policies',
  ],
  [
    'network-in-use',
    'AWS::EC2::SecurityGroup',
    framed('resource sg-0123456789 has a dependent object', 'InvalidRequest', 'Ec2'),
    '20 minutes',
  ],
  [
    'network-addresses',
    FUNCTION,
    framed(
      'Lambda was not able to create an ENI in the VPC of the Lambda function because the limit for Network Interfaces has been reached.',
    ),
    'L-DF5E4CA3',
  ],
  ['network-missing', FUNCTION, framed("The subnet ID 'subnet-0abc' does not exist"), 'describe-subnets'],
  [
    'edge-replica',
    FUNCTION,
    framed(
      'Lambda was unable to delete arn:aws:lambda:us-east-1:123456789012:function:edge:1 because it is a replicated function. Please see our documentation for Deleting Lambda@Edge Functions and Replicas.',
    ),
    'hours',
  ],
  [
    'api-cloudwatch-role',
    'AWS::ApiGateway::Stage',
    framed('CloudWatch Logs role ARN must be set in account settings to enable logging', 'InvalidRequest', 'ApiGateway'),
    'AWS::ApiGateway::Account',
  ],
  [
    'api-no-methods',
    'AWS::ApiGateway::Deployment',
    framed("The REST API doesn't contain any methods", 'InvalidRequest', 'ApiGateway'),
    'DependsOn',
  ],
  [
    'api-domain',
    'AWS::CloudFront::Distribution',
    framed(
      "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.",
      'InvalidRequest',
      'CloudFront',
    ),
    'us-east-1',
  ],
  [
    'queue-timeout',
    'AWS::Lambda::EventSourceMapping',
    framed('Invalid request provided: Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds'),
    '60 seconds',
  ],
  [
    's3-notification',
    'AWS::S3::Bucket',
    framed('Unable to validate the following destination configurations', 'InvalidRequest', 'S3'),
    's3.amazonaws.com',
  ],
  [
    'policy-size',
    'AWS::Lambda::Permission',
    framed('The final policy size (20623) is bigger than the limit (20480).', 'ServiceLimitExceeded'),
    '20623 of 20480',
  ],
  [
    'function-url',
    'AWS::Lambda::Url',
    framed('FunctionUrlConfig exists for this Lambda function', 'InvalidRequest'),
    'lambda:InvokeFunctionUrl',
  ],
  [
    'dynamodb-indexes',
    'AWS::DynamoDB::Table',
    'Cannot perform more than one GSI creation or deletion in a single update',
    'one after the other',
  ],
  [
    'dynamodb-keys',
    'AWS::DynamoDB::Table',
    'Property AttributeDefinitions is inconsistent with the KeySchema of the table and the secondary indexes',
    'exactly the attributes',
  ],
  ['role-not-assumable', FUNCTION, framed('The role defined for the function cannot be assumed by Lambda.'), 'some seconds'],
  [
    'principal-invalid',
    'AWS::IAM::Role',
    'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/gone" (Service: AmazonIdentityManagement; Status Code: 400; Error Code: MalformedPolicyDocument; Request ID: 1; Proxy: null)',
    'does not exist',
  ],
  [
    'policy-malformed',
    'AWS::IAM::Role',
    framed('Policy document should not specify a principal.', 'InvalidRequest', 'Iam'),
    'AssumeRolePolicyDocument',
  ],
  [
    'explicit-deny',
    'AWS::IAM::Role',
    framed(
      'User: arn:aws:sts::123456789012:assumed-role/deployer/ci is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::123456789012:role/Shop-FnRole with an explicit deny in a service control policy: arn:aws:organizations::999999999999:policy/o-abc/service_control_policy/p-xyz',
      'AccessDenied',
      'Iam',
    ),
    'arn:aws:sts::123456789012:assumed-role/deployer/ci is explicitly denied iam:CreateRole (by a service control policy of the organisation, p-xyz)',
  ],
  [
    'kms-new-role',
    FUNCTION,
    framed(
      'Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. KMS Exception: InvalidArnException KMS Message: ARN does not refer to a valid principal',
    ),
    'try again',
  ],
  [
    'kms',
    FUNCTION,
    framed(
      'Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: AccessDeniedException',
    ),
    'kms:Decrypt',
  ],
  [
    'pass-role',
    FUNCTION,
    framed(
      'User: arn:aws:iam::123456789012:user/ci is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/worker because no identity-based policy allows the iam:PassRole action',
      'AccessDenied',
    ),
    'role/worker',
  ],
  [
    'not-authorized',
    'AWS::SQS::Queue',
    framed(
      'User: arn:aws:sts::123456789012:assumed-role/deployer/ci is not authorized to perform: sqs:createqueue on resource: arn:aws:sqs:eu-west-1:123456789012:jobs because no permissions boundary allows the sqs:createqueue action',
      'AccessDenied',
      'Sqs',
    ),
    'sqs:createqueue on arn:aws:sqs:eu-west-1:123456789012:jobs (by its permissions boundary)',
  ],
  [
    'encoded-denial',
    'AWS::EC2::SecurityGroup',
    framed(
      'You are not authorized to perform this operation. Encoded authorization failure message: gGlbX9Yc',
      'UnauthorizedOperation',
      'Ec2',
    ),
    'decode-authorization-message',
  ],
  ['access-denied', 'AWS::S3::BucketPolicy', framed('Access Denied', 'AccessDenied', 'S3'), '--cloudformation-role ARN'],
  [
    'service-not-enabled',
    FUNCTION,
    framed('The AWS Access Key Id needs a subscription for the service', 'GeneralServiceException'),
    'AWS Support',
  ],
  [
    'not-updatable',
    'AWS::Cognito::UserPool',
    framed('Updates are not allowed for property - AliasAttributes.', 'NotUpdatable', 'Cognito'),
    'another logical id',
  ],
  [
    'gone-outside',
    'AWS::SNS::Subscription',
    'Resource handler returned message: "Topic does not exist" (RequestToken: 1, HandlerErrorCode: NotFound)',
    '--preview',
  ],
  ['throttled', 'AWS::ApiGateway::RestApi', framed('Rate exceeded', 'Throttling', 'ApiGateway'), 'too many calls'],
  ['throttled', 'AWS::ApiGateway::Deployment', 'Too Many Requests (Service: ApiGateway, Status Code: 429, Request ID: 1)', 'Try again'],
  ['quota', 'AWS::IAM::Role', framed('Cannot exceed quota for RolesPerAccount: 1000', 'ServiceLimitExceeded', 'Iam'), 'RolesPerAccount'],
  ['quota', 'AWS::EC2::VPC', framed('The maximum number of VPCs has been reached.', 'ServiceLimitExceeded', 'Ec2'), 'services/ec2/quotas'],
  [
    'not-stabilised',
    'AWS::ECS::Service',
    'Resource handler returned message: "Exceeded attempts to wait" (RequestToken: 36086107-14b9-bbbe-fed4-9d8496c2579f, HandlerErrorCode: NotStabilized)',
    'did not become ready',
  ],
  [
    'service-trouble',
    'AWS::Lambda::Version',
    'Resource handler returned message: "null" (RequestToken: 1, HandlerErrorCode: InternalFailure)',
    'health.aws.amazon.com',
  ],
];

describe('known causes', () => {
  it.each(CAUSES)('%s (%s)', (id, resourceType, reason, says) => {
    const found = findKnownCause({ reason, resourceType, logicalId: 'Thing', physicalId: '', stackName: 'Shop', target: ' --profile dev' });
    expect(found?.id).toBe(id);
    expect(found?.hint).toContain(says);
  });

  it('have a test for each row, and a row only once', () => {
    const ids = KNOWN_CAUSES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(30);
    expect(new Set(CAUSES.map(([id]) => id))).toEqual(new Set(ids));
  });

  it('do not claim to know what nobody knows', () => {
    const reason =
      'Resource handler returned message: "The probe was told to fail on create" (RequestToken: 1, HandlerErrorCode: InvalidRequest)';
    const facts = { reason, resourceType: 'LocalTarget::Test::Probe', logicalId: 'A', physicalId: '', stackName: 'Shop', target: '' };
    expect(findKnownCause(facts)).toBeUndefined();
  });

  it('never end in a full stop, as other hints do not', () => {
    for (const [, resourceType, reason] of CAUSES) {
      const found = findKnownCause({ reason, resourceType, logicalId: 'Thing', physicalId: 'p', stackName: 'Shop', target: '' });
      expect(found?.hint).not.toMatch(/[.\s]$/);
      expect(found?.hint).not.toContain('undefined');
    }
  });
});
