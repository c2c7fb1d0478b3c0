import { defineCommand, type RunOptions } from './define.ts';
import { BUCKET_OPTIONS, OPERATION_OPTIONS, REPORT_OPTIONS, STACK_SETTINGS_OPTIONS } from './option-sets.ts';

const OPTIONS = [
  'stack-name',
  'to',
  'list',
  'template-parameters',
  ...OPERATION_OPTIONS,
  ...STACK_SETTINGS_OPTIONS,
  ...BUCKET_OPTIONS,
  'yes',
  ...REPORT_OPTIONS,
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
