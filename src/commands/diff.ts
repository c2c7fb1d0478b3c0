import { announce, requireStackName } from '../deployment/identity.ts';
import { loadTemplate } from '../deployment/template-source.ts';
import { EXIT } from '../exit-codes.ts';
import { defineCommand } from './define.ts';
import { BUCKET_OPTIONS, DOTNET_BUILD_OPTIONS } from './option-sets.ts';

export const diff = defineCommand({
  name: 'diff',
  summary: 'Compare the template, its code and parameters with what is deployed',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name of the stack; --stack-name beats it', option: 'stack-name' }],
  options: [
    'stack-name',
    'template-parameters',
    'parameters-file',
    'tags',
    'cloudformation-role',
    'notification-arns',
    'rollback-alarms',
    'monitoring-time',
    'termination-protection',
    'template',
    'template-substitutions',
    ...BUCKET_OPTIONS,
    'package',
    'build',
    ...DOTNET_BUILD_OPTIONS,
    'docker-build-options',
    'docker-host-build-output-dir',
    'pull',
    'fail',
    'port',
  ],
  persist: ['stack-name', 'template', 'template-parameters', 'template-substitutions', 'tags', 's3-bucket', 's3-prefix', 'resolve-s3'],
  examples: [
    { command: 'lambda-tool diff -sn Shop', describe: '' },
    { command: 'lambda-tool diff -sn Shop --fail', describe: 'in CI: ends with 3 when a deployment would change something' },
    { command: 'lambda-tool diff -sn Shop --build', describe: 'builds .NET code to compare it as well' },
  ],
  async run(options, context) {
    const source = await loadTemplate(options, context);
    const stackName = await requireStackName(options, context);
    const identity = await announce(context);
    const [{ diffStack }, { renderDiff }, { readSettings }] = await Promise.all([
      import('../diff/diff-stack.ts'),
      import('../diff/render.ts'),
      import('../deployment/stack-switches.ts'),
    ]);
    const settings = { ...readSettings(options, identity), roleArn: options.cloudformationRole };
    const result = await diffStack({ ...options, stackName, settings }, source, context);
    context.reporter.result({ data: { ...result, ...identity }, human: [(style) => renderDiff(result, style)] });
    return options.fail === true && !result.same ? EXIT.changes : undefined;
  },
});
