import type { ChangeSet, ChangeSetRequest, ResourceChange, RollbackTriggers } from '../clients/cloudformation.ts';
import type { SoundStack } from './repair.ts';

/** How a person wants an operation to be carried out; the switches of the same names. */
export interface StackSwitches {
  readonly express: boolean;
  readonly disableRollback: boolean;
  /** About creations only. */
  readonly onFailure: ChangeSetRequest['onStackFailure'];
  /** Undefined leaves those that the stack has; so do the triggers. */
  readonly notificationArns: readonly string[] | undefined;
  readonly rollbackTriggers: RollbackTriggers | undefined;
  readonly importExistingResources: boolean;
  readonly terminationProtection: boolean | undefined;
  /** CloudFormation's pre-deployment validation. */
  readonly validation: boolean;
}

/** As it is when no switch is given. */
export const NO_SWITCHES: StackSwitches = {
  express: false,
  disableRollback: false,
  onFailure: undefined,
  notificationArns: undefined,
  rollbackTriggers: undefined,
  importExistingResources: false,
  terminationProtection: undefined,
  validation: true,
};

type Asked = Pick<
  ChangeSetRequest,
  'express' | 'onStackFailure' | 'notificationArns' | 'rollbackTriggers' | 'importExistingResources' | 'disableValidation'
>;

/**
 * What a change set is asked for. Express mode always says whether it rolls back, because without a word CloudFormation does not
 * (user guide, "Rollback behavior with express mode"), and it takes no OnStackFailure beside it (aws-sam-cli pull request 9106).
 */
export function changeSetSwitches(switches: StackSwitches, sound: SoundStack): Asked {
  const express = isExpress(switches, sound);
  return {
    express: express ? { disableRollback: isRollbackOff(switches, sound) } : undefined,
    onStackFailure: sound.kind === 'create' && !express ? switches.onFailure : undefined,
    notificationArns: switches.notificationArns,
    rollbackTriggers: switches.rollbackTriggers,
    importExistingResources: switches.importExistingResources,
    disableValidation: !switches.validation,
  };
}

/** A stack that failed in express mode takes updates in express mode only (aws-cdk-cli issue 1739). */
export function isExpress(switches: Pick<StackSwitches, 'express'>, sound: SoundStack): boolean {
  return switches.express || (sound.kind === 'update' && sound.resume && sound.stack.express === true);
}

/** From a failed state on, CloudFormation takes an update only with rollback off. */
export function isRollbackOff({ disableRollback }: Pick<StackSwitches, 'disableRollback'>, sound: SoundStack): boolean {
  return disableRollback || (sound.kind === 'update' && sound.resume);
}

/** What the execution has to say about rollback: nothing where the change set has settled it, since CloudFormation refuses that. */
export function executionRollback(isOff: boolean, changeSet: Pick<ChangeSet, 'express' | 'onStackFailure'>): { disableRollback?: true } {
  return isOff && changeSet.express !== true && changeSet.onStackFailure === undefined ? { disableRollback: true } : {};
}

/** Resources that are replaced, or may be: with rollback off CloudFormation refuses that, and leaves the stack in a failed state. */
export function replacedResources(changes: readonly ResourceChange[]): { readonly sure: string[]; readonly possible: string[] } {
  const ids = (replacement: string): string[] =>
    changes.filter((change) => change.action === 'Modify' && change.replacement === replacement).map(({ logicalId }) => logicalId);
  return { sure: ids('True'), possible: ids('Conditional') };
}

/** Whether a stack already has the topics and alarms that are wished for; what is not said stays as it is. */
export function hasWishedSettings(
  stack: { readonly notificationArns?: readonly string[] | undefined; readonly rollbackTriggers?: RollbackTriggers | undefined },
  { notificationArns, rollbackTriggers }: Pick<StackSwitches, 'notificationArns' | 'rollbackTriggers'>,
): boolean {
  const { alarmArns, monitoringMinutes } = rollbackTriggers ?? {};
  return (
    (notificationArns === undefined || sameSet(notificationArns, stack.notificationArns ?? [])) &&
    (alarmArns === undefined || sameSet(alarmArns, stack.rollbackTriggers?.alarmArns ?? [])) &&
    (monitoringMinutes === undefined || monitoringMinutes === (stack.rollbackTriggers?.monitoringMinutes ?? 0))
  );
}

/** Whether two lists have the same items, in whatever order. */
export function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return new Set(one).size === new Set(other).size && one.every((item) => other.includes(item));
}
