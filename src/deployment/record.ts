import type { PublishedArtifact } from '../artifacts/types.ts';
import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError, isAbort, messageOf } from '../errors.ts';
import type { Place, RecordedAction, RecordedOutcome } from '../records/types.ts';
import type { DeploymentFacts, TemplateCopy } from '../records/write.ts';
import { deployStack, type DeployOutcome, type DeployRequest } from '../stack/deploy.ts';
import type { StackDeps } from '../stack/operation.ts';
import { chooseBucket, type BucketWish } from './artifact-bucket.ts';
import type { PlacedTemplate } from './template-body.ts';

export interface RecordWish extends BucketWish {
  readonly s3Prefix: string | undefined;
}

/** What is deployed, for its record. */
export interface RecordedRun {
  readonly wish: RecordWish;
  readonly published: readonly PublishedArtifact[];
  /** The bucket that something was uploaded to. */
  readonly bucket: string | undefined;
  readonly template: PlacedTemplate;
  /** The record that is gone back to. */
  readonly of?: string | undefined;
}

/**
 * Deploys, and writes down what came of it beside the artefacts: also failures, so that what was uploaded for them can be found again.
 * The copy of the template is on its way while CloudFormation works. Without a bucket, and without a change, nothing is written.
 */
export async function deployRecorded(request: DeployRequest, run: RecordedRun, deps: StackDeps, context: Context): Promise<DeployOutcome> {
  let begun: { readonly stackId: string; readonly place: Promise<Place | undefined>; readonly copy: Promise<TemplateCopy> } | undefined;
  const onBegin = (stackId: string): void => {
    request.onBegin?.(stackId);
    const place = findPlace(run, context);
    const copy = place.then((found) => copyTo(found, { id: stackId, name: request.stackName }, request, run, context));
    // Its failure is told with the record.
    copy.catch(() => undefined);
    begun = { stackId, place, copy };
  };
  const write = async (stack: Stack | undefined, action: RecordedAction, outcome: RecordedOutcome): Promise<void> => {
    if (stack === undefined || begun === undefined) return;
    const place = await begun.place.catch((error: unknown) => context.reporter.warn(`The deployment is not recorded: ${messageOf(error)}`));
    if (typeof place !== 'object') return;
    const { writeRecord } = await import('../records/write.ts');
    const facts: DeploymentFacts = {
      ...request,
      place,
      stack,
      action: run.of === undefined ? action : 'rolled-back',
      outcome,
      of: run.of,
      template: begun.copy,
      published: run.published,
    };
    await writeRecord(facts, context);
  };
  try {
    const outcome = await deployStack({ ...request, onBegin }, deps);
    if (outcome.action !== 'unchanged' && outcome.action !== 'declined')
      await write(outcome.stack, outcome.action, outcome.finished ? 'succeeded' : 'started');
    return outcome;
  } catch (error) {
    if (begun !== undefined) await write(await lookAgain(begun.stackId, deps), 'updated', outcomeOf(error));
    throw error;
  }
}

/** Whoever was interrupted does not know how it ends. */
function outcomeOf(error: unknown): RecordedOutcome {
  return error instanceof UserError && error.code === 'STACK_FAILED' ? 'failed' : 'started';
}

const LOOK_MS = 3000;

/** The signal of the run may be why it ended. */
async function lookAgain(stackId: string, { stacks, reporter }: StackDeps): Promise<Stack | undefined> {
  try {
    return await stacks.find(stackId, AbortSignal.timeout(LOOK_MS));
  } catch (error) {
    reporter.debug(`The failed deployment is not recorded: ${String(error)}`);
    return undefined;
  }
}

/** Where something of this run lies already, or would lie, as far as that is known without a look. */
export function namedPlace({ wish, bucket, template }: RecordedRun): Place | undefined {
  const used = bucket ?? ('url' in template ? template.bucket : undefined) ?? wish.s3Bucket;
  return used === undefined ? undefined : { bucket: used, prefix: wish.s3Prefix ?? '' };
}

/**
 * Where a deployment is recorded: where something of it lies, else in the bucket that was named, else in the one that this tool makes,
 * which on the local target is made for it, and elsewhere used when it is there.
 */
export async function findPlace(run: RecordedRun, context: Context): Promise<Place | undefined> {
  const { wish, bucket, template } = run;
  const prefix = wish.s3Prefix ?? '';
  const isUsed = bucket !== undefined || 'url' in template;
  const isNamed = wish.s3Bucket !== undefined || wish.resolveS3 === true;
  if (wish.local === true && !isUsed) return { bucket: isNamed ? await chooseBucket(wish, context) : await madeBucket(context), prefix };
  const named = namedPlace(run);
  if (named !== undefined) return named;
  if (wish.resolveS3 !== true) return placeThatIsThere(prefix, context);
  const [{ account }, { region }, { regionalBucketName }] = await Promise.all([
    context.clients.caller(),
    context.clients.edge(),
    import('../artifacts/bucket.ts'),
  ]);
  return { bucket: regionalBucketName(account, region), prefix };
}

/** The bucket of the local target that this tool makes; nobody has asked for it, so that nothing is said of it. */
async function madeBucket(context: Context): Promise<string> {
  const [objects, { account }, { region }, { resolveBucket }] = await Promise.all([
    context.clients.objects(),
    context.clients.caller(),
    context.clients.edge(),
    import('../artifacts/bucket.ts'),
  ]);
  return (await resolveBucket(objects, account, region)).name;
}

/** Nobody has asked for it, so that what goes wrong is not worth a word. */
async function placeThatIsThere(prefix: string, context: Context): Promise<Place | undefined> {
  const { madePlaces } = await import('../records/places.ts');
  try {
    return (await madePlaces(prefix, context))[0];
  } catch (error) {
    if (!(error instanceof UserError) || isAbort(error)) throw error;
    context.reporter.debug(`The deployment is not recorded: ${error.message}`);
    return undefined;
  }
}

/** The copy of the template that is deployed; one that went through the bucket lies there already. */
export async function copyTo(
  place: Place | undefined,
  stack: { readonly id: string; readonly name: string },
  { templateText }: DeployRequest,
  { template }: RecordedRun,
  context: Context,
): Promise<TemplateCopy> {
  if ('url' in template) return { key: template.key, digest: template.digest };
  const { copyTemplate } = await import('../records/write.ts');
  if (place === undefined) return { key: '', digest: '' };
  return copyTemplate(place, stack, templateText, context);
}
