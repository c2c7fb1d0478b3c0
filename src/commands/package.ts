import { defineCommand } from './define.ts';
import { DOTNET_BUILD_OPTIONS } from './option-sets.ts';

export const packageProject = defineCommand({
  name: 'package',
  summary: 'Build the zip or the container image of a function and leave it on this machine',
  group: 'Applications',
  aws: true,
  positionals: [
    { name: 'zip-file', describe: 'Path of the zip (ends in .zip), and the .cs file where that is the whole function', variadic: true },
  ],
  options: [
    'package-type',
    'output-package',
    'function-architecture',
    ...DOTNET_BUILD_OPTIONS,
    'function-layers',
    'disable-version-check',
    'image-tag',
    'dockerfile',
    'docker-build-working-dir',
    'docker-build-options',
    'docker-host-build-output-dir',
    'builder',
    'pull',
    'port',
  ],
  persist: [
    'configuration',
    'framework',
    'function-architecture',
    'msbuild-parameters',
    'output-package',
    'disable-version-check',
    'builder',
  ],
  examples: [
    { command: 'lambda-tool package -o out/shop.zip', describe: '' },
    { command: 'lambda-tool package -pt image -it shop:v1', describe: 'an image, built and not pushed' },
  ],
  async run({ positionals, ...options }, context) {
    const { packageImage, packageZip } = await import('../deployment/package-project.ts');
    const isImage = options.packageType === 'image';
    const packaged = isImage ? await packageImage(options, positionals, context) : await packageZip(options, positionals, context);
    context.reporter.info(packaged.words);
    context.reporter.result({ data: packaged.data, human: [packaged.place] });
  },
});
