import { dirname } from 'node:path';

import type { Context } from '../context.ts';
import { loadTemplate } from '../deployment/template-source.ts';
import { UserError } from '../errors.ts';
import { wrapLines } from '../output/wrap.ts';
import { defineCommand } from './define.ts';
import { BUCKET_OPTIONS } from './option-sets.ts';

export const validate = defineCommand({
  name: 'validate',
  summary: 'Say what is wrong with a template, with line and column, without deploying it',
  group: 'Applications',
  aws: true,
  options: [
    'template',
    'template-substitutions',
    'template-parameters',
    'parameters-file',
    'online',
    'stack-name',
    ...BUCKET_OPTIONS,
    'port',
  ],
  persist: ['template', 'template-substitutions', 'template-parameters', 's3-bucket', 's3-prefix', 'resolve-s3'],
  examples: [
    { command: 'lambda-tool validate', describe: 'the template of the project; no account needed' },
    { command: 'lambda-tool validate -t api.yaml --online --region eu-west-1', describe: 'CloudFormation looks at it as well' },
    { command: 'lambda-tool validate --online -sn Shop', describe: 'as an update of a stack that is there' },
    { command: 'lambda-tool validate --output json', describe: 'findings for a program' },
  ],
  async run(options, context) {
    const source = await loadTemplate(options, context);
    const { template } = source;
    const [{ checkTemplate }, { checkWithAwsRules }, { countFindings, formatFindings }] = await Promise.all([
      import('../validation/check-template.ts'),
      import('../validation/aws-rules.ts'),
      import('../validation/format.ts'),
    ]);
    const parameters = await givenParameters(options, context);
    const offline = await checkTemplate(template, {
      templateDirectory: dirname(source.path),
      parameters,
      hasBucket: options.s3Bucket !== undefined || options.resolveS3 === true || options.local === true,
      now: context.clock.now(),
    });
    const aws = await checkWithAwsRules(template, { directory: context.projectDirectory, parameters, region: options.region });
    const tooLarge = offline.some(({ rule }) => rule === 'template-too-large');
    const online =
      options.online === true && !tooLarge
        ? await (await import('../validation/online.ts')).checkOnline(source, { ...options, parameters }, context)
        : undefined;
    const findings = [...offline, ...(aws ?? []), ...(online?.findings ?? [])];
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    const result = {
      template: template.path,
      findings,
      errors,
      warnings: findings.length - errors,
      awsRules: aws !== undefined,
      ...(online?.answer === undefined ? {} : { online: online.answer }),
    };
    if (errors > 0)
      throw new UserError('TEMPLATE_INVALID', `${template.path} has ${countFindings(findings)}`, {
        details: formatFindings(findings),
        result,
      });
    const lines =
      findings.length === 0
        ? [`${template.path}: nothing found${options.online === true ? ', CloudFormation takes it' : ''}`]
        : formatFindings(findings);
    context.reporter.result({ data: result, human: [(_, columns) => wrapLines(lines.join('\n'), columns, 4)] });
  },
});

interface ParameterOptions {
  readonly templateParameters: Readonly<Record<string, string>> | undefined;
  readonly parametersFile: string | undefined;
}

async function givenParameters(
  { templateParameters, parametersFile }: ParameterOptions,
  context: Context,
): Promise<Record<string, string>> {
  if (parametersFile === undefined) return { ...templateParameters };
  const { readParametersFile } = await import('../deployment/parameters-file.ts');
  return { ...(await readParametersFile(parametersFile, context.projectDirectory)), ...templateParameters };
}
