import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { latestRecord, type PlaceWish } from '../records/places.ts';
import { findReferences } from '../records/references.ts';
import type { DeploymentNote } from './description.ts';
import type { Inventory } from './read-inventory.ts';

/**
 * Who deployed the stack last, from the record beside its artefacts; undefined when none tells, or none may be read. A listing and a
 * read for a stack whose template names artefacts of ours, no call otherwise.
 */
export async function lastDeployment(
  stack: Stack,
  inventory: Inventory,
  wish: PlaceWish,
  context: Context,
): Promise<DeploymentNote | undefined> {
  const template = inventory.templates.get(stack.id);
  try {
    const record = await latestRecord(stack, wish, context, template === undefined ? [] : findReferences(template));
    if (record === undefined) return undefined;
    const { id, time, by, commit, outcome } = record;
    return { id, time, by, commit, outcome };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.reporter.debug(`The record of the last deployment cannot be read: ${error.message}`);
    return undefined;
  }
}
