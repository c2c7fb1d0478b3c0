import type { OptionName } from '../commands/options.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { StackSwitches } from '../stack/switches.ts';
import type { Identity } from './identity.ts';

export interface SwitchOptions {
  readonly express: boolean | undefined;
  readonly disableRollback: boolean | undefined;
  readonly onFailure: string | undefined;
  readonly notificationArns: readonly string[] | undefined;
  readonly rollbackAlarms: readonly string[] | undefined;
  readonly monitoringTime: number | undefined;
  readonly importExistingResources: boolean | undefined;
  readonly terminationProtection: boolean | undefined;
  readonly validation: boolean;
}

const ON_FAILURE = { delete: 'DELETE', rollback: 'ROLLBACK', 'do-nothing': 'DO_NOTHING' } as const;

/** What the switches ask of CloudFormation. */
export function readSwitches(options: SwitchOptions, identity: Identity): StackSwitches {
  return {
    ...readSettings(options, identity),
    express: options.express === true,
    disableRollback: options.disableRollback === true,
    onFailure: options.onFailure === undefined ? undefined : ON_FAILURE[options.onFailure as keyof typeof ON_FAILURE],
    importExistingResources: options.importExistingResources === true,
    validation: options.validation,
  };
}

type SettingsOptions = Pick<SwitchOptions, 'notificationArns' | 'rollbackAlarms' | 'monitoringTime' | 'terminationProtection'>;

/** The switches that say how the stack is to be, and not how it is deployed. Alarms may be given by their names. */
export function readSettings(
  { notificationArns, rollbackAlarms, monitoringTime, terminationProtection }: SettingsOptions,
  identity: Identity,
): Pick<StackSwitches, 'notificationArns' | 'rollbackTriggers' | 'terminationProtection'> {
  const hasTriggers = rollbackAlarms !== undefined || monitoringTime !== undefined;
  return {
    notificationArns,
    rollbackTriggers: hasTriggers
      ? { alarmArns: rollbackAlarms?.map((alarm) => alarmArn(alarm, identity)), monitoringMinutes: monitoringTime }
      : undefined,
    terminationProtection,
  };
}

function alarmArn(alarm: string, { region, account }: Identity): string {
  if (alarm.startsWith('arn:')) return alarm;
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return `arn:${partition}:cloudwatch:${region}:${account}:alarm:${alarm}`;
}

type SwitchName = Extract<
  OptionName,
  | 'express'
  | 'disable-rollback'
  | 'on-failure'
  | 'resume'
  | 'notification-arns'
  | 'rollback-alarms'
  | 'monitoring-time'
  | 'import-existing-resources'
  | 'validation'
>;

/** Pairs of which CloudFormation takes one only, and what to do instead. */
const CONTRADICTIONS: readonly (readonly [SwitchName, SwitchName, string])[] = [
  ['express', 'on-failure', 'In express mode a failure is rolled back; with --disable-rollback everything stays as it is'],
  ['disable-rollback', 'on-failure', '--disable-rollback counts for updates too; --on-failure do-nothing for the first deployment only'],
  ['resume', 'on-failure', '--resume goes on from a failed deployment, --on-failure is about the first one'],
  ['disable-rollback', 'rollback-alarms', 'An alarm rolls the deployment back; leave one of them out'],
  ['resume', 'rollback-alarms', 'A deployment that is resumed is not rolled back; leave one of them out'],
];

/** Settled when a change set is made, so that its execution cannot change it. */
const OF_THE_CHANGE_SET: readonly SwitchName[] = [
  'express',
  'on-failure',
  'notification-arns',
  'rollback-alarms',
  'monitoring-time',
  'import-existing-resources',
  'validation',
];

interface Mode {
  readonly prepare: boolean | undefined;
  readonly execute: string | undefined;
}

/**
 * Refuses switches that contradict each other. With `--execute` and `--prepare`, only what stands on the command line itself counts: what a
 * defaults file says for every deployment is passed over there. Throws UserError USAGE with both names.
 */
export function checkSwitches(options: SwitchOptions & Mode, context: Pick<Context, 'settings'>): void {
  const isOn = (name: SwitchName): boolean => {
    const { value } = context.settings.get(name);
    return name === 'validation' ? value === false : Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  };
  const isGiven = (name: SwitchName): boolean => context.settings.get(name).source === 'command line';
  if (options.execute !== undefined) {
    const settled = OF_THE_CHANGE_SET.find((name) => isOn(name) && isGiven(name));
    if (settled === undefined) return;
    throw contradiction('execute', settled, `Give it with --prepare: it is settled when the change set is made`);
  }
  for (const [one, other, hint] of CONTRADICTIONS) if (isOn(one) && isOn(other)) throw contradiction(one, other, hint);
  if (options.prepare === true && options.express !== true && isOn('disable-rollback') && isGiven('disable-rollback'))
    throw contradiction('prepare', 'disable-rollback', 'Give --disable-rollback with --execute: without --express it is settled then');
}

function contradiction(first: OptionName, second: SwitchName, hint: string): UserError {
  const spelling = second === 'validation' ? 'no-validation' : second;
  return new UserError('USAGE', `--${first} and --${spelling} contradict each other`, { hint });
}
