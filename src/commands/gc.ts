import type { Context } from '../context.ts';
import { ask } from '../deployment/ask.ts';
import { announce } from '../deployment/identity.ts';
import { givenSwitches, targetSwitches } from '../deployment/target-switches.ts';
import { UserError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { plural } from '../output/format.ts';
import type { Place } from '../records/types.ts';
import { parseAge } from '../settings/age.ts';
import { defineCommand } from './define.ts';
import { BUCKET_OPTIONS } from './option-sets.ts';
import type { OptionName } from './options.ts';

export const gc = defineCommand({
  name: 'gc',
  summary: 'Remove artifacts that no stack and no recorded deployment needs any more',
  group: 'Buckets',
  aws: true,
  options: [...BUCKET_OPTIONS, 'older-than', 'keep-deployments', 'dry-run', 'yes', 'port'],
  examples: [
    { command: 'lambda-tool gc -sb shop-artifacts --dry-run', describe: 'show what would go' },
    { command: 'lambda-tool gc -sb shop-artifacts --older-than 30d --yes', describe: '' },
    { command: 'lambda-tool gc --resolve-s3 --keep-deployments 10', describe: 'forget older deployments as well' },
  ],
  async run(options, context) {
    const olderThanMs = parseAge(options.olderThan, '--older-than');
    const dryRun = options.dryRun === true;
    if (!dryRun && options.yes !== true && !context.prompts.available) throw unconfirmed(context);
    const identity = await announce(context);
    const place = await choosePlace(options, context);
    const wish = { ...place, olderThanMs, keepDeployments: options.keepDeployments };
    const [{ findGarbage }, { describeGarbage, renderGarbage, tellGarbage, withinBoth }] = await Promise.all([
      import('../records/garbage.ts'),
      import('../records/garbage-answer.ts'),
    ]);
    const look = () =>
      context.reporter.step({ kind: 'bucket', name: place.bucket }, async (step) => {
        step.progress('looking who uses what');
        const garbage = await findGarbage(wish, context);
        step.summary('looked through');
        return garbage;
      });
    let garbage = await look();
    const count = garbage.objects.length + garbage.images.length + garbage.uploads.length;
    const facts = { ...identity, ...place, dryRun };
    if (dryRun || count === 0) {
      return context.reporter.result({
        data: describeGarbage(garbage, undefined, facts),
        human: renderGarbage(garbage, place.bucket, context.clock.now()),
      });
    }
    if (options.yes !== true) {
      tellGarbage(garbage, place.bucket, context);
      await confirm(count, context);
      // A deployment may have come while the question stood.
      garbage = withinBoth(garbage, await look());
    }
    const { collectGarbage } = await import('../records/collect.ts');
    const collected = await context.reporter.step({ kind: 'bucket', name: place.bucket }, async (step) => {
      const done = await collectGarbage(place.bucket, garbage, context, (removed) => step.progress(`${removed} removed`));
      step.summary(`${done.removed.length} removed`);
      return done;
    });
    for (const { location, reason } of collected.failed) context.reporter.warn(`${location} could not be removed: ${reason}`);
    const ok = collected.failed.length === 0;
    context.reporter.result({
      data: describeGarbage(garbage, collected, facts),
      human: renderGarbage(garbage, place.bucket, context.clock.now(), collected),
      ok,
    });
    return ok ? undefined : EXIT.failed;
  },
});

const WISHES = ['s3-bucket', 's3-prefix', 'resolve-s3', 'older-than', 'keep-deployments'] as const satisfies readonly OptionName[];

function unconfirmed({ settings }: Context): UserError {
  return new UserError('CONFIRMATION_NEEDED', 'What is removed cannot be brought back', {
    hint: `lambda-tool gc${givenSwitches(settings, WISHES)} --dry-run${targetSwitches(settings)} shows what would go; --yes in place of --dry-run removes it`,
  });
}

async function confirm(count: number, { prompts }: Context): Promise<void> {
  const agreed = await prompts.confirm({ message: `Remove ${plural(count, 'thing')}?`, default: false });
  if (!agreed) throw new UserError('DECLINED', 'Nothing was removed', { hint: '--yes answers the question' });
}

interface GcOptions {
  readonly s3Bucket: string | undefined;
  readonly s3Prefix: string | undefined;
  readonly resolveS3: boolean | undefined;
  readonly local: boolean | undefined;
}

/** The bucket that was named, or the one of `--resolve-s3` if it exists; none is made. */
async function choosePlace(options: GcOptions, context: Context): Promise<Place> {
  const { findPlaces } = await import('../records/places.ts');
  const resolveS3 = options.resolveS3 === true || options.local === true;
  const [place] = await findPlaces({ ...options, resolveS3 }, [], context);
  if (place !== undefined) return place;
  if (!resolveS3 && context.prompts.available) return { bucket: await ask('s3-bucket', context), prefix: options.s3Prefix ?? '' };
  throw new UserError('MISSING_OPTION', resolveS3 ? 'There is no bucket that lambda-tool has made here' : 'No bucket was named', {
    hint: `Name the bucket of the artifacts: lambda-tool gc --s3-bucket NAME --dry-run${targetSwitches(context.settings)}`,
  });
}
