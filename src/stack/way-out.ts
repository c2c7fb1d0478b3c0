import { DEPLOY_RULES, STACK_STATUSES } from './statuses.ts';

export interface WayOut {
  /** What to do, as a sentence without its end. */
  readonly text: string;
  /** The command to type, where one helps. */
  readonly command: string | undefined;
}

export interface StuckStack {
  readonly stackName: string;
  readonly status: string;
  /** ARN of the stack that it is nested in. */
  readonly parentId?: string | undefined;
  /** Whether the last operation was one in express mode: a stack that failed in it only goes forward (aws-cdk-cli issue 1739). */
  readonly express?: boolean | undefined;
  /** Whether the last operation failed. */
  readonly failed: boolean;
  /** Logical ids of the resources whose last step failed. */
  readonly stuck: readonly string[];
  /** Switches that lead to the same place. */
  readonly target: string;
}

/** What to do with a stack in its state: the next command, from the table of states. */
export function wayOut({ stackName, status, parentId, express, failed, stuck, target }: StuckStack): WayOut {
  const deploy = (switches = ''): string => `lambda-tool deploy-serverless -sn ${stackName}${switches}${target}`;
  const remove = (switches = ''): string => `lambda-tool delete-serverless ${stackName}${switches}${target}`;
  if (parentId !== undefined) {
    const parent = parentId.split('/')[1] ?? parentId;
    return { text: `It is nested in ${parent}: what is to be done is done there`, command: `lambda-tool diagnose ${parent}${target}` };
  }
  const rule = STACK_STATUSES[status];
  const names = stuck.join(',');
  const resume = rule?.canResume === true ? '. --resume goes on from where it stands instead' : '';
  if (status === 'DELETE_FAILED') {
    const retain = names === '' ? '' : `, or leave behind what cannot be deleted with --retain ${names}`;
    return { text: `Remove what holds it and delete the stack again${retain}`, command: remove() };
  }
  switch (rule?.deploy) {
    case 'wait':
      return { text: 'The operation still runs; follow it to its end', command: `lambda-tool watch ${stackName}${target}` };
    case 'update':
      if (!failed) return { text: 'There is nothing to mend', command: undefined };
      return { text: 'Mend the cause, then deploy again', command: deploy() };
    case 'create':
      return { text: status === 'DELETE_COMPLETE' ? 'A deployment creates it anew' : 'A deployment creates it', command: deploy() };
    case 'roll-back':
      if (express === true) {
        return {
          text: 'It failed in express mode and only goes forward: mend the cause, then deploy in express mode',
          command: deploy(' --express'),
        };
      }
      return {
        text: `Mend the cause, then deploy again: the stack is ${DEPLOY_RULES['roll-back'].passive}${resume}`,
        command: deploy(),
      };
    case 'continue-rollback': {
      const skip = names === '' ? '' : `. What cannot be rolled back is left as it is with --skip-resources ${names}`;
      return {
        text: `Mend the cause, then deploy again: the stack is ${DEPLOY_RULES['continue-rollback'].passive}${skip}`,
        command: deploy(),
      };
    }
    case 'recreate':
      return { text: `Mend the cause, then deploy again: the stack is ${DEPLOY_RULES.recreate.passive}${resume}`, command: deploy() };
    case 'refuse':
      return { text: rule.hint ?? 'Look at it in the console', command: undefined };
    case undefined:
      return { text: 'This version of lambda-tool does not know the state: look for a newer one', command: undefined };
  }
}
