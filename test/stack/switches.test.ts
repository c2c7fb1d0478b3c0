import { describe, expect, it } from 'vitest';

import type { ResourceChange, Stack } from '../../src/clients/cloudformation.ts';
import type { SoundStack } from '../../src/stack/repair.ts';
import { changeSetSwitches, executionRollback, hasWishedSettings, NO_SWITCHES, replacedResources } from '../../src/stack/switches.ts';

function stack(more: Partial<Stack> = {}): Stack {
  return {
    id: 'arn:stack',
    name: 'Shop',
    status: 'UPDATE_COMPLETE',
    statusReason: undefined,
    parameters: [],
    outputs: [],
    tags: {},
    terminationProtection: false,
    roleArn: undefined,
    ...more,
  };
}

const NEW: SoundStack = { kind: 'create' };
const UP: SoundStack = { kind: 'update', stack: stack(), resume: false };
const resumed = (express: boolean): SoundStack => ({ kind: 'update', stack: stack({ status: 'UPDATE_FAILED', express }), resume: true });

describe('what a change set is asked for', () => {
  it.each([
    ['nothing', {}, UP, undefined, undefined],
    ['express mode with rollback', { express: true }, UP, { disableRollback: false }, undefined],
    ['express mode without rollback', { express: true, disableRollback: true }, UP, { disableRollback: true }, undefined],
    ['what a failed creation leads to', { onFailure: 'DELETE' }, NEW, undefined, 'DELETE'],
    ['that of a creation only', { onFailure: 'DELETE' }, UP, undefined, undefined],
    ['no rollback from a failed state, in express mode', { express: true }, resumed(false), { disableRollback: true }, undefined],
    ['express mode where the stack failed in it', {}, resumed(true), { disableRollback: true }, undefined],
    ['the ordinary mode where it failed in that', {}, resumed(false), undefined, undefined],
  ] as const)('%s', (_, switches, sound, express, onStackFailure) => {
    expect(changeSetSwitches({ ...NO_SWITCHES, ...switches }, sound)).toMatchObject({ express, onStackFailure, disableValidation: false });
  });

  it('nothing about rollback at the execution where the change set has settled it', () => {
    expect(executionRollback(true, { express: false, onStackFailure: undefined })).toEqual({ disableRollback: true });
    expect(executionRollback(true, { express: true, onStackFailure: undefined })).toEqual({});
    expect(executionRollback(true, { express: false, onStackFailure: 'DELETE' })).toEqual({});
    expect(executionRollback(false, { express: false, onStackFailure: undefined })).toEqual({});
  });
});

it('replacements are told from what may be one and from what is none', () => {
  const change = (logicalId: string, action: string, replacement?: string): ResourceChange => ({
    action,
    logicalId,
    resourceType: 'AWS::DynamoDB::Table',
    replacement,
  });
  const changes = [
    change('New', 'Add'),
    change('Same', 'Modify', 'False'),
    change('Other', 'Modify', 'True'),
    change('Maybe', 'Modify', 'Conditional'),
  ];
  expect(replacedResources(changes)).toEqual({ sure: ['Other'], possible: ['Maybe'] });
});

describe('topics and alarms that are wished for', () => {
  const current = stack({ notificationArns: ['arn:a', 'arn:b'], rollbackTriggers: { alarmArns: ['arn:alarm'], monitoringMinutes: 5 } });
  it.each([
    [{}, true],
    [{ notificationArns: ['arn:b', 'arn:a'] }, true],
    [{ notificationArns: ['arn:a'] }, false],
    [{ notificationArns: [] }, false],
    [{ rollbackTriggers: { alarmArns: ['arn:alarm'] } }, true],
    [{ rollbackTriggers: { alarmArns: ['arn:other'] } }, false],
    [{ rollbackTriggers: { monitoringMinutes: 5 } }, true],
    [{ rollbackTriggers: { monitoringMinutes: 0 } }, false],
  ])('%j: the stack has them: %s', (wish, expected) => {
    expect(hasWishedSettings(current, { notificationArns: undefined, rollbackTriggers: undefined, ...wish })).toBe(expected);
  });

  it('a stack without any has no minutes to watch', () => {
    expect(hasWishedSettings(stack(), { notificationArns: [], rollbackTriggers: { alarmArns: [], monitoringMinutes: 0 } })).toBe(true);
  });
});
