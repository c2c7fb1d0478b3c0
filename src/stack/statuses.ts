/** What a deployment does in a state. */
export type DeployRule = 'create' | 'update' | 'wait' | 'recreate' | 'roll-back' | 'continue-rollback' | 'refuse';
/** What a deletion does in a state. */
export type DeleteRule = 'delete' | 'retry' | 'follow' | 'wait';

export interface StatusRule {
  /** What the state means, after "Stack X": one clause. */
  readonly meaning: string;
  readonly deploy: DeployRule;
  readonly delete: DeleteRule;
  /** CloudFormation takes an update here, but only with rollback off: `--resume`. */
  readonly canResume?: true;
  /** What a person can do when we refuse to deploy. */
  readonly hint?: string;
}

export interface RuleWords {
  /** After "a deployment": for the docs. */
  readonly does: string;
  /** After "the stack is": for the run. */
  readonly passive: string;
  /** The switches that refuse or force it. */
  readonly switches: string;
}

export const DEPLOY_RULES: Readonly<Record<DeployRule, RuleWords>> = {
  create: { does: 'creates it', passive: 'created', switches: '' },
  update: { does: 'updates it, if anything differs', passive: 'updated', switches: '' },
  wait: {
    does: 'follows the operation to its end, then decides again',
    passive: 'waited for',
    switches: '`--no-wait-for-stack` refuses',
  },
  recreate: { does: 'deletes it and creates it anew', passive: 'deleted and created anew', switches: '`--no-recreate` refuses' },
  'roll-back': {
    does: 'rolls it back to its last good state, then updates it',
    passive: 'rolled back to its last good state and then updated',
    switches: '`--no-continue-rollback` refuses',
  },
  'continue-rollback': {
    does: 'continues the rollback, then updates it',
    passive: 'rolled back further and then updated',
    switches: '`--no-continue-rollback` refuses; `--skip-resources A,B` leaves resources as they are',
  },
  refuse: { does: 'refuses', passive: 'left alone', switches: '' },
};

export const DELETE_RULES: Readonly<Record<DeleteRule, Pick<RuleWords, 'does' | 'switches'>>> = {
  delete: { does: 'deletes it', switches: '' },
  retry: { does: 'deletes it again', switches: '`--retain A,B` leaves resources behind' },
  follow: { does: 'follows the deletion to its end', switches: '`--no-wait-for-stack` refuses' },
  wait: { does: 'follows the operation to its end, then deletes it', switches: '`--no-wait-for-stack` refuses' },
};

const BUSY = { deploy: 'wait', delete: 'wait' } as const;
const FAILED_IMPORT =
  'Repair the cause and roll the import back in the console of CloudFormation, or delete the stack: resources that were imported with a DeletionPolicy of Retain stay';

/**
 * Every stack status of CloudFormation (API reference, Stack.StackStatus), and what it means for us. That CloudFormation takes an
 * update of a failed stack only with rollback off is in the user guide, "Choose how to handle failures when provisioning resources".
 */
export const STACK_STATUSES: Readonly<Record<string, StatusRule>> = {
  // A creation can be stopped by deleting; every other operation has to end first.
  CREATE_IN_PROGRESS: { meaning: 'is being created', deploy: 'wait', delete: 'delete' },
  CREATE_FAILED: { meaning: 'could not be created and was not rolled back', deploy: 'recreate', delete: 'delete', canResume: true },
  CREATE_COMPLETE: { meaning: 'is up', deploy: 'update', delete: 'delete' },
  ROLLBACK_IN_PROGRESS: { ...BUSY, meaning: 'could not be created and is rolling back' },
  ROLLBACK_FAILED: { meaning: 'could not be created, and rolling back failed too', deploy: 'recreate', delete: 'delete' },
  ROLLBACK_COMPLETE: { meaning: 'could not be created and was rolled back', deploy: 'recreate', delete: 'delete' },
  DELETE_IN_PROGRESS: { meaning: 'is being deleted', deploy: 'wait', delete: 'follow' },
  DELETE_FAILED: { meaning: 'could not be deleted completely', deploy: 'recreate', delete: 'retry' },
  DELETE_COMPLETE: { meaning: 'is deleted', deploy: 'create', delete: 'delete' },
  UPDATE_IN_PROGRESS: { ...BUSY, meaning: 'is being updated' },
  UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: { ...BUSY, meaning: 'is updated and still removes what it no longer needs' },
  UPDATE_COMPLETE: { meaning: 'is up', deploy: 'update', delete: 'delete' },
  UPDATE_FAILED: { meaning: 'could not be updated and was not rolled back', deploy: 'roll-back', delete: 'delete', canResume: true },
  UPDATE_ROLLBACK_IN_PROGRESS: { ...BUSY, meaning: 'could not be updated and is rolling back' },
  UPDATE_ROLLBACK_FAILED: { meaning: 'could not be updated, and rolling back failed too', deploy: 'continue-rollback', delete: 'delete' },
  UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: { ...BUSY, meaning: 'is rolled back and still removes what it no longer needs' },
  UPDATE_ROLLBACK_COMPLETE: { meaning: 'is back at its last good state', deploy: 'update', delete: 'delete' },
  REVIEW_IN_PROGRESS: { meaning: 'holds a change set that was never executed', deploy: 'create', delete: 'delete' },
  IMPORT_IN_PROGRESS: { ...BUSY, meaning: 'is importing resources' },
  IMPORT_COMPLETE: { meaning: 'is up', deploy: 'update', delete: 'delete' },
  IMPORT_ROLLBACK_IN_PROGRESS: { ...BUSY, meaning: 'could not import resources and is rolling back' },
  IMPORT_ROLLBACK_FAILED: {
    meaning: 'could not import resources, and rolling back failed too',
    deploy: 'refuse',
    delete: 'delete',
    hint: FAILED_IMPORT,
  },
  IMPORT_ROLLBACK_COMPLETE: { meaning: 'is back at its last good state', deploy: 'update', delete: 'delete' },
};

/** See onlyForward in plan.ts. */
const EXPRESS_ONLY_FORWARD = 'updates it from where it stands, in express mode';

/**
 * The table as docs/stack-states.md shows it: status, meaning, and for deployment and deletion what is done and the switch.
 * @public scripts/docs.mjs writes that page
 */
export function stackStateRows(): readonly (readonly string[])[] {
  return Object.entries(STACK_STATUSES).flatMap(([status, rule]) => {
    const deploy = DEPLOY_RULES[rule.deploy];
    const remove = DELETE_RULES[rule.delete];
    const resume = rule.canResume === true ? '; `--resume` goes on from there' : '';
    const row = [`\`${status}\``, rule.meaning, deploy.does, `${deploy.switches}${resume}`, remove.does, remove.switches];
    if (rule.deploy !== 'roll-back') return [row];
    const express = [
      'the same in express mode',
      'took no rollback and takes none',
      EXPRESS_ONLY_FORWARD,
      deploy.switches,
      remove.does,
      remove.switches,
    ];
    return [row, express];
  });
}
