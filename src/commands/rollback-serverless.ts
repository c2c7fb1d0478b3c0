import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { missingStack } from '../stack/missing-stack.ts';
import { approval, checkMode, type ModeOptions } from '../deployment/deploy-mode.ts';
import { answerDeployment, answerNoChanges, answerPreview } from '../deployment/deployment-answer.ts';
import { announce, requireStackName } from '../deployment/identity.ts';
import { prepareStack } from '../deployment/prepare.ts';
import { deployRecorded } from '../deployment/record.ts';
import { isWaitedFor, pollingPauseMs, stackDeps } from '../deployment/stack-deps.ts';
import { checkSwitches, readSwitches } from '../deployment/stack-switches.ts';
import { placeTemplate } from '../deployment/template-body.ts';
import { EXIT } from '../exit-codes.ts';
import type { DeployRequest } from '../stack/deploy.ts';
import { notePlace } from '../records/told-place.ts';
import { previewStack } from '../stack/preview-stack.ts';
import { keepProtection } from '../stack/protection.ts';
import { defineCommand } from './define.ts';

export const rollbackServerless = defineCommand({
  name: 'rollback-serverless',
  summary: 'Go back to an earlier deployment: its template, parameters and artifacts',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name of the stack; --stack-name beats it', option: 'stack-name' }],
  options: [
    'stack-name',
    'to',
    'list',
    'template-parameters',
    'cloudformation-role',
    'disable-capabilities',
    'stack-wait',
    'detach',
    'max-wait',
    'on-interrupt',
    'stack-polling-delay',
    'wait-for-stack',
    'recreate',
    'continue-rollback',
    'skip-resources',
    'resume',
    'express',
    'disable-rollback',
    'notification-arns',
    'rollback-alarms',
    'monitoring-time',
    'import-existing-resources',
    'termination-protection',
    'validation',
    'preview',
    'fail-on-changes',
    's3-bucket',
    's3-prefix',
    'resolve-s3',
    'yes',
    'timeline',
    'report',
    'outputs-file',
    'port',
  ],
  examples: [
    { command: 'lambda-tool rollback-serverless Shop --list', describe: 'what was deployed, when and by whom' },
    { command: 'lambda-tool rollback-serverless Shop', describe: 'to the deployment before the current one' },
    { command: 'lambda-tool rollback-serverless Shop --to 3f2a1c07 --yes', describe: '' },
  ],
  async run(options, context) {
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
    const deps = await stackDeps(context);
    const facts = () => ({
      ...identity,
      stackName,
      published: [],
      rollbackOf: target.record.id,
      durationMs: context.clock.now() - started,
    });
    if (options.preview === true) {
      const outcome = await previewStack(request, false, deps);
      if (outcome.kind === 'unchanged') return answerNoChanges(outcome.stackId, facts(), context);
      answerPreview(outcome.preview, facts(), context);
      return options.failOnChanges === true ? EXIT.changes : undefined;
    }
    const run = { wish, published: [], bucket: target.place.bucket, template, of: target.record.id };
    const deployed = await deployRecorded(request, run, deps, context);
    const outcome = await keepProtection(deployed, options.terminationProtection, deps);
    answerDeployment(outcome, facts(), context);
    return outcome.action === 'declined' ? EXIT.changes : undefined;
  },
});

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
