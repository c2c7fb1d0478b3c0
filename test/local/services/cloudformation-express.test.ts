import { DeleteStackCommand, RollbackStackCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation';
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

const EXPRESS = { Mode: 'EXPRESS' } as const;
const CAREFUL = { Mode: 'EXPRESS', DisableRollback: false } as const;

describe('express mode', () => {
  it('is shown, and says that resources may still become ready', async () => {
    const StackName = client.newName();
    const stack = await client.deploy({
      StackName,
      ChangeSetType: 'CREATE',
      TemplateBody: body({ A: probe() }),
      DeploymentConfig: CAREFUL,
    });
    expect(stack).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      DetailedStatus: 'CONFIGURATION_COMPLETE',
      DeploymentConfig: CAREFUL,
      DisableRollback: false,
    });
    const events = await client.events({ StackName });
    expect(
      events.find(({ LogicalResourceId, ResourceStatus }) => LogicalResourceId === 'A' && ResourceStatus === 'CREATE_COMPLETE'),
    ).toMatchObject({
      DetailedStatus: 'CONFIGURATION_COMPLETE',
      ResourceStatusReason: 'Resource operation completed using Express Mode. It may continue becoming available in the background.',
    });
    const standard = await client.deploy({ StackName, TemplateBody: body({ A: probe({ Value: '2' }) }) });
    expect(standard.DetailedStatus).toBeUndefined();
    expect(standard.DeploymentConfig).toBeUndefined();
  });

  it('turns rollback off unless told otherwise', async () => {
    const input = { ChangeSetType: 'CREATE', TemplateBody: body({ A: probe({ FailOn: 'create' }) }) } as const;
    const careless = await client.deploy({ ...input, StackName: client.newName(), DeploymentConfig: EXPRESS });
    expect(careless).toMatchObject({ StackStatus: 'CREATE_FAILED', DeploymentConfig: { Mode: 'EXPRESS', DisableRollback: true } });
    const careful = await client.deploy({ ...input, StackName: client.newName(), DeploymentConfig: CAREFUL });
    expect(careful.StackStatus).toBe('ROLLBACK_COMPLETE');
  });

  it('does not replace with rollback off, and its failure has one way out only', async () => {
    const StackName = client.newName();
    const good = body({ A: probe({ Name: 'one' }), B: probe({ Value: '1' }) });
    await client.deploy({ StackName, ChangeSetType: 'CREATE', TemplateBody: good });
    const replacing = body({ A: probe({ Name: 'two' }), B: probe({ Value: '2' }) });
    const failed = await client.deploy({ StackName, TemplateBody: replacing, DeploymentConfig: EXPRESS });
    expect(failed.StackStatus).toBe('UPDATE_FAILED');
    const events = await client.events({ StackName, Filters: { FailedEvents: true } });
    expect(events.find(({ LogicalResourceId }) => LogicalResourceId === 'A')?.ResourceStatusReason).toBe(
      'Replacement type updates not supported on stack with disable-rollback.',
    );

    expect(await errorOf(client.send(new RollbackStackCommand({ StackName })))).toMatchObject({
      message: expect.stringMatching(/EXPRESS/),
    });
    expect(await errorOf(client.deploy({ StackName, TemplateBody: good }, { DisableRollback: true }))).toMatchObject({
      message: expect.stringMatching(/can only be updated in deployment mode EXPRESS/),
    });
    expect(await errorOf(client.send(new UpdateStackCommand({ StackName, TemplateBody: good, DisableRollback: true })))).toMatchObject({
      message: expect.stringMatching(/can only be updated in deployment mode EXPRESS/),
    });
    expect(await errorOf(client.deploy({ StackName, TemplateBody: replacing, DeploymentConfig: CAREFUL }))).toMatchObject({
      message: expect.stringMatching(/non-terminal \[UPDATE_FAILED\] state/),
    });

    const replayed = await client.deploy({ StackName, TemplateBody: good, DeploymentConfig: EXPRESS });
    expect(replayed.StackStatus).toBe('UPDATE_COMPLETE');
    const replaced = await client.deploy({ StackName, TemplateBody: replacing, DeploymentConfig: CAREFUL });
    expect(replaced.StackStatus).toBe('UPDATE_COMPLETE');
  });

  it('excludes the older switches', async () => {
    const input = { StackName: client.newName(), ChangeSetType: 'CREATE', TemplateBody: body({ A: probe() }) } as const;
    const both = client.changeSet({ ...input, DeploymentConfig: CAREFUL, OnStackFailure: 'DELETE' });
    expect(await errorOf(both)).toMatchObject({ name: 'ValidationError' });
    expect(await errorOf(client.deploy({ ...input, DeploymentConfig: CAREFUL }, { DisableRollback: true }))).toMatchObject({
      name: 'ValidationError',
    });
  });

  it('does not keep a failed stack from being deleted', async () => {
    const StackName = client.newName();
    const input = { StackName, ChangeSetType: 'CREATE', TemplateBody: body({ A: probe({ FailOn: 'create' }) }) } as const;
    const { StackId = '' } = await client.deploy({ ...input, DeploymentConfig: EXPRESS });
    await client.send(new DeleteStackCommand({ StackName, DeploymentConfig: EXPRESS }));
    expect((await client.settled(StackId)).StackStatus).toBe('DELETE_COMPLETE');
  });
});
