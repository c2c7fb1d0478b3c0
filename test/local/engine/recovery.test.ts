import { afterEach, describe, expect, it } from 'vitest';
import { newOperation } from '../../../src/local/engine/start-operation.ts';
import { type Fixture, openFixture, REGION, thing } from './engine-fixture.ts';

const open: Fixture[] = [];
afterEach(async () => {
  for (const fixture of open.splice(0).toReversed()) await fixture.dispose();
});

function track(fixture: Fixture): Fixture {
  open.push(fixture);
  return fixture;
}

/** The moment at which the process goes: this call has been made and never answers. */
const called = (fixture: Fixture, call: RegExp) =>
  expect.poll(() => fixture.calls.join('\n'), { timeout: 20_000, interval: 5 }).toMatch(call);

/** As after `kill -9`: the old process is never told to stop, the new one has only what is on the disk. */
async function restart(fixture: Fixture): Promise<Fixture> {
  const next = track(fixture.reopen());
  await next.engine.recover();
  for (const { uid } of next.engine.parts.store.stacks()) await next.engine.wait(uid);
  return next;
}

describe('after a restart in the middle of', () => {
  it('a creation, the stack is rolled back', async () => {
    const before = track(openFixture());
    const template = { Resources: { Done: thing(), Slow: thing({ Wait: 'abort' }, { DependsOn: 'Done' }) } };
    const { uid } = before.engine.create({ name: 'demo', region: REGION }, before.prepare('demo', template), {});
    await called(before, /^create Slow/m);
    const after = await restart(before);
    expect(after.stack(uid).status).toBe('ROLLBACK_COMPLETE');
    expect(after.calls).toEqual([expect.stringMatching(/^delete Done done-/)]);
    const events = after.engine.parts.store.events(uid);
    expect(events.find(({ logicalId, status }) => logicalId === 'Slow' && status === 'CREATE_FAILED')?.reason).toBe(
      'The local target stopped while this was in progress',
    );
    const times = events.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...new Set(times)].toSorted());
  });

  it('a creation without rollback, the stack is failed', async () => {
    const before = track(openFixture());
    const { uid } = before.engine.create(
      { name: 'demo', region: REGION },
      before.prepare('demo', { Resources: { Slow: thing({ Wait: 'abort' }) } }),
      { onFailure: 'DO_NOTHING' },
    );
    await called(before, /^create Slow/m);
    expect((await restart(before)).stack(uid).status).toBe('CREATE_FAILED');
  });

  it('an update, the old state is back', async () => {
    const before = track(openFixture());
    const { uid } = await before.create('demo', { Resources: { A: thing({ Size: 1 }), N: thing({ Name: 'one' }) } });
    const physicalId = before.engine.parts.store.resources(uid).get('N')?.physicalId;
    const changed = {
      Resources: {
        A: thing({ Size: 2 }),
        N: thing({ Name: 'two' }),
        New: thing(),
        Slow: thing({ Wait: 'abort' }, { DependsOn: ['A', 'N', 'New'] }),
      },
    };
    before.engine.update(uid, before.prepare('demo', changed), {});
    await called(before, /^create Slow/m);
    const after = await restart(before);
    expect(after.stack(uid)).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
    const resources = after.engine.parts.store.resources(uid);
    expect([...resources.keys()].toSorted()).toEqual(['A', 'N']);
    expect(resources.get('A')?.properties).toEqual({ Size: 1 });
    expect(resources.get('N')).toMatchObject({ physicalId, properties: { Name: 'one' } });
    expect(after.calls.map((call) => call.split(' ').slice(0, 2).join(' ')).toSorted()).toEqual(['delete N', 'delete New', 'update A']);
  });

  it('a deletion, the stack is gone', async () => {
    const before = track(openFixture());
    const { uid } = await before.create('demo', { Resources: { A: thing({ Wait: 0 }), B: thing({}, { DependsOn: 'A' }) } });
    const resource = before.engine.parts.store.resources(uid).get('A');
    if (resource === undefined) throw new Error('no resource');
    before.engine.parts.store.saveResource(uid, { ...resource, properties: { Wait: 'abort' } });
    before.engine.remove(uid, {});
    await called(before, /^delete A/m);
    before.engine.parts.store.saveResource(uid, resource);
    const after = await restart(before);
    expect(after.stack(uid).status).toBe('DELETE_COMPLETE');
    expect(after.calls).toEqual([expect.stringMatching(/^delete A/)]);
  });

  it('nothing, nothing happens', async () => {
    const before = track(openFixture());
    const stack = await before.create('demo', { Resources: { A: thing() } });
    const review = before.prepare('review', { Resources: { A: thing() } });
    before.engine.reserve({ name: 'review', region: REGION }, review, newOperation('CREATE_CHANGESET', {}));
    const after = await restart(before);
    expect(after.stack(stack.uid)).toEqual(stack);
    expect(after.stack('review').status).toBe('REVIEW_IN_PROGRESS');
    expect(after.events(stack.uid)).toEqual(before.events(stack.uid));
  });

  it('an operation of a nested stack, both are brought to an end', async () => {
    const before = track(openFixture());
    before.objects.set('s3://b/child', JSON.stringify({ Resources: { Slow: thing({ Wait: 'abort' }) } }));
    const template = { Resources: { Child: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 's3://b/child' } } } };
    const { uid } = before.engine.create({ name: 'demo', region: REGION }, before.prepare('demo', template), {});
    await called(before, /^create Slow/m);
    const after = await restart(before);
    expect(after.stack(uid).status).toBe('ROLLBACK_COMPLETE');
    expect(
      after.engine.parts.store
        .stacks()
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual(['DELETE_COMPLETE', 'ROLLBACK_COMPLETE']);
  });
});

describe('closing', () => {
  it('ends at once and leaves the rest to the next start', async () => {
    const before = track(openFixture());
    const { uid } = before.engine.create(
      { name: 'demo', region: REGION },
      before.prepare('demo', { Resources: { Slow: thing({ Wait: 'abort' }), Next: thing({}, { DependsOn: 'Slow' }) } }),
      {},
    );
    await called(before, /^create Slow/m);
    await before.engine.close();
    expect(before.stack(uid).status).toBe('CREATE_IN_PROGRESS');
    expect((await restart(before)).stack(uid).status).toBe('ROLLBACK_COMPLETE');
  });
});
