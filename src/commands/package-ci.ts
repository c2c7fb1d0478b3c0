import { publishAndRewrite, describeArtifact } from '../deployment/package.ts';
import { announce } from '../deployment/identity.ts';
import { convertTemplate, ensureOutputTemplate, writeOutputTemplate } from '../deployment/output-template.ts';
import { loadTemplate } from '../deployment/template-source.ts';
import { UserError } from '../errors.ts';
import { defineCommand } from './define.ts';
import { BUCKET_OPTIONS, DOTNET_BUILD_OPTIONS, IMAGE_BUILD_OPTIONS, REPOSITORY_OPTIONS } from './option-sets.ts';

export const packageCi = defineCommand({
  name: 'package-ci',
  summary: 'Build and publish what a template refers to, and write the template that CloudFormation takes',
  group: 'Applications',
  aws: true,
  options: [
    'template',
    'template-substitutions',
    'output-template',
    'output-format',
    ...BUCKET_OPTIONS,
    ...DOTNET_BUILD_OPTIONS,
    'disable-version-check',
    ...IMAGE_BUILD_OPTIONS,
    ...REPOSITORY_OPTIONS,
    'port',
  ],
  persist: [
    'template',
    'template-substitutions',
    'output-template',
    's3-bucket',
    's3-prefix',
    'resolve-s3',
    'configuration',
    'framework',
    'msbuild-parameters',
  ],
  examples: [
    { command: 'lambda-tool package-ci -sb shop-artifacts -ot packaged.template', describe: '' },
    { command: 'lambda-tool package-ci --resolve-s3 -ot - > packaged.template', describe: 'to stdout' },
  ],
  async run(options, context) {
    const { outputTemplate } = options;
    if (outputTemplate === undefined) {
      throw new UserError('MISSING_OPTION', 'It was not said where the packaged template goes', {
        hint: '--output-template FILE, or - for stdout',
      });
    }
    const source = await loadTemplate(options, context);
    await ensureOutputTemplate(outputTemplate, context);
    await announce(context);
    const packaged = await publishAndRewrite({ ...options, package: undefined, keepText: true }, source, context, 'package only');
    const text = await convertTemplate(packaged.text, source.template, options.outputFormat);
    const path = writeOutputTemplate(outputTemplate, text, context);
    context.reporter.result({
      data: {
        outputTemplate: path,
        ...(path === undefined ? { template: text } : {}),
        artifacts: packaged.published.map(describeArtifact),
      },
      human: [path === undefined ? text.replace(/\n$/, '') : `The packaged template is in ${outputTemplate}.`],
    });
  },
});
