import { checkBeforeWork } from '../deployment/check.ts';
import { approval, checkMode } from '../deployment/deploy-mode.ts';
import { answerDeployment, answerNoChanges, answerPreview } from '../deployment/deployment-answer.ts';
import { executeChangeSet, type ExecuteOptions } from '../deployment/execute-change-set.ts';
import { announce, requireStackName, type StackNameWish } from '../deployment/identity.ts';
import { publishAndRewrite } from '../deployment/package.ts';
import { describeStackWish, prepareStack } from '../deployment/prepare.ts';
import { recordPrepared } from '../deployment/record-change-set.ts';
import { deployRecorded, namedPlace } from '../deployment/record.ts';
import { checkSwitches, readSwitches } from '../deployment/stack-switches.ts';
import { templatePlaces } from '../deployment/template-places.ts';
import { isWaitedFor, pollingPauseMs, stackDeps } from '../deployment/stack-deps.ts';
import { placeTemplate } from '../deployment/template-body.ts';
import { loadTemplate } from '../deployment/template-source.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { DeployRequest } from '../stack/deploy.ts';
import { notePlace } from '../records/told-place.ts';
import { previewStack } from '../stack/preview-stack.ts';
import { keepProtection } from '../stack/protection.ts';
import { locator } from '../template/locate.ts';
import { defineCommand } from './define.ts';

export const deployServerless = defineCommand({
  name: 'deploy-serverless',
  summary: 'Build, publish and deploy the application in a serverless.template',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name of the stack; --stack-name beats it', option: 'stack-name' }],
  options: [
    'stack-name',
    'template-parameters',
    'parameters-file',
    'tags',
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
    'on-failure',
    'notification-arns',
    'rollback-alarms',
    'monitoring-time',
    'import-existing-resources',
    'termination-protection',
    'validation',
    'preview',
    'fail-on-changes',
    'confirm',
    'prepare',
    'execute',
    'template',
    'template-substitutions',
    's3-bucket',
    's3-prefix',
    'resolve-s3',
    'package',
    'configuration',
    'framework',
    'msbuild-parameters',
    'use-container-for-build',
    'container-image-for-build',
    'code-mount-directory',
    'disable-version-check',
    'docker-build-options',
    'docker-host-build-output-dir',
    'force-build',
    'pull',
    'builder',
    'ecr-scan-on-push',
    'ecr-encryption',
    'ecr-lifecycle-policy',
    'ecr-tags',
    'yes',
    'timeline',
    'report',
    'outputs-file',
    'port',
  ],
  persist: [
    'stack-name',
    'template',
    'template-parameters',
    'template-substitutions',
    'tags',
    'cloudformation-role',
    'disable-capabilities',
    'stack-wait',
    'notification-arns',
    'rollback-alarms',
    'monitoring-time',
    'termination-protection',
    's3-bucket',
    's3-prefix',
    'resolve-s3',
    'configuration',
    'framework',
    'msbuild-parameters',
  ],
  examples: [
    { command: 'lambda-tool deploy-serverless -sn Shop -sb shop-artifacts', describe: '' },
    { command: 'lambda-tool deploy-serverless -sn Shop --resolve-s3 --region eu-west-1', describe: 'in a bucket made for you' },
    { command: 'lambda-tool deploy-serverless -sn Shop --preview', describe: 'show what would change' },
    { command: 'lambda-tool deploy-serverless --local', describe: 'on this machine, no account needed' },
  ],
  async run(options, context) {
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
      locate: locator(source.template),
      switches: readSwitches(options, identity),
      approve: approval(options, context),
      note: notePlace(namedPlace(run)),
    };
    const deps = await stackDeps(context);
    const facts = () => ({ ...identity, stackName, published: packaged.published, durationMs: context.clock.now() - started });
    if (options.preview === true || options.prepare === true) {
      const outcome = await previewStack(request, options.prepare === true, deps);
      if (outcome.kind === 'unchanged') return answerNoChanges(outcome.stackId, facts(), context);
      if (options.prepare === true) await recordPrepared(request, run, outcome.preview, deps, context);
      answerPreview(outcome.preview, facts(), context);
      return options.failOnChanges === true ? EXIT.changes : undefined;
    }
    const deployed = await deployRecorded(request, run, deps, context);
    const outcome = await keepProtection(deployed, options.terminationProtection, deps);
    answerDeployment(outcome, facts(), context);
    return outcome.action === 'declined' ? EXIT.changes : undefined;
  },
});

async function executeNamed(options: ExecuteOptions & StackNameWish, started: number, context: Context): Promise<number | undefined> {
  const stackName = await requireStackName(options, context);
  const identity = await announce(context);
  const facts = () => ({ ...identity, stackName, published: [], durationMs: context.clock.now() - started });
  return (await executeChangeSet(options, facts, context)) ? undefined : EXIT.changes;
}
