import { defineCommand, type RunOptions } from './define.ts';

const OPTIONS = [
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
] as const;

export type RollbackOptions = RunOptions<(typeof OPTIONS)[number], true>;

export const rollbackServerless = defineCommand({
  name: 'rollback-serverless',
  summary: 'Go back to an earlier deployment: its template, parameters and artifacts',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name of the stack; --stack-name beats it', option: 'stack-name' }],
  options: OPTIONS,
  examples: [
    { command: 'lambda-tool rollback-serverless Shop --list', describe: 'what was deployed, when and by whom' },
    { command: 'lambda-tool rollback-serverless Shop', describe: 'to the deployment before the current one' },
    { command: 'lambda-tool rollback-serverless Shop --to 3f2a1c07 --yes', describe: '' },
  ],
  async run(options, context) {
    const { rollBackApplication } = await import('../deployment/roll-back-application.ts');
    return rollBackApplication(options, context);
  },
});
