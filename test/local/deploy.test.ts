import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
  waitUntilStackCreateComplete,
  waitUntilStackDeleteComplete,
  waitUntilStackUpdateComplete,
} from '@aws-sdk/client-cloudformation';
import { DescribeRepositoriesCommand, ECRClient, GetLifecyclePolicyCommand } from '@aws-sdk/client-ecr';
import {
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcessTarget, startInProcessTarget } from './support/in-process-target.ts';

let target: InProcessTarget;
let cloudFormation: CloudFormationClient;
let s3: S3Client;

beforeAll(async () => {
  target = await startInProcessTarget();
  cloudFormation = new CloudFormationClient(target.clientOptions());
  s3 = new S3Client(target.clientOptions());
});
afterAll(async () => {
  cloudFormation.destroy();
  s3.destroy();
  await target.close();
});

const WAIT = { minDelay: 0.05, maxDelay: 0.2, maxWaitTime: 30 };

function templateWith(changes: { readonly versioning: string; readonly extra?: object }): string {
  return JSON.stringify({
    Resources: {
      Artefacts: {
        Type: 'AWS::S3::Bucket',
        Properties: {
          VersioningConfiguration: { Status: changes.versioning },
          BucketEncryption: {
            ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true }],
          },
          LifecycleConfiguration: { Rules: [{ Id: 'old', Status: 'Enabled', Prefix: 'tmp/', ExpirationInDays: 3 }] },
          Tags: [{ Key: 'team', Value: 'a & b' }],
          ...changes.extra,
        },
      },
      ArtefactsPolicy: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'Artefacts' },
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: { 'Fn::GetAtt': ['Artefacts', 'Arn'] } }],
          },
        },
      },
      Images: {
        Type: 'AWS::ECR::Repository',
        Properties: {
          RepositoryName: 'from/a-stack',
          ImageTagMutability: 'IMMUTABLE',
          LifecyclePolicy: { LifecyclePolicyText: '{"rules":[]}' },
        },
      },
    },
    Outputs: {
      Bucket: { Value: { Ref: 'Artefacts' } },
      Domain: { Value: { 'Fn::GetAtt': ['Artefacts', 'RegionalDomainName'] } },
      Uri: { Value: { 'Fn::GetAtt': ['Images', 'RepositoryUri'] } },
    },
  });
}

async function outputsOf(StackName: string): Promise<Record<string, string>> {
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
  return Object.fromEntries((Stacks?.[0]?.Outputs ?? []).map((output) => [output.OutputKey ?? '', output.OutputValue ?? '']));
}

describe('a stack of buckets and repositories', () => {
  it('is created with their settings, changed, and deleted once its bucket is empty', async () => {
    const StackName = 'Storage';
    await cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody: templateWith({ versioning: 'Enabled' }) }));
    await waitUntilStackCreateComplete({ client: cloudFormation, ...WAIT }, { StackName });
    const { Bucket = '', Domain, Uri } = await outputsOf(StackName);
    expect(Bucket).toMatch(/^storage-artefacts-[0-9a-f]{12}$/);
    expect([Domain, Uri]).toEqual([`${Bucket}.s3.us-east-1.amazonaws.com`, `127.0.0.1:${target.port}/from/a-stack`]);
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
    const encryption = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
    expect(encryption.ServerSideEncryptionConfiguration?.Rules).toMatchObject([
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true },
    ]);
    expect((await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toMatchObject([
      { ID: 'old', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 3 } },
    ]);
    expect((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toContainEqual({ Key: 'team', Value: 'a & b' });
    expect((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toContain(`arn:aws:s3:::${Bucket}`);
    const ecr = new ECRClient(target.clientOptions());
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['from/a-stack'] }));
    expect(repositories).toMatchObject([{ imageTagMutability: 'IMMUTABLE', repositoryUri: Uri }]);
    expect((await ecr.send(new GetLifecyclePolicyCommand({ repositoryName: 'from/a-stack' }))).lifecyclePolicyText).toBe('{"rules":[]}');

    await cloudFormation.send(new UpdateStackCommand({ StackName, TemplateBody: templateWith({ versioning: 'Suspended' }) }));
    await waitUntilStackUpdateComplete({ client: cloudFormation, ...WAIT }, { StackName });
    expect((await outputsOf(StackName))['Bucket']).toBe(Bucket);
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Suspended');
    expect((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toContain(Bucket);

    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    await cloudFormation.send(new DeleteStackCommand({ StackName }));
    await expect(waitUntilStackDeleteComplete({ client: cloudFormation, ...WAIT }, { StackName })).rejects.toThrow(/DELETE_FAILED/);
    const { StackEvents } = await cloudFormation.send(new DescribeStackEventsCommand({ StackName }));
    const failed = StackEvents?.find((event) => event.ResourceStatus === 'DELETE_FAILED' && event.LogicalResourceId === 'Artefacts');
    expect(failed?.ResourceStatusReason).toContain('not empty');
    const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: 'null' }));
    if (VersionId !== undefined) await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId }));
    await cloudFormation.send(new DeleteStackCommand({ StackName }));
    await waitUntilStackDeleteComplete({ client: cloudFormation, ...WAIT }, { StackName });
    await expect(ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['from/a-stack'] }))).rejects.toMatchObject({
      name: 'RepositoryNotFoundException',
    });
  });

  it('fails when the name of its bucket is taken', async () => {
    const StackName = 'Taken';
    const bucket = { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'only-one' } };
    const TemplateBody = JSON.stringify({ Resources: { First: bucket, Second: { ...bucket, DependsOn: 'First' } } });
    await cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody }));
    await expect(waitUntilStackCreateComplete({ client: cloudFormation, ...WAIT }, { StackName })).rejects.toThrow(/ROLLBACK/);
    const { StackEvents } = await cloudFormation.send(new DescribeStackEventsCommand({ StackName }));
    const reasons = StackEvents?.map((event) => event.ResourceStatusReason ?? '').filter((reason) => reason.includes('already exists'));
    expect(reasons).toHaveLength(1);
  });
});

describe('a stack with a function', () => {
  it('answers over HTTP at the address that its output names, also after a restart', async () => {
    const StackName = 'Hello';
    const TemplateBody = JSON.stringify({
      AWSTemplateFormatVersion: '2010-09-09',
      Transform: 'AWS::Serverless-2016-10-31',
      Resources: {
        Hello: {
          Type: 'AWS::Serverless::Function',
          Properties: {
            Runtime: 'nodejs20.x',
            Handler: 'index.handler',
            InlineCode: "exports.handler = async (event) => ({ statusCode: 200, body: 'hello ' + event.rawPath });",
            FunctionUrlConfig: { AuthType: 'NONE' },
          },
        },
      },
      Outputs: { Url: { Value: { 'Fn::GetAtt': ['HelloUrl', 'FunctionUrl'] } } },
    });
    const Capabilities = ['CAPABILITY_IAM' as const, 'CAPABILITY_AUTO_EXPAND' as const];
    await cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities }));
    await waitUntilStackCreateComplete({ client: cloudFormation, ...WAIT }, { StackName });
    const url = (await outputsOf(StackName))['Url'] ?? '';
    expect(await (await fetch(`${url}there`)).text()).toBe('hello /there');
    target = await target.restart();
    cloudFormation.destroy();
    cloudFormation = new CloudFormationClient(target.clientOptions());
    expect(await (await fetch(`${(await outputsOf(StackName))['Url']}again`)).text()).toBe('hello /again');
    await cloudFormation.send(new DeleteStackCommand({ StackName }));
    await waitUntilStackDeleteComplete({ client: cloudFormation, ...WAIT }, { StackName });
    const afterwards = await fetch(url).then(
      (answer) => answer.text(),
      () => 'nothing answers',
    );
    expect(afterwards).not.toContain('hello');
  });
});
