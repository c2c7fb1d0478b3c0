import { checkBeforeWork } from './check.ts';
import { approval, checkMode } from './deploy-mode.ts';
import type { ExecuteOptions } from './execute-change-set.ts';
import { announce, requireStackName, type StackNameWish } from './identity.ts';
import { publishAndRewrite } from './package.ts';
import { describeStackWish, prepareStack } from './prepare.ts';
import { previewOrDeploy } from './preview-or-deploy.ts';
import { namedPlace } from './record.ts';
import { checkSwitches, readSwitches } from './stack-switches.ts';
import { templateLocator, templatePlaces } from './template-places.ts';
import { isWaitedFor, pollingPauseMs } from './stack-deps.ts';
import { placeTemplate } from './template-body.ts';
import { loadTemplate } from './template-source.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { DeployRequest } from '../stack/deploy.ts';
import { notePlace } from '../records/told-place.ts';
import type { DeployOptions } from '../commands/deploy-serverless.ts';

/** The steps of deploy-serverless. Answers with an exit code other than 0 where the outcome is no error but not plain success. */
export async function deployApplication(options: DeployOptions, context: Context): Promise<number | void> {
  const started = context.clock.now();
  checkMode(options, context);
  checkSwitches(options, context);
  if (options.execute !== undefined) return executeNamed({ ...options, execute: options.execute }, started, context);
  const source = await loadTemplate(options, context);
  await checkBeforeWork(source.template, options, context);
  const stackName = await requireStackName(options, context);
  const identity = await announce(context);
  const prepared = await prepareStack({ ...options, stackName }, source.template, context);
  const packaged = await publishAndRewrite(options, source, context, describeStackWish(prepared.plan, stackName));
  const template = await placeTemplate(packaged.text, options, context, packaged.bucket);
  const run = { ...packaged, wish: options, template };
  const request: DeployRequest = {
    ...prepared,
    ...prepared.wish,
    stackName,
    templateText: packaged.text,
    template,
    wait: isWaitedFor(options),
    longestPauseMs: pollingPauseMs(options),
    placeOf: templatePlaces(source, context),
    locate: templateLocator(source, context),
    switches: readSwitches(options, identity),
    approve: approval(options, context),
    note: notePlace(namedPlace(run)),
  };
  const facts = () => ({ ...identity, stackName, published: packaged.published, durationMs: context.clock.now() - started });
  return previewOrDeploy(request, run, options, facts, context);
}

async function executeNamed(options: ExecuteOptions & StackNameWish, started: number, context: Context): Promise<number | undefined> {
  const stackName = await requireStackName(options, context);
  const identity = await announce(context);
  const facts = () => ({ ...identity, stackName, published: [], durationMs: context.clock.now() - started });
  const { executeChangeSet } = await import('./execute-change-set.ts');
  return (await executeChangeSet(options, facts, context)) ? undefined : EXIT.changes;
}
