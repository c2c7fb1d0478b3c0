import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { missingStack } from '../stack/missing-stack.ts';
import { approval, checkMode, type ModeOptions } from './deploy-mode.ts';
import { announce, requireStackName } from './identity.ts';
import { prepareStack } from './prepare.ts';
import { previewOrDeploy } from './preview-or-deploy.ts';
import { isWaitedFor, pollingPauseMs, stackDeps } from './stack-deps.ts';
import { checkSwitches, readSwitches } from './stack-switches.ts';
import { placeTemplate } from './template-body.ts';
import type { DeployRequest } from '../stack/deploy.ts';
import { notePlace } from '../records/told-place.ts';
import type { RollbackOptions } from '../commands/rollback-serverless.ts';

/** The steps of rollback-serverless. Answers with an exit code other than 0 where the outcome is no error but not plain success. */
export async function rollBackApplication(options: RollbackOptions, context: Context): Promise<number | void> {
  const started = context.clock.now();
  const mode = modeOf(options, context);
  checkMode(mode, context);
  checkSwitches({ ...options, ...mode, onFailure: undefined }, context);
  const stackName = await requireStackName(options, context);
  const identity = await announce(context);
  const stack = await requireStack(stackName, context);
  const [{ findRecords }, { findTarget, sayTarget }, { describeDeployments, shortArn }, { findCurrent }] = await Promise.all([
    import('../records/places.ts'),
    import('../deployment/rollback.ts'),
    import('../records/list.ts'),
    import('../records/targets.ts'),
  ]);
  const found = await findRecords(stack, options, context);
  if (options.list === true) {
    const current = findCurrent(found.records, stack, found.deployed.text);
    const facts = { ...identity, stackName: stack.name, stackId: stack.id };
    return context.reporter.result(await describeDeployments(found.records, current, facts, context));
  }
  const target = await findTarget(stack, found, { to: options.to, given: options.templateParameters ?? {} }, context);
  context.reporter.info(sayTarget(target.record, shortArn(target.record.by)));

  const wish = { ...options, stackName, s3Bucket: target.place.bucket, s3Prefix: target.place.prefix };
  const prepared = await prepareStack(
    {
      ...wish,
      templateParameters: { ...target.values, ...options.templateParameters },
      parametersFile: undefined,
      tags: target.record.tags,
    },
    target.template,
    context,
  );
  const template = await placeTemplate(target.template.text, wish, context, target.place.bucket);
  const request: DeployRequest = {
    ...prepared,
    ...prepared.wish,
    stackName,
    templateText: target.template.text,
    template,
    wait: isWaitedFor(options),
    longestPauseMs: pollingPauseMs(options),
    placeOf: () => Promise.resolve(undefined),
    switches: readSwitches({ ...options, onFailure: undefined }, identity),
    knownGood: true,
    approve: approval(mode, context),
    note: notePlace(target.place),
  };
  const facts = () => ({
    ...identity,
    stackName,
    published: [],
    rollbackOf: target.record.id,
    durationMs: context.clock.now() - started,
  });
  const run = { wish, published: [], bucket: target.place.bucket, template, of: target.record.id };
  return previewOrDeploy(request, run, { ...options, prepare: undefined }, facts, context);
}

async function requireStack(stackName: string, context: Context): Promise<Stack> {
  const deps = await stackDeps(context);
  const stack = await deps.stacks.find(stackName, context.signal);
  if (stack === undefined) throw await missingStack(stackName, deps);
  return stack;
}

/** A person sees what would change and is asked; a pipeline has said what it wants by calling the command. */
function modeOf(
  { preview, failOnChanges, yes }: Pick<ModeOptions, 'preview' | 'failOnChanges' | 'yes'>,
  { prompts }: Context,
): ModeOptions {
  const confirm = yes !== true && preview !== true && prompts.available;
  return { preview, failOnChanges, confirm, prepare: undefined, execute: undefined, yes };
}
