import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { DeployRequest } from '../stack/deploy.ts';
import { keepProtection } from '../stack/protection.ts';
import type { ModeOptions } from './deploy-mode.ts';
import { answerDeployment, answerNoChanges, answerPreview, type RunFacts } from './deployment-answer.ts';
import { deployRecorded, type RecordedRun } from './record.ts';
import { stackDeps } from './stack-deps.ts';

export interface DeployWish extends Pick<ModeOptions, 'preview' | 'prepare' | 'failOnChanges'> {
  readonly terminationProtection: boolean | undefined;
}

/** Shows what a request would do, or does it, and hands over the answer. Answers with an exit code other than 0 where that is no plain success. */
export async function previewOrDeploy(
  request: DeployRequest,
  run: RecordedRun,
  wish: DeployWish,
  facts: () => RunFacts,
  context: Context,
): Promise<number | void> {
  const deps = await stackDeps(context);
  const isPrepared = wish.prepare === true;
  if (wish.preview === true || isPrepared) {
    const { previewStack } = await import('../stack/preview-stack.ts');
    const outcome = await previewStack(request, isPrepared, deps);
    if (outcome.kind === 'unchanged') return answerNoChanges(outcome.stackId, facts(), context);
    if (isPrepared) {
      const { recordPrepared } = await import('./record-change-set.ts');
      await recordPrepared(request, run, outcome.preview, deps, context);
    }
    answerPreview(outcome.preview, facts(), context);
    return wish.failOnChanges === true ? EXIT.changes : undefined;
  }
  const deployed = await deployRecorded(request, run, deps, context);
  const outcome = await keepProtection(deployed, wish.terminationProtection, deps);
  answerDeployment(outcome, facts(), context);
  return outcome.action === 'declined' ? EXIT.changes : undefined;
}
