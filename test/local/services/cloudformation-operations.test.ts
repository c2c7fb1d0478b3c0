import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  CancelUpdateStackCommand,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeEventsCommand,
  DescribeStackEventsCommand,
  ListStacksCommand,
  RollbackStackCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloudFormation } from './cloudformation-fixture.ts';
import { body, errorOf, probe, stackClient } from './stack-client.ts';

let target: Awaited<ReturnType<typeof startCloudFormation>>;
let client: ReturnType<typeof stackClient>;
beforeAll(async () => {
  target = await startCloudFormation();
  client = stackClient(target);
});
afterAll(() => target.close());

describe('operations', () => {
  it('have an id each, newest first, and rollbacks after a failure are operations of their own', async () => {
    const { StackName = '' } = await client.createStack(body({ A: probe() }));
    const stack = await client.deploy({ StackName, TemplateBody: body({ A: probe({ Value: '2' }), B: probe({ FailOn: 'create' }) }) });
    expect(stack.StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(stack.LastOperations?.map(({ OperationType }) => OperationType)).toEqual([
      'ROLLBACK',
      'UPDATE_STACK',
      'CREATE_CHANGESET',
      'CREATE_STACK',
    ]);
    expect(new Set(stack.LastOperations?.map(({ OperationId }) => OperationId)).size).toBe(4);

    const [rollback, update] = stack.LastOperations ?? [];
    const updated = await client.events({ OperationId: update?.OperationId });
    expect(new Set(updated.map(({ OperationType }) => OperationType))).toEqual(new Set(['UPDATE_STACK']));
    expect(updated[0]).toMatchObject({ EventType: 'STACK_EVENT', ResourceStatus: 'UPDATE_IN_PROGRESS', OperationStatus: 'IN_PROGRESS' });
    expect(updated.at(-1)).toMatchObject({
      EventType: 'STACK_EVENT',
      OperationStatus: 'FAILED',
      ResourceStatusReason: 'The following resource(s) failed to create: [B]. ',
      StartTime: expect.any(Date),
      EndTime: expect.any(Date),
    });
    expect(updated.at(-1)?.ResourceStatus).toBeUndefined();
    const back = await client.events({ OperationId: rollback?.OperationId });
    expect(back[0]).toMatchObject({ OperationType: 'ROLLBACK', ResourceStatus: 'UPDATE_ROLLBACK_IN_PROGRESS' });
    expect(back.at(-1)).toMatchObject({ ResourceStatus: 'UPDATE_ROLLBACK_COMPLETE', OperationStatus: 'SUCCEEDED' });
  });

  it('that failed tell only their failures when asked to', async () => {
    const { StackName, LastOperations } = await client.createStack(body({ Good: probe(), Bad: probe({ FailOn: 'create' }) }));
    const create = LastOperations?.find(({ OperationType }) => OperationType === 'CREATE_STACK');
    const failed = await client.events({ OperationId: create?.OperationId, Filters: { FailedEvents: true } });
    expect(failed.map(({ EventType, LogicalResourceId, ResourceStatus }) => [EventType, LogicalResourceId, ResourceStatus])).toEqual([
      ['PROVISIONING_ERROR', 'Bad', 'CREATE_FAILED'],
      ...failed.slice(1, -1).map(() => ['PROVISIONING_ERROR', 'Good', 'CREATE_FAILED']),
      ['STACK_EVENT', StackName, undefined],
    ]);
    const all = await client.events({ StackName });
    expect(all.filter(({ EventType }) => EventType === 'PROGRESS_EVENT').length).toBeGreaterThan(0);
  });

  it('on a change set are found by it, and the older call knows nothing of them', async () => {
    const { Id, StackId, ...made } = await client.changeSet({
      StackName: client.newName(),
      ChangeSetType: 'CREATE',
      TemplateBody: body({ A: probe() }),
    });
    const events = await client.events({ ChangeSetName: Id });
    expect(events.map((event) => [event.OperationType, event.OperationStatus, event.ResourceStatus])).toEqual([
      ['CREATE_CHANGESET', 'IN_PROGRESS', 'REVIEW_IN_PROGRESS'],
      ['CREATE_CHANGESET', 'IN_PROGRESS', undefined],
      ['CREATE_CHANGESET', 'SUCCEEDED', undefined],
    ]);
    expect(await client.events({ ChangeSetName: made.ChangeSetName, StackName: StackId })).toEqual(events);
    const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: StackId }));
    expect(StackEvents?.map(({ ResourceStatus }) => ResourceStatus)).toEqual(['REVIEW_IN_PROGRESS']);
    expect((await client.find(StackId))?.LastOperations).toEqual([
      { OperationType: 'CREATE_CHANGESET', OperationId: events[0]?.OperationId },
    ]);
  });

  it('have events in pages of a hundred that do not shift', async () => {
    const resources = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`P${index}`, probe()]));
    const { StackName, LastOperations } = await client.createStack(body(resources));
    const first = await client.send(new DescribeEventsCommand({ StackName }));
    expect(first.OperationEvents).toHaveLength(100);
    await client.deploy({ StackName: StackName ?? '', TemplateBody: body({ ...resources, More: probe() }) });
    const second = await client.send(new DescribeEventsCommand({ StackName, NextToken: first.NextToken }));
    const ids = [...(first.OperationEvents ?? []), ...(second.OperationEvents ?? [])].map(({ EventId }) => EventId);
    expect(second.NextToken).toBeUndefined();
    expect(new Set(ids).size).toBe(60 * 3 + 2);
    expect(await client.events({ OperationId: LastOperations?.[0]?.OperationId })).toHaveLength(60 * 3 + 2);
  });

  it('are refused when nobody knows them, or nothing says which', async () => {
    expect(await errorOf(client.events({}))).toMatchObject({
      name: 'ValidationError',
      message: 'One of ChangeSetName, OperationId or StackName must be specified',
    });
    expect(await errorOf(client.events({ OperationId: 'nobody' }))).toMatchObject({ name: 'ValidationError' });
    expect(await errorOf(client.events({ StackName: 'nobody' }))).toMatchObject({ message: 'Stack [nobody] does not exist' });
  });

  it('of every kind are told apart', async () => {
    const { StackId = '', LastOperations } = await client.createStack(body({ A: probe({ FailOn: 'create' }) }), { DisableRollback: true });
    expect(LastOperations).toHaveLength(1);
    const { OperationId } = await client.send(new RollbackStackCommand({ StackName: StackId }));
    const rolledBack = await client.settled(StackId);
    expect(rolledBack.LastOperations?.[0]).toEqual({ OperationType: 'ROLLBACK', OperationId });
    await client.send(new DeleteStackCommand({ StackName: StackId }));
    expect((await client.settled(StackId)).LastOperations?.map(({ OperationType }) => OperationType)).toEqual([
      'DELETE_STACK',
      'ROLLBACK',
      'CREATE_STACK',
    ]);
  });

  it('the aws command asks for them too', async () => {
    const { StackName = '' } = await client.createStack(body({ Bad: probe({ FailOn: 'create' }) }));
    const { stdout } = await promisify(execFile)(
      'aws',
      'cloudformation describe-events --filters FailedEvents=true --output json'
        .split(' ')
        .concat('--endpoint-url', target.endpoint, '--stack-name', StackName)
        .concat('--query', "OperationEvents[?EventType=='PROVISIONING_ERROR'].LogicalResourceId"),
      { env: target.env },
    );
    expect(JSON.parse(stdout)).toEqual(['Bad']);
  });
});

describe('an update', () => {
  it('that is cancelled in the middle turns back in the words of AWS', async () => {
    const template = (hold: number) =>
      body({ Slow: probe({ HoldMs: hold }), Later: probe({ Value: String(hold) }, { DependsOn: 'Slow' }) });
    const { StackName, StackId = '' } = await client.createStack(template(0));
    await client.send(new UpdateStackCommand({ StackName, TemplateBody: template(20_000) }));
    const newest = async () => (await client.send(new DescribeStackEventsCommand({ StackName }))).StackEvents?.[0];
    await expect.poll(newest, { timeout: 20_000 }).toMatchObject({ LogicalResourceId: 'Slow', ResourceStatus: 'UPDATE_IN_PROGRESS' });
    await client.send(new CancelUpdateStackCommand({ StackName }));
    const stack = await client.settled(StackId);
    expect(stack.StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    const events = await client.events({ StackName });
    expect(events.find(({ ResourceStatus }) => ResourceStatus === 'UPDATE_FAILED')).toMatchObject({
      LogicalResourceId: 'Slow',
      ResourceStatusReason: 'Resource update cancelled',
    });
    expect(events.find(({ ResourceStatus }) => ResourceStatus === 'UPDATE_ROLLBACK_IN_PROGRESS')).toMatchObject({
      ResourceStatusReason: 'User Initiated',
      OperationType: 'ROLLBACK',
    });
    expect(await errorOf(client.send(new CancelUpdateStackCommand({ StackName })))).toMatchObject({ name: 'ValidationError' });
  });
});

describe('lists of stacks', () => {
  it('go over pages, and know the wanted states', async () => {
    const names = Array.from({ length: 105 }, (_, index) => `listed-${index}`);
    for (const StackName of names) await client.send(new CreateStackCommand({ StackName, TemplateBody: body({ A: probe() }) }));
    for (const StackName of names) await client.settled(StackName);
    const seen: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.send(new ListStacksCommand({ NextToken, StackStatusFilter: ['CREATE_COMPLETE'] }));
      expect(page.StackSummaries?.every(({ StackStatus }) => StackStatus === 'CREATE_COMPLETE')).toBe(true);
      seen.push(...(page.StackSummaries ?? []).map(({ StackName }) => StackName));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toEqual(expect.arrayContaining(names));
    const { stdout } = await promisify(execFile)(
      'aws',
      ['cloudformation', 'describe-stacks', '--endpoint-url', target.endpoint, '--query', 'Stacks[].StackName', '--output', 'json'],
      { env: target.env },
    );
    expect(JSON.parse(stdout)).toEqual(expect.arrayContaining(names));
  });
});
