import type { PublishedArtifact } from '../artifacts/types.ts';
import type { Context } from '../context.ts';
import { targetSwitches } from './target-switches.ts';
import { formatSeconds } from '../output/format.ts';
import type { Answer } from '../output/reporter.ts';
import type { DeployOutcome } from '../stack/deploy.ts';
import type { Preview } from '../stack/preview.ts';
import { renderPreview } from '../stack/preview-render.ts';
import type { Identity } from './identity.ts';
import { describeArtifact } from './package.ts';
import { reattachCommand } from './stack-deps.ts';

/** What is known of a run besides its outcome. */
export interface RunFacts extends Identity {
  readonly stackName: string;
  readonly published: readonly PublishedArtifact[];
  readonly durationMs: number;
  /** Id of the recorded deployment that was gone back to. */
  readonly rollbackOf?: string | undefined;
}

/** Says how a deployment ended and hands over its answer: the outputs. */
export function answerDeployment(outcome: DeployOutcome, facts: RunFacts, context: Context): void {
  tell(outcome, facts, context);
  const outputs = outcome.stack?.outputs ?? [];
  context.reporter.result({
    data: {
      ...head(facts, outcome.stack?.id, actionOf(outcome, facts)),
      ...(outcome.finished ? {} : { finished: false }),
      ...(outcome.stabilising === true ? { stabilising: true } : {}),
      outputs: Object.fromEntries(outputs.map((output) => [output.name, output.value])),
      findings: outcome.findings ?? [],
      ...tail(facts),
    },
    human:
      outputs.length === 0 || outcome.action === 'declined'
        ? []
        : [{ columns: ['Output', 'Value'], rows: outputs.map(({ name, value }) => [name, value]) }],
  });
}

/** The answer of `--preview` and `--prepare`: what would be done. */
export function answerPreview(preview: Preview, facts: RunFacts, context: Context): void {
  const { changeSet, changes, operation, findings } = preview;
  context.reporter.info(
    changeSet === undefined
      ? 'Nothing was changed.'
      : `Nothing was changed yet. To deploy exactly this: lambda-tool deploy-serverless -sn ${facts.stackName} --execute ${changeSet}${targetSwitches(context.settings)}`,
  );
  context.reporter.result({
    data: {
      ...head(facts, preview.stackId, changeSet === undefined ? 'previewed' : 'prepared'),
      operation,
      ...(changeSet === undefined ? {} : { changeSet }),
      changes,
      findings,
      ...tail(facts),
    },
    human: [(style) => renderPreview(preview, style), ...(changeSet === undefined ? [] : ['', `Change set ${changeSet}`])],
  });
}

/** The answer of a preview that found nothing to do: in the shape of the others. */
export function answerNoChanges(stackId: string, facts: RunFacts, context: Context): void {
  context.reporter.info(`Nothing would change. ${formatSeconds(facts.durationMs)}.`);
  context.reporter.result({
    data: { ...head(facts, stackId, 'unchanged'), operation: 'update', changes: [], findings: [], ...tail(facts) },
    human: [`No changes of ${facts.stackName}.`],
  } satisfies Answer);
}

function actionOf({ action }: DeployOutcome, { rollbackOf }: RunFacts): string {
  return rollbackOf === undefined || action === 'unchanged' || action === 'declined' ? action : 'rolled-back';
}

function head({ stackName, account, region, rollbackOf }: RunFacts, stackId: string | undefined, action: string) {
  const of = rollbackOf === undefined ? {} : { of: rollbackOf };
  return { stackName, ...(stackId === undefined ? {} : { stackId }), account, region, action, ...of };
}

function tail({ published, durationMs }: RunFacts) {
  return { artifacts: published.map(describeArtifact), durationMs: Math.round(durationMs) };
}

function tell(outcome: DeployOutcome, facts: RunFacts, { reporter, settings }: Context): void {
  const { published, durationMs, stackName, region, rollbackOf } = facts;
  if (outcome.recordedOnly.length > 0) {
    reporter.warn(`Recorded, but not run by the local target: ${outcome.recordedOnly.join(', ')}`);
  }
  for (const remark of outcome.remarks) reporter.warn(remark);
  const took = formatSeconds(durationMs);
  if (outcome.action === 'declined') return reporter.info('Nothing was changed.');
  if (outcome.action === 'unchanged') {
    const work = published.some((item) => item.published) ? 'the stack is as wished' : 'no build, no upload, no change set';
    reporter.info(`Nothing changed: ${work}. ${took}.`);
  } else {
    const verb =
      rollbackOf === undefined ? { created: 'Created', updated: 'Updated', recreated: 'Recreated' }[outcome.action] : 'Rolled back';
    const watch = reattachCommand(stackName, region, settings);
    const begun = `Started after ${took}; CloudFormation goes on by itself. To see how it ends: ${watch}`;
    reporter.info(outcome.finished ? `${verb} in ${took}.` : begun);
  }
  if (outcome.stabilising === true)
    reporter.info('Resources are still stabilising: in express mode CloudFormation does not wait until they are ready.');
  if (outcome.stack?.outputs.length === 0 && outcome.finished) reporter.info(`Stack ${stackName} has no outputs.`);
}
