import type { LocationForm } from '../artifacts/types.ts';

/**
 * What stands behind a property:
 * - `code`: code of a function: a directory is zipped (or built first), a single file is zipped alone, a `.zip` is taken as it is
 * - `layer`: as code, but never built
 * - `bundle`: a directory is zipped, a file is taken as it is
 * - `file`: a file, taken as it is
 * - `template`: the template of a nested stack, packaged itself first
 */
export type PropertyKind = 'code' | 'layer' | 'bundle' | 'file' | 'template';

export interface PropertyRow {
  readonly resourceType: string;
  /** Path below `Properties`; `*` stands for every key of a map. */
  readonly property: readonly string[];
  readonly kind: PropertyKind;
  readonly form: LocationForm;
  /** What a missing property means; absent when a missing property is nothing to do. */
  readonly whenMissing?: '.' | undefined;
  /** Properties beside this one whose presence says that there is nothing local (`InlineCode`). */
  readonly instead?: readonly string[] | undefined;
  /** Members of the property's own map that say the same (`Code.ZipFile`). */
  readonly inlineMembers?: readonly string[] | undefined;
  /** Whether AWS runs the code out of our bucket, so that the object's version must be written down. */
  readonly byReference?: true | undefined;
}

const uri: LocationForm = { type: 's3-uri' };
const url: LocationForm = { type: 's3-https-url' };
const s3Object: LocationForm = { type: 's3-object', bucket: 'S3Bucket', key: 'S3Key' };
const versionedS3Object: LocationForm = { ...s3Object, version: 'S3ObjectVersion' };
const bucketKey: LocationForm = { type: 's3-object', bucket: 'Bucket', key: 'Key' };

/**
 * Every property that holds local code or files. Sources: the lists of `aws cloudformation package` and `sam package`
 * (https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html, aws-sam-cli samcli/lib/utils/resources.py), and the property
 * pages of the template references of CloudFormation and SAM for what neither packages (web functions).
 * A version is written only where AWS goes on reading the object (`byReference`, or `S3ObjectStorageMode: REFERENCE`): keys are made of content.
 */
export const PROPERTY_ROWS: readonly PropertyRow[] = [
  { resourceType: 'AWS::Serverless::Function', property: ['CodeUri'], kind: 'code', form: uri, whenMissing: '.', instead: ['InlineCode'] },
  {
    resourceType: 'AWS::Lambda::Function',
    property: ['Code'],
    kind: 'code',
    form: versionedS3Object,
    whenMissing: '.',
    inlineMembers: ['ZipFile', 'ImageUri'],
  },
  {
    resourceType: 'AWS::Serverless::WebFunction',
    property: ['CodeUri'],
    kind: 'code',
    form: { ...bucketKey, version: 'Version' },
    whenMissing: '.',
    byReference: true,
  },
  {
    resourceType: 'AWS::Lambda::WebFunctionRevision',
    property: ['BuildConfig', 'CodeConfig', 'S3Object'],
    kind: 'code',
    form: { ...bucketKey, version: 'VersionId' },
    byReference: true,
  },
  { resourceType: 'AWS::Serverless::LayerVersion', property: ['ContentUri'], kind: 'layer', form: uri, whenMissing: '.' },
  { resourceType: 'AWS::Lambda::LayerVersion', property: ['Content'], kind: 'layer', form: versionedS3Object, whenMissing: '.' },
  { resourceType: 'AWS::Serverless::Api', property: ['DefinitionUri'], kind: 'file', form: uri, instead: ['DefinitionBody'] },
  { resourceType: 'AWS::Serverless::HttpApi', property: ['DefinitionUri'], kind: 'file', form: uri, instead: ['DefinitionBody'] },
  { resourceType: 'AWS::Serverless::StateMachine', property: ['DefinitionUri'], kind: 'file', form: bucketKey, instead: ['Definition'] },
  { resourceType: 'AWS::Serverless::GraphQLApi', property: ['SchemaUri'], kind: 'file', form: uri, instead: ['SchemaInline'] },
  { resourceType: 'AWS::Serverless::GraphQLApi', property: ['Functions', '*', 'CodeUri'], kind: 'file', form: uri },
  { resourceType: 'AWS::Serverless::GraphQLApi', property: ['Resolvers', '*', '*', 'CodeUri'], kind: 'file', form: uri },
  { resourceType: 'AWS::Serverless::Application', property: ['Location'], kind: 'template', form: url },
  { resourceType: 'AWS::CloudFormation::Stack', property: ['TemplateURL'], kind: 'template', form: url },
  { resourceType: 'AWS::CloudFormation::StackSet', property: ['TemplateURL'], kind: 'template', form: url, instead: ['TemplateBody'] },
  { resourceType: 'AWS::CloudFormation::ModuleVersion', property: ['ModulePackage'], kind: 'bundle', form: uri },
  { resourceType: 'AWS::CloudFormation::ResourceVersion', property: ['SchemaHandlerPackage'], kind: 'bundle', form: uri },
  { resourceType: 'AWS::ApiGateway::RestApi', property: ['BodyS3Location'], kind: 'file', form: bucketKey },
  { resourceType: 'AWS::ApiGatewayV2::Api', property: ['BodyS3Location'], kind: 'file', form: bucketKey },
  { resourceType: 'AWS::AppSync::GraphQLSchema', property: ['DefinitionS3Location'], kind: 'file', form: uri },
  { resourceType: 'AWS::AppSync::Resolver', property: ['RequestMappingTemplateS3Location'], kind: 'file', form: uri },
  { resourceType: 'AWS::AppSync::Resolver', property: ['ResponseMappingTemplateS3Location'], kind: 'file', form: uri },
  { resourceType: 'AWS::AppSync::Resolver', property: ['CodeS3Location'], kind: 'file', form: uri },
  { resourceType: 'AWS::AppSync::FunctionConfiguration', property: ['RequestMappingTemplateS3Location'], kind: 'file', form: uri },
  { resourceType: 'AWS::AppSync::FunctionConfiguration', property: ['ResponseMappingTemplateS3Location'], kind: 'file', form: uri },
  { resourceType: 'AWS::AppSync::FunctionConfiguration', property: ['CodeS3Location'], kind: 'file', form: uri },
  { resourceType: 'AWS::StepFunctions::StateMachine', property: ['DefinitionS3Location'], kind: 'file', form: bucketKey },
  { resourceType: 'AWS::Glue::Job', property: ['Command', 'ScriptLocation'], kind: 'file', form: uri },
  { resourceType: 'AWS::ElasticBeanstalk::ApplicationVersion', property: ['SourceBundle'], kind: 'bundle', form: s3Object },
  { resourceType: 'AWS::CodeCommit::Repository', property: ['Code', 'S3'], kind: 'layer', form: bucketKey },
];

/** Properties of the entries of the template's top-level `Metadata` section, whose keys are types. */
export const METADATA_ROWS: readonly PropertyRow[] = [
  { resourceType: 'AWS::ServerlessRepo::Application', property: ['LicenseUrl'], kind: 'file', form: uri },
  { resourceType: 'AWS::ServerlessRepo::Application', property: ['ReadmeUrl'], kind: 'file', form: uri },
];

/** Where a function of each type names its image. */
export const IMAGE_PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  'AWS::Serverless::Function': ['ImageUri'],
  'AWS::Lambda::Function': ['Code', 'ImageUri'],
};

/** `AWS::Include` (a top-level transform or `Fn::Transform` anywhere): its `Location` is written as an S3 URI. */
export const INCLUDE_FORM: LocationForm = uri;

const rowsByType = new Map<string, PropertyRow[]>();
for (const row of PROPERTY_ROWS) rowsByType.set(row.resourceType, [...(rowsByType.get(row.resourceType) ?? []), row]);

/** The rows of a resource type; none for types that hold nothing local. */
export function rowsOf(resourceType: string): readonly PropertyRow[] {
  return rowsByType.get(resourceType) ?? [];
}
