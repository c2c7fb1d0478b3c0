import pLimit from 'p-limit';

import type { Stack } from '../clients/cloudformation.ts';
import type { BucketContent } from '../clients/s3-measure.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { Inventory } from '../inventory/read-inventory.ts';
import { formatBytes } from '../artifacts/bytes.ts';
import { targetSwitches } from '../deployment/target-switches.ts';
import { describeState } from '../stack/plan.ts';
import { bucketsOf, type StackBucket } from './buckets.ts';
import { scalarText } from '../template/read.ts';
import type { PlannedDeletion } from './order.ts';
import { fatesOf, type FatedResource } from './retention.ts';

/** Something that would stop the deletion. */
export interface Obstacle {
  readonly message: string;
  readonly hint: string | undefined;
}

export interface MeasuredBucket extends StackBucket {
  /** Undefined when it is gone, or may not be looked at. */
  readonly content: BucketContent | undefined;
  /** Whether --empty-buckets names it. */
  readonly emptied: boolean;
}

/** What a deletion of one stack would do. */
export interface DeletionForecast {
  readonly stack: Stack;
  readonly after: readonly string[];
  readonly resources: readonly FatedResource[];
  readonly buckets: readonly MeasuredBucket[];
  readonly obstacles: readonly Obstacle[];
  /** What may stop it; nobody has looked. */
  readonly remarks: readonly Obstacle[];
}

/** A hundred thousand versions: enough to tell much from little. */
const MEASURED_PAGES = 100;
const PARALLEL_BUCKETS = 4;

/** Looks at everything that the deletion would meet. Changes nothing. */
export async function forecastDeletion(
  deletion: PlannedDeletion,
  inventory: Inventory,
  emptied: readonly StackBucket[],
  context: Context,
): Promise<DeletionForecast> {
  const { after, refusal, stack } = deletion;
  const buckets = await measureBuckets(bucketsOf(inventory), emptied, context);
  const resources = fatesOf(inventory);
  const obstacles = [
    ...(refusal === undefined ? [] : [refusalObstacle(refusal)]),
    ...buckets.flatMap((bucket) => bucketObstacle(bucket, stack, targetSwitches(context.settings))),
  ];
  return { stack, after, resources, buckets, obstacles, remarks: resources.flatMap(repositoryRemark) };
}

/** How much the buckets hold, as far as it may be looked at; with a warning where it may not. */
export async function measureBuckets(
  buckets: readonly StackBucket[],
  emptied: readonly StackBucket[],
  context: Context,
): Promise<MeasuredBucket[]> {
  if (buckets.length === 0) return [];
  const store = await context.clients.objects();
  const limit = pLimit(PARALLEL_BUCKETS);
  const measure = async (one: StackBucket): Promise<MeasuredBucket> => ({
    ...one,
    content: await store.measure(one.bucket, { maxPages: MEASURED_PAGES, signal: context.signal }).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      context.reporter.warn(`Nobody knows how much ${one.node.path} holds: ${error.message}`);
      return undefined;
    }),
    emptied: emptied.some(({ bucket }) => bucket === one.bucket),
  });
  return Promise.all(buckets.map((one) => limit(() => measure(one))));
}

function refusalObstacle({ details, hint, message }: UserError): Obstacle {
  return { message: [message, ...details].join('; '), hint };
}

function bucketObstacle({ content, emptied, fate, node }: MeasuredBucket, stack: Stack, target: string): Obstacle[] {
  if (fate === 'retain' || emptied || content === undefined || content.versions === 0) return [];
  return [
    {
      message: `Bucket ${node.path} holds ${describeContent(content)}, and CloudFormation deletes only what is empty`,
      hint: `lambda-tool delete-serverless ${stack.name} --empty-buckets ${node.path}${target}`,
    },
  ];
}

/** "12 objects, 2.1 MB". */
export function describeContent({ bytes, complete, objects, versions }: BucketContent): string {
  const more = complete ? '' : 'more than ';
  const old = versions === objects ? '' : ` (${versions} versions)`;
  return `${more}${objects} ${objects === 1 ? 'object' : 'objects'}${old}, ${formatBytes(bytes)}`;
}

function repositoryRemark({ fate, node }: FatedResource): Obstacle[] {
  if (node.resourceType !== 'AWS::ECR::Repository' || fate === 'retain' || node.entry === undefined) return [];
  if (scalarText(node.entry.properties['EmptyOnDelete']) === 'true') return [];
  return [
    {
      message: `Repository ${node.path} is only deleted when it holds no image`,
      hint: 'Delete its images, or deploy with EmptyOnDelete: true there',
    },
  ];
}

/** One line on what would happen first. */
export function describeStart({ after, stack }: DeletionForecast): string {
  const later = after.length === 0 ? '' : `, after ${after.join(', ')}`;
  return `${describeState(stack)}${later}`;
}
