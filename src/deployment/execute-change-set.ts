import type { Context } from '../context.ts';
import { executePrepared, findPrepared, previewPrepared } from '../stack/execute-prepared.ts';
import { keepProtection } from '../stack/protection.ts';
import { approval, type ModeOptions } from './deploy-mode.ts';
import { answerDeployment, type RunFacts } from './deployment-answer.ts';
import { recordExecuted } from './record-change-set.ts';
import type { RecordWish } from './record.ts';
import { isWaitedFor, pollingPauseMs, stackDeps } from './stack-deps.ts';

export interface ExecuteOptions extends ModeOptions, RecordWish {
  readonly execute: string;
  readonly stackWait: boolean;
  readonly detach: boolean | undefined;
  readonly stackPollingDelay: number | undefined;
  readonly disableRollback: boolean | undefined;
  readonly resume: boolean | undefined;
  readonly terminationProtection: boolean | undefined;
}

/**
 * Executes a change set that was prepared before: nothing is built or uploaded, the template is not even read. Answers whether it
 * was done: false when a person said no. Throws UserError STACK_NOT_FOUND, CHANGE_SET_NOT_FOUND, STACK_FAILED.
 */
export async function executeChangeSet(options: ExecuteOptions, facts: () => RunFacts, context: Context): Promise<boolean> {
  const deps = await stackDeps(context);
  const { stackName } = facts();
  const approve = approval(options, context);
  const request = {
    stackName,
    changeSet: options.execute,
    disableRollback: options.disableRollback === true,
    resume: options.resume === true,
    wait: isWaitedFor(options),
    longestPauseMs: pollingPauseMs(options),
  };
  const prepared = await findPrepared(request, approve !== undefined, deps);
  if (approve !== undefined && !(await approve(await previewPrepared(prepared, deps)))) {
    answerDeployment({ action: 'declined', stack: prepared.stack, finished: true, recordedOnly: [], remarks: [] }, facts(), context);
    return false;
  }
  const executed = await executePrepared(prepared, request, deps);
  await recordExecuted(executed, options, deps, context);
  const outcome = await keepProtection(executed, options.terminationProtection, deps);
  answerDeployment(outcome, facts(), context);
  return true;
}
