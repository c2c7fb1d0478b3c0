import { describe, expect, it } from 'vitest';

import { findReferences, referenceText } from '../../src/records/references.ts';
import { parseTemplate } from '../../src/template/parse.ts';

const HEX = '0123456789abcdef'.repeat(4);
const read = async (text: string) => findReferences(await parseTemplate(text, 'template.yaml'));

describe('references of a packaged template', () => {
  it('are found in every form that packaging writes', async () => {
    const found = await read(`
Resources:
  Uri: { Type: 'AWS::Serverless::Function', Properties: { CodeUri: 's3://b/p/uri.zip' } }
  Code: { Type: 'AWS::Lambda::Function', Properties: { Code: { S3Bucket: b, S3Key: p/code.zip } } }
  Reference:
    Type: AWS::Lambda::Function
    Properties: { Code: { S3Bucket: b, S3Key: p/reference.zip, S3ObjectVersion: v1, S3ObjectStorageMode: REFERENCE } }
  Web: { Type: 'AWS::Serverless::WebFunction', Properties: { CodeUri: { Bucket: b, Key: p/web.zip, Version: v2 } } }
  Machine: { Type: 'AWS::Serverless::StateMachine', Properties: { DefinitionUri: { Bucket: b, Key: p/machine.json } } }
  Nested: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 'https://s3.eu-west-1.amazonaws.com/b/p/nested.template' } }
  China: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 'https://b.s3.cn-north-1.amazonaws.com.cn/p/my%20nested.template' } }
`);
    expect(found).toEqual([
      { type: 's3', bucket: 'b', key: 'p/uri.zip' },
      { type: 's3', bucket: 'b', key: 'p/code.zip' },
      { type: 's3', bucket: 'b', key: 'p/reference.zip', versionId: 'v1' },
      { type: 's3', bucket: 'b', key: 'p/web.zip', versionId: 'v2' },
      { type: 's3', bucket: 'b', key: 'p/machine.json' },
      { type: 's3', bucket: 'b', key: 'p/nested.template' },
      { type: 's3', bucket: 'b', key: 'p/my nested.template' },
    ]);
  });

  it('are found in the mappings of loops, in Globals and under both branches of a condition, each once', async () => {
    const found = await read(`
Globals: { Function: { CodeUri: s3://b/global.zip } }
Mappings: { ArtifactsFn: { One: { Location: s3://b/one.zip }, Two: { S3Bucket: b, S3Key: two.zip } } }
Resources:
  Fn: { Type: 'AWS::Serverless::Function', Properties: { CodeUri: !If [IsOne, s3://b/one.zip, s3://b/else.zip] } }
`);
    expect(found.map(referenceText)).toEqual(['s3://b/global.zip', 's3://b/one.zip', 's3://b/two.zip', 's3://b/else.zip']);
  });

  it('tell images by digest or tag, in AWS and in registries on this machine', async () => {
    const found = await read(`
Resources:
  Digest: { Type: 'AWS::Serverless::Function', Properties: { ImageUri: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/shop@sha256:${HEX}' } }
  Tag: { Type: 'AWS::Lambda::Function', Properties: { Code: { ImageUri: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:v1' } } }
  Here: { Type: 'AWS::Lambda::Function', Properties: { Code: { ImageUri: '127.0.0.1:4577/shop@sha256:${HEX}' } } }
`);
    expect(found).toEqual([
      { type: 'image', repositoryUri: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/shop', digest: `sha256:${HEX}` },
      { type: 'image', repositoryUri: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop', tag: 'v1' },
      { type: 'image', repositoryUri: '127.0.0.1:4577/shop', digest: `sha256:${HEX}` },
    ]);
  });

  it('are not made of ARNs, times, other addresses or function calls', async () => {
    const found = await read(`
Resources:
  Fn:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/service-role/shop
      Description: see https://example.com/s3.html, rate(1 minute), a/b:c
      Environment: { Variables: { Url: !Sub 'https://\${Api}.execute-api.\${AWS::Region}.amazonaws.com/x:y', Image: 'docker.io' } }
      Code: { ZipFile: 'exports.handler = 1' }
`);
    expect(found).toEqual([]);
  });
});
