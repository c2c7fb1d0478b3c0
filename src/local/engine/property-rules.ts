/**
 * What the types that are really made here look like, as far as a change set checks it beforehand: the names of their
 * properties, which are required, what kind of value they take, and a few fixed sets of values. From the resource schemas
 * of CloudFormation; read-only properties are not among them.
 */

/** `?` takes anything. */
export type Kind = 'string' | 'integer' | 'boolean' | 'object' | 'array' | '?';

export interface PropertyRule {
  readonly kind: Kind;
  readonly required: boolean;
}

const KINDS: Readonly<Record<string, Kind>> = { s: 'string', i: 'integer', b: 'boolean', o: 'object', a: 'array', '?': '?' };

/** `Name:kind`, with `!` behind those that are required. */
const TYPES: Readonly<Record<string, string>> = {
  'AWS::Lambda::Function':
    'Architectures:a CapacityProviderConfig:o Code:o! CodeSigningConfigArn:s DeadLetterConfig:o Description:s DurableConfig:o Environment:o EphemeralStorage:o FileSystemConfigs:a FunctionName:s FunctionScalingConfig:o Handler:s ImageConfig:o KmsKeyArn:s Layers:a LoggingConfig:o MemorySize:i PackageType:s PublishToLatestPublished:b RecursiveLoop:s ReservedConcurrentExecutions:i Role:s! Runtime:s RuntimeConfig:o RuntimeManagementConfig:o SnapStart:o Tags:a TenancyConfig:o Timeout:i TracingConfig:o VpcConfig:o',
  'AWS::Lambda::Version':
    'CodeSha256:s Description:s FunctionName:s! FunctionScalingConfig:o ProvisionedConcurrencyConfig:o RuntimePolicy:o',
  'AWS::Lambda::Alias': 'Description:s FunctionName:s! FunctionVersion:s! Name:s! ProvisionedConcurrencyConfig:o RoutingConfig:o',
  'AWS::Lambda::Permission':
    'Action:s! EventSourceToken:s FunctionName:s! FunctionUrlAuthType:s InvokedViaFunctionUrl:b Principal:s! PrincipalOrgID:s SourceAccount:s SourceArn:s',
  'AWS::Lambda::Url': 'AuthType:s! Cors:o InvokeMode:s Qualifier:s TargetFunctionArn:s!',
  'AWS::Lambda::LayerVersion': 'CompatibleArchitectures:a CompatibleRuntimes:a Content:o! Description:s LayerName:s LicenseInfo:s',
  'AWS::Lambda::EventInvokeConfig': 'DestinationConfig:o FunctionName:s! MaximumEventAgeInSeconds:i MaximumRetryAttempts:i Qualifier:s!',
  'AWS::ApiGateway::RestApi':
    'ApiKeySourceType:s BinaryMediaTypes:a Body:? BodyS3Location:o CloneFrom:s Description:s DisableExecuteApiEndpoint:b EndpointAccessMode:s EndpointConfiguration:o FailOnWarnings:b MinimumCompressionSize:i Mode:s Name:s Parameters:? Policy:? SecurityPolicy:s Tags:a',
  'AWS::ApiGateway::Deployment': 'DeploymentCanarySettings:o Description:s RestApiId:s! StageDescription:o StageName:s',
  'AWS::ApiGateway::Stage':
    'AccessLogSetting:o CacheClusterEnabled:b CacheClusterSize:s CanarySetting:o ClientCertificateId:s DeploymentId:s Description:s DocumentationVersion:s MethodSettings:a RestApiId:s! StageName:s Tags:a TracingEnabled:b Variables:o',
  'AWS::ApiGateway::Resource': 'ParentId:s! PathPart:s! RestApiId:s!',
  'AWS::ApiGateway::Method':
    'ApiKeyRequired:b AuthorizationScopes:a AuthorizationType:s AuthorizerId:s HttpMethod:s! Integration:o MethodResponses:a OperationName:s RequestModels:o RequestParameters:o RequestValidatorId:s ResourceId:s! RestApiId:s!',
  'AWS::ApiGatewayV2::Api':
    'ApiKeySelectionExpression:s BasePath:s Body:? BodyS3Location:o CorsConfiguration:o CredentialsArn:s Description:s DisableExecuteApiEndpoint:b DisableSchemaValidation:b FailOnWarnings:b IpAddressType:s Name:s ProtocolType:s RouteKey:s RouteSelectionExpression:s Tags:o Target:s Version:s',
  'AWS::ApiGatewayV2::Stage':
    'AccessLogSettings:o ApiId:s! AutoDeploy:b ClientCertificateId:s DefaultRouteSettings:o DeploymentId:s Description:s RouteSettings:? StageName:s! StageVariables:? Tags:? AccessPolicyId:s',
  'AWS::ApiGatewayV2::Route':
    'ApiId:s! ApiKeyRequired:b AuthorizationScopes:a AuthorizationType:s AuthorizerId:s ModelSelectionExpression:s OperationName:s RequestModels:? RequestParameters:? RouteKey:s! RouteResponseSelectionExpression:s Target:s',
  'AWS::ApiGatewayV2::Integration':
    'ApiId:s! ConnectionId:s ConnectionType:s ContentHandlingStrategy:s CredentialsArn:s Description:s IntegrationMethod:s IntegrationSubtype:s IntegrationType:s! IntegrationUri:s PassthroughBehavior:s PayloadFormatVersion:s RequestParameters:? RequestTemplates:? ResponseParameters:? TemplateSelectionExpression:s TimeoutInMillis:i TlsConfig:o',
  'AWS::IAM::Role':
    'AssumeRolePolicyDocument:?! Description:s ManagedPolicyArns:a MaxSessionDuration:i Path:s PermissionsBoundary:s Policies:a RoleName:s Tags:a',
  'AWS::IAM::Policy': 'Groups:a PolicyDocument:?! PolicyName:s! Roles:a Users:a',
  'AWS::IAM::ManagedPolicy': 'Description:s Groups:a ManagedPolicyName:s Path:s PolicyDocument:?! Roles:a Users:a',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName:s Path:s Roles:a!',
  'AWS::Logs::LogGroup':
    'BearerTokenAuthenticationEnabled:b DataProtectionPolicy:? DeletionProtectionEnabled:b FieldIndexPolicies:a KmsKeyId:s LogGroupClass:s LogGroupName:s ResourcePolicyDocument:? RetentionInDays:i Tags:a',
  'AWS::S3::Bucket':
    'AbacStatus:s AccelerateConfiguration:o AccessControl:s AnalyticsConfigurations:a BucketEncryption:o BucketName:s BucketNamePrefix:s BucketNamespace:s CorsConfiguration:o IntelligentTieringConfigurations:a InventoryConfigurations:a LifecycleConfiguration:o LoggingConfiguration:o MetadataConfiguration:o MetadataTableConfiguration:o MetricsConfigurations:a NotificationConfiguration:o ObjectLockConfiguration:o ObjectLockEnabled:b OwnershipControls:o PublicAccessBlockConfiguration:o ReplicationConfiguration:o Tags:a VersioningConfiguration:o WebsiteConfiguration:o',
  'AWS::S3::BucketPolicy': 'Bucket:s! PolicyDocument:?!',
  'AWS::ECR::Repository':
    'EmptyOnDelete:b EncryptionConfiguration:o ImageScanningConfiguration:o ImageTagMutability:s ImageTagMutabilityExclusionFilters:a LifecyclePolicy:o RepositoryName:s RepositoryPolicyText:? Tags:a',
  'AWS::CloudFormation::Stack': 'NotificationARNs:a Parameters:o Tags:a TemplateURL:s! TimeoutInMinutes:i',
};

/** Values that a property may have, by its place in the resource's properties. */
export const ENUMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'AWS::Lambda::Function': {
    PackageType: ['Image', 'Zip'],
    'TracingConfig/Mode': ['Active', 'PassThrough'],
    'LoggingConfig/LogFormat': ['Text', 'JSON'],
    'SnapStart/ApplyOn': ['PublishedVersions', 'None'],
  },
  'AWS::Lambda::Url': { AuthType: ['AWS_IAM', 'NONE'], InvokeMode: ['BUFFERED', 'RESPONSE_STREAM'] },
  'AWS::ApiGatewayV2::Api': { ProtocolType: ['HTTP', 'WEBSOCKET'] },
  'AWS::S3::Bucket': { 'VersioningConfiguration/Status': ['Enabled', 'Suspended'] },
};

const parsed = new Map<string, ReadonlyMap<string, PropertyRule>>();

/** By name; undefined for types that are only recorded. */
export function propertyRules(type: string): ReadonlyMap<string, PropertyRule> | undefined {
  const text = TYPES[type];
  if (text === undefined) return undefined;
  const known = parsed.get(type);
  if (known !== undefined) return known;
  const rules = new Map(
    text.split(' ').map((word): [string, PropertyRule] => {
      const [name = '', kind = '?'] = word.split(':');
      return [name, { kind: KINDS[kind.charAt(0)] ?? '?', required: kind.endsWith('!') }];
    }),
  );
  parsed.set(type, rules);
  return rules;
}
