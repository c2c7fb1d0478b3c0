import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Artifact, PublishedArtifact } from '../../src/artifacts/types.ts';
import { UserError } from '../../src/errors.ts';
import { findArtifacts, type FindOptions, type FoundArtifacts } from '../../src/template/find-artifacts.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import { rewriteTemplate } from '../../src/template/rewrite.ts';
import type { JsonValue } from '../../src/template/types.ts';
import { valueAt } from '../../src/template/value.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'find-artifacts-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function files(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), name);
  }
}

async function find(text: string, options: Partial<FindOptions> = {}): Promise<FoundArtifacts> {
  return findArtifacts(await parseTemplate(text, 'serverless.template'), { templateDirectory: root, ...options });
}

async function failure(text: string): Promise<UserError> {
  const error: unknown = await find(text).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`);
  return error;
}

/** Paths relative to the temporary folder, so that expectations can be written down. */
function short(artifact: Artifact): Record<string, unknown> {
  const { uses, ...rest } = artifact;
  const plain = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, typeof value === 'string' && value.startsWith(root) ? value.slice(root.length + 1) || '.' : value]);
  return { ...Object.fromEntries(plain), uses: uses.map((use) => `${use.path.join('.')}${use.line === undefined ? '' : `:${use.line}`}`) };
}

function publish(artifact: Artifact, index: number): PublishedArtifact {
  const isImage = artifact.kind === 'image' || artifact.kind === 'local-image';
  return {
    artifact,
    digest: 'd',
    built: true,
    published: true,
    location: isImage
      ? { type: 'image', repositoryUri: '1.dkr.ecr.eu-west-1.amazonaws.com/app', tag: 't', digest: `sha256:${index}` }
      : { type: 's3', bucket: 'bkt', key: `key ${index}`, versionId: 'v1', region: 'eu-west-1' },
  };
}

async function rewritten(text: string): Promise<{ text: string; value: JsonValue }> {
  const template = await parseTemplate(text, 'serverless.template');
  const { artifacts } = await findArtifacts(template, { templateDirectory: root });
  const result = rewriteTemplate(template, artifacts.map(publish));
  return { text: result, value: (await parseTemplate(result, 'out')).value };
}

function resource(type: string, properties: string, more = ''): string {
  return `Resources:\n  R:\n    Type: ${type}\n    Properties:\n      ${properties.replaceAll('\n', '\n      ')}\n${more}`;
}

describe('what is packaged, one row each', () => {
  const s3 = 's3://bkt/key 0';
  const bucketKey = { Bucket: 'bkt', Key: 'key 0' };
  const rows: [type: string, properties: string, path: string, written: JsonValue, kind: string][] = [
    ['AWS::Serverless::Function', 'CodeUri: ./dir', 'CodeUri', s3, 'zip'],
    ['AWS::Lambda::Function', 'Code: ./dir', 'Code', { S3Bucket: 'bkt', S3Key: 'key 0' }, 'zip'],
    ['AWS::Lambda::Function', 'Code: { S3Key: dir }', 'Code', { S3Bucket: 'bkt', S3Key: 'key 0' }, 'zip'],
    [
      'AWS::Lambda::Function',
      "Code:\n  S3Bucket: ''\n  S3Key: dir\n  S3ObjectStorageMode: REFERENCE",
      'Code',
      { S3Bucket: 'bkt', S3Key: 'key 0', S3ObjectStorageMode: 'REFERENCE', S3ObjectVersion: 'v1' },
      'zip',
    ],
    ['AWS::Serverless::WebFunction', 'CodeUri: dir', 'CodeUri', { ...bucketKey, Version: 'v1' }, 'zip'],
    [
      'AWS::Lambda::WebFunctionRevision',
      'BuildConfig: { CodeConfig: { S3Object: dir } }',
      'BuildConfig.CodeConfig.S3Object',
      { ...bucketKey, VersionId: 'v1' },
      'zip',
    ],
    ['AWS::Serverless::LayerVersion', 'ContentUri: dir', 'ContentUri', s3, 'zip'],
    ['AWS::Lambda::LayerVersion', 'Content: dir', 'Content', { S3Bucket: 'bkt', S3Key: 'key 0' }, 'zip'],
    ['AWS::Serverless::Api', 'DefinitionUri: file.yaml', 'DefinitionUri', s3, 'file'],
    ['AWS::Serverless::HttpApi', 'DefinitionUri: file.yaml', 'DefinitionUri', s3, 'file'],
    ['AWS::Serverless::StateMachine', 'DefinitionUri: file.yaml', 'DefinitionUri', bucketKey, 'file'],
    ['AWS::Serverless::GraphQLApi', 'SchemaUri: file.yaml', 'SchemaUri', s3, 'file'],
    ['AWS::Serverless::GraphQLApi', 'Functions: { f: { CodeUri: file.yaml } }', 'Functions.f.CodeUri', s3, 'file'],
    ['AWS::Serverless::GraphQLApi', 'Resolvers: { Query: { q: { CodeUri: file.yaml } } }', 'Resolvers.Query.q.CodeUri', s3, 'file'],
    ['AWS::Serverless::Application', 'Location: nested.yaml', 'Location', 'https://s3.eu-west-1.amazonaws.com/bkt/key%200', 'template'],
    ['AWS::CloudFormation::Stack', 'TemplateURL: nested.yaml', 'TemplateURL', 'https://s3.eu-west-1.amazonaws.com/bkt/key%200', 'template'],
    [
      'AWS::CloudFormation::StackSet',
      'TemplateURL: nested.yaml',
      'TemplateURL',
      'https://s3.eu-west-1.amazonaws.com/bkt/key%200',
      'template',
    ],
    ['AWS::CloudFormation::ModuleVersion', 'ModulePackage: dir', 'ModulePackage', s3, 'zip'],
    ['AWS::CloudFormation::ResourceVersion', 'SchemaHandlerPackage: pack.zip', 'SchemaHandlerPackage', s3, 'file'],
    ['AWS::ApiGateway::RestApi', 'BodyS3Location: file.yaml', 'BodyS3Location', bucketKey, 'file'],
    ['AWS::ApiGateway::RestApi', "BodyS3Location: { Bucket: '', Key: file.yaml }", 'BodyS3Location', bucketKey, 'file'],
    ['AWS::ApiGatewayV2::Api', 'BodyS3Location: file.yaml', 'BodyS3Location', bucketKey, 'file'],
    ['AWS::AppSync::GraphQLSchema', 'DefinitionS3Location: file.yaml', 'DefinitionS3Location', s3, 'file'],
    ['AWS::AppSync::Resolver', 'RequestMappingTemplateS3Location: file.yaml', 'RequestMappingTemplateS3Location', s3, 'file'],
    ['AWS::AppSync::Resolver', 'ResponseMappingTemplateS3Location: file.yaml', 'ResponseMappingTemplateS3Location', s3, 'file'],
    ['AWS::AppSync::Resolver', 'CodeS3Location: file.yaml', 'CodeS3Location', s3, 'file'],
    ['AWS::AppSync::FunctionConfiguration', 'RequestMappingTemplateS3Location: file.yaml', 'RequestMappingTemplateS3Location', s3, 'file'],
    [
      'AWS::AppSync::FunctionConfiguration',
      'ResponseMappingTemplateS3Location: file.yaml',
      'ResponseMappingTemplateS3Location',
      s3,
      'file',
    ],
    ['AWS::AppSync::FunctionConfiguration', 'CodeS3Location: file.yaml', 'CodeS3Location', s3, 'file'],
    ['AWS::StepFunctions::StateMachine', 'DefinitionS3Location: file.yaml', 'DefinitionS3Location', bucketKey, 'file'],
    ['AWS::Glue::Job', 'Command: { Name: glueetl, ScriptLocation: file.yaml }', 'Command', { Name: 'glueetl', ScriptLocation: s3 }, 'file'],
    ['AWS::ElasticBeanstalk::ApplicationVersion', 'SourceBundle: dir', 'SourceBundle', { S3Bucket: 'bkt', S3Key: 'key 0' }, 'zip'],
    [
      'AWS::ElasticBeanstalk::ApplicationVersion',
      "SourceBundle: { S3Bucket: '', S3Key: pack.zip }",
      'SourceBundle',
      { S3Bucket: 'bkt', S3Key: 'key 0' },
      'file',
    ],
    ['AWS::CodeCommit::Repository', 'Code: { S3: dir }', 'Code', { S3: bucketKey }, 'zip'],
  ];

  it.each(rows)('%s with %s', async (type, properties, path, written, kind) => {
    await files('dir/a.txt', 'file.yaml', 'pack.zip');
    await writeFile(join(root, 'nested.yaml'), 'Resources: {}\n');
    const text = resource(type, properties);
    const { artifacts } = await find(text);
    expect(artifacts.map((artifact) => artifact.kind)).toEqual([kind]);
    expect(artifacts[0]?.uses[0]).toMatchObject({ logicalId: 'R', resourceType: type, line: properties.includes('REFERENCE') ? 7 : 5 });
    const { value } = await rewritten(text);
    expect(valueAt(value, ['Resources', 'R', 'Properties', ...path.split('.')])).toEqual(written);
    const again = await find(JSON.stringify(value));
    expect(again.artifacts).toEqual([]);
  });

  it('finds licence and readme of a serverless application, and includes anywhere', async () => {
    await files('LICENSE', 'README.md', 'snippet.yaml', 'top.yaml');
    const text = `Transform:
  - AWS::Serverless-2016-10-31
  - Name: AWS::Include
    Parameters: { Location: top.yaml }
Metadata:
  AWS::ServerlessRepo::Application:
    LicenseUrl: LICENSE
    ReadmeUrl: README.md
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      DefinitionBody:
        Fn::Transform: { Name: AWS::Include, Parameters: { Location: snippet.yaml } }
      Other: !Transform { Name: AWS::Include, Parameters: { Location: s3://b/k } }
`;
    const { artifacts } = await find(text);
    expect(artifacts.map((artifact) => short(artifact)['path'])).toEqual(['LICENSE', 'README.md', 'top.yaml', 'snippet.yaml']);
    const { value } = await rewritten(text);
    expect(valueAt(value, ['Transform', 1, 'Parameters', 'Location'])).toBe('s3://bkt/key 2');
    expect(valueAt(value, ['Metadata', 'AWS::ServerlessRepo::Application', 'ReadmeUrl'])).toBe('s3://bkt/key 1');
    expect(artifacts[3]?.uses[0]?.logicalId).toBe('Api');
  });
});

describe('what is left alone', () => {
  it.each([
    ['AWS::Serverless::Function', 'CodeUri: s3://bucket/key.zip'],
    ['AWS::Serverless::Function', 'CodeUri: { Bucket: b, Key: k }'],
    ['AWS::Serverless::Function', 'CodeUri: !Ref Code'],
    ['AWS::Serverless::Function', 'CodeUri: !Sub "s3://${Bucket}/x.zip"'],
    ['AWS::Serverless::Function', 'InlineCode: |\n  exports.handler = async () => 1;'],
    ['AWS::Lambda::Function', 'Code: { ZipFile: "exports.handler = 1" }'],
    ['AWS::Lambda::Function', 'Code: { ZipFile: !Sub "x ${A}" }'],
    ['AWS::Lambda::Function', 'Code: { S3Bucket: b, S3Key: k }'],
    ['AWS::Lambda::Function', 'Code: { S3Bucket: !Ref B, S3Key: !Ref K }'],
    ['AWS::Lambda::Function', 'PackageType: Image\nCode: { ImageUri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1 }'],
    ['AWS::Serverless::Function', 'PackageType: Image\nImageUri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:abc'],
    ['AWS::Serverless::Function', 'PackageType: Image\nImageUri: public.ecr.aws/lambda/nodejs:24'],
    ['AWS::Serverless::Function', 'PackageType: Image\nImageUri: 127.0.0.1:5000/app:1'],
    ['AWS::Serverless::Function', 'PackageType: Image\nImageUri: !Ref Image'],
    ['AWS::Serverless::Api', 'DefinitionUri: https://example.com/api.yaml'],
    ['AWS::Serverless::Api', 'StageName: Prod'],
    ['AWS::Serverless::Application', 'Location: { ApplicationId: arn:aws:x, SemanticVersion: 1.0.0 }'],
    ['AWS::CloudFormation::Stack', 'TemplateURL: https://s3.amazonaws.com/b/k'],
    ['AWS::S3::Bucket', 'CodeUri: ./dir'],
  ])('%s with %s', async (type, properties) => {
    const text = resource(type, properties, '    Metadata: { Dockerfile: Nowhere }\n');
    const { artifacts, warnings } = await find(text);
    expect(artifacts).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('passes over resources that are no maps, loops and transforms', async () => {
    const { artifacts } = await find(
      JSON.stringify({
        Resources: {
          A: 'text',
          B: null,
          'Fn::Transform': { Name: 'X' },
          'Fn::ForEach::L': ['N', ['a'], { 'Q${N}': { Type: 'AWS::SQS::Queue' } }],
          C: { Type: 3 },
        },
      }),
    );
    expect(artifacts).toEqual([]);
  });
});

describe('zip functions', () => {
  it.each([
    ['a project and a .NET runtime', ['src/App.csproj'], 'Runtime: dotnet10', 'dotnet'],
    ['a project and no runtime', ['src/App.fsproj'], '', 'dotnet'],
    ['a project and a custom runtime', ['src/App.csproj'], 'Runtime: provided.al2023', 'dotnet'],
    ['a project and another language', ['src/App.csproj'], 'Runtime: nodejs24.x', 'directory'],
    ['a .NET runtime without a project', ['src/App.dll'], 'Runtime: dotnet10', 'directory'],
    ['two projects', ['src/A.csproj', 'src/B.csproj'], 'Runtime: provided.al2023', 'directory'],
    ['no code of .NET', ['src/index.mjs'], 'Runtime: nodejs24.x', 'directory'],
  ])('takes a directory with %s', async (_, names, runtime, source) => {
    await files(...names);
    const { artifacts, warnings } = await find(resource('AWS::Serverless::Function', `CodeUri: src\n${runtime}`));
    expect(artifacts[0]).toMatchObject({ kind: 'zip', source, path: join(root, 'src') });
    expect(warnings).toHaveLength(names.length > 1 ? 1 : 0);
  });

  it('names the projects when a .NET function leads to several of them, or to a solution', async () => {
    await files('src/A.csproj', 'src/B.fsproj', 'old/App.sln', 'new/App.slnx');
    await writeFile(join(root, 'old/App.sln'), 'Project("{9A19}") = "A", "src\\A\\A.csproj", "{1}"\r\nEndProject\r\n');
    await writeFile(join(root, 'new/App.slnx'), '<Solution><Project Path="src/B/B.csproj" /></Solution>');
    const said = async (directory: string) =>
      (await failure(resource('AWS::Serverless::Function', `CodeUri: ${directory}\nRuntime: dotnet10`))).message;
    expect(await said('src')).toContain('holds 2 project files: A.csproj, B.fsproj');
    expect(await said('old')).toContain('holds the solution App.sln, and no project: src/A/A.csproj');
    expect(await said('new')).toContain('holds the solution App.slnx, and no project: src/B/B.csproj');
  });

  it.each([
    ['App.csproj', 'dotnet'],
    ['app.zip', 'zip'],
    ['index.js', 'file'],
    ['Program.cs', 'dotnet'],
  ])('takes the file %s', async (name, source) => {
    await files(name);
    const { artifacts } = await find(resource('AWS::Serverless::Function', `CodeUri: ${name}`));
    expect(artifacts[0]).toMatchObject({ kind: 'zip', source, path: join(root, name) });
  });

  it('takes the directory of the template when the code is missing or empty', async () => {
    await files('index.js');
    const text = `Resources:
  A: { Type: AWS::Serverless::Function, Properties: { Runtime: nodejs24.x } }
  B: { Type: AWS::Lambda::Function, Properties: { Runtime: nodejs24.x, Code: {} } }
  C: { Type: AWS::Serverless::Function, Properties: { Runtime: nodejs24.x, CodeUri: '' } }
  D: { Type: AWS::Lambda::Function, Properties: { Runtime: nodejs24.x } }
  E: { Type: AWS::Serverless::Function, Properties: { Runtime: nodejs24.x, CodeUri: . } }
`;
    const { artifacts } = await find(text);
    expect(artifacts.map(short)).toEqual([
      {
        kind: 'zip',
        path: '.',
        source: 'directory',
        architecture: 'x86_64',
        runtime: 'nodejs24.x',
        uses: [
          'Resources.A.Properties.CodeUri',
          'Resources.B.Properties.Code:3',
          'Resources.C.Properties.CodeUri:4',
          'Resources.D.Properties.Code',
          'Resources.E.Properties.CodeUri:6',
        ],
      },
    ]);
    const { value } = await rewritten(text);
    expect(valueAt(value, ['Resources', 'D', 'Properties', 'Code'])).toEqual({ S3Bucket: 'bkt', S3Key: 'key 0' });
    expect(valueAt(value, ['Resources', 'B', 'Properties', 'Code'])).toEqual({ S3Bucket: 'bkt', S3Key: 'key 0' });
  });

  it('takes the zip given for the whole template where the code is its own directory', async () => {
    await files('src/index.js', 'given.zip');
    const { artifacts } = await find(
      `Resources:
  A: { Type: AWS::Serverless::Function, Properties: { CodeUri: ./ } }
  B: { Type: AWS::Serverless::Function, Properties: { CodeUri: src } }
  C: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: . } }
`,
      { packageOverride: join(root, 'given.zip') },
    );
    expect(artifacts.map((artifact) => [short(artifact)['source'], artifact.uses.length])).toEqual([
      ['zip', 1],
      ['directory', 1],
      ['directory', 1],
    ]);
  });

  it('reads Globals, and writes to the resource', async () => {
    await files('src/App.csproj', 'own/App.csproj');
    const text = `Globals:
  Function:
    CodeUri: src
    Runtime: dotnet10
    Architectures: [arm64]
Resources:
  A:
    Type: AWS::Serverless::Function
    Properties:
      Handler: A
  B:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: own
      Architectures: [x86_64]
  C:
    Type: AWS::Serverless::Function
`;
    const { artifacts } = await find(text);
    expect(artifacts.map(short)).toEqual([
      {
        kind: 'zip',
        path: 'src',
        source: 'dotnet',
        architecture: 'arm64',
        runtime: 'dotnet10',
        uses: ['Resources.A.Properties.CodeUri:3', 'Resources.C.Properties.CodeUri:3'],
      },
      {
        kind: 'zip',
        path: 'own',
        source: 'dotnet',
        architecture: 'x86_64',
        runtime: 'dotnet10',
        uses: ['Resources.B.Properties.CodeUri:14'],
      },
    ]);
    const { value, text: out } = await rewritten(text);
    expect(valueAt(value, ['Resources', 'A', 'Properties', 'CodeUri'])).toBe('s3://bkt/key 0');
    expect(valueAt(value, ['Resources', 'C', 'Properties', 'CodeUri'])).toBe('s3://bkt/key 0');
    expect(out).toContain('    CodeUri: src\n');
  });

  it('packages both branches of Fn::If', async () => {
    await files('a/index.js', 'b/index.js');
    const text = `Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: !If [Prod, a, !If [Test, ./b, !Ref AWS::NoValue]]
  G:
    Type: AWS::Lambda::Function
    Properties:
      Code:
        Fn::If:
          - Prod
          - { S3Key: a }
          - { ZipFile: 'x' }
`;
    const { artifacts } = await find(text);
    expect(artifacts.map((artifact) => short(artifact)['uses'])).toEqual([
      ['Resources.F.Properties.CodeUri.Fn::If.1:5', 'Resources.G.Properties.Code.Fn::If.1:12'],
      ['Resources.F.Properties.CodeUri.Fn::If.2.Fn::If.1:5'],
    ]);
    const { text: out } = await rewritten(text);
    expect(out).toContain('CodeUri: !If [Prod, "s3://bkt/key 0", !If [Test, "s3://bkt/key 1", !Ref AWS::NoValue]]');
  });

  it('makes one artefact of the same inputs and several of different ones', async () => {
    await files('src/App.csproj', 'js/index.js');
    const fn = (code: string, more: string) => `{ Type: AWS::Serverless::Function, Properties: { CodeUri: ${code}, ${more} } }`;
    const { artifacts } = await find(`Resources:
  A: ${fn('src', 'Runtime: dotnet10')}
  B: ${fn('./src/', 'Runtime: dotnet10')}
  C: ${fn('src/../src', 'Runtime: dotnet8')}
  D: ${fn('src', 'Runtime: dotnet10, Architectures: [arm64]')}
  E: ${fn('js', 'Runtime: nodejs24.x')}
  F: ${fn('.\\js', 'Runtime: nodejs22.x, Architectures: [arm64]')}
`);
    expect(artifacts.map((artifact) => artifact.uses.map((use) => use.logicalId))).toEqual([['A', 'B'], ['C'], ['D'], ['E', 'F']]);
  });
});

describe('image functions', () => {
  const image = (metadata: string, properties = 'PackageType: Image'): string => {
    const indented = metadata.replaceAll('\n', '\n      ');
    return `Resources:\n  R:\n    Type: AWS::Serverless::Function\n    Properties:\n      ${properties.replaceAll('\n', '\n      ')}\n${metadata === '' ? '' : `    Metadata:\n      ${indented}\n`}`;
  };

  it('reads every key of the metadata', async () => {
    await files('app/docker/Api.Dockerfile');
    const text = image(
      'DockerContext: ./app\nDockerfile: docker/Api.Dockerfile\nDockerTag: My-App:V1\nDockerBuildArgs: { A: b, N: 3, E: null }\nDockerBuildTarget: final\nDockerHostBuildOutputDir: ./bin/out',
      'PackageType: image\nArchitectures: [arm64]',
    );
    const { artifacts } = await find(text);
    expect(artifacts.map(short)).toEqual([
      {
        kind: 'image',
        context: 'app',
        dockerfile: 'app/docker/Api.Dockerfile',
        buildArgs: { A: 'b', N: '3', E: null },
        target: 'final',
        architecture: 'arm64',
        imageTag: 'my-app:v1',
        hostBuildOutputDir: './bin/out',
        uses: ['Resources.R.Properties.ImageUri'],
      },
    ]);
    const { value } = await rewritten(text);
    expect(valueAt(value, ['Resources', 'R', 'Properties', 'ImageUri'])).toBe('1.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:0');
    expect(valueAt(value, ['Resources', 'R', 'Metadata', 'DockerTag'])).toBe('My-App:V1');
  });

  it.each([
    ['A=b;C=d', { A: 'b', C: 'd' }],
    [' A=b=c ; D ;', { A: 'b=c', D: null }],
    ['--build-arg A=b --build-arg "C=d e" --build-arg=F=g --build-arg H', { A: 'b', C: 'd e', F: 'g', H: null }],
  ])('reads build arguments from the text %j', async (text, buildArgs) => {
    await files('Dockerfile');
    const { artifacts } = await find(image(`DockerBuildArgs: '${text}'`));
    expect(artifacts[0]).toMatchObject({ buildArgs });
  });

  it.each([
    ['nothing', '', 'PackageType: Image', '.'],
    ['a directory in ImageUri', '', 'PackageType: Image\nImageUri: ./app', 'app'],
    ['a Dockerfile beside a name that is no directory', 'Dockerfile: Dockerfile', 'PackageType: Image\nImageUri: app:latest', '.'],
    ['a context beside a name', 'DockerContext: app', 'PackageType: Image\nImageUri: app:latest', 'app'],
  ])('finds the context with %s', async (_, metadata, properties, context) => {
    await files('Dockerfile', 'app/Dockerfile');
    const { artifacts } = await find(image(metadata, properties));
    expect(artifacts[0]).toMatchObject({ kind: 'image', context: join(root, context) });
  });

  it('builds images of plain Lambda functions, whose place is Code.ImageUri', async () => {
    await files('app/Dockerfile');
    const text = `{
  "Resources": {
    "A": { "Type": "AWS::Lambda::Function", "Properties": { "PackageType": "Image", "Code": { "ImageUri": "./app" } } },
    "B": { "Type": "AWS::Lambda::Function", "Metadata": { "DockerContext": "app" }, "Properties": { "PackageType": "Image" } }
  }
}
`;
    const { artifacts } = await find(text);
    expect(artifacts.map(short)).toMatchObject([
      { context: 'app', uses: ['Resources.A.Properties.Code.ImageUri:3', 'Resources.B.Properties.Code.ImageUri'] },
    ]);
    expect((await rewritten(text)).text).toBe(
      text
        .replace('"./app"', '"1.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:0"')
        .replace(
          '"PackageType": "Image" } }\n',
          '"PackageType": "Image", "Code": {"ImageUri": "1.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:0"} } }\n',
        ),
    );
  });

  it('takes a local image, and an image archive', async () => {
    await files('build/app.tar.gz');
    const local = await find(image('', 'PackageType: Image\nImageUri: my/app:latest'));
    expect(local.artifacts.map(short)).toEqual([
      { kind: 'local-image', reference: 'my/app:latest', architecture: 'x86_64', uses: ['Resources.R.Properties.ImageUri:6'] },
    ]);
    const archive = await find(image('DockerTag: App', 'PackageType: Image\nImageUri: build/app.tar.gz'));
    expect(archive.artifacts.map(short)).toEqual([
      {
        kind: 'local-image',
        reference: 'app.tar.gz',
        archive: 'build/app.tar.gz',
        imageTag: 'app',
        architecture: 'x86_64',
        uses: ['Resources.R.Properties.ImageUri:6'],
      },
    ]);
  });

  it('reads PackageType and ImageUri from Globals', async () => {
    await files('app/Dockerfile');
    const { artifacts } = await find(`Globals: { Function: { PackageType: Image, ImageUri: ./app } }
Resources:
  A: { Type: AWS::Serverless::Function }
  B: { Type: AWS::Serverless::Function, Properties: { ImageUri: 1.dkr.ecr.eu-west-1.amazonaws.com/x:1 } }
  C: { Type: AWS::Serverless::Function, Properties: { PackageType: Zip, InlineCode: x } }
`);
    expect(artifacts.map(short)).toMatchObject([{ kind: 'image', context: 'app', uses: ['Resources.A.Properties.ImageUri:1'] }]);
  });

  it('makes one image of the same inputs: two Dockerfiles or two architectures are two', async () => {
    await files('Dockerfile', 'Other.Dockerfile');
    const fn = (metadata: string, more = '') =>
      `{ Type: AWS::Serverless::Function, Metadata: { ${metadata} }, Properties: { PackageType: Image ${more} } }`;
    const { artifacts } = await find(`Resources:
  A: ${fn('DockerContext: .')}
  B: ${fn('Dockerfile: Dockerfile')}
  C: ${fn('Dockerfile: Other.Dockerfile')}
  D: ${fn('DockerContext: .', ', Architectures: [arm64]')}
  E: ${fn('DockerContext: ., DockerBuildArgs: { X: "1" }')}
`);
    expect(artifacts.map((artifact) => artifact.uses.map((use) => use.logicalId))).toEqual([['A', 'B'], ['C'], ['D'], ['E']]);
  });

  it('keeps zip and image functions on one directory apart', async () => {
    await files('Dockerfile', 'index.js');
    const { artifacts } = await find(`Resources:
  A: { Type: AWS::Serverless::Function, Properties: { PackageType: Image } }
  B: { Type: AWS::Serverless::Function, Properties: { Runtime: nodejs24.x } }
`);
    expect(artifacts.map((artifact) => artifact.kind)).toEqual(['image', 'zip']);
  });
});

describe('nested stacks', () => {
  it('packages templates inside templates, the innermost first', async () => {
    await files('child/src/index.js', 'child/grandchild/fn/index.js');
    await writeFile(
      join(root, 'child/template.yaml'),
      resource(
        'AWS::CloudFormation::Stack',
        'TemplateURL: grandchild/t.json',
        '  F:\n    Type: AWS::Serverless::Function\n    Properties: { CodeUri: src, Runtime: nodejs24.x }\n',
      ),
    );
    await writeFile(
      join(root, 'child/grandchild/t.json'),
      JSON.stringify({ Resources: { G: { Type: 'AWS::Lambda::Function', Properties: { Code: './fn' } } } }),
    );
    const { artifacts } = await find(
      `Resources:\n  A: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: child/template.yaml } }\n  B: { Type: AWS::Serverless::Application, Properties: { Location: ./child/template.yaml } }\n`,
    );
    const [child] = artifacts;
    if (child?.kind !== 'template') throw new Error('a template was expected');
    expect(child.uses.map((use) => use.logicalId)).toEqual(['A', 'B']);
    expect(child.artifacts.map((artifact) => artifact.kind)).toEqual(['template', 'zip']);
    const [grandchild] = child.artifacts;
    if (grandchild?.kind !== 'template') throw new Error('a template was expected');
    expect(grandchild.template.path).toBe('child/grandchild/t.json');
    expect(rewriteTemplate(grandchild.template, grandchild.artifacts.map(publish))).toBe(
      '{"Resources":{"G":{"Type":"AWS::Lambda::Function","Properties":{"Code":{"S3Bucket":"bkt","S3Key":"key 0"}}}}}',
    );
  });

  it('refuses templates that lead back to themselves', async () => {
    await writeFile(join(root, 'loop.yaml'), resource('AWS::CloudFormation::Stack', 'TemplateURL: loop.yaml'));
    expect(await failure(resource('AWS::CloudFormation::Stack', 'TemplateURL: loop.yaml'))).toMatchObject({ code: 'TEMPLATE_INVALID' });
  });

  it('names the nested template in its errors', async () => {
    await writeFile(join(root, 'bad.yaml'), 'Resources:\n  A: [\n');
    const error = await failure(resource('AWS::CloudFormation::Stack', 'TemplateURL: bad.yaml'));
    expect(error).toMatchObject({ code: 'TEMPLATE_SYNTAX' });
    expect(error.message).toMatch(/^bad\.yaml:\d+:\d+: /);
  });
});

describe('errors', () => {
  it.each([
    [
      'a path that is not there',
      'AWS::Serverless::Function',
      'CodeUri: ./nowhere',
      'TEMPLATE_PATH_NOT_FOUND',
      'serverless.template:5: R: Properties.CodeUri refers to "./nowhere", which does not exist',
    ],
    [
      'a key that is not there',
      'AWS::Lambda::Function',
      'Code:\n  S3Key: nowhere',
      'TEMPLATE_PATH_NOT_FOUND',
      'serverless.template:6: R: Properties.Code.S3Key refers to "nowhere", which does not exist',
    ],
    [
      'a directory in place of a file',
      'AWS::Serverless::Api',
      'DefinitionUri: dir',
      'TEMPLATE_PATH_NOT_FOUND',
      'serverless.template:5: R: Properties.DefinitionUri refers to "dir", which is a directory; a file is needed',
    ],
    [
      'two architectures',
      'AWS::Serverless::Function',
      'CodeUri: dir\nArchitectures: [arm64, x86_64]',
      'TEMPLATE_INVALID',
      'serverless.template:6: R: Properties.Architectures names 2 architectures',
    ],
    [
      'an image directory that is not there',
      'AWS::Serverless::Function',
      'PackageType: Image\nImageUri: ./nowhere',
      'TEMPLATE_PATH_NOT_FOUND',
      'serverless.template:6: R: Properties.ImageUri refers to "./nowhere"',
    ],
    [
      'no Dockerfile',
      'AWS::Serverless::Function',
      'PackageType: Image\nImageUri: dir',
      'DOCKERFILE_NOT_FOUND',
      'serverless.template:6: R: Properties.ImageUri needs a Dockerfile',
    ],
  ])('%s', async (_, type, properties, code, message) => {
    await files('dir/a.txt');
    const error = await failure(resource(type, properties));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it.skipIf(process.platform === 'win32')('say of a device that it is neither a file nor a directory, and do not read it', async () => {
    const error = await failure(resource('AWS::Serverless::Function', 'CodeUri: /dev/zero'));
    expect(error.code).toBe('TEMPLATE_PATH_NOT_FOUND');
    expect(error.message).toContain('refers to "/dev/zero", which is neither a file nor a directory');
  });

  it.skipIf(process.platform === 'win32')('name a directory that may not be read', async () => {
    await files('shut/a.txt');
    await chmod(root, 0o711);
    await chmod(join(root, 'shut'), 0o111);
    const found: UserError[] = [];
    await asOrdinaryUser(async () => {
      found.push(await failure(resource('AWS::Serverless::Function', 'Runtime: dotnet10\nCodeUri: shut')));
    });
    await chmod(join(root, 'shut'), 0o700);
    const [error] = found;
    expect(error).toMatchObject({ code: 'ARTIFACT_UNREADABLE', message: expect.stringContaining('shut cannot be read: EACCES') });
  });

  it.each([
    ['DockerContext: nowhere', 'TEMPLATE_PATH_NOT_FOUND', 'Metadata.DockerContext refers to "nowhere"'],
    ['DockerContext: !Ref X', 'TEMPLATE_INVALID', 'Metadata.DockerContext must be a text'],
    ['DockerContext: dir\n      Dockerfile: Other', 'DOCKERFILE_NOT_FOUND', 'Metadata.Dockerfile refers to "Other"'],
    ['DockerContext: img\n      DockerBuildArgs: [a]', 'TEMPLATE_INVALID', 'Metadata.DockerBuildArgs must be a map'],
    ['DockerContext: img\n      DockerBuildArgs: { A: !Ref B }', 'TEMPLATE_INVALID', 'Metadata.DockerBuildArgs has no plain text for A'],
    ['DockerContext: img\n      DockerBuildArgs: "a b=c"', 'TEMPLATE_INVALID', 'not NAME=VALUE'],
  ])('metadata %s', async (metadata, code, message) => {
    await files('dir/a.txt', 'img/Dockerfile');
    const error = await failure(resource('AWS::Serverless::Function', 'PackageType: Image', `    Metadata:\n      ${metadata}\n`));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});
