import type { Stack } from '../clients/cloudformation.ts';
import { DEPLOY_RULES, STACK_STATUSES, type DeployRule, type StatusRule } from './statuses.ts';

export { STACK_STATUSES } from './statuses.ts';

/** What a deployment will do with the stack as it stands. */
export type StackPlan =
  | { readonly kind: 'create'; readonly reuse: Stack | undefined }
  /** `resume`: from a failed operation, with rollback off, because CloudFormation takes no other update then. */
  | { readonly kind: 'update'; readonly stack: Stack; readonly resume: boolean }
  | { readonly kind: 'recreate'; readonly stack: Stack }
  | { readonly kind: 'roll-back'; readonly stack: Stack }
  | { readonly kind: 'continue-rollback'; readonly stack: Stack; readonly skip: readonly string[] }
  | { readonly kind: 'wait'; readonly stack: Stack }
  | Refusal;

export interface Refusal {
  readonly kind: 'refuse';
  readonly stack: Stack;
  readonly code: 'STACK_STATE' | 'STACK_PROTECTED';
  readonly reason: string;
  /** What to do; `command` belongs behind it, with the switches that lead to the same place. */
  readonly hint: string;
  readonly command: string | undefined;
}

/** A plan that can be carried out now. */
export type ReadyPlan = Exclude<StackPlan, { kind: 'refuse' | 'wait' }>;

/** What is allowed on the way; the switches of the same names. */
export interface DeployPermissions {
  readonly waitForStack: boolean;
  readonly recreate: boolean;
  readonly continueRollback: boolean;
  /** Go on from a failed creation or update instead of going back first. */
  readonly resume: boolean;
  readonly skipResources: readonly string[];
  /** Termination protection may be lifted from a stack that has to be deleted: `--no-termination-protection`. */
  readonly liftProtection?: boolean | undefined;
}

/** Decides what a deployment does; pure, so that it can be decided, printed and tested before anything happens. */
export function planDeployment(stack: Stack | undefined, may: DeployPermissions): StackPlan {
  if (stack === undefined) return { kind: 'create', reuse: undefined };
  const rule = ruleFor(stack);
  if (rule === undefined) return unknownState(stack);
  if (may.resume && rule.canResume === true) return { kind: 'update', stack, resume: true };
  if (stack.express === true && rule.deploy === 'roll-back') return onlyForward(stack, rule, may);
  switch (rule.deploy) {
    case 'create':
      return { kind: 'create', reuse: stack.status === 'REVIEW_IN_PROGRESS' ? stack : undefined };
    case 'update':
      return { kind: 'update', stack, resume: false };
    case 'wait':
      return may.waitForStack ? { kind: 'wait', stack } : busy(stack, rule);
    case 'recreate':
      if (!may.recreate) return forbidden(stack, rule, 'recreate', 'Delete it first', `lambda-tool delete-serverless ${stack.name}`);
      return stack.terminationProtection && may.liftProtection !== true ? protectedStack(stack, rule) : { kind: 'recreate', stack };
    case 'roll-back':
    case 'continue-rollback':
      if (!may.continueRollback) return forbidden(stack, rule, 'continue-rollback', 'Leave out --no-continue-rollback to have that done');
      return rule.deploy === 'roll-back' ? { kind: 'roll-back', stack } : { kind: 'continue-rollback', stack, skip: may.skipResources };
    case 'refuse':
      return refuse(stack, rule.meaning, rule.hint ?? WAIT_HINT);
  }
}

/** A stack that failed in express mode takes no rollback, only updates in express mode (aws-cdk-cli issue 1739). */
function onlyForward(stack: Stack, rule: StatusRule, may: DeployPermissions): StackPlan {
  if (may.continueRollback) return { kind: 'update', stack, resume: true };
  const hint = 'It failed in express mode: deploy a template that works, in express mode and without --no-continue-rollback';
  return forbidden(stack, rule, 'continue-rollback', hint);
}

/** What a deletion does: `follow` one that runs already, `wait` for another operation, or `delete`. */
export type DeletionPlan = { readonly kind: 'delete' | 'follow' | 'wait' } | Refusal;

/** Decides what a deletion does. A state that we do not know is left to CloudFormation to judge. */
export function planDeletion(stack: Stack, may: Pick<DeployPermissions, 'waitForStack' | 'liftProtection'>): DeletionPlan {
  const rule = ruleFor(stack);
  if (stack.terminationProtection && may.liftProtection !== true && rule?.delete !== 'follow') return protectedStack(stack);
  if (rule === undefined || rule.delete === 'delete' || rule.delete === 'retry') return { kind: 'delete' };
  if (!may.waitForStack) return busy(stack, rule);
  return { kind: rule.delete };
}

/** "Stack Shop could not be created and was rolled back (ROLLBACK_COMPLETE); it is deleted and created anew". */
export function sayDeployment(stack: Stack, rule: DeployRule): string {
  return `${describeState(stack)}; it is ${DEPLOY_RULES[rule].passive}`;
}

/** "Stack Shop is being updated (UPDATE_IN_PROGRESS)". */
export function describeState(stack: Stack): string {
  return `Stack ${stack.name} ${ruleFor(stack)?.meaning ?? 'is in a state that this version of lambda-tool does not know'} (${stack.status})`;
}

const WAIT_HINT = 'Wait until it has ended, then run the command again';

function ruleFor(stack: Stack): StatusRule | undefined {
  return STACK_STATUSES[stack.status];
}

function busy(stack: Stack, rule: StatusRule): Refusal {
  return forbidden(stack, rule, 'wait-for-stack', `${WAIT_HINT}. To see how it ends`, `lambda-tool watch ${stack.name}`);
}

function forbidden(stack: Stack, rule: StatusRule, name: string, hint: string, command?: string): Refusal {
  return refuse(stack, `${rule.meaning}, and --no-${name} was given`, hint, command);
}

/** `rule`: of a stack that a deployment has to delete first. */
function protectedStack(stack: Stack, rule?: StatusRule): Refusal {
  const state = rule === undefined ? undefined : `${rule.meaning} and has to be deleted, but it`;
  const command = rule === undefined ? `delete-serverless ${stack.name}` : `deploy-serverless -sn ${stack.name}`;
  return {
    kind: 'refuse',
    stack,
    code: 'STACK_PROTECTED',
    reason: `Stack ${stack.name} ${state === undefined ? '' : `${state} `}is protected against deletion`,
    hint: 'If it may go, lift the protection',
    command: `lambda-tool ${command} --no-termination-protection`,
  };
}

/** A state that CloudFormation has added since: one that passes is waited for by whoever runs the command again. */
function unknownState(stack: Stack): Refusal {
  return refuse(stack, 'is in a state that this version of lambda-tool does not know', 'Look for a newer version');
}

function refuse(stack: Stack, meaning: string, hint: string, command?: string): Refusal {
  return { kind: 'refuse', stack, code: 'STACK_STATE', reason: `Stack ${stack.name} ${meaning} (${stack.status})`, hint, command };
}
