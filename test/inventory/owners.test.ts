import { describe, expect, it } from 'vitest';

import { findOwners } from '../../src/inventory/owners.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import { resourcesOf } from '../../src/template/read.ts';

async function ownersOf(template: string, generated: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  const entries = resourcesOf(await parseTemplate(template, 'template.yaml'));
  const declared = entries.map(({ logicalId, type }) => ({ logicalId, resourceType: type.replace('Serverless', 'Lambda') }));
  const made = Object.entries(generated).map(([logicalId, resourceType]) => ({ logicalId, resourceType }));
  return Object.fromEntries(findOwners([...declared, ...made], entries));
}

describe('what belongs to what', () => {
  it('is the resource of the same service that a property named after it refers to', async () => {
    const owners = await ownersOf(`
Resources:
  Fn: { Type: AWS::Lambda::Function, Properties: { Role: !GetAtt Role.Arn } }
  Role: { Type: AWS::IAM::Role }
  Permission: { Type: AWS::Lambda::Permission, Properties: { FunctionName: !GetAtt Fn.Arn, SourceArn: !Sub '\${Topic}' } }
  Topic: { Type: AWS::SNS::Topic }
  TopicPolicy: { Type: AWS::SNS::TopicPolicy, Properties: { Topics: [!Ref Topic] } }
  Bucket: { Type: AWS::S3::Bucket, Properties: { LoggingConfiguration: { DestinationBucketName: !Ref Logs } } }
  Logs: { Type: AWS::S3::Bucket }
  BucketPolicy: { Type: AWS::S3::BucketPolicy, Properties: { Bucket: !Sub '\${Bucket}' } }
`);
    expect(owners).toEqual({ Permission: 'Fn', TopicPolicy: 'Topic', BucketPolicy: 'Bucket' });
  });

  it('is the nearest one of several: a method belongs to its path, the path to the API', async () => {
    const owners = await ownersOf(`
Resources:
  Method: { Type: AWS::ApiGateway::Method, Properties: { RestApiId: !Ref Api, ResourceId: !Ref Path } }
  Path: { Type: AWS::ApiGateway::Resource, Properties: { RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId } }
  Api: { Type: AWS::ApiGateway::RestApi }
  Stage: { Type: AWS::ApiGateway::Stage, Properties: { RestApiId: !Ref Api } }
`);
    expect(owners).toEqual({ Method: 'Path', Path: 'Api', Stage: 'Api' });
  });

  const FUNCTION = (id: string, events: string) =>
    `  ${id}: { Type: AWS::Serverless::Function, Properties: { Role: !Ref ${id}, Events: ${events} } }\n`;

  it('is told by the name for what the serverless transform makes', async () => {
    const owners = await ownersOf(`Resources:\n${FUNCTION('Api', '{}')}${FUNCTION('ApiFunction', '{}')}`, {
      ApiFunctionRole: 'AWS::IAM::Role',
      ApiFunctionTick: 'AWS::Events::Rule',
      ApiFunctionTickPermission: 'AWS::Lambda::Permission',
      ApiRole: 'AWS::IAM::Role',
    });
    expect(owners).toEqual({
      ApiFunctionRole: 'ApiFunction',
      ApiFunctionTick: 'ApiFunction',
      ApiFunctionTickPermission: 'ApiFunctionTick',
      ApiRole: 'Api',
    });
  });

  it('is the function for an API that only its events ask for, and nothing when several do', async () => {
    const api = { ServerlessRestApi: 'AWS::ApiGateway::RestApi', ServerlessRestApiProdStage: 'AWS::ApiGateway::Stage' };
    const event = '{ Get: { Type: Api, Properties: { Path: /, Method: get } } }';
    const one = await ownersOf(`Resources:\n${FUNCTION('One', event)}${FUNCTION('Two', '{}')}`, api);
    expect(one).toEqual({ ServerlessRestApi: 'One', ServerlessRestApiProdStage: 'ServerlessRestApi' });
    const two = await ownersOf(`Resources:\n${FUNCTION('One', event)}${FUNCTION('Two', event)}`, api);
    expect(two).toEqual({ ServerlessRestApiProdStage: 'ServerlessRestApi' });
  });

  it('has no circles, and knows what a loop stands for', async () => {
    const circle = await ownersOf(`
Resources:
  A: { Type: AWS::X::Left, Properties: { RightName: !Ref B } }
  B: { Type: AWS::X::Right, Properties: { LeftName: !Ref A } }
`);
    expect(Object.keys(circle)).toHaveLength(1);
    const entries = resourcesOf(
      await parseTemplate(
        `
Resources:
  'Fn::ForEach::Topics':
    - Name
    - [Red, Blue]
    - Topic\${Name}: { Type: AWS::SNS::Topic }
  Topic: { Type: AWS::SNS::Topic }
`,
        'template.yaml',
      ),
    );
    const resources = ['Topic', 'TopicRed', 'TopicBlue'].map((logicalId) => ({ logicalId, resourceType: 'AWS::SNS::Topic' }));
    expect([...findOwners(resources, entries)]).toEqual([]);
  });
});
