import type { Stack } from '../clients/cloudformation.ts';
import { sameSet, type StackSwitches } from '../stack/switches.ts';
import type { Action, TagChange } from './types.ts';

/** What a deployment says of the stack beside its template; what is undefined stays as it is. */
export interface SettingsWish extends Pick<StackSwitches, 'notificationArns' | 'rollbackTriggers' | 'terminationProtection'> {
  readonly roleArn: string | undefined;
}

const PROTECTION = 'EnableTerminationProtection';

type Settings = Pick<Stack, 'roleArn' | 'notificationArns' | 'rollbackTriggers' | 'terminationProtection'>;

/** Compares role, topics, rollback alarms, their time, and protection, under the names that CloudFormation has for them. */
export function compareSettings(stack: Settings, wish: SettingsWish): TagChange[] {
  const { alarmArns, monitoringMinutes } = wish.rollbackTriggers ?? {};
  const { terminationProtection } = wish;
  return [
    ...compareTexts('RoleArn', stack.roleArn, wish.roleArn),
    ...compareLists('NotificationARNs', stack.notificationArns, wish.notificationArns),
    ...compareLists('RollbackTriggers', stack.rollbackTriggers?.alarmArns, alarmArns),
    ...compareTexts('MonitoringTimeInMinutes', `${stack.rollbackTriggers?.monitoringMinutes ?? 0}`, monitoringMinutes?.toString()),
    ...compareTexts(PROTECTION, `${stack.terminationProtection}`, terminationProtection?.toString()),
  ];
}

/** Whether it comes with a change set, and CloudFormation makes none for a stack in which nothing else changes. */
export function needsOtherChange({ name }: TagChange): boolean {
  return name !== PROTECTION;
}

/** What a stack has as well and nobody speaks of stays: CloudFormation goes on using the role of the last operation, for example. */
function compareTexts(name: string, before: string | undefined, wished: string | undefined): TagChange[] {
  return wished === undefined || wished === before ? [] : [change(name, before, wished)];
}

function compareLists(name: string, before: readonly string[] = [], wished: readonly string[] | undefined): TagChange[] {
  return wished === undefined || sameSet(wished, before) ? [] : [change(name, listed(before), listed(wished))];
}

function listed(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : [...new Set(items)].toSorted().join(', ');
}

function change(name: string, before: string | undefined, after: string | undefined): TagChange {
  const action: Action = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  return { name, action, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}
