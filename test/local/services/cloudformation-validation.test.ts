import {
  CloudFormationClient,
  CreateChangeSetCommand,
  type CreateChangeSetCommandInput,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackResourcesCommand,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, HeadBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcessTarget, startInProcessTarget } from '../support/in-process-target.ts';
import { body, errorOf, probe, stackClient } from './stack-client.ts';

let target: InProcessTarget;
let client: ReturnType<typeof stackClient>;
let s3: S3Client;
beforeAll(async () => {
  target = await startInProcessTarget();
  client = stackClient({ client: new CloudFormationClient(target.clientOptions()) });
  s3 = new S3Client({ ...target.clientOptions(), forcePathStyle: true });
});
afterAll(() => target.close());

const bucket = (BucketName: string, more: object = {}) => ({ Type: 'AWS::S3::Bucket', Properties: { BucketName }, ...more });
const create = (resources: object, more: Partial<CreateChangeSetCommandInput> = {}) =>
  client.changeSet({ ChangeSetType: 'CREATE', TemplateBody: body(resources), ...more, StackName: client.newName() });

async function findings(ChangeSetName: string) {
  const events = await client.events({ ChangeSetName, Filters: { FailedEvents: true } });
  return events
    .filter(({ EventType }) => EventType === 'VALIDATION_ERROR')
    .map((event) => [event.LogicalResourceId, event.ValidationName, event.ValidationStatusReason, event.ValidationPath]);
}

describe('a change set is checked before anything is touched', () => {
  it('and fails when names are taken, with changes still to be seen', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'taken-bucket' }));
    target.aws.logs.createGroup('/taken');
    const { Changes, Id, StackId, Status, StatusReason } = await create({
      B: bucket('taken-bucket'),
      L: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/taken' } },
      Free: bucket('free-bucket'),
    });
    expect({ Status, StatusReason }).toEqual({
      Status: 'FAILED',
      StatusReason:
        'The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.',
    });
    expect(Changes).toHaveLength(3);
    expect(await findings(Id)).toEqual([
      [
        'B',
        'NAME_CONFLICT_VALIDATION',
        "Resource of type 'AWS::S3::Bucket' with identifier 'taken-bucket' already exists.",
        '/Resources/B',
      ],
      ['L', 'NAME_CONFLICT_VALIDATION', "Resource of type 'AWS::Logs::LogGroup' with identifier '/taken' already exists.", '/Resources/L'],
    ]);
    const [event] = await client.events({ StackName: StackId, Filters: { FailedEvents: true } });
    expect(event).toMatchObject({
      OperationType: 'CREATE_CHANGESET',
      ValidationStatus: 'FAILED',
      ValidationFailureMode: 'FAIL',
      DetailedStatus: 'VALIDATION_FAILED',
      PhysicalResourceId: 'taken-bucket',
    });
    expect(await errorOf(client.send(new ExecuteChangeSetCommand({ ChangeSetName: Id })))).toMatchObject({
      name: 'InvalidChangeSetStatusException',
    });
  });

  it('and when properties are missing, unknown or of the wrong kind', async () => {
    const { Id, StatusReason } = await create({
      F: { Type: 'AWS::Lambda::Function', Properties: { Role: 'r', MemorySiz: 128, Timeout: 'soon', TracingConfig: { Mode: 'DISABLED' } } },
      Fine: {
        Type: 'AWS::Lambda::Function',
        Properties: { Role: { Ref: 'Other' }, Code: { ZipFile: 'x' }, Timeout: '3', MemorySize: 128, Tags: [], Runtime: 'nodejs24.x' },
      },
      Other: { Type: 'AWS::SQS::Queue', Properties: { Anything: 'goes' } },
    });
    expect(StatusReason).toMatch(/\[AWS::EarlyValidation::PropertyValidation\]/);
    const at = '/Resources/F/Properties';
    expect(await findings(Id)).toEqual([
      ['F', 'PROPERTY_VALIDATION', 'Required property [Code] not found', at],
      ['F', 'PROPERTY_VALIDATION', 'Unsupported property [MemorySiz]', `${at}/MemorySiz`],
      ['F', 'PROPERTY_VALIDATION', 'Value of property [Timeout] must be of type integer', `${at}/Timeout`],
      [
        'F',
        'PROPERTY_VALIDATION',
        'DISABLED is not a valid enum value. Supported values: [Active, PassThrough]',
        `${at}/TracingConfig/Mode`,
      ],
    ]);
  });

  it('unless the request turns that off, and probes fail only when they run', async () => {
    const { Status } = await create({ B: bucket('taken-bucket') }, { DisableValidation: true });
    expect(Status).toBe('CREATE_COMPLETE');
    const { Id, StackId, Status: ofProbe } = await create({ P: probe({ FailOn: 'create' }) });
    expect(ofProbe).toBe('CREATE_COMPLETE');
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: Id }));
    expect((await client.settled(StackId)).StackStatus).toBe('ROLLBACK_COMPLETE');
  });

  it('and a bucket that would not be empty is only a warning', async () => {
    const StackName = client.newName();
    const both = { B: bucket('full-bucket'), P: probe() };
    await client.deploy({ StackName, ChangeSetType: 'CREATE', TemplateBody: body(both) });
    await s3.send(new PutObjectCommand({ Bucket: 'full-bucket', Key: 'k', Body: 'v' }));
    const { Id, Status } = await client.changeSet({ StackName, TemplateBody: body({ P: probe() }) });
    expect(Status).toBe('CREATE_COMPLETE');
    const [finding] = await client.events({ ChangeSetName: Id, Filters: { FailedEvents: true } });
    expect(finding).toMatchObject({
      ValidationName: 'BUCKET_EMPTINESS_VALIDATION',
      ValidationFailureMode: 'WARN',
      LogicalResourceId: 'B',
      ValidationStatusReason: expect.stringMatching(/^The bucket 'full-bucket' is not empty\./),
    });
  });

  it('and names of recorded tables count too', async () => {
    const table = { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'orders', KeySchema: [] } };
    await client.deploy({ StackName: client.newName(), ChangeSetType: 'CREATE', TemplateBody: body({ T: table }) });
    const { Id, Status } = await create({ Another: table });
    expect(Status).toBe('FAILED');
    expect((await findings(Id)).map(([, name]) => name)).toEqual(['NAME_CONFLICT_VALIDATION']);
  });
});

describe('a change set that imports', () => {
  it('takes over what exists under its name, and leaves it alone when it fails', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'old-bucket' }));
    const kept = { DeletionPolicy: 'RetainExceptOnCreate' };
    const wish = { ChangeSetType: 'CREATE', ImportExistingResources: true } as const;
    const failing = await client.deploy({
      ...wish,
      StackName: client.newName(),
      TemplateBody: body({ B: bucket('old-bucket', kept), P: probe({ FailOn: 'create' }, { DependsOn: 'B' }) }),
    });
    expect(failing.StackStatus).toBe('ROLLBACK_COMPLETE');
    await s3.send(new HeadBucketCommand({ Bucket: 'old-bucket' }));

    const resources = { B: bucket('old-bucket', kept), P: probe({ Value: { 'Fn::GetAtt': ['B', 'Arn'] } }) };
    const { Changes, Id, ImportExistingResources, StackId } = await create(resources, wish);
    expect(ImportExistingResources).toBe(true);
    expect(Changes?.map(({ ResourceChange }) => [ResourceChange?.Action, ResourceChange?.PhysicalResourceId])).toEqual([
      ['Import', 'old-bucket'],
      ['Add', undefined],
    ]);
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: Id }));
    expect((await client.settled(StackId)).StackStatus).toBe('CREATE_COMPLETE');
    const events = (await client.events({ StackName: StackId })).filter(({ LogicalResourceId }) => LogicalResourceId === 'B');
    expect(events.map(({ ResourceStatus, ResourceStatusReason }) => [ResourceStatus, ResourceStatusReason])).toEqual([
      ['IMPORT_IN_PROGRESS', 'Resource import started.'],
      ['IMPORT_COMPLETE', 'Resource import completed.'],
      ['UPDATE_IN_PROGRESS', 'Apply stack-level tags to imported resource if applicable.'],
      ['UPDATE_COMPLETE', undefined],
    ]);
    const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: StackId }));
    expect(StackResources?.map(({ PhysicalResourceId }) => PhysicalResourceId)).toContain('old-bucket');
    await client.send(new DeleteStackCommand({ StackName: StackId }));
    expect((await client.settled(StackId)).StackStatus).toBe('DELETE_COMPLETE');
    await s3.send(new HeadBucketCommand({ Bucket: 'old-bucket' }));
  });

  it('fails when the resource would go with the stack, or belongs to another', async () => {
    const wish = { ImportExistingResources: true };
    const { Status, StatusReason } = await create({ B: bucket('old-bucket') }, wish);
    expect(Status).toBe('FAILED');
    expect(StatusReason).toBe(
      "CloudFormation is attempting to import some resources because they already exist in your account. The resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template for successful import. The affected resources are B ({BucketName=old-bucket})",
    );
    const owned = { B: bucket('owned-bucket', { DeletionPolicy: 'Retain' }) };
    await client.deploy({ StackName: client.newName(), ChangeSetType: 'CREATE', TemplateBody: body(owned) });
    expect((await create(owned, wish)).StatusReason).toMatch(/ResourceExistenceCheck/);
  });
});

describe('the switches of a change set', () => {
  const failing = (resources: object = { A: probe(), P: probe({ FailOn: 'create' }, { DependsOn: 'A' }) }) => body(resources);

  it.each([
    ['DELETE', 'DELETE_COMPLETE'],
    ['ROLLBACK', 'ROLLBACK_COMPLETE'],
    ['DO_NOTHING', 'CREATE_FAILED'],
  ] as const)('OnStackFailure %s leads to %s', async (OnStackFailure, status) => {
    const input = { StackName: client.newName(), ChangeSetType: 'CREATE', TemplateBody: failing(), OnStackFailure } as const;
    const { Id, StackId, OnStackFailure: shown } = await client.changeSet(input);
    expect(shown).toBe(OnStackFailure);
    const refused = client.send(new ExecuteChangeSetCommand({ ChangeSetName: Id, DisableRollback: false }));
    expect(await errorOf(refused)).toMatchObject({ name: 'ValidationError' });
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: Id }));
    expect((await client.settled(StackId)).StackStatus).toBe(status);
  });

  it('OnStackFailure DELETE is for creations only', async () => {
    const { StackName = '' } = await client.createStack(body({ A: probe() }));
    const refused = client.changeSet({ StackName, TemplateBody: failing(), OnStackFailure: 'DELETE' });
    expect(await errorOf(refused)).toMatchObject({ name: 'ValidationError' });
  });

  it('notifications and alarms are kept and shown', async () => {
    const StackName = client.newName();
    const NotificationARNs = ['arn:aws:sns:us-east-1:000000000000:topic'];
    const RollbackConfiguration = {
      RollbackTriggers: [{ Arn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors', Type: 'AWS::CloudWatch::Alarm' }],
      MonitoringTimeInMinutes: 5,
    };
    const input = { StackName, TemplateBody: body({ A: probe() }), NotificationARNs, RollbackConfiguration };
    const stack = await client.deploy({ ...input, ChangeSetType: 'CREATE' });
    expect(stack).toMatchObject({ NotificationARNs, RollbackConfiguration });
    const updated = await client.deploy({ StackName, TemplateBody: body({ A: probe({ Value: 'x' }) }) });
    expect(updated).toMatchObject({ NotificationARNs, RollbackConfiguration });
    const cleared = { NotificationARNs: [], RollbackConfiguration: { RollbackTriggers: [] } };
    const { Id } = await client.changeSet({ StackName, TemplateBody: body({ A: probe({ Value: 'y' }) }), ...cleared });
    expect((await client.send(new DescribeChangeSetCommand({ ChangeSetName: Id }))).NotificationARNs ?? []).toEqual([]);
  });

  it('a stack that failed is updated with rollback off only', async () => {
    const StackName = client.newName();
    const input = { StackName, ChangeSetType: 'CREATE', TemplateBody: failing() } as const;
    expect((await client.deploy(input, { DisableRollback: true })).StackStatus).toBe('CREATE_FAILED');
    const again = { StackName, TemplateBody: body({ A: probe(), P: probe() }) };
    expect(await errorOf(client.deploy(again))).toMatchObject({
      name: 'ValidationError',
      message:
        'This stack is currently in a non-terminal [CREATE_FAILED] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the rollback-stack API',
    });
    expect((await client.deploy(again, { DisableRollback: true })).StackStatus).toBe('UPDATE_COMPLETE');
  });

  it('the same request with another token is refused', async () => {
    const input = {
      StackName: client.newName(),
      ChangeSetName: 'one',
      ChangeSetType: 'CREATE',
      TemplateBody: body({ A: probe() }),
    } as const;
    const first = await client.send(new CreateChangeSetCommand({ ...input, ClientToken: 'a' }));
    expect(await client.send(new CreateChangeSetCommand({ ...input, ClientToken: 'a' }))).toMatchObject({ Id: first.Id });
    expect(await errorOf(client.send(new CreateChangeSetCommand({ ...input, ClientToken: 'b' })))).toMatchObject({
      name: 'AlreadyExistsException',
    });
  });
});
