import { describe, expect, it } from 'vitest';

import type { ChangeSetSummary, ResourceChange, Stack, StackOutput, Stacks } from '../../src/clients/cloudformation.ts';
import { UserError } from '../../src/errors.ts';
import { refuseWhenImported, removedExports } from '../../src/stack/exports.ts';
import { PREPARED, isLeftover, removeEmptyStack } from '../../src/stack/leftovers.ts';
import { denialsOf } from '../../src/stack/stack-policy.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { recordingReporter } from '../support/recording-reporter.ts';

const signal = new AbortController().signal;

function stackWith(outputs: readonly StackOutput[], status = 'UPDATE_COMPLETE'): Stack {
  const nothing = { statusReason: undefined, parameters: [], tags: {}, terminationProtection: false, roleArn: undefined };
  return { id: 'arn:stack', name: 'Shop', status, outputs, ...nothing };
}

describe('exports that would go away', () => {
  const output = (name: string, exportName?: string): StackOutput => ({ name, value: 'v', description: undefined, exportName });
  const stack = stackWith([output('Url'), output('Arn', 'shop-arn'), output('Id', 'shop-id')]);

  it.each([
    ['an output that goes', [{ name: 'Id', exportName: 'unknown' }], ['shop-arn']],
    [
      'an export that goes',
      [
        { name: 'Arn', exportName: undefined },
        { name: 'Id', exportName: { text: 'shop-id' } },
      ],
      ['shop-arn'],
    ],
    [
      'another name',
      [
        { name: 'Arn', exportName: { text: 'new' } },
        { name: 'Id', exportName: 'unknown' },
      ],
      ['shop-arn'],
    ],
    [
      'the same name from another output',
      [
        { name: 'Renamed', exportName: { text: 'shop-arn' } },
        { name: 'Id', exportName: 'unknown' },
      ],
      [],
    ],
    [
      'a computed name that may be the same',
      [
        { name: 'Renamed', exportName: 'unknown' },
        { name: 'Id', exportName: 'unknown' },
      ],
      [],
    ],
  ] as const)('%s', (_, outputs, expected) => {
    expect(removedExports(stack, outputs)).toEqual(expected);
  });

  it('are refused with the stacks that use them, and asked for one by one', async () => {
    const asked: string[] = [];
    const stacks = {
      importers: (name: string) => {
        asked.push(name);
        return Promise.resolve(name === 'shop-arn' ? ['Front', 'Back'] : []);
      },
    } as unknown as Stacks;
    await expect(refuseWhenImported(stack, ['shop-arn', 'shop-id'], { stacks, signal })).rejects.toMatchObject({
      code: 'EXPORT_IN_USE',
      details: ['shop-arn is imported by Front, Back'],
    });
    expect(asked).toEqual(['shop-arn', 'shop-id']);
    await expect(refuseWhenImported(stack, ['shop-id'], { stacks, signal })).resolves.toBeUndefined();
  });
});

const NOW = Date.parse('2026-01-01T00:00:00Z');
const summary = (part: Partial<ChangeSetSummary> = {}): ChangeSetSummary => ({
  id: 'arn:cs',
  name: 'lambda-tool-20251231-120000-9f3a',
  status: 'CREATE_COMPLETE',
  description: undefined,
  createdAt: new Date(NOW - 12 * 3_600_000),
  ...part,
});

describe('a change set that was left behind', () => {
  it.each([
    ['by a run that was killed', {}, true],
    ['on purpose', { description: PREPARED }, false],
    ['by another tool', { name: 'samcli-deploy123' }, false],
    ['by a run of today, maybe with another clock', { createdAt: new Date(NOW - 20 * 60_000) }, false],
    ['at an unknown time', { createdAt: undefined }, false],
  ] as const)('%s', (_, part, expected) => {
    expect(isLeftover(summary(part), NOW)).toBe(expected);
  });

  async function emptyStackWith(changeSets: readonly ChangeSetSummary[], status = 'REVIEW_IN_PROGRESS') {
    const calls: string[] = [];
    const stacks = {
      find: () => Promise.resolve(stackWith([], status)),
      changeSets: () => Promise.resolve(changeSets),
      deleteChangeSet: (id: string) => Promise.resolve(void calls.push(`delete ${id}`)),
      deleteStack: () => Promise.resolve(void calls.push('delete stack')),
    } as unknown as Stacks;
    await removeEmptyStack('Shop', { stacks, clock: fakeClock(), reporter: recordingReporter(), signal });
    return calls;
  }

  it('goes with the empty stack that holds it', async () => {
    expect(await emptyStackWith([summary()])).toEqual(['delete arn:cs', 'delete stack']);
    expect(await emptyStackWith([])).toEqual(['delete stack']);
    expect(await emptyStackWith([summary({ status: 'DELETE_IN_PROGRESS', createdAt: undefined })])).toEqual(['delete stack']);
  });

  it('does not take the stack with it when somebody else waits there, or when it is no longer empty', async () => {
    expect(await emptyStackWith([summary({ description: PREPARED })])).toEqual([]);
    expect(await emptyStackWith([], 'CREATE_IN_PROGRESS')).toEqual([]);
  });

  it('is no failure when it cannot be tidied up', async () => {
    const stacks = { find: () => Promise.reject(new UserError('ACCESS_DENIED', 'no')) } as unknown as Stacks;
    await expect(removeEmptyStack('Shop', { stacks, clock: fakeClock(), reporter: recordingReporter(), signal })).resolves.toBeUndefined();
  });
});

describe('a stack policy', () => {
  const change = (part: Partial<ResourceChange>): ResourceChange => ({
    action: 'Modify',
    logicalId: 'Table',
    resourceType: 'AWS::DynamoDB::Table',
    replacement: 'False',
    ...part,
  });
  const allowAll = { Effect: 'Allow', Action: 'Update:*', Principal: '*', Resource: '*' };
  const policy = (...statements: object[]) => JSON.stringify({ Statement: statements });

  it.each([
    ['no policy', undefined, change({}), []],
    ['all allowed', policy(allowAll), change({ replacement: 'True' }), []],
    ['nothing allowed', policy(), change({}), ['Update:Modify']],
    [
      'replacement denied',
      policy(allowAll, { Effect: 'Deny', Action: 'Update:Replace', Resource: 'LogicalResourceId/Table' }),
      change({ replacement: 'True' }),
      ['Update:Replace'],
    ],
    ['replacement denied, changed in place', policy(allowAll, { Effect: 'Deny', Action: 'Update:Replace', Resource: '*' }), change({}), []],
    [
      'deletion denied by pattern',
      policy(allowAll, { Effect: 'Deny', Action: ['Update:Delete'], Resource: 'LogicalResourceId/Ta*' }),
      change({ action: 'Remove' }),
      ['Update:Delete'],
    ],
    [
      'denied by type',
      policy(allowAll, {
        Effect: 'Deny',
        NotAction: 'Update:Modify',
        Resource: '*',
        Condition: { StringEquals: { ResourceType: ['AWS::DynamoDB::Table'] } },
      }),
      change({ action: 'Remove' }),
      ['Update:Delete'],
    ],
    [
      'allowed but for one',
      policy({ Effect: 'Allow', Action: 'Update:*', NotResource: 'LogicalResourceId/Table' }),
      change({}),
      ['Update:Modify'],
    ],
    ['something new', policy(), change({ action: 'Add' }), []],
  ] as const)('%s', (_, text, of, expected) => {
    expect(denialsOf(text, of)).toEqual(expected);
  });
});
