import { UserError } from '../errors.ts';
import { withLocal } from '../local-edge.ts';
import type { LocalTarget } from '../local/index.ts';
import type { Answer } from '../output/reporter.ts';
import { defineCommand } from './define.ts';

export const localStatus = defineCommand({
  name: 'local status',
  summary: 'Say whether the local target runs, and where',
  group: 'Local target',
  aws: false,
  options: [],
  examples: [{ command: 'lambda-tool local status --output json', describe: '' }],
  async run(_, context) {
    const { folder, target } = await withLocal(async (local) => {
      const folder = local.defaultLocalFolder(context.env);
      return { folder, target: await local.findLocalTarget(folder) };
    });
    if (target === undefined) {
      throw new UserError('LOCAL_NOT_RUNNING', 'The local target does not run', {
        hint: 'lambda-tool local start, or any command with --local',
        result: { running: false, folder },
      });
    }
    context.reporter.result(describeLocal(target));
  },
});

/** Where a running local target is; without its credentials. */
export function describeLocal(target: LocalTarget): Answer {
  const { endpoint, registry, pid, folder } = target;
  return {
    data: { running: true, endpoint, registry, pid, folder },
    human: [
      {
        columns: ['Local target', ''],
        rows: [
          ['Endpoint', endpoint],
          ['Registry', registry],
          ['Process', String(pid)],
          ['Folder', folder],
        ],
      },
    ],
  };
}
