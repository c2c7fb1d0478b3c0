import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError, isAbort } from '../errors.ts';
import type { Place } from './types.ts';

/** Of the description of a change set (ChangeSetSummary in CloudFormation's API reference). */
const LONGEST_DESCRIPTION = 1024;
const ROOM_FOR_MORE = 100;

/**
 * What the description of a deployment's change set says of its records, so that they are found although nothing in the template leads to
 * them. (A tag of the stack could say so too, but would be passed on to every resource.)
 */
export function notePlace(place: Place | undefined): string | undefined {
  if (place === undefined) return undefined;
  const note = `Records: s3://${place.bucket}/${place.prefix}`;
  return note.length > LONGEST_DESCRIPTION - ROOM_FOR_MORE ? undefined : note;
}

/** The place that a description tells. */
export function readNote(description: string | undefined): Place | undefined {
  const parts = /Records: s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/([^]*)$/.exec(description ?? '');
  return parts === null ? undefined : { bucket: parts[1] ?? '', prefix: parts[2] ?? '' };
}

/**
 * Where the last deployment by a change set said that it is recorded: CloudFormation keeps the change set that was
 * executed last, though under its ARN only (riff-raff pull request 672). One call;
 * undefined when it tells nothing, or may not be looked at.
 */
export async function toldPlace({ changeSetId }: Pick<Stack, 'changeSetId'>, context: Context): Promise<Place | undefined> {
  if (changeSetId === undefined) return undefined;
  try {
    const stacks = await context.clients.stacks();
    return readNote((await stacks.changeSet({ id: changeSetId }, context.signal)).description);
  } catch (error) {
    if (!(error instanceof UserError) || isAbort(error)) throw error;
    context.reporter.debug(`The last change set tells nothing about records: ${error.message}`);
    return undefined;
  }
}
