import type { Stack } from '../clients/cloudformation.ts';

/** What a deployment will do with the stack as it stands. */
export type StackPlan =
  | { readonly kind: 'create'; readonly reuse: Stack | undefined }
  | { readonly kind: 'update'; readonly stack: Stack }
  | { readonly kind: 'recreate'; readonly stack: Stack }
  | { readonly kind: 'refuse'; readonly stack: Stack; readonly reason: string; readonly hint: string };

interface StatusRule {
  readonly deploy: 'create' | 'update' | 'recreate' | 'refuse';
  readonly delete: 'delete' | 'follow' | 'refuse';
  /** What the state means, after "Stack X": one clause. */
  readonly meaning: string;
  /** What a person can do when we refuse to deploy. */
  readonly hint: string;
}

const WAIT = 'Wait until it has ended, then run the command again';
const DELETE_FIRST = 'Delete it first: lambda-tool delete-serverless';
const BUSY = { deploy: 'refuse', delete: 'refuse', hint: WAIT } as const;

/** Every stack status of CloudFormation (API reference, Stack.StackStatus), and what it means for us. */
export const STACK_STATUSES: Readonly<Record<string, StatusRule>> = {
  CREATE_IN_PROGRESS: { ...BUSY, meaning: 'is being created' },
  CREATE_FAILED: { deploy: 'refuse', delete: 'delete', meaning: 'could not be created and was not rolled back', hint: DELETE_FIRST },
  CREATE_COMPLETE: { deploy: 'update', delete: 'delete', meaning: 'is up', hint: '' },
  ROLLBACK_IN_PROGRESS: { ...BUSY, meaning: 'could not be created and is rolling back' },
  ROLLBACK_FAILED: { deploy: 'refuse', delete: 'delete', meaning: 'could not be created, and rolling back failed too', hint: DELETE_FIRST },
  ROLLBACK_COMPLETE: { deploy: 'recreate', delete: 'delete', meaning: 'could not be created and was rolled back', hint: DELETE_FIRST },
  DELETE_IN_PROGRESS: { deploy: 'refuse', delete: 'follow', meaning: 'is being deleted', hint: WAIT },
  DELETE_FAILED: {
    deploy: 'refuse',
    delete: 'delete',
    meaning: 'could not be deleted completely',
    hint: 'Delete it again: lambda-tool delete-serverless',
  },
  DELETE_COMPLETE: { deploy: 'create', delete: 'delete', meaning: 'is deleted', hint: '' },
  UPDATE_IN_PROGRESS: { ...BUSY, meaning: 'is being updated' },
  UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: { ...BUSY, meaning: 'is updated and still removes what it no longer needs' },
  UPDATE_COMPLETE: { deploy: 'update', delete: 'delete', meaning: 'is up', hint: '' },
  UPDATE_FAILED: {
    deploy: 'refuse',
    delete: 'delete',
    meaning: 'could not be updated and was not rolled back',
    hint: 'Roll it back: aws cloudformation rollback-stack --stack-name',
  },
  UPDATE_ROLLBACK_IN_PROGRESS: { ...BUSY, meaning: 'could not be updated and is rolling back' },
  UPDATE_ROLLBACK_FAILED: {
    deploy: 'refuse',
    delete: 'delete',
    meaning: 'could not be updated, and rolling back failed too',
    hint: 'Repair the cause, then: aws cloudformation continue-update-rollback --stack-name',
  },
  UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: { ...BUSY, meaning: 'is rolled back and still removes what it no longer needs' },
  UPDATE_ROLLBACK_COMPLETE: { deploy: 'update', delete: 'delete', meaning: 'is back at its last good state', hint: '' },
  REVIEW_IN_PROGRESS: { deploy: 'create', delete: 'delete', meaning: 'holds a change set that was never executed', hint: '' },
  IMPORT_IN_PROGRESS: { ...BUSY, meaning: 'is importing resources' },
  IMPORT_COMPLETE: { deploy: 'update', delete: 'delete', meaning: 'is up', hint: '' },
  IMPORT_ROLLBACK_IN_PROGRESS: { ...BUSY, meaning: 'could not import resources and is rolling back' },
  IMPORT_ROLLBACK_FAILED: {
    deploy: 'refuse',
    delete: 'delete',
    meaning: 'could not import resources, and rolling back failed too',
    hint: 'Repair the cause, then: aws cloudformation continue-update-rollback --stack-name',
  },
  IMPORT_ROLLBACK_COMPLETE: { deploy: 'update', delete: 'delete', meaning: 'is back at its last good state', hint: '' },
};

/** Decides what a deployment does; pure, so that it can be decided, printed and tested before anything happens. */
export function planDeployment(stack: Stack | undefined, options: { readonly recreate: boolean }): StackPlan {
  if (stack === undefined) return { kind: 'create', reuse: undefined };
  const rule = STACK_STATUSES[stack.status];
  if (rule === undefined) return refuse(stack, 'is in a state that this version of lambda-tool does not know', 'Look for a newer version');
  switch (rule.deploy) {
    case 'create':
      return { kind: 'create', reuse: stack.status === 'REVIEW_IN_PROGRESS' ? stack : undefined };
    case 'update':
      return { kind: 'update', stack };
    case 'recreate':
      if (!options.recreate) return refuse(stack, `${rule.meaning}, and --no-recreate was given`, `${DELETE_FIRST} ${stack.name}`);
      return { kind: 'recreate', stack };
    case 'refuse':
      return refuse(stack, rule.meaning, endsWithCommand(rule.hint) ? `${rule.hint} ${stack.name}` : rule.hint);
  }
}

function refuse(stack: Stack, meaning: string, hint: string): StackPlan {
  return { kind: 'refuse', stack, reason: `Stack ${stack.name} ${meaning} (${stack.status})`, hint };
}

function endsWithCommand(hint: string): boolean {
  return /delete-serverless$|--stack-name$/.test(hint);
}

/** What a deletion does in each state. An unknown state is left to CloudFormation to judge. */
export function planDeletion(stack: Stack): 'delete' | 'follow' | { readonly refuse: string; readonly hint: string } {
  const rule = STACK_STATUSES[stack.status];
  if (rule === undefined) return 'delete';
  if (rule.delete !== 'refuse') return rule.delete;
  return { refuse: `Stack ${stack.name} ${rule.meaning} (${stack.status})`, hint: rule.hint };
}
