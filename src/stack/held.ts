import type { Stack, StackResource, Stacks } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';

/** What CloudFormation says of a bucket that still holds something. */
const NOT_EMPTY = /not empty|BucketNotEmpty/i;
const BUCKET_TYPE = 'AWS::S3::Bucket';
const STACK_TYPE = 'AWS::CloudFormation::Stack';

/** `hintIsEnough`: it is known what holds them, and nothing more helps. */
interface Advice {
  readonly hint: string;
  readonly hintIsEnough: boolean;
}

/**
 * What to do about resources that could not be deleted, those in nested stacks too: empty what still holds something, or leave it
 * behind. `stuck`: logical ids of the stack's own resources.
 */
export async function adviseOnStuck(stack: Stack, stuck: readonly string[], { stacks, signal, target }: Look): Promise<Advice> {
  const buckets = await findHeld(stack.id, '', { stacks, signal }).catch(unknownToUs);
  const command = `lambda-tool delete-serverless ${stack.name}`;
  if (buckets.length > 0) {
    return {
      hint: `Have emptied what still holds objects, all versions: ${command} --empty-buckets ${buckets.join(',')}${target ?? ''}`,
      hintIsEnough: true,
    };
  }
  const retain = stuck.length === 0 ? '' : ` --retain ${stuck.join(',')}`;
  return {
    hint: `Remove what holds it, then run the command again; or leave it behind: ${command}${retain}${target ?? ''}`,
    hintIsEnough: false,
  };
}

interface Look {
  readonly stacks: Pick<Stacks, 'resources'>;
  /** ` --local` and the like, for commands to type next. */
  readonly target?: string | undefined;
  readonly signal: AbortSignal;
}

/** Paths of the buckets that could not be deleted because of what they hold. */
async function findHeld(stackId: string, prefix: string, look: Look): Promise<string[]> {
  const failed = (await look.stacks.resources(stackId, look.signal)).filter(({ status }) => status === 'DELETE_FAILED');
  const found: string[] = [];
  for (const resource of failed) {
    const path = `${prefix}${resource.logicalId}`;
    if (isNested(resource)) found.push(...(await findHeld(resource.physicalId, `${path}/`, look)));
    else if (resource.resourceType === BUCKET_TYPE && NOT_EMPTY.test(resource.reason ?? '')) found.push(path);
  }
  return found;
}

function isNested({ physicalId, resourceType }: StackResource): boolean {
  return resourceType === STACK_TYPE && physicalId.startsWith('arn:');
}

/** The advice is one more service to somebody whose deletion has failed: without it the failure is told all the same. */
function unknownToUs(error: unknown): string[] {
  if (error instanceof UserError) return [];
  throw error;
}
