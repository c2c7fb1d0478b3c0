import { UserError } from '../errors.ts';
import { withLocal } from '../local-edge.ts';
import { defineCommand } from './define.ts';

export const localReset = defineCommand({
  name: 'local reset',
  summary: 'Stop the local target and delete everything in it',
  group: 'Local target',
  aws: false,
  options: ['yes'],
  examples: [{ command: 'lambda-tool local reset --yes', describe: '' }],
  async run(options, context) {
    const folder = await withLocal((local) => Promise.resolve(local.defaultLocalFolder(context.env)));
    if (options.yes !== true) {
      if (!context.prompts.available) {
        throw new UserError('CONFIRMATION_NEEDED', `Everything in ${folder} would be deleted`, { hint: 'lambda-tool local reset --yes' });
      }
      const agreed = await context.prompts.confirm({ message: `Delete everything in ${folder}?`, default: false });
      if (!agreed) throw new UserError('DECLINED', 'Nothing was deleted', { hint: '--yes answers the question' });
    }
    await withLocal((local) => local.resetLocalTarget(folder));
    context.reporter.result({ data: { folder }, human: ['The local target is empty.'] });
  },
});
