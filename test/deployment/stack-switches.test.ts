import { describe, expect, it } from 'vitest';

import { OPTIONS, type OptionName } from '../../src/commands/options.ts';
import { checkSwitches, readSwitches, type SwitchOptions } from '../../src/deployment/stack-switches.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';

const NAMES = Object.keys(OPTIONS) as OptionName[];
const FILE = { path: '/none', displayName: 'none', exists: false, values: {}, sections: {} };

/** Checks a command line, beside what a variable of the environment says. */
function check(line: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}): void {
  const settings = resolveSettings({
    names: NAMES,
    flags: new Map(Object.entries(line)) as Map<OptionName, string>,
    env: environment,
    file: FILE as never,
  });
  checkSwitches(settings.values as never, { settings });
}

describe('switches that contradict each other', () => {
  it.each([
    [{ express: 'true', 'on-failure': 'delete' }, '--express and --on-failure'],
    [{ 'disable-rollback': 'true', 'on-failure': 'rollback' }, '--disable-rollback and --on-failure'],
    [{ resume: 'true', 'on-failure': 'delete' }, '--resume and --on-failure'],
    [{ 'disable-rollback': 'true', 'rollback-alarms': 'High' }, '--disable-rollback and --rollback-alarms'],
    [{ resume: 'true', 'rollback-alarms': 'High' }, '--resume and --rollback-alarms'],
    [{ execute: 'x', express: 'true' }, '--execute and --express'],
    [{ execute: 'x', 'notification-arns': 'arn:a' }, '--execute and --notification-arns'],
    [{ execute: 'x', 'import-existing-resources': 'true' }, '--execute and --import-existing-resources'],
    [{ execute: 'x', validation: 'false' }, '--execute and --no-validation'],
    [{ prepare: 'true', 'disable-rollback': 'true' }, '--prepare and --disable-rollback'],
  ])('%j', (line, names) => {
    expect(() => check(line)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: `${names} contradict each other`, hint: expect.stringMatching(/./) }),
    );
  });

  it.each([
    [{}],
    [{ express: 'true', 'disable-rollback': 'true' }],
    [{ express: 'true', 'disable-rollback': 'true', prepare: 'true' }],
    [{ resume: 'true', express: 'true' }],
    [{ resume: 'true', 'disable-rollback': 'true' }],
    [{ 'rollback-alarms': 'High', 'monitoring-time': '5', express: 'true' }],
    [{ 'disable-rollback': 'true', 'rollback-alarms': '' }],
    [{ execute: 'x', 'disable-rollback': 'true', 'termination-protection': 'true' }],
    [{ preview: 'true', 'disable-rollback': 'true', 'on-failure': '' }],
  ])('%j is fine', (line) => {
    expect(() => check(line)).not.toThrow();
  });

  it('what is said for every deployment is no reason to refuse an execution', () => {
    expect(() => check({ execute: 'x' }, { LAMBDA_TOOL_NOTIFICATION_ARNS: 'arn:a', LAMBDA_TOOL_EXPRESS: 'true' })).not.toThrow();
    expect(() => check({ express: 'true' }, { LAMBDA_TOOL_ON_FAILURE: 'delete' })).toThrow('contradict');
  });
});

describe('what the switches ask for', () => {
  const NONE: SwitchOptions = {
    express: undefined,
    disableRollback: undefined,
    onFailure: undefined,
    notificationArns: undefined,
    rollbackAlarms: undefined,
    monitoringTime: undefined,
    importExistingResources: undefined,
    terminationProtection: undefined,
    validation: true,
  };

  it.each([
    ['eu-west-1', 'High', 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:High'],
    ['cn-north-1', 'High', 'arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:High'],
    ['us-gov-west-1', 'High', 'arn:aws-us-gov:cloudwatch:us-gov-west-1:123456789012:alarm:High'],
    ['eu-west-1', 'arn:aws:cloudwatch:us-east-1:1:alarm:Other', 'arn:aws:cloudwatch:us-east-1:1:alarm:Other'],
  ])('alarms of %s by name or ARN: %s', (region, alarm, arn) => {
    const { rollbackTriggers } = readSwitches({ ...NONE, rollbackAlarms: [alarm] }, { account: '123456789012', region });
    expect(rollbackTriggers).toEqual({ alarmArns: [arn], monitoringMinutes: undefined });
  });

  it('minutes alone leave the alarms of the stack as they are', () => {
    const { rollbackTriggers } = readSwitches({ ...NONE, monitoringTime: 5 }, { account: '1', region: 'eu-west-1' });
    expect(rollbackTriggers).toEqual({ alarmArns: undefined, monitoringMinutes: 5 });
    expect(readSwitches(NONE, { account: '1', region: 'eu-west-1' }).rollbackTriggers).toBeUndefined();
  });

  it('says what a failure leads to in the words of CloudFormation', () => {
    const read = (onFailure: string) => readSwitches({ ...NONE, onFailure }, { account: '1', region: 'eu-west-1' }).onFailure;
    expect(['delete', 'rollback', 'do-nothing'].map(read)).toEqual(['DELETE', 'ROLLBACK', 'DO_NOTHING']);
  });
});
