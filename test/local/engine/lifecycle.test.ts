import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fixture, openFixture, REGION, thing } from './engine-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = openFixture();
});
afterEach(() => fixture.dispose());

const reasons = (uid: string) =>
  fixture.engine.parts.store.events(uid).map(({ logicalId, status, reason }) => [logicalId, status, reason] as const);
const reasonOf = (uid: string, logicalId: string, status: string) =>
  reasons(uid).find(([id, state]) => id === logicalId && state === status)?.[2];

describe('creating a stack', () => {
  it('tells the events that AWS tells, in the order of the dependencies', async () => {
    const { uid, status } = await fixture.create('demo', {
      Resources: { B: thing({ Of: { Ref: 'A' } }), A: thing() },
      Outputs: { Id: { Value: { 'Fn::GetAtt': ['B', 'Arn'] } } },
    });
    expect(status).toBe('CREATE_COMPLETE');
    expect(fixture.events(uid)).toEqual([
      'demo CREATE_IN_PROGRESS',
      'A CREATE_IN_PROGRESS',
      'A CREATE_IN_PROGRESS',
      'A CREATE_COMPLETE',
      'B CREATE_IN_PROGRESS',
      'B CREATE_IN_PROGRESS',
      'B CREATE_COMPLETE',
      'demo CREATE_COMPLETE',
    ]);
    const [, first, second] = fixture.engine.parts.store.events(uid);
    expect(first?.physicalId).toBeUndefined();
    expect(second).toMatchObject({ reason: 'Resource creation Initiated', physicalId: expect.stringMatching(/^a-/) });
    expect(fixture.stack(uid).outputs).toEqual([{ key: 'Id', value: expect.stringMatching(/^arn:thing:b-/) }]);
  });

  it('gives every event of a stack a later time than the one before', async () => {
    const { uid } = await fixture.create('demo', {
      Resources: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`R${n}`, thing()])),
    });
    const times = fixture.engine.parts.store.events(uid).map(({ timestamp }) => timestamp);
    expect(times).toHaveLength(122);
    expect(times).toEqual([...new Set(times)].toSorted());
  });

  it('runs what does not depend on each other at the same time', async () => {
    const Resources = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`R${n}`, thing({ Wait: 'abort' })]));
    const { uid } = fixture.engine.create({ name: 'demo', region: REGION }, fixture.prepare('demo', { Resources }), {});
    await expect.poll(() => fixture.calls.length, { timeout: 20_000, interval: 5 }).toBe(10);
    expect(fixture.events(uid).filter((event) => event.endsWith('COMPLETE'))).toEqual([]);
    expect((await fixture.remove('demo')).status).toBe('DELETE_COMPLETE');
  });

  it('rolls back when a resource fails, cancels the others and says why', async () => {
    const { uid, status } = await fixture.create('demo', {
      Resources: {
        Good: thing(),
        Bad: thing({ FailOn: 'create' }, { DependsOn: 'Good' }),
        Slow: thing({ Wait: 'abort' }),
        Never: thing({}, { DependsOn: 'Bad' }),
      },
    });
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(reasonOf(uid, 'Bad', 'CREATE_FAILED')).toMatch(
      /^Resource handler returned message: "no create" \(RequestToken: [0-9a-f-]{36}, HandlerErrorCode: InvalidRequest\)$/,
    );
    expect(reasonOf(uid, 'Slow', 'CREATE_FAILED')).toBe('Resource creation cancelled');
    expect(reasonOf(uid, 'demo', 'ROLLBACK_IN_PROGRESS')).toBe(
      'The following resource(s) failed to create: [Bad, Slow]. Rollback requested by user.',
    );
    expect(fixture.calls).not.toContain('create Never');
    expect(fixture.calls.filter((call) => call.startsWith('delete'))).toEqual([expect.stringMatching(/^delete Good/)]);
    expect(fixture.events(uid).at(-1)).toBe('demo ROLLBACK_COMPLETE');
    expect(fixture.engine.parts.store.resources(uid).get('Good')?.status).toBe('DELETE_COMPLETE');
  });

  it.each([
    ['DO_NOTHING', 'CREATE_FAILED', 'The following resource(s) failed to create: [Bad]. '],
    ['DELETE', 'DELETE_COMPLETE', undefined],
    ['ROLLBACK', 'ROLLBACK_COMPLETE', undefined],
  ] as const)('with %s on failure ends in %s', async (onFailure, status, reason) => {
    const stack = await fixture.create(
      'demo',
      { Resources: { Good: thing(), Bad: thing({ FailOn: 'create' }, { DependsOn: 'Good' }) } },
      { onFailure },
    );
    expect(stack).toMatchObject({ status });
    expect(stack.statusReason).toBe(reason);
  });

  it('is ROLLBACK_FAILED when a resource cannot be deleted', async () => {
    const stack = await fixture.create('demo', {
      Resources: { Stuck: thing({ FailOn: 'delete' }), Bad: thing({ FailOn: 'create' }, { DependsOn: 'Stuck' }) },
    });
    expect(stack).toMatchObject({ status: 'ROLLBACK_FAILED', statusReason: 'The following resource(s) failed to delete: [Stuck]. ' });
  });

  it('fails when an attribute does not exist, in the words of the template error', async () => {
    const { uid } = await fixture.create('demo', { Resources: { A: thing(), B: thing({ Of: { 'Fn::GetAtt': 'A.Nope' } }) } });
    expect(reasonOf(uid, 'B', 'CREATE_FAILED')).toBe('Template error: resource A does not support attribute type Nope in Fn::GetAtt');
  });

  it('records types that nobody provides, and says so', async () => {
    const { uid, outputs } = await fixture.create('demo', {
      Resources: { Queue: { Type: 'AWS::SQS::Queue' }, Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'news' } } },
      Outputs: {
        Url: { Value: { Ref: 'Queue' } },
        QueueArn: { Value: { 'Fn::GetAtt': ['Queue', 'Arn'] } },
        Topic: { Value: { Ref: 'Topic' } },
        Name: { Value: { 'Fn::GetAtt': ['Topic', 'TopicName'] } },
      },
    });
    expect(Object.fromEntries(outputs.map(({ key, value }) => [key, value]))).toEqual({
      Url: expect.stringMatching(/^https:\/\/sqs\.eu-west-1\.amazonaws\.com\/000000000000\/demo-Queue-\w{12}$/),
      QueueArn: expect.stringMatching(/^arn:aws:sqs:eu-west-1:000000000000:demo-Queue-\w{12}$/),
      Topic: 'arn:aws:sns:eu-west-1:000000000000:news',
      Name: 'news',
    });
    expect(reasonOf(uid, 'Queue', 'CREATE_COMPLETE')).toBe('Recorded only: the local target does not run AWS::SQS::Queue');
  });
});

describe('updating a stack', () => {
  const first = { Resources: { A: thing({ Size: 1 }), B: thing({ Of: { Ref: 'A' } }), Old: thing() } };

  it('changes in place, replaces, adds and removes', async () => {
    const { uid } = await fixture.create('demo', {
      Resources: { A: thing({ Size: 1 }), N: thing({ Name: 'x' }), Old: thing(), Same: thing() },
    });
    const before = new Map(fixture.engine.parts.store.resources(uid));
    fixture.calls.length = 0;
    const stack = await fixture.update('demo', {
      Resources: { A: thing({ Size: 2 }), N: thing({ Name: 'y' }), New: thing(), Same: thing() },
    });
    expect(stack.status).toBe('UPDATE_COMPLETE');
    expect(stack.baseline).toBeUndefined();
    const after = fixture.engine.parts.store.resources(uid);
    expect([...after.keys()].toSorted()).toEqual(['A', 'N', 'New', 'Same']);
    expect(after.get('A')?.physicalId).toBe(before.get('A')?.physicalId);
    expect(after.get('N')?.physicalId).not.toBe(before.get('N')?.physicalId);
    expect(fixture.calls.toSorted()).toEqual(
      [
        'create N',
        'create New',
        `delete N ${before.get('N')?.physicalId}`,
        `delete Old ${before.get('Old')?.physicalId}`,
        'update A',
      ].toSorted(),
    );
    expect(fixture.calls.findIndex((call) => call === 'create N')).toBeLessThan(
      fixture.calls.findIndex((call) => call.startsWith('delete N')),
    );
    const events = fixture.events(uid);
    expect(events).toContain('demo UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    expect(events.filter((event) => event.startsWith('Same'))).toEqual([
      'Same CREATE_IN_PROGRESS',
      'Same CREATE_IN_PROGRESS',
      'Same CREATE_COMPLETE',
    ]);
    expect(reasonOf(uid, 'N', 'UPDATE_IN_PROGRESS')).toBe(
      'Requested update requires the creation of a new physical resource; hence creating one.',
    );
  });

  it('goes back to the old properties when a resource fails', async () => {
    const { uid } = await fixture.create('demo', first);
    const before = fixture.engine.parts.store.resources(uid).get('A')?.physicalId;
    const stack = await fixture.update('demo', {
      Resources: {
        A: thing({ Size: 2, Name: 'n' }),
        B: thing({ Of: { Ref: 'A' }, Extra: 1 }),
        C: thing(),
        Bad: thing({ FailOn: 'create' }, { DependsOn: ['B', 'C'] }),
      },
    });
    expect(stack.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(stack.templateBody).toBe(JSON.stringify(first));
    const after = fixture.engine.parts.store.resources(uid);
    expect([...after.keys()].toSorted()).toEqual(['A', 'B', 'Old']);
    expect(after.get('A')).toMatchObject({ physicalId: before, properties: { Size: 1 }, status: 'UPDATE_COMPLETE' });
    expect(after.get('B')?.properties).toEqual({ Of: before });
    expect([...after.values()].some((record) => record.baseline !== undefined || record.replaced !== undefined)).toBe(false);
    expect(reasonOf(uid, 'demo', 'UPDATE_ROLLBACK_IN_PROGRESS')).toBe('The following resource(s) failed to create: [Bad]. ');
    expect(fixture.events(uid)).toContain('demo UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    expect(fixture.events(uid).filter((event) => event === 'Bad DELETE_COMPLETE')).toHaveLength(1);
  });

  it('stays UPDATE_FAILED without rollback, takes another update, and can be rolled back to the last stable state', async () => {
    const { uid } = await fixture.create('demo', first);
    const failing = { Resources: { A: thing({ Size: 2 }), B: thing({ FailOn: 'update', Of: { Ref: 'A' } }), Old: thing() } };
    expect((await fixture.update('demo', failing, { onFailure: 'DO_NOTHING' })).status).toBe('UPDATE_FAILED');
    const third = { Resources: { A: thing({ Size: 3 }), B: thing({ FailOn: 'update', Of: { Ref: 'A' } }), Old: thing() } };
    expect((await fixture.update('demo', third, { onFailure: 'DO_NOTHING' })).status).toBe('UPDATE_FAILED');
    fixture.engine.rollBack(uid, 'ROLLBACK', {});
    await fixture.engine.wait(uid);
    expect(fixture.stack(uid)).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE', templateBody: JSON.stringify(first) });
    expect(fixture.engine.parts.store.resources(uid).get('A')?.properties).toEqual({ Size: 1 });
  });

  it('is UPDATE_ROLLBACK_FAILED when the way back fails, and goes on when the resource is skipped', async () => {
    const { uid } = await fixture.create('demo', { Resources: { A: thing({ FailOn: 'update', Size: 1 }) } });
    const bad = { Resources: { A: thing({ Size: 2 }), Bad: thing({ FailOn: 'create' }, { DependsOn: 'A' }) } };
    const stack = await fixture.update('demo', bad);
    expect(stack).toMatchObject({ status: 'UPDATE_ROLLBACK_FAILED', statusReason: 'The following resource(s) failed to update: [A]. ' });
    fixture.engine.rollBack(uid, 'CONTINUE_ROLLBACK', {});
    await fixture.engine.wait(uid);
    expect(fixture.stack(uid).status).toBe('UPDATE_ROLLBACK_FAILED');
    fixture.engine.rollBack(uid, 'CONTINUE_ROLLBACK', { skip: ['A'] });
    await fixture.engine.wait(uid);
    expect(fixture.stack(uid).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect([...fixture.engine.parts.store.resources(uid).keys()]).toEqual(['A']);
  });

  it('turns back when it is cancelled', async () => {
    const { uid } = await fixture.create('demo', first);
    fixture.engine.update(
      uid,
      fixture.prepare('demo', { Resources: { A: thing({ Size: 2 }), Slow: thing({ Wait: 'abort' }, { DependsOn: 'A' }) } }),
      {},
    );
    await expect.poll(() => fixture.calls, { timeout: 20_000, interval: 5 }).toContain('create Slow');
    fixture.engine.cancel(uid);
    await fixture.engine.wait(uid);
    expect(fixture.stack(uid).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(reasonOf(uid, 'demo', 'UPDATE_ROLLBACK_IN_PROGRESS')).toBe('User Initiated');
    expect(fixture.engine.parts.store.resources(uid).get('A')?.properties).toEqual({ Size: 1 });
  });

  it('succeeds although something old cannot be deleted', async () => {
    await fixture.create('demo', { Resources: { A: thing(), Stuck: thing({ FailOn: 'delete' }) } });
    const stack = await fixture.update('demo', { Resources: { A: thing() } });
    expect(stack).toMatchObject({
      status: 'UPDATE_COMPLETE',
      statusReason: 'Update successful. One or more resources could not be deleted.',
    });
  });

  it('keeps what its policies keep', async () => {
    await fixture.create('demo', {
      Resources: { A: thing({ Name: 'a' }, { UpdateReplacePolicy: 'Retain' }), Kept: thing({}, { DeletionPolicy: 'Retain' }) },
    });
    fixture.calls.length = 0;
    const { uid } = await fixture.update('demo', { Resources: { A: thing({ Name: 'b' }, { UpdateReplacePolicy: 'Retain' }) } });
    expect(fixture.calls).toEqual(['create A']);
    expect(fixture.events(uid)).toEqual(expect.arrayContaining(['Kept DELETE_SKIPPED', 'A DELETE_SKIPPED']));
  });

  it('obeys the stack policy', async () => {
    const { uid } = await fixture.create('demo', first);
    const policy = {
      Statement: [
        { Effect: 'Allow', Action: 'Update:*', Principal: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'Update:Modify', Principal: '*', Resource: 'LogicalResourceId/A' },
      ],
    };
    fixture.engine.parts.recorder.change(uid, { stackPolicy: JSON.stringify(policy) });
    const changed = { Resources: { ...first.Resources, A: thing({ Size: 2 }) } };
    expect((await fixture.update('demo', changed)).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(reasonOf(uid, 'A', 'UPDATE_FAILED')).toBe(
      'Action denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource [LogicalResourceId/A];',
    );
  });
});

describe('deleting a stack', () => {
  it('deletes users before what they use', async () => {
    const { uid } = await fixture.create('demo', {
      Resources: {
        A: thing(),
        B: thing({ Of: { Ref: 'A' } }),
        C: thing({}, { DependsOn: 'B' }),
        Kept: thing({}, { DeletionPolicy: 'Retain' }),
      },
    });
    fixture.calls.length = 0;
    const stack = await fixture.remove('demo');
    expect(stack.status).toBe('DELETE_COMPLETE');
    expect(fixture.calls.map((call) => call.split(' ')[1])).toEqual(['C', 'B', 'A']);
    expect(fixture.events(uid)).toContain('Kept DELETE_SKIPPED');
    expect(fixture.engine.parts.store.find('demo', REGION)).toBeUndefined();
    expect(fixture.engine.parts.store.find(stack.stackId, REGION)?.status).toBe('DELETE_COMPLETE');
  });

  it('is DELETE_FAILED when a resource stays, and done when that one is retained', async () => {
    const { uid } = await fixture.create('demo', { Resources: { A: thing(), Stuck: thing({ FailOn: 'delete', Of: { Ref: 'A' } }) } });
    expect(await fixture.remove('demo')).toMatchObject({
      status: 'DELETE_FAILED',
      statusReason: 'The following resource(s) failed to delete: [Stuck]. ',
    });
    expect(fixture.engine.parts.store.resources(uid).get('A')?.status).toBe('CREATE_COMPLETE');
    expect((await fixture.remove('demo', { skip: ['Stuck'] })).status).toBe('DELETE_COMPLETE');
  });

  it('stops a creation that is running', async () => {
    const { uid } = fixture.engine.create(
      { name: 'demo', region: REGION },
      fixture.prepare('demo', { Resources: { Slow: thing({ Wait: 'abort' }) } }),
      {},
    );
    await expect.poll(() => fixture.calls, { timeout: 20_000, interval: 5 }).toContain('create Slow');
    fixture.engine.remove(uid, {});
    await fixture.engine.wait(uid);
    expect(fixture.stack(uid).status).toBe('DELETE_COMPLETE');
  });
});

describe('exports', () => {
  const exporter = (value: string) => ({ Resources: { A: thing() }, Outputs: { O: { Value: value, Export: { Name: 'shared' } } } });
  const importer = { Resources: { A: thing({ Of: { 'Fn::ImportValue': 'shared' } }) } };

  it('reach other stacks of the region and cannot change while they are used', async () => {
    await fixture.create('one', exporter('v1'));
    const { uid } = await fixture.create('two', importer);
    expect(fixture.engine.parts.store.resources(uid).get('A')?.properties).toEqual({ Of: 'v1' });
    const changed = await fixture.update('one', exporter('v2'));
    expect(changed.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(reasonOf(changed.uid, 'one', 'UPDATE_ROLLBACK_IN_PROGRESS')).toBe('Export shared cannot be updated as it is in use by two');
  });

  it('have one owner', async () => {
    await fixture.create('one', exporter('v1'));
    const { uid, status } = await fixture.create('other', exporter('v1'));
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(reasonOf(uid, 'other', 'ROLLBACK_IN_PROGRESS')).toBe(
      'Export with name shared is already exported by stack one. Rollback requested by user.',
    );
  });
});
