import { startLocal } from '../local-edge.ts';
import { defineCommand } from './define.ts';
import { describeLocal } from './local-status.ts';

export const localStart = defineCommand({
  name: 'local start',
  summary: 'Start the AWS target on this machine; --local does it by itself',
  group: 'Local target',
  aws: false,
  options: ['port'],
  examples: [{ command: 'lambda-tool local start', describe: 'answers when it runs' }],
  async run(options, context) {
    const target = await startLocal({ env: context.env, installation: context.installation, port: options.port });
    context.reporter.result(describeLocal(target));
  },
});
