import { describe, expect, it } from 'vitest';

import type { Stack, StackEvent } from '../../src/clients/cloudformation.ts';
import { answerDiagnosis } from '../../src/deployment/diagnosis-answer.ts';
import { diagnoseStack, findStackToDiagnose } from '../../src/stack/diagnose.ts';
import { splitOperations } from '../../src/stack/operations.ts';
import { STACK_STATUSES } from '../../src/stack/statuses.ts';
import { wayOut } from '../../src/stack/way-out.ts';
import { asOperationEvent, recorded, recordedDeps, stackArn } from '../support/recorded-events.ts';

const ID = stackArn('Shop');
const own = (seconds: number, status: string, reason?: string) => recorded('Shop', seconds, 'Shop', status, reason);
const of = (seconds: number, logicalId: string, status: string, reason?: string) => recorded('Shop', seconds, logicalId, status, reason);

function stack(status: string, more: Partial<Stack> = {}): Stack {
  const nothing = { statusReason: undefined, parameters: [], outputs: [], tags: {}, terminationProtection: false, roleArn: undefined };
  return { id: ID, name: 'Shop', status, ...nothing, ...more };
}

const CREATED = [
  own(0, 'REVIEW_IN_PROGRESS', 'User Initiated'),
  own(1, 'CREATE_IN_PROGRESS', 'User Initiated'),
  of(2, 'A', 'CREATE_COMPLETE'),
  own(3, 'CREATE_COMPLETE'),
];
const FAILED_UPDATE = [
  own(11, 'UPDATE_IN_PROGRESS', 'User Initiated'),
  of(12, 'A', 'UPDATE_FAILED', 'Table already exists: orders'),
  own(13, 'UPDATE_ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to update: [A].'),
  own(14, 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'),
  own(15, 'UPDATE_ROLLBACK_COMPLETE'),
];
const DELETED = [own(21, 'DELETE_IN_PROGRESS', 'User Initiated'), of(22, 'A', 'DELETE_COMPLETE'), own(23, 'DELETE_COMPLETE')];

describe('operations out of events', () => {
  const kinds = (events: readonly StackEvent[]) =>
    splitOperations(events, ID).map(({ kind, outcome, status }) => `${kind} ${outcome} ${status}`);

  it.each<[string, readonly StackEvent[], readonly string[]]>([
    [
      'a whole life',
      [...CREATED, ...FAILED_UPDATE, ...DELETED],
      ['create succeeded CREATE_COMPLETE', 'update failed UPDATE_ROLLBACK_COMPLETE', 'delete succeeded DELETE_COMPLETE'],
    ],
    [
      'one that runs',
      [...CREATED, ...FAILED_UPDATE.slice(0, 3)],
      ['create succeeded CREATE_COMPLETE', 'update in-progress UPDATE_ROLLBACK_IN_PROGRESS'],
    ],
    [
      'a rollback that failed and was continued',
      [
        ...FAILED_UPDATE.slice(0, 3),
        own(14, 'UPDATE_ROLLBACK_FAILED', 'x'),
        own(16, 'UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated'),
        own(17, 'UPDATE_ROLLBACK_COMPLETE'),
      ],
      ['update failed UPDATE_ROLLBACK_FAILED', 'continue-rollback succeeded UPDATE_ROLLBACK_COMPLETE'],
    ],
    [
      'a creation that cleans up after itself',
      [
        own(1, 'CREATE_IN_PROGRESS'),
        own(2, 'CREATE_FAILED', 'x'),
        own(3, 'DELETE_IN_PROGRESS', 'The following resource(s) failed to create: [A]. Delete requested by user.'),
        own(4, 'DELETE_COMPLETE'),
      ],
      ['create failed DELETE_COMPLETE'],
    ],
    [
      'a creation that is deleted while it runs',
      [own(1, 'CREATE_IN_PROGRESS'), own(2, 'DELETE_IN_PROGRESS', 'User Initiated'), own(3, 'DELETE_COMPLETE')],
      ['create in-progress CREATE_IN_PROGRESS', 'delete succeeded DELETE_COMPLETE'],
    ],
    [
      'a failed creation that is rolled back later',
      [
        own(1, 'CREATE_IN_PROGRESS'),
        own(2, 'CREATE_FAILED', 'x'),
        own(3, 'ROLLBACK_IN_PROGRESS', 'User Initiated'),
        own(4, 'ROLLBACK_COMPLETE'),
      ],
      ['create failed CREATE_FAILED', 'rollback succeeded ROLLBACK_COMPLETE'],
    ],
    [
      'a deletion that is tried again',
      [...DELETED.slice(0, 2), own(23, 'DELETE_FAILED', 'x'), own(24, 'DELETE_IN_PROGRESS', 'User Initiated'), own(25, 'DELETE_COMPLETE')],
      ['delete failed DELETE_FAILED', 'delete succeeded DELETE_COMPLETE'],
    ],
    ['none', [own(0, 'REVIEW_IN_PROGRESS', 'User Initiated')], []],
  ])('%s', (_, events, expected) => {
    expect(kinds(events)).toEqual(expected);
  });
});

describe('a diagnosis', () => {
  const identity = { account: '123456789012', region: 'eu-west-1' };
  const text = (diagnosis: Awaited<ReturnType<typeof diagnoseStack>>): string => {
    const [shown] = answerDiagnosis(diagnosis, identity).human;
    return typeof shown === 'function' ? shown((_, words) => words) : '';
  };

  it('names the last operation, its first cause and the way out', async () => {
    const deps = { ...recordedDeps({ events: { [ID]: [...CREATED, ...FAILED_UPDATE] }, failed: {} }), target: ' --profile dev' };
    const lastOperations = [
      { id: 'op-2', type: 'UPDATE_STACK' },
      { id: 'op-1', type: 'CREATE_STACK' },
    ];
    const diagnosis = await diagnoseStack(stack('UPDATE_ROLLBACK_COMPLETE', { lastOperations }), () => Promise.resolve('t.yaml:7'), deps);
    expect(answerDiagnosis(diagnosis, identity).data).toMatchObject({
      healthy: false,
      operation: { kind: 'update', outcome: 'failed', startedAt: '2026-11-23T14:00:11.000Z', durationMs: 4000, operationId: 'op-2' },
      cause: { logicalId: 'A', place: 't.yaml:7', known: 'name-taken' },
      next: { command: 'lambda-tool deploy-serverless -sn Shop --profile dev' },
    });
    expect(text(diagnosis).split('\n')).toEqual([
      'Shop · UPDATE_ROLLBACK_COMPLETE: is back at its last good state',
      '',
      'Last    update of 2026-11-23 14:00:11 UTC, 4.0 s: failed',
      'Cause   A (AWS::DynamoDB::Table), t.yaml:7',
      '        Table already exists: orders',
      expect.stringMatching(/^Hint {4}Another stack or a person/),
      expect.stringMatching(/^Console https:\/\/eu-west-1\.console/),
      'Next    Mend the cause, then deploy again',
      '        lambda-tool deploy-serverless -sn Shop --profile dev',
    ]);
  });

  it('says that a stack is well, and what failed before', async () => {
    const again = [own(31, 'UPDATE_IN_PROGRESS', 'User Initiated'), own(32, 'UPDATE_COMPLETE')];
    const deps = recordedDeps({ events: { [ID]: [...CREATED, ...FAILED_UPDATE, ...again] } });
    const diagnosis = await diagnoseStack(stack('UPDATE_COMPLETE'), undefined, deps);
    expect(diagnosis).toMatchObject({ healthy: true, earlier: { failure: { cause: { logicalId: 'A' } } }, next: { command: undefined } });
    expect(text(diagnosis)).toContain('Next    There is nothing to mend');
    expect(text(diagnosis)).toContain('Before  update of 2026-11-23 14:00:11 UTC, 4.0 s: failed');
  });

  it('explains what failed before a deletion', async () => {
    const failedCreation = [
      own(1, 'CREATE_IN_PROGRESS', 'User Initiated'),
      of(2, 'A', 'CREATE_FAILED', 'Table already exists: orders'),
      own(3, 'ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to create: [A].'),
      own(4, 'ROLLBACK_COMPLETE'),
    ];
    const deps = recordedDeps({ stacks: [stack('DELETE_COMPLETE')], events: { [ID]: [...failedCreation, ...DELETED] } });
    const found = await findStackToDiagnose('Shop', 'eu-west-1', deps);
    const diagnosis = await diagnoseStack(found, undefined, deps);
    expect(text(diagnosis)).toMatch(/Before {2}creation .*\nCause {3}A /);
    expect(diagnosis.next.text).toBe('A deployment creates it anew');
  });

  it('tells what a validation found in a change set that was made since', async () => {
    const validation = { name: 'NAME_CONFLICT', status: 'FAILED', reason: 'Bucket shop already exists', path: undefined, mode: 'FAIL' };
    const failed = { 'op-3': [asOperationEvent(of(40, 'Uploads', ''), { eventType: 'VALIDATION_ERROR', validation })] };
    const lastOperations = [
      { id: 'op-3', type: 'CREATE_CHANGESET' },
      { id: 'op-1', type: 'CREATE_STACK' },
    ];
    const diagnosis = await diagnoseStack(
      stack('CREATE_COMPLETE', { lastOperations }),
      undefined,
      recordedDeps({ events: { [ID]: CREATED }, failed }),
    );
    expect(diagnosis).toMatchObject({
      last: { operationId: 'op-1' },
      changeSet: [{ logicalId: 'Uploads', reason: 'Bucket shop already exists' }],
    });
    expect(text(diagnosis)).toContain('Since   a change set was made, and refused with 1 finding');
  });

  it('says in which region an ARN is, when nothing is found', async () => {
    const lookup = findStackToDiagnose(ID, 'us-east-1', recordedDeps({}));
    await expect(lookup).rejects.toMatchObject({ code: 'STACK_NOT_FOUND', hint: 'The ARN is of another region: add --region eu-west-1' });
  });
});

describe('the way out', () => {
  it.each(Object.keys(STACK_STATUSES))('of %s is a sentence and, unless nothing can be typed, a command', (status) => {
    const { text, command } = wayOut({ stackName: 'Shop', status, failed: true, stuck: ['A', 'B'], target: ' --local' });
    expect(text).not.toMatch(/[.\s]$/);
    if (status === 'IMPORT_ROLLBACK_FAILED') expect(command).toBeUndefined();
    else expect(command).toMatch(/^lambda-tool (deploy-serverless -sn|delete-serverless|watch) Shop --local$/);
  });

  it('names what is stuck, and the parent of a nested stack', () => {
    const facts = { stackName: 'Shop', failed: true, stuck: ['A', 'B'], target: '' };
    expect(wayOut({ ...facts, status: 'DELETE_FAILED' }).text).toContain('--retain A,B');
    expect(wayOut({ ...facts, status: 'UPDATE_ROLLBACK_FAILED' }).text).toContain('--skip-resources A,B');
    expect(wayOut({ ...facts, status: 'CREATE_FAILED', parentId: stackArn('Root') }).command).toBe('lambda-tool diagnose Root');
  });
});
