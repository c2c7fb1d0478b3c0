import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  waitUntilStackCreateComplete,
  waitUntilStackDeleteComplete,
  waitUntilStackUpdateComplete,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { type InProcessTarget, startInProcessTarget } from '../support/in-process-target.ts';

const BUCKET = 'code-of-the-serverless-test';
const WAIT = { minDelay: 0.05, maxDelay: 0.2, maxWaitTime: 30 };
let target: InProcessTarget;
let client: CloudFormationClient;
let s3: S3Client;

beforeAll(async () => {
  target = await startInProcessTarget();
  client = new CloudFormationClient(target.clientOptions());
  s3 = new S3Client(target.clientOptions());
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
});
afterAll(async () => {
  client.destroy();
  s3.destroy();
  await target.close();
});

async function uploadCode(key: string, answer: string): Promise<void> {
  const zip = new ZipFile();
  const code = `exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify({ answer: ${JSON.stringify(answer)}, version: event.version ?? '1.0', path: event.rawPath ?? event.path, env: process.env.STAGE }) });`;
  zip.addBuffer(Buffer.from(code), 'index.js');
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: Buffer.concat(chunks) }));
}

const template = (key: string) => `
Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String, Default: dev}}
Globals:
  Function: {Runtime: nodejs22.x, Handler: index.handler, CodeUri: 's3://${BUCKET}/${key}', Environment: {Variables: {STAGE: !Ref Stage}}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      FunctionUrlConfig: {AuthType: NONE}
      AutoPublishAlias: live
      Policies: [AWSLambdaBasicExecutionRole, {DynamoDBCrudPolicy: {TableName: !Ref Table}}]
      Events:
        Root: {Type: Api, Properties: {Path: /, Method: ANY}}
        Rest: {Type: Api, Properties: {Path: '/{proxy+}', Method: ANY}}
        Http: {Type: HttpApi, Properties: {Path: '/http/{id}', Method: get}}
        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
  Table: {Type: AWS::Serverless::SimpleTable}
Outputs:
  Rest: {Value: !Sub 'https://\${ServerlessRestApi}.execute-api.\${AWS::Region}.amazonaws.com/Prod/'}
  Http: {Value: !Sub '\${ServerlessHttpApi.ApiEndpoint}/http/7'}
  Url: {Value: !GetAtt HelloUrl.FunctionUrl}
`;

async function deploy(StackName: string, key: string, ChangeSetType: 'CREATE' | 'UPDATE', ChangeSetName: string) {
  const { Id } = await client.send(
    new CreateChangeSetCommand({ StackName, ChangeSetName, ChangeSetType, TemplateBody: template(key), Capabilities: ['CAPABILITY_IAM'] }),
  );
  const changeSet = await client.send(new DescribeChangeSetCommand({ ChangeSetName: Id }));
  if (changeSet.Status === 'FAILED') return { reason: changeSet.StatusReason, outputs: {} as Record<string, string> };
  await client.send(new ExecuteChangeSetCommand({ ChangeSetName: Id }));
  const wait = ChangeSetType === 'CREATE' ? waitUntilStackCreateComplete : waitUntilStackUpdateComplete;
  await wait({ client, ...WAIT }, { StackName }).catch(async (error: unknown) => {
    const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName }));
    const failed = StackEvents?.filter(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'));
    throw new Error(
      JSON.stringify(failed?.map(({ LogicalResourceId, ResourceStatusReason }) => [LogicalResourceId, ResourceStatusReason])),
      { cause: error },
    );
  });
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }));
  const outputs = Object.fromEntries((Stacks?.[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  return { outputs, changes: changeSet.Changes };
}

const get = async (url: string | undefined): Promise<unknown> => (await fetch(url ?? '')).json();

describe('a serverless application', () => {
  it('is created, answers, changes, and is deleted', async () => {
    await uploadCode('one.zip', 'first');
    await uploadCode('two.zip', 'second');
    const { outputs } = await deploy('serverless-app', 'one.zip', 'CREATE', 'c1');
    for (const url of Object.values(outputs)) expect(url).toMatch(/^http:\/\//);
    expect(await get(outputs['Rest'])).toEqual({ answer: 'first', version: '1.0', path: '/', env: 'dev' });
    expect(await get(`${outputs['Rest']}a/b`)).toMatchObject({ answer: 'first', path: '/a/b' });
    expect(await get(outputs['Http'])).toMatchObject({ answer: 'first', version: '2.0' });
    expect(await get(outputs['Url'])).toMatchObject({ answer: 'first', version: '2.0' });

    const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: 'serverless-app' }));
    const recorded = StackResources?.filter(({ ResourceStatusReason }) => ResourceStatusReason?.startsWith('Recorded only')).map(
      ({ ResourceType }) => ResourceType,
    );
    expect(recorded?.toSorted()).toEqual(['AWS::DynamoDB::Table', 'AWS::Events::Rule']);

    expect(await deploy('serverless-app', 'one.zip', 'UPDATE', 'c2')).toMatchObject({
      reason: expect.stringContaining("didn't contain changes"),
    });
    const updated = await deploy('serverless-app', 'two.zip', 'UPDATE', 'c3');
    expect(updated.outputs).toEqual(outputs);
    for (const name of ['Rest', 'Http', 'Url']) expect(await get(outputs[name]), name).toMatchObject({ answer: 'second' });

    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: 'serverless-app' }));
    const StackName = Stacks?.[0]?.StackId;
    await client.send(new DeleteStackCommand({ StackName }));
    await waitUntilStackDeleteComplete({ client, ...WAIT }, { StackName });
    const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName }));
    expect(StackEvents?.[0]).toMatchObject({ ResourceStatus: 'DELETE_COMPLETE', ResourceType: 'AWS::CloudFormation::Stack' });
    await expect(fetch(outputs['Url'] ?? '')).rejects.toThrow('fetch failed');
  });

  it('whose code is missing fails and leaves nothing', async () => {
    await expect(deploy('serverless-bad', 'missing.zip', 'CREATE', 'c1')).rejects.toThrow(/Hello/);
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: 'serverless-bad' }));
    expect(Stacks?.[0]?.StackStatus).toBe('ROLLBACK_COMPLETE');
  });
});
