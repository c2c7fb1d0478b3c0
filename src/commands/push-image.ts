import { announce } from '../deployment/identity.ts';
import { defineCommand } from './define.ts';
import { REPOSITORY_OPTIONS } from './option-sets.ts';

export const pushImage = defineCommand({
  name: 'push-image',
  summary: 'Build a container image and push it to ECR, or push one that is built',
  group: 'Applications',
  aws: true,
  options: [
    'image-tag',
    'dockerfile',
    'docker-build-working-dir',
    'docker-build-options',
    'docker-host-build-output-dir',
    'configuration',
    'framework',
    'publish-options',
    'use-container-for-build',
    'container-image-for-build',
    'code-mount-directory',
    'local-docker-image',
    'function-architecture',
    'force-build',
    'pull',
    'builder',
    ...REPOSITORY_OPTIONS,
    'port',
  ],
  persist: [
    'configuration',
    'framework',
    'publish-options',
    'use-container-for-build',
    'container-image-for-build',
    'code-mount-directory',
    'dockerfile',
    'image-tag',
    'docker-build-working-dir',
    'docker-build-options',
    'docker-host-build-output-dir',
    'function-architecture',
  ],
  examples: [
    { command: 'lambda-tool push-image -it shop:v1', describe: '' },
    { command: 'lambda-tool push-image -ldi out/shop.tar -it shop:v1', describe: 'an archive, without an engine' },
  ],
  async run(options, context) {
    const identity = await announce(context);
    const { pushOneImage } = await import('../deployment/push-image.ts');
    const pushed = await pushOneImage(options, context);
    context.reporter.result({ data: { ...pushed, ...identity }, human: [pushed.image] });
  },
});
