import { relative } from 'node:path';

import type { PublishedArtifact } from '../artifacts/types.ts';
import { announce, requireStackName } from '../deployment/identity.ts';
import { describeArtifact, publishAndRewrite } from '../deployment/package.ts';
import { describeStackWish, prepareStack } from '../deployment/prepare.ts';
import { placeTemplate } from '../deployment/template-body.ts';
import { loadTemplate } from '../deployment/template-source.ts';
import type { Context } from '../context.ts';
import { formatSeconds } from '../output/format.ts';
import type { Answer } from '../output/reporter.ts';
import { deployStack, type DeployOutcome } from '../stack/deploy.ts';
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
    'stack-polling-delay',
    'recreate',
    'template',
    'template-substitutions',
    's3-bucket',
    's3-prefix',
    'resolve-s3',
    'package',
    'configuration',
    'framework',
    'msbuild-parameters',
    'disable-version-check',
    'docker-build-options',
    'docker-host-build-output-dir',
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
    { command: 'lambda-tool deploy-serverless --local', describe: 'on this machine, no account needed' },
  ],
  async run(options, context) {
    const started = context.clock.now();
    const source = await loadTemplate(options, context);
    const stackName = await requireStackName(options, context);
    const identity = await announce(context);
    const prepared = await prepareStack({ ...options, stackName }, source.template, context);
    const packaged = await publishAndRewrite(options, source, context, describeStackWish(prepared.plan, stackName));
    const template = await placeTemplate(packaged.text, options, context, packaged.bucket);
    const outcome = await deployStack(
      {
        ...prepared.wish,
        stackName,
        plan: prepared.plan,
        templateText: packaged.text,
        template,
        wait: options.stackWait,
        longestPauseMs: options.stackPollingDelay === undefined ? undefined : options.stackPollingDelay * 1000,
        placeOf: (logicalId) => placeOf(logicalId, source.path, source.template.positionOf(['Resources', logicalId]).line, context.cwd),
      },
      { stacks: await context.clients.stacks(), clock: context.clock, reporter: context.reporter, signal: context.signal },
    );
    const durationMs = context.clock.now() - started;
    tell(outcome, packaged.published, durationMs, context);
    context.reporter.result(answer(outcome, packaged.published, { ...identity, stackName, durationMs }));
  },
});

function placeOf(logicalId: string, path: string, line: number, cwd: string): string | undefined {
  return logicalId === '' ? undefined : `${relative(cwd, path)}:${line}`;
}

function tell(outcome: DeployOutcome, published: readonly PublishedArtifact[], durationMs: number, context: Context): void {
  const { reporter } = context;
  if (outcome.recordedOnly.length > 0) {
    reporter.warn(`Recorded, but not run by the local target: ${outcome.recordedOnly.join(', ')}`);
  }
  for (const remark of outcome.remarks) reporter.warn(remark);
  const took = formatSeconds(durationMs);
  if (outcome.action === 'unchanged') {
    const work = published.some((item) => item.published) ? 'the stack is as wished' : 'no build, no upload, no change set';
    reporter.info(`Nothing changed: ${work}. ${took}.`);
  } else {
    const verb = { created: 'Created', updated: 'Updated', recreated: 'Recreated' }[outcome.action];
    reporter.info(outcome.finished ? `${verb} in ${took}.` : `Started after ${took}; CloudFormation goes on by itself.`);
  }
  if (outcome.stack.outputs.length === 0 && outcome.finished) reporter.info(`Stack ${outcome.stack.name} has no outputs.`);
}

interface Facts {
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  readonly durationMs: number;
}

function answer(outcome: DeployOutcome, published: readonly PublishedArtifact[], facts: Facts): Answer {
  const { outputs } = outcome.stack;
  return {
    data: {
      stackName: facts.stackName,
      stackId: outcome.stack.id,
      account: facts.account,
      region: facts.region,
      action: outcome.action,
      outputs: Object.fromEntries(outputs.map((output) => [output.name, output.value])),
      artifacts: published.map(describeArtifact),
      durationMs: Math.round(facts.durationMs),
    },
    human: outputs.length === 0 ? [] : [{ columns: ['Output', 'Value'], rows: outputs.map((output) => [output.name, output.value]) }],
  };
}
