import {
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackResourcesCommand,
  ExecuteChangeSetCommand,
  ListChangeSetsCommand,
  ListStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloudFormation } from './cloudformation-fixture.ts';
import { body, errorOf, probe, stackClient } from './stack-client.ts';

let target: Awaited<ReturnType<typeof startCloudFormation>>;
let client: ReturnType<typeof stackClient>;
beforeAll(async () => {
  target = await startCloudFormation();
  client = stackClient(target);
  await target.s3.send(new CreateBucketCommand({ Bucket: 'templates' }));
});
afterAll(() => target.close());

async function stored(name: string, text: string): Promise<string> {
  await target.s3.send(new PutObjectCommand({ Bucket: 'templates', Key: name, Body: text }));
  return `https://templates.s3.amazonaws.com/${name}`;
}

let serial = 0;
/** Root, child and grandchild, whose probe has these properties. */
async function threeDeep(properties: object, child: object = {}): Promise<string> {
  const suffix = ++serial;
  const leaf = await stored(
    `leaf-${suffix}`,
    body({ Leaf: probe(properties) }, { Outputs: { V: { Value: { 'Fn::GetAtt': ['Leaf', 'Value'] } } } }),
  );
  const middle = await stored(
    `middle-${suffix}`,
    body({ Inner: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: leaf } }, Mid: probe(child) }),
  );
  return body({ Outer: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: middle } }, Own: probe() });
}

async function describeChangeSet(ChangeSetName: string | undefined) {
  return await client.send(new DescribeChangeSetCommand({ ChangeSetName }));
}

/** The change set of the nested stack under a logical id. */
async function nestedOf(ChangeSetName: string | undefined, logicalId: string) {
  const { Changes } = await describeChangeSet(ChangeSetName);
  const id = Changes?.find(({ ResourceChange }) => ResourceChange?.LogicalResourceId === logicalId)?.ResourceChange?.ChangeSetId;
  return await describeChangeSet(id);
}

async function nestedStack(StackName: string, LogicalResourceId: string): Promise<string> {
  const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName, LogicalResourceId }));
  return StackResources?.[0]?.PhysicalResourceId ?? '';
}

describe('change sets with nested stacks', () => {
  it('have one for each, executed from the root only', async () => {
    const input = { StackName: client.newName(), ChangeSetType: 'CREATE', IncludeNestedStacks: true } as const;
    const root = await client.changeSet({ ...input, TemplateBody: await threeDeep({ Value: '1' }) });
    expect(root).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE', IncludeNestedStacks: true });
    const middle = await nestedOf(root.Id, 'Outer');
    expect(middle).toMatchObject({
      Status: 'CREATE_COMPLETE',
      StatusReason: 'Only executable from the root change set.',
      ExecutionStatus: 'UNAVAILABLE',
      ParentChangeSetId: root.Id,
      RootChangeSetId: root.Id,
    });
    const leaf = await nestedOf(middle.ChangeSetId, 'Inner');
    expect(leaf).toMatchObject({ ParentChangeSetId: middle.ChangeSetId, RootChangeSetId: root.Id });
    expect(leaf.Changes?.map(({ ResourceChange }) => [ResourceChange?.Action, ResourceChange?.LogicalResourceId])).toEqual([
      ['Add', 'Leaf'],
    ]);
    expect((await client.find(leaf.StackId ?? ''))?.StackStatus).toBe('REVIEW_IN_PROGRESS');
    expect(await errorOf(client.send(new ExecuteChangeSetCommand({ ChangeSetName: leaf.ChangeSetId })))).toMatchObject({
      name: 'InvalidChangeSetStatusException',
    });
    expect(await errorOf(client.send(new DeleteChangeSetCommand({ ChangeSetName: leaf.ChangeSetId })))).toMatchObject({
      name: 'ValidationError',
    });

    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: root.Id }));
    const stack = await client.settled(root.StackId);
    expect(stack.StackStatus).toBe('CREATE_COMPLETE');
    const made = await client.find(leaf.StackId ?? '');
    expect(made).toMatchObject({ StackStatus: 'CREATE_COMPLETE', ParentId: middle.StackId, RootId: root.StackId });
    expect(made?.Outputs?.[0]?.OutputValue).toBe('1');
    expect(await describeChangeSet(leaf.ChangeSetId)).toMatchObject({ ExecutionStatus: 'EXECUTE_COMPLETE' });
    expect(await nestedStack(root.StackId, 'Outer')).toBe(middle.StackId);
  });

  it('of an update show what changes below, and leave out what does not', async () => {
    const StackName = client.newName();
    await client.deploy({ StackName, ChangeSetType: 'CREATE', TemplateBody: await threeDeep({ Value: '1' }) });
    const root = await client.changeSet({ StackName, IncludeNestedStacks: true, TemplateBody: await threeDeep({ Value: '2' }) });
    const leaf = await nestedOf((await nestedOf(root.Id, 'Outer')).ChangeSetId, 'Inner');
    expect(leaf.Changes?.map(({ ResourceChange }) => [ResourceChange?.Action, ResourceChange?.LogicalResourceId])).toEqual([
      ['Modify', 'Leaf'],
    ]);
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: root.Id }));
    expect((await client.settled(root.StackId)).StackStatus).toBe('UPDATE_COMPLETE');
    expect((await client.find(leaf.StackId ?? ''))?.Outputs?.[0]?.OutputValue).toBe('2');
  });

  it('fail with the first that fails below', async () => {
    const input = { StackName: client.newName(), ChangeSetType: 'CREATE', IncludeNestedStacks: true } as const;
    const wrong = await stored('wrong', body({ F: { Type: 'AWS::CloudFormation::Stack', Properties: {} } }));
    const root = await client.changeSet({
      ...input,
      TemplateBody: body({ Outer: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: wrong } } }),
    });
    const child = await nestedOf(root.Id, 'Outer');
    expect(root).toMatchObject({
      Status: 'FAILED',
      StatusReason: `Nested change set ${child.ChangeSetId} was not successfully created: Currently in FAILED.`,
    });
    expect(child.StatusReason).toMatch(/AWS::EarlyValidation::PropertyValidation/);
    const [finding] = await client.events({ ChangeSetName: child.ChangeSetId, Filters: { FailedEvents: true } });
    expect(finding).toMatchObject({ EventType: 'VALIDATION_ERROR', ValidationStatusReason: 'Required property [TemplateURL] not found' });
  });

  it('go with their root, and so do the stacks that were in review for them', async () => {
    const input = { StackName: client.newName(), ChangeSetType: 'CREATE', IncludeNestedStacks: true } as const;
    const root = await client.changeSet({ ...input, TemplateBody: await threeDeep({}) });
    const middle = await nestedOf(root.Id, 'Outer');
    const leaf = await nestedOf(middle.ChangeSetId, 'Inner');
    await client.send(new DeleteChangeSetCommand({ ChangeSetName: root.Id }));
    expect(await errorOf(describeChangeSet(leaf.ChangeSetId))).toMatchObject({ name: 'ChangeSetNotFoundException' });
    await client.until(leaf.StackId ?? '', ({ StackStatus }) => StackStatus === 'DELETE_COMPLETE');
    await client.until(middle.StackId ?? '', ({ StackStatus }) => StackStatus === 'DELETE_COMPLETE');
    expect((await client.send(new ListChangeSetsCommand({ StackName: root.StackId }))).Summaries ?? []).toEqual([]);
    expect((await client.find(root.StackId))?.StackStatus).toBe('REVIEW_IN_PROGRESS');
  });

  it('leave no stacks in review behind when the creation fails before it reaches them', async () => {
    const TemplateURL = await stored('never', body({ A: probe() }));
    const resources = {
      Bad: probe({ FailOn: 'create' }),
      Never: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL }, DependsOn: 'Bad' },
    };
    const input = { StackName: client.newName(), ChangeSetType: 'CREATE', IncludeNestedStacks: true } as const;
    const stack = await client.deploy({ ...input, TemplateBody: body(resources) });
    expect(stack.StackStatus).toBe('ROLLBACK_COMPLETE');
    await expect
      .poll(async () => {
        const { StackSummaries } = await client.send(new ListStacksCommand({ StackStatusFilter: ['REVIEW_IN_PROGRESS'] }));
        return StackSummaries?.filter(({ ParentId }) => ParentId === stack.StackId);
      })
      .toEqual([]);
  });
});

describe('nested stacks', () => {
  it('three deep have ids, parents, roots and events of their own, and the cause comes up through all', async () => {
    const stack = await client.deploy({
      StackName: client.newName(),
      ChangeSetType: 'CREATE',
      TemplateBody: await threeDeep({ FailOn: 'create' }),
    });
    expect(stack.StackStatus).toBe('ROLLBACK_COMPLETE');
    const outer = await nestedStack(stack.StackId ?? '', 'Outer');
    const inner = await nestedStack(outer, 'Inner');
    expect(await client.find(outer)).toMatchObject({ ParentId: stack.StackId, RootId: stack.StackId });
    expect(await client.find(inner)).toMatchObject({ ParentId: outer, RootId: stack.StackId });
    const reasonOf = async (StackName: string, logicalId: string) =>
      (await client.events({ StackName })).find(
        ({ EventType, LogicalResourceId }) => LogicalResourceId === logicalId && EventType === 'PROVISIONING_ERROR',
      )?.ResourceStatusReason;
    expect(await reasonOf(inner, 'Leaf')).toMatch(/The probe was told to fail on create/);
    expect(await reasonOf(outer, 'Inner')).toMatch(/^Embedded stack arn:.* was not successfully created: The following resource\(s\)/);
    expect(await reasonOf(stack.StackId ?? '', 'Outer')).toMatch(new RegExp(`^Embedded stack ${outer} was not successfully created`));
  });
});
