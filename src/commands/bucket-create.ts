import { announce } from '../deployment/identity.ts';
import { defineCommand } from './define.ts';

export const bucketCreate = defineCommand({
  name: 'bucket create',
  summary: 'Make a bucket for artifacts: private, encrypted, versioned, TLS only',
  group: 'Buckets',
  aws: true,
  positionals: [{ name: 'NAME', describe: 'Name of the bucket', required: true }],
  options: ['port'],
  examples: [{ command: 'lambda-tool bucket create shop-artifacts --region eu-west-1', describe: '' }],
  async run(options, context) {
    const [name = ''] = options.positionals;
    const identity = await announce(context);
    const objects = await context.clients.objects();
    const { created } = await context.reporter.step({ kind: 'bucket', name }, async (step) => {
      // Some regions answer for a bucket that was there as if they had made it.
      const before = await objects.findBucket(name);
      const made = { created: (await objects.createBucket(name)).created && before?.owned !== true };
      step.summary(
        made.created ? 'made: private, encrypted, versioned, TLS only' : 'was yours already; its settings are as they should be',
      );
      return made;
    });
    context.reporter.result({
      data: { bucket: name, created, ...identity },
      human: [created ? `Bucket ${name} is ready in ${identity.region}.` : `Bucket ${name} was there already.`],
    });
  },
});
