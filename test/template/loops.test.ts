import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Artifact, PublishedArtifact } from '../../src/artifacts/types.ts';
import { UserError } from '../../src/errors.ts';
import { findArtifacts, type FindOptions } from '../../src/template/find-artifacts.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import { rewriteTemplate } from '../../src/template/rewrite.ts';
import type { JsonValue } from '../../src/template/types.ts';
import { valueAt } from '../../src/template/value.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'loops-'));
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

async function packaged(text: string, options: Partial<FindOptions> = {}) {
  const template = await parseTemplate(text, 'serverless.template');
  const { artifacts, warnings } = await findArtifacts(template, { templateDirectory: root, ...options });
  const out = rewriteTemplate(template, artifacts.map(publish));
  const value: JsonValue = (await parseTemplate(out, 'out')).value;
  const again = await parseTemplate(out, 'out');
  expect((await findArtifacts(again, { templateDirectory: root, ...options })).artifacts).toEqual([]);
  return { artifacts, warnings, out, at: (...path: (string | number)[]) => valueAt(value, path) };
}

/** The key or repository of what is published is the name of its file or directory. */
function publish(artifact: Artifact): PublishedArtifact {
  const name = (artifact.kind === 'image' ? artifact.context : artifact.kind === 'local-image' ? artifact.reference : artifact.path).slice(
    root.length + 1,
  );
  const isImage = artifact.kind === 'image' || artifact.kind === 'local-image';
  const location = isImage
    ? ({ type: 'image', repositoryUri: 'reg', tag: 't', digest: `sha256:${name}` } as const)
    : ({ type: 's3', bucket: 'b', key: name, versionId: 'v', region: 'eu-west-1' } as const);
  return { artifact, digest: 'd', built: true, published: true, location };
}

const loop = (properties: string, collection = '[A, B]', type = 'AWS::Serverless::Function', more = ''): string => `Transform:
  - AWS::LanguageExtensions
  - AWS::Serverless-2016-10-31
${more}Resources:
  Fn::ForEach::Fns:
    - Name
    - ${collection}
    - Fn\${Name}:
        Type: ${type}
        Properties:
          ${properties.replaceAll('\n', '\n          ')}
`;
const FN = ['Resources', 'Fn::ForEach::Fns', 2, 'Fn${Name}', 'Properties'] as const;

describe('code in a loop', () => {
  it('is packaged once when all rounds have the same', async () => {
    await files('src/index.js');
    const { artifacts, out } = await packaged(loop('CodeUri: src\nHandler: ${Name}.handler'));
    expect(artifacts).toHaveLength(1);
    expect(out).toBe(loop('CodeUri: "s3://b/src"\nHandler: ${Name}.handler').replace('"s3://b/src"', 's3://b/src'));
  });

  it.each(['./src/${Name}', '!Sub ./src/${Name}', 'src/&{Name}'])('is packaged for every round of CodeUri: %s', async (text) => {
    await files('src/A/index.js', 'src/B/index.js');
    const { artifacts, out, at } = await packaged(loop(`CodeUri: ${text}\nHandler: !Sub \${Name}.handler`));
    expect(artifacts.map((artifact) => artifact.uses.map((use) => [use.line, use.loop?.rounds]))).toEqual([
      [[11, [['A']]]],
      [[11, [['B']]]],
    ]);
    expect(at(...FN, 'CodeUri')).toEqual({ 'Fn::FindInMap': ['ArtifactsFnsFnNameCodeUri', { Ref: 'Name' }, 'Location'] });
    expect(at('Mappings')).toEqual({
      ArtifactsFnsFnNameCodeUri: { A: { Location: 's3://b/src/A' }, B: { Location: 's3://b/src/B' } },
    });
    expect(out).toContain('Handler: !Sub ${Name}.handler');
  });

  it('is looked up member by member where a location is a map, and keeps the other members', async () => {
    await files('src/A/index.js', 'src/B/index.js');
    const { at } = await packaged(loop('Code:\n  S3Key: src/${Name}\n  S3ObjectStorageMode: REFERENCE', '[A, B]', 'AWS::Lambda::Function'));
    const find = (member: string) => ({ 'Fn::FindInMap': ['ArtifactsFnsFnNameCode', { Ref: 'Name' }, member] });
    expect(at(...FN, 'Code')).toEqual({
      S3Key: find('S3Key'),
      S3ObjectStorageMode: 'REFERENCE',
      S3Bucket: find('S3Bucket'),
      S3ObjectVersion: find('S3ObjectVersion'),
    });
    expect(at('Mappings', 'ArtifactsFnsFnNameCode', 'B')).toEqual({ S3Bucket: 'b', S3Key: 'src/B', S3ObjectVersion: 'v' });
  });

  it('goes beside the mappings that are there, under a name that is free', async () => {
    await files('src/A/index.js', 'src/B/index.js');
    const more = 'Mappings:\n  ArtifactsFnsFnNameCodeUri: { x: { y: z } }   # mine\n';
    const { out, at } = await packaged(loop('CodeUri: src/${Name}', '[A, B]', 'AWS::Serverless::Function', more));
    expect(out).toContain('{ x: { y: z } }   # mine\n');
    expect(at(...FN, 'CodeUri')).toEqual({ 'Fn::FindInMap': ['ArtifactsFnsFnNameCodeUri2', { Ref: 'Name' }, 'Location'] });
    expect(Object.keys(at('Mappings') as object)).toEqual(['ArtifactsFnsFnNameCodeUri', 'ArtifactsFnsFnNameCodeUri2']);
  });

  it('may depend on loops around loops, and be shared by rounds', async () => {
    await files('dev/x/i.js', 'dev/y/i.js', 'prod/x/i.js', 'prod/y/i.js');
    const { artifacts, at } = await packaged(`Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Envs:
    - Env
    - [dev, prod]
    - Fn::ForEach::Fns:
        - Name
        - [x, y]
        - F\${Env}\${Name}:
            Type: AWS::Serverless::Function
            Properties: { CodeUri: '\${Env}/\${Name}' }
          L\${Env}\${Name}:
            Type: AWS::Serverless::LayerVersion
            Properties: { ContentUri: '\${Env}/x' }
`);
    expect(artifacts).toHaveLength(4);
    const body = ['Resources', 'Fn::ForEach::Envs', 2, 'Fn::ForEach::Fns', 2] as const;
    const both = { 'Fn::Join': ['-', [{ Ref: 'Env' }, { Ref: 'Name' }]] };
    expect(at(...body, 'F${Env}${Name}', 'Properties', 'CodeUri')).toEqual({
      'Fn::FindInMap': ['ArtifactsEnvsFnsFEnvNameCodeUri', both, 'Location'],
    });
    expect(at('Mappings', 'ArtifactsEnvsFnsLEnvNameContentUri')).toEqual({
      'dev-x': { Location: 's3://b/dev/x' },
      'dev-y': { Location: 's3://b/dev/x' },
      'prod-x': { Location: 's3://b/prod/x' },
      'prod-y': { Location: 's3://b/prod/x' },
    });
  });

  it('is packaged on each branch of an Fn::If', async () => {
    await files('a/A/i.js', 'a/B/i.js', 'b/A/i.js', 'b/B/i.js');
    const { at } = await packaged(loop('CodeUri: !If [Prod, "a/${Name}", "b/${Name}"]'));
    expect(at(...FN, 'CodeUri', 'Fn::If')).toEqual([
      'Prod',
      { 'Fn::FindInMap': ['ArtifactsFnsFnNameCodeUri1', { Ref: 'Name' }, 'Location'] },
      { 'Fn::FindInMap': ['ArtifactsFnsFnNameCodeUri2', { Ref: 'Name' }, 'Location'] },
    ]);
  });

  it('may be an image, whose context, Dockerfile and arguments differ', async () => {
    await files('A/Dockerfile', 'B/Dockerfile');
    const { artifacts, at } = await packaged(
      `${loop('PackageType: Image')}        Metadata: { DockerContext: './\${Name}', DockerTag: 'app-\${Name}', DockerBuildArgs: { WHO: !Ref Name } }\n`,
    );
    expect(artifacts).toMatchObject([
      { kind: 'image', context: join(root, 'A'), imageTag: 'app-a', buildArgs: { WHO: 'A' } },
      { kind: 'image', context: join(root, 'B'), imageTag: 'app-b', buildArgs: { WHO: 'B' } },
    ]);
    expect(at('Mappings', 'ArtifactsFnsFnNameImageUri')).toEqual({
      A: { Location: 'reg@sha256:A' },
      B: { Location: 'reg@sha256:B' },
    });
  });

  it('takes the values of a parameter, and says so', async () => {
    await files('A/i.js', 'C/i.js');
    const text = loop(
      'CodeUri: ${Name}',
      '!Ref Names',
      'AWS::Serverless::Function',
      "Parameters: { Names: { Type: CommaDelimitedList, Default: 'A' } }\n",
    );
    expect((await packaged(text)).artifacts).toHaveLength(1);
    const { at, warnings } = await packaged(text, { parameters: { Names: 'A, C' } });
    expect(Object.keys(at('Mappings', 'ArtifactsFnsFnNameCodeUri') as object)).toEqual(['A', 'C']);
    expect(warnings).toEqual([expect.stringContaining('the parameter Names: it is packaged for A, C')]);
  });

  it.each([
    ['values that are known to AWS only', 'CodeUri: ${Name}', '!Split [",", !ImportValue X]', 'depends on the loop variable Name'],
    ['a path that is missing in one round', 'CodeUri: ${Name}', '[A, B]', 'refers to "B", which does not exist'],
    ['values that are no keys', 'CodeUri: ${Name}', '[A, "A/x"]', 'cannot be keys of a mapping: "A/x"'],
  ])('is refused for %s', async (_, properties, collection, message) => {
    await files('A/i.js', 'A/x/i.js');
    const error: unknown = await packaged(loop(properties, collection)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(/^serverless\.template:11: /);
    expect((error as UserError).message).toContain(message);
  });

  it('leaves loops over what holds no code alone', async () => {
    const text = loop('QueueName: !Sub "${Name}-${AWS::StackName}"', '!Ref Anything', 'AWS::SQS::Queue');
    expect((await packaged(text)).out).toBe(text);
  });
});

describe('an image that is pushed already', () => {
  const ADDRESS = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1';
  const image = (type: string, properties: string) =>
    `Resources:\n  F:\n    Type: ${type}\n    Metadata: { DockerContext: '${ADDRESS}' }\n    Properties: { ${properties} }\n`;

  it.each([
    ['AWS::Serverless::Function', 'PackageType: Image', { PackageType: 'Image', ImageUri: ADDRESS }],
    ['AWS::Serverless::Function', 'PackageType: Image, ImageUri: ""', { PackageType: 'Image', ImageUri: ADDRESS }],
    ['AWS::Serverless::Function', 'PackageType: Image, ImageUri: ./app', { PackageType: 'Image', ImageUri: ADDRESS }],
    [
      'AWS::Serverless::Function',
      'PackageType: Image, ImageUri: public.ecr.aws/x/y:1',
      { PackageType: 'Image', ImageUri: 'public.ecr.aws/x/y:1' },
    ],
    ['AWS::Serverless::Function', 'PackageType: Image, ImageUri: !Ref I', { PackageType: 'Image', ImageUri: { Ref: 'I' } }],
    ['AWS::Lambda::Function', 'PackageType: Image', { PackageType: 'Image', Code: { ImageUri: ADDRESS } }],
    ['AWS::Serverless::Function', 'InlineCode: x', { InlineCode: 'x' }],
  ])('is copied from DockerContext of %s with %s', async (type, properties, expected) => {
    const { at } = await packaged(image(type, properties));
    expect(at('Resources', 'F', 'Properties')).toEqual(expected);
  });
});
