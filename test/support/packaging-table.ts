import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** How a location is written, as a test sees it: `<name>` stands for the SHA-256 that names an object. */
export type Written = string | { readonly [member: string]: string };

export interface TableCase {
  /** `Properties` of a resource of that type, with a path of this machine in the place that the row is about. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** What stands in that place once it is packaged. */
  readonly written: Written;
  /** Why the referee cannot read the resource; it goes into a template of its own. */
  readonly unknownToLint?: string;
}

const uri = (extension: string): string => `s3://table-bucket/t/<name>.${extension}`;
const key = (extension: string): string => `t/<name>.${extension}`;
const template = 'https://s3.us-east-1.amazonaws.com/table-bucket/t/<name>.template';
const role = 'arn:aws:iam::123456789012:role/worker';
const api = { ApiId: 'a1b2c3d4e5f6' };
const zipFunction = { Runtime: 'nodejs24.x', Handler: 'index.handler' };
const WEB = 'web functions are newer than it';

/** One case for every row of the table of packaged properties: `type property.below.Properties` → a resource. */
export const TABLE_CASES: Readonly<Record<string, TableCase>> = {
  'AWS::Serverless::Function CodeUri': { properties: { ...zipFunction, CodeUri: './code' }, written: uri('zip') },
  'AWS::Lambda::Function Code': {
    properties: { ...zipFunction, Role: role, Code: './code' },
    written: { S3Bucket: 'table-bucket', S3Key: key('zip') },
  },
  'AWS::Serverless::WebFunction CodeUri': {
    properties: { Runtime: 'nodejs24.x', CodeUri: './code' },
    written: { Bucket: 'table-bucket', Key: key('zip'), Version: '<version>' },
    unknownToLint: WEB,
  },
  'AWS::Lambda::WebFunctionRevision BuildConfig.CodeConfig.S3Object': {
    properties: { WebFunctionName: 'shop', BuildConfig: { CodeConfig: { S3Object: './code' } } },
    written: { Bucket: 'table-bucket', Key: key('zip'), VersionId: '<version>' },
    unknownToLint: WEB,
  },
  'AWS::Serverless::LayerVersion ContentUri': { properties: { ContentUri: 'layer' }, written: uri('zip') },
  'AWS::Lambda::LayerVersion Content': {
    properties: { Content: 'layer' },
    written: { S3Bucket: 'table-bucket', S3Key: key('zip') },
  },
  'AWS::Serverless::Api DefinitionUri': { properties: { StageName: 'Prod', DefinitionUri: 'openapi.yaml' }, written: uri('yaml') },
  'AWS::Serverless::HttpApi DefinitionUri': { properties: { DefinitionUri: './openapi.yaml' }, written: uri('yaml') },
  'AWS::Serverless::StateMachine DefinitionUri': {
    properties: { DefinitionUri: 'machine.asl.json', Role: role },
    written: { Bucket: 'table-bucket', Key: key('json') },
  },
  'AWS::Serverless::GraphQLApi SchemaUri': {
    properties: { Auth: { Type: 'AWS_IAM' }, SchemaUri: 'schema.graphql' },
    written: uri('graphql'),
  },
  'AWS::Serverless::GraphQLApi Functions.*.CodeUri': {
    properties: {
      Auth: { Type: 'AWS_IAM' },
      SchemaInline: 'type Query { a: String }',
      Functions: { find: { Runtime: { Name: 'APPSYNC_JS', Version: '1.0.0' }, DataSource: 'NONE', CodeUri: 'resolver.js' } },
    },
    written: uri('js'),
    unknownToLint: 'it asks for the data source of a function, which this case leaves out',
  },
  'AWS::Serverless::GraphQLApi Resolvers.*.*.CodeUri': {
    properties: {
      Auth: { Type: 'AWS_IAM' },
      SchemaInline: 'type Query { a: String }',
      Resolvers: { Query: { a: { Runtime: { Name: 'APPSYNC_JS', Version: '1.0.0' }, CodeUri: 'resolver.js', Pipeline: [] } } },
    },
    written: uri('js'),
    unknownToLint: 'it asks for the functions of a pipeline, which this case leaves out',
  },
  'AWS::Serverless::Application Location': { properties: { Location: 'child.yaml' }, written: template },
  'AWS::CloudFormation::Stack TemplateURL': { properties: { TemplateURL: './child.yaml' }, written: template },
  'AWS::CloudFormation::StackSet TemplateURL': {
    properties: { StackSetName: 'everywhere', PermissionModel: 'SELF_MANAGED', TemplateURL: 'child.yaml' },
    written: template,
  },
  'AWS::CloudFormation::ModuleVersion ModulePackage': {
    properties: { ModuleName: 'Our::Own::Bucket::MODULE', ModulePackage: 'module.zip' },
    written: uri('zip'),
  },
  'AWS::CloudFormation::ResourceVersion SchemaHandlerPackage': {
    properties: { TypeName: 'Our::Own::Thing', SchemaHandlerPackage: 'layer' },
    written: uri('zip'),
  },
  'AWS::ApiGateway::RestApi BodyS3Location': {
    properties: { BodyS3Location: 'openapi.yaml' },
    written: { Bucket: 'table-bucket', Key: key('yaml') },
  },
  'AWS::ApiGatewayV2::Api BodyS3Location': {
    properties: { BodyS3Location: 'openapi.yaml' },
    written: { Bucket: 'table-bucket', Key: key('yaml') },
  },
  'AWS::AppSync::GraphQLSchema DefinitionS3Location': {
    properties: { ...api, DefinitionS3Location: 'schema.graphql' },
    written: uri('graphql'),
  },
  'AWS::AppSync::Resolver RequestMappingTemplateS3Location': {
    properties: { ...api, TypeName: 'Query', FieldName: 'a', DataSourceName: 'table', RequestMappingTemplateS3Location: 'request.vtl' },
    written: uri('vtl'),
  },
  'AWS::AppSync::Resolver ResponseMappingTemplateS3Location': {
    properties: { ...api, TypeName: 'Query', FieldName: 'b', DataSourceName: 'table', ResponseMappingTemplateS3Location: 'response.vtl' },
    written: uri('vtl'),
  },
  'AWS::AppSync::Resolver CodeS3Location': {
    properties: {
      ...api,
      TypeName: 'Query',
      FieldName: 'c',
      DataSourceName: 'table',
      Runtime: { Name: 'APPSYNC_JS', RuntimeVersion: '1.0.0' },
      CodeS3Location: 'resolver.js',
    },
    written: uri('js'),
  },
  'AWS::AppSync::FunctionConfiguration RequestMappingTemplateS3Location': {
    properties: {
      ...api,
      Name: 'one',
      DataSourceName: 'table',
      FunctionVersion: '2018-05-29',
      RequestMappingTemplateS3Location: 'request.vtl',
    },
    written: uri('vtl'),
  },
  'AWS::AppSync::FunctionConfiguration ResponseMappingTemplateS3Location': {
    properties: {
      ...api,
      Name: 'two',
      DataSourceName: 'table',
      FunctionVersion: '2018-05-29',
      ResponseMappingTemplateS3Location: 'response.vtl',
    },
    written: uri('vtl'),
  },
  'AWS::AppSync::FunctionConfiguration CodeS3Location': {
    properties: {
      ...api,
      Name: 'three',
      DataSourceName: 'table',
      Runtime: { Name: 'APPSYNC_JS', RuntimeVersion: '1.0.0' },
      CodeS3Location: 'resolver.js',
    },
    written: uri('js'),
  },
  'AWS::StepFunctions::StateMachine DefinitionS3Location': {
    properties: { RoleArn: role, DefinitionS3Location: 'machine.asl.json' },
    written: { Bucket: 'table-bucket', Key: key('json') },
  },
  'AWS::Glue::Job Command.ScriptLocation': {
    properties: { Role: role, Command: { Name: 'glueetl', ScriptLocation: 'job.py' } },
    written: uri('py'),
  },
  'AWS::ElasticBeanstalk::ApplicationVersion SourceBundle': {
    properties: { ApplicationName: 'shop', SourceBundle: 'code' },
    written: { S3Bucket: 'table-bucket', S3Key: key('zip') },
  },
  'AWS::CodeCommit::Repository Code.S3': {
    properties: { RepositoryName: 'shop', Code: { S3: 'code' } },
    written: { Bucket: 'table-bucket', Key: key('zip') },
  },
};

const FILES: Readonly<Record<string, string>> = {
  'code/index.js': 'exports.handler = async () => 1;\n',
  'layer/nodejs/shared.js': 'exports.one = 1;\n',
  'openapi.yaml': "openapi: '3.0.1'\ninfo: { title: Shop, version: '1' }\npaths: {}\n",
  'machine.asl.json': '{ "StartAt": "Done", "States": { "Done": { "Type": "Succeed" } } }\n',
  'schema.graphql': 'type Query { a: String }\n',
  'resolver.js': 'export const request = () => ({});\nexport const response = (context) => context.result;\n',
  'request.vtl': '{ "version": "2018-05-29", "operation": "Scan" }\n',
  'response.vtl': '$util.toJson($context.result)\n',
  'job.py': 'print("work")\n',
  'module.zip': 'PK\x05\x06'.padEnd(22, '\0'),
  'child.yaml': 'Resources:\n  Topic: { Type: "AWS::SNS::Topic" }\n',
  'snippet.yaml': 'Resources: {}\n',
  LICENSE: 'Do what you like.\n',
  'README.md': '# Shop\n',
};

/** What the cases refer to. */
export function writeTableFiles(folder: string): void {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
