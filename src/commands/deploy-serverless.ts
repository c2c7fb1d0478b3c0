import { defineCommand, type RunOptions } from './define.ts';
import {
  BUCKET_OPTIONS,
  DOTNET_BUILD_OPTIONS,
  IMAGE_BUILD_OPTIONS,
  OPERATION_OPTIONS,
  REPORT_OPTIONS,
  REPOSITORY_OPTIONS,
  STACK_SETTINGS_OPTIONS,
} from './option-sets.ts';

const OPTIONS = [
  'stack-name',
  'template-parameters',
  'parameters-file',
  'tags',
  ...OPERATION_OPTIONS,
  'on-failure',
  ...STACK_SETTINGS_OPTIONS,
  'confirm',
  'prepare',
  'execute',
  'template',
  'template-substitutions',
  ...BUCKET_OPTIONS,
  'package',
  ...DOTNET_BUILD_OPTIONS,
  'disable-version-check',
  ...IMAGE_BUILD_OPTIONS,
  ...REPOSITORY_OPTIONS,
  'yes',
  ...REPORT_OPTIONS,
  'port',
] as const;

export type DeployOptions = RunOptions<(typeof OPTIONS)[number], true>;

export const deployServerless = defineCommand({
  name: 'deploy-serverless',
  summary: 'Build, publish and deploy the application in a serverless.template',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name of the stack; --stack-name beats it', option: 'stack-name' }],
  options: OPTIONS,
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
    const { deployApplication } = await import('../deployment/deploy-application.ts');
    return deployApplication(options, context);
  },
});
