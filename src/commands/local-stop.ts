import { withLocal } from '../local-edge.ts';
import { defineCommand } from './define.ts';

export const localStop = defineCommand({
  name: 'local stop',
  summary: 'Stop the local target, its functions and containers; its state stays',
  group: 'Local target',
  aws: false,
  options: [],
  examples: [{ command: 'lambda-tool local stop', describe: '' }],
  async run(_, context) {
    const stopped = await withLocal((local) => local.stopLocalTarget(local.defaultLocalFolder(context.env)));
    context.reporter.result({ data: { stopped }, human: [stopped ? 'The local target is stopped.' : 'The local target did not run.'] });
  },
});
