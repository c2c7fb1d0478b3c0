import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { messageOf } from '../errors.ts';
import type { OwnArtifacts } from '../records/own-artifacts.ts';
import type { PlaceWish } from '../records/places.ts';
import type { RemovalReport, Verdict } from '../records/removal.ts';

export interface RemovalWish extends PlaceWish {
  readonly retain?: readonly string[] | undefined;
}

/**
 * Finds out what was published for stacks while they are still there; the answer removes it, given the ARNs of those that are gone by
 * then. Undefined when it cannot be found out, which is a warning.
 */
export async function prepareRemoval(
  stacks: readonly Stack[],
  wish: RemovalWish,
  context: Context,
): Promise<((goneIds: readonly string[]) => Promise<RemovalReport>) | undefined> {
  const own = await findOwn(stacks, wish, context);
  if (own === undefined) return undefined;
  return async (goneIds) => {
    const { removeArtifacts } = await import('../records/removal.ts');
    return removeArtifacts(own, new Set(goneIds), context);
  };
}

/** What `prepareRemoval` would remove and what it would leave, for a dry run. Undefined when that cannot be found out. */
export async function previewRemoval(
  stacks: readonly Stack[],
  wish: RemovalWish,
  context: Context,
): Promise<readonly Verdict[] | undefined> {
  const own = await findOwn(stacks, wish, context);
  if (own === undefined) return undefined;
  const { judgeArtifacts } = await import('../records/removal.ts');
  const ids = new Set(stacks.map(({ id }) => id));
  return judgeArtifacts(own, ids, context).catch((error: unknown) => unknown(error, context));
}

async function findOwn(stacks: readonly Stack[], wish: RemovalWish, context: Context): Promise<OwnArtifacts | undefined> {
  if (stacks.length === 0) return undefined;
  const { findOwnArtifacts } = await import('../records/own-artifacts.ts');
  return findOwnArtifacts(stacks, wish, context).catch((error: unknown) => unknown(error, context));
}

function unknown(error: unknown, context: Context): undefined {
  context.signal.throwIfAborted();
  context.reporter.warn(`What was published for the stack stays: ${messageOf(error)}`);
}
