import { announce } from '../deployment/identity.ts';
import type { Context } from '../context.ts';
import { targetSwitches } from '../deployment/target-switches.ts';
import { UserError } from '../errors.ts';
import { plural } from '../output/format.ts';
import { defineCommand } from './define.ts';

export const bucketDelete = defineCommand({
  name: 'bucket delete',
  summary: 'Empty a bucket, all versions included, and delete it',
  group: 'Buckets',
  aws: true,
  positionals: [{ name: 'NAME', describe: 'Name of the bucket', required: true }],
  options: ['yes', 'port'],
  examples: [{ command: 'lambda-tool bucket delete shop-artifacts --yes', describe: 'without a terminal --yes is needed' }],
  async run(options, context) {
    const [name = ''] = options.positionals;
    const identity = await announce(context);
    const objects = await context.clients.objects();
    const bucket = await objects.findBucket(name);
    if (bucket?.owned === false) {
      throw new UserError('BUCKET_FOREIGN', `The bucket ${name} belongs to another account`, { hint: 'Check the name and the profile' });
    }
    if (bucket === undefined) {
      context.reporter.info(`Bucket ${name} does not exist; there is nothing to delete`);
      context.reporter.result({ data: { bucket: name, deleted: false, objectsDeleted: 0, ...identity }, human: [] });
      return;
    }
    await confirm(name, options.yes === true, context);
    const objectsDeleted = await context.reporter.step({ kind: 'bucket', name }, async (step) => {
      const count = await objects.empty(name, {
        signal: context.signal,
        onProgress: (done) => step.progress(`${plural(done, 'version')} deleted`),
      });
      await objects.deleteBucket(name);
      step.summary(`${plural(count, 'version')} and the bucket deleted`);
      return count;
    });
    context.reporter.result({ data: { bucket: name, deleted: true, objectsDeleted, ...identity }, human: [`Bucket ${name} is deleted.`] });
  },
});

async function confirm(name: string, yes: boolean, context: Context): Promise<void> {
  if (yes) return;
  if (!context.prompts.available) {
    throw new UserError('CONFIRMATION_NEEDED', `Deleting the bucket ${name} with everything in it cannot be undone`, {
      hint: `lambda-tool bucket delete ${name} --yes${targetSwitches(context.settings)}`,
    });
  }
  const agreed = await context.prompts.confirm({ message: `Delete ${name} with everything in it?`, default: false });
  if (!agreed) throw new UserError('DECLINED', 'Nothing was deleted', { hint: '--yes answers the question' });
}
