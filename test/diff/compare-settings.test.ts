import { describe, expect, it } from 'vitest';

import { compareSettings, needsOtherChange, type SettingsWish } from '../../src/diff/compare-settings.ts';

const NOTHING: SettingsWish = {
  roleArn: undefined,
  notificationArns: undefined,
  rollbackTriggers: undefined,
  terminationProtection: undefined,
};
const STACK = {
  roleArn: 'arn:role/one',
  notificationArns: ['arn:sns:b', 'arn:sns:a'],
  rollbackTriggers: { alarmArns: ['arn:alarm:High'], monitoringMinutes: 5 },
  terminationProtection: true,
};
const BARE = { roleArn: undefined, terminationProtection: false };

describe('what a deployment says of the stack itself', () => {
  it.each<[string, Partial<SettingsWish>]>([
    ['of which nothing is said', {}],
    ['that is as it is asked for', { ...STACK }],
    ['whose topics are named in another order, one twice', { notificationArns: ['arn:sns:a', 'arn:sns:b', 'arn:sns:a'] }],
    ['of whose triggers only the time is said', { rollbackTriggers: { alarmArns: undefined, monitoringMinutes: 5 } }],
    ['of whose triggers only the alarms are said', { rollbackTriggers: { alarmArns: ['arn:alarm:High'], monitoringMinutes: undefined } }],
  ])('is no difference in a stack %s', (_, wish) => {
    expect(compareSettings(STACK, { ...NOTHING, ...wish })).toEqual([]);
  });

  it.each<[Partial<SettingsWish>, object]>([
    [{ roleArn: 'arn:role/two' }, { name: 'RoleArn', action: 'changed', before: 'arn:role/one', after: 'arn:role/two' }],
    [
      { notificationArns: ['arn:sns:c', 'arn:sns:a'] },
      { name: 'NotificationARNs', action: 'changed', before: 'arn:sns:a, arn:sns:b', after: 'arn:sns:a, arn:sns:c' },
    ],
    [{ notificationArns: [] }, { name: 'NotificationARNs', action: 'removed', before: 'arn:sns:a, arn:sns:b' }],
    [
      { rollbackTriggers: { alarmArns: [], monitoringMinutes: undefined } },
      { name: 'RollbackTriggers', action: 'removed', before: 'arn:alarm:High' },
    ],
    [
      { rollbackTriggers: { alarmArns: undefined, monitoringMinutes: 0 } },
      { name: 'MonitoringTimeInMinutes', action: 'changed', before: '5', after: '0' },
    ],
    [{ terminationProtection: false }, { name: 'EnableTerminationProtection', action: 'changed', before: 'true', after: 'false' }],
  ])('%j is one difference', (wish, expected) => {
    expect(compareSettings(STACK, { ...NOTHING, ...wish })).toEqual([expected]);
  });

  it('is added to a stack that has nothing of it', () => {
    expect(compareSettings(BARE, { ...NOTHING, ...STACK }).map(({ name, action, before }) => `${name} ${action} ${before}`)).toEqual([
      'RoleArn added undefined',
      'NotificationARNs added undefined',
      'RollbackTriggers added undefined',
      'MonitoringTimeInMinutes changed 0',
      'EnableTerminationProtection changed false',
    ]);
    const none = { notificationArns: [], rollbackTriggers: { alarmArns: [], monitoringMinutes: 0 }, terminationProtection: false };
    expect(compareSettings(BARE, { ...NOTHING, ...none })).toEqual([]);
  });

  it('comes with another change only, but for termination protection, which has a call of its own', () => {
    const differences = compareSettings(BARE, { ...NOTHING, ...STACK });
    expect(differences.filter((difference) => !needsOtherChange(difference)).map(({ name }) => name)).toEqual([
      'EnableTerminationProtection',
    ]);
  });
});
