import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  CloudFormationClient,
  DescribeStackDriftDetectionStatusCommand,
  DescribeStackResourceDriftsCommand,
  DescribeStackResourcesCommand,
  DetectStackDriftCommand,
  type StackResourceDrift,
} from '@aws-sdk/client-cloudformation';
import { DeleteFunctionCommand, LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcessTarget, startInProcessTarget } from '../support/in-process-target.ts';
import { body, errorOf, probe, stackClient } from './stack-client.ts';

let target: InProcessTarget;
let client: ReturnType<typeof stackClient>;
let lambda: LambdaClient;
beforeAll(async () => {
  target = await startInProcessTarget();
  client = stackClient({ client: new CloudFormationClient(target.clientOptions()) });
  lambda = new LambdaClient(target.clientOptions());
});
afterAll(() => target.close());

const RESOURCES = {
  Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Statement: [] }, MaxSessionDuration: '3600' } },
  Fn: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Code: { ZipFile: 'exports.handler = async () => 1;' },
      MemorySize: '256',
      Environment: { Variables: { STAGE: 'test', LEVEL: '1' } },
    },
  },
  Bucket: { Type: 'AWS::S3::Bucket', Properties: { VersioningConfiguration: { Status: 'Enabled' } } },
  Logs: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 7 } },
  Queue: { Type: 'AWS::SQS::Queue' },
  Probe: probe(),
};

async function detect(StackName: string) {
  const { StackDriftDetectionId } = await client.send(new DetectStackDriftCommand({ StackName }));
  const detection = await client.send(new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId }));
  const { StackResourceDrifts } = await client.send(new DescribeStackResourceDriftsCommand({ StackName }));
  const drifts = (StackResourceDrifts ?? []).map((drift): [string, StackResourceDrift] => [drift.LogicalResourceId ?? '', drift]);
  const byId = Object.fromEntries(drifts);
  return { detection, byId, statuses: Object.fromEntries(Object.entries(byId).map(([id, drift]) => [id, drift.StackResourceDriftStatus])) };
}

describe('drift', () => {
  it('is found where the target holds the truth', async () => {
    const StackName = client.newName();
    const input = { StackName, ChangeSetType: 'CREATE', TemplateBody: body(RESOURCES) } as const;
    const stack = await client.deploy({ ...input, Capabilities: ['CAPABILITY_IAM'] });
    expect(stack.StackStatus).toBe('CREATE_COMPLETE');
    const before = await detect(StackName);
    expect(before.detection).toMatchObject({
      DetectionStatus: 'DETECTION_COMPLETE',
      StackDriftStatus: 'IN_SYNC',
      DriftedStackResourceCount: 0,
    });
    expect(before.statuses).toEqual({ Role: 'IN_SYNC', Fn: 'IN_SYNC', Bucket: 'IN_SYNC', Logs: 'IN_SYNC' });

    const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName }));
    const idOf = (id: string) => StackResources?.find(({ LogicalResourceId }) => LogicalResourceId === id)?.PhysicalResourceId ?? '';
    const Environment = { Variables: { STAGE: 'prod', EXTRA: 'x' } };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: idOf('Fn'), MemorySize: 512, Environment }));
    await new S3Client({ ...target.clientOptions(), forcePathStyle: true }).send(new DeleteBucketCommand({ Bucket: idOf('Bucket') }));
    target.aws.logs.createGroup(idOf('Logs'), 30);

    const after = await detect(StackName);
    expect(after.detection).toMatchObject({ StackDriftStatus: 'DRIFTED', DriftedStackResourceCount: 3 });
    expect(after.statuses).toEqual({ Role: 'IN_SYNC', Fn: 'MODIFIED', Bucket: 'DELETED', Logs: 'MODIFIED' });
    const differences = after.byId['Fn']?.PropertyDifferences?.map((one) => [
      one.PropertyPath,
      one.DifferenceType,
      one.ExpectedValue,
      one.ActualValue,
    ]);
    expect(differences?.toSorted()).toEqual([
      ['/Environment/Variables/EXTRA', 'ADD', 'null', 'x'],
      ['/Environment/Variables/LEVEL', 'REMOVE', '1', 'null'],
      ['/Environment/Variables/STAGE', 'NOT_EQUAL', 'test', 'prod'],
      ['/MemorySize', 'NOT_EQUAL', '256', '512'],
    ]);
    expect(after.byId['Logs']?.PropertyDifferences).toEqual([
      { PropertyPath: '/RetentionInDays', DifferenceType: 'NOT_EQUAL', ExpectedValue: '7', ActualValue: '30' },
    ]);
    expect((await client.find(StackName))?.DriftInformation).toMatchObject({
      StackDriftStatus: 'DRIFTED',
      LastCheckTimestamp: expect.any(Date),
    });
    const shown = await client.send(new DescribeStackResourcesCommand({ StackName }));
    const drift = shown.StackResources?.map((one) => [one.LogicalResourceId, one.DriftInformation?.StackResourceDriftStatus]);
    expect(Object.fromEntries(drift ?? [])).toMatchObject({
      Fn: 'MODIFIED',
      Bucket: 'DELETED',
      Queue: 'NOT_CHECKED',
      Probe: 'NOT_CHECKED',
    });

    await lambda.send(new DeleteFunctionCommand({ FunctionName: idOf('Fn') }));
    expect((await detect(StackName)).statuses['Fn']).toBe('DELETED');
    const env = {
      PATH: process.env['PATH'],
      AWS_ACCESS_KEY_ID: target.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: target.credentials.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
    };
    const args = ['cloudformation', 'describe-stack-resource-drifts', '--stack-name', StackName, '--endpoint-url', target.endpoint];
    const filter = ['--stack-resource-drift-status-filters', 'DELETED', '--query', 'StackResourceDrifts[].LogicalResourceId'];
    const { stdout } = await promisify(execFile)('aws', [...args, ...filter, '--output', 'json'], { env });
    expect(JSON.parse(stdout).toSorted()).toEqual(['Bucket', 'Fn']);
  });

  it('is forgotten when the stack changes, and not looked for while it cannot be', async () => {
    const { StackName = '' } = await client.createStack(body({ Logs: RESOURCES.Logs }));
    await detect(StackName);
    const updated = await client.deploy({ StackName, TemplateBody: body({ Logs: RESOURCES.Logs, P: probe() }) });
    expect(updated.DriftInformation).toEqual({ StackDriftStatus: 'NOT_CHECKED' });
    const failed = await client.createStack(body({ P: probe({ FailOn: 'create' }) }));
    expect(await errorOf(detect(failed.StackName ?? ''))).toMatchObject({ name: 'ValidationError' });
    expect(
      await errorOf(
        client.send(new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId: 'no-such-detection-at-all-0000000000' })),
      ),
    ).toMatchObject({ name: 'ValidationError' });
  });
});
