import { randomBytes } from 'node:crypto';

import type { ChangeSet, ChangeSetReference, ChangeSetRequest, Stacks } from '../clients/cloudformation.ts';
import type { Clock } from '../context.ts';
import { UserError } from '../errors.ts';

/** A change set that is ready to be executed, or the news that there is nothing to change. */
export type PreparedChangeSet =
  | { readonly kind: 'ready'; readonly id: string; readonly stackId: string; readonly changeSet: ChangeSet }
  | { readonly kind: 'unchanged'; readonly stackId: string };

/** The two sentences with which CloudFormation says that nothing would change (it has no status for that). */
const NO_CHANGES = /didn't contain changes|No updates are to be performed/i;

const FIRST_PAUSE_MS = 150;
const LONGEST_PAUSE_MS = 2000;

/** `lambda-tool-20261123-140233-9f3a`: sorts by time, is unique, and tells where it comes from. */
export function changeSetName(nowMs: number): string {
  const stamp = new Date(nowMs)
    .toISOString()
    .replaceAll(/[-:]|\..*$/g, '')
    .replace('T', '-');
  return `lambda-tool-${stamp}-${randomBytes(2).toString('hex')}`;
}

export interface PrepareOptions {
  /** Ask for the values of properties before and after. */
  readonly values?: boolean | undefined;
}

/**
 * Creates a change set and waits until it is complete. An empty or failed one is deleted again, and so is one that the
 * user interrupts. Throws UserError CHANGE_SET_FAILED with CloudFormation's reason.
 */
export async function prepareChangeSet(
  stacks: Stacks,
  clock: Clock,
  request: ChangeSetRequest,
  signal: AbortSignal,
  options: PrepareOptions = {},
): Promise<PreparedChangeSet> {
  const { id, stackId } = await stacks.createChangeSet(request, signal);
  try {
    const changeSet = await waitForChangeSet(stacks, clock, { id, values: options.values }, signal);
    if (changeSet.status !== 'FAILED') return { kind: 'ready', id, stackId, changeSet };
    if (!NO_CHANGES.test(changeSet.statusReason ?? '')) throw refused(request.stackName, changeSet);
  } catch (error) {
    await discardChangeSet(stacks, id);
    throw error;
  }
  await discardChangeSet(stacks, id);
  return { kind: 'unchanged', stackId };
}

async function waitForChangeSet(stacks: Stacks, clock: Clock, reference: ChangeSetReference, signal: AbortSignal): Promise<ChangeSet> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.6, LONGEST_PAUSE_MS)) {
    const changeSet = await stacks.changeSet(reference, signal);
    if (!/_IN_PROGRESS$|_PENDING$/.test(changeSet.status)) return changeSet;
    await clock.sleep(pause, signal);
  }
}

function refused(stackName: string, changeSet: ChangeSet): UserError {
  const reason = changeSet.statusReason ?? 'no reason given';
  return new UserError('CHANGE_SET_FAILED', `CloudFormation cannot make a change set for ${stackName}: ${reason}`, {
    hint: 'Nothing was changed. Mend what it says in the template, then run the command again',
  });
}

/** Tidying up must not hide why it became necessary: a change set that stays behind does no harm. */
export async function discardChangeSet(stacks: Stacks, id: string): Promise<void> {
  await stacks.deleteChangeSet(id).catch(() => undefined);
}
