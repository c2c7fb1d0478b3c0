import { randomBytes } from 'node:crypto';

import type { ChangeSet, ChangeSetReference, ChangeSetRequest, Stacks } from '../clients/cloudformation.ts';
import type { Clock } from '../context.ts';
import type { Locate } from '../template/locate.ts';
import { formatFinding, readFindings, type StackFinding } from './findings.ts';
import type { StackDeps } from './operation.ts';

/** A change set that is ready to be executed, or the news that there is nothing to change. */
export type PreparedChangeSet =
  | {
      readonly kind: 'ready';
      readonly id: string;
      readonly stackId: string;
      readonly changeSet: ChangeSet;
      /** Warnings of CloudFormation's pre-deployment validation. */
      readonly findings: readonly StackFinding[];
      /** Rollback stays on although it was to be off: see mindReplacements. */
      readonly keepsRollback?: true;
    }
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
  /** Where the user's templates have what findings are about. */
  readonly locate?: Locate | undefined;
}

/**
 * Creates a change set and waits until it is complete. An empty or failed one is deleted again, and so is one that the
 * user interrupts. Warnings of the pre-deployment validation are told. Throws UserError CHANGE_SET_FAILED with what was found, or
 * with CloudFormation's reason.
 */
export async function prepareChangeSet(
  request: ChangeSetRequest,
  deps: StackDeps,
  options: PrepareOptions = {},
): Promise<PreparedChangeSet> {
  const { stacks, clock, signal } = deps;
  const locate = options.locate ?? (() => Promise.resolve(undefined));
  const { id, stackId } = await stacks.createChangeSet(request, signal);
  try {
    const changeSet = await waitForChangeSet(stacks, clock, { id, values: options.values }, signal);
    if (changeSet.status !== 'FAILED') {
      const findings = request.disableValidation === true ? [] : await readFindings(id, locate, deps);
      for (const finding of findings) deps.reporter.warn(sayWarning(finding));
      return { kind: 'ready', id, stackId, changeSet, findings };
    }
    if (!NO_CHANGES.test(changeSet.statusReason ?? '')) {
      const { explainRefusal, refusedChangeSet } = await import('./refused-change-set.ts');
      throw refusedChangeSet(request.stackName, await explainRefusal(changeSet, locate, deps), deps.target);
    }
  } catch (error) {
    await discardChangeSet(stacks, id);
    throw error;
  }
  await discardChangeSet(stacks, id);
  return { kind: 'unchanged', stackId };
}

function sayWarning(finding: StackFinding): string {
  return `${formatFinding(finding)}${finding.remedy === undefined ? '' : `. ${finding.remedy}`}`;
}

async function waitForChangeSet(stacks: Stacks, clock: Clock, reference: ChangeSetReference, signal: AbortSignal): Promise<ChangeSet> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.6, LONGEST_PAUSE_MS)) {
    const changeSet = await stacks.changeSet(reference, signal);
    if (!/_IN_PROGRESS$|_PENDING$/.test(changeSet.status)) return changeSet;
    await clock.sleep(pause, signal);
  }
}

/** Tidying up must not hide why it became necessary: a change set that stays behind does no harm. */
export async function discardChangeSet(stacks: Stacks, id: string): Promise<void> {
  await stacks.deleteChangeSet(id).catch(() => undefined);
}
