import type { ChangeSet } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import { plural } from '../output/format.ts';
import type { Locate } from '../template/locate.ts';
import { describeFinding, readFindings, type StackFinding } from './findings.ts';
import { findKnownCause } from './known-causes.ts';
import type { StackDeps } from './operation.ts';

/** Why a change set has failed: what was found beforehand, or the reasons, those of nested change sets in place of their own. */
export interface Refusal {
  readonly findings: readonly StackFinding[];
  readonly reasons: readonly string[];
}

/** Findings come some moments after the change set has failed, as any event does. */
const SECOND_LOOK_MS = 700;
const SPEAKS_OF_FINDINGS = /validation failed|hook\(s\)|DescribeEvents|Validation failure/i;
const CHILD = /arn:[^\s:]+:cloudformation:[^\s]+:changeSet\/[^\s,;'"\]]+/g;
const DEEPEST = 5;

/** Asks why a change set has failed; it must still be there. */
export async function explainRefusal(changeSet: ChangeSet, locate: Locate, deps: StackDeps): Promise<Refusal> {
  return explain(changeSet, '', locate, deps, 0);
}

async function explain(changeSet: ChangeSet, prefix: string, locate: Locate, deps: StackDeps, depth: number): Promise<Refusal> {
  const reason = changeSet.statusReason ?? 'no reason given';
  let findings = await readFindings(changeSet.id, locate, deps, prefix);
  if (findings.length === 0 && SPEAKS_OF_FINDINGS.test(reason)) {
    await deps.clock.sleep(SECOND_LOOK_MS, deps.signal);
    findings = await readFindings(changeSet.id, locate, deps, prefix);
  }
  const children = depth < DEEPEST ? await explainChildren(changeSet, prefix, locate, deps, depth) : [];
  if (children.length > 0) {
    return {
      findings: [...findings, ...children.flatMap((child) => child.findings)],
      reasons: children.flatMap(({ reasons }) => reasons),
    };
  }
  return { findings, reasons: [prefix === '' ? reason : `${prefix.slice(0, -1)}: ${reason}`] };
}

/** A parent says no more than that a nested change set, by its ARN, could not be made. */
async function explainChildren(changeSet: ChangeSet, prefix: string, locate: Locate, deps: StackDeps, depth: number): Promise<Refusal[]> {
  const named = changeSet.statusReason?.match(CHILD) ?? [];
  const known = new Map(
    changeSet.changes.flatMap((change) => (change.nestedChangeSetId === undefined ? [] : [[change.nestedChangeSetId, change.logicalId]])),
  );
  const ids = new Set([...named.map((id) => id.replace(/\.$/, '')), ...known.keys()].filter((id) => id !== changeSet.id));
  const found: Refusal[] = [];
  for (const id of ids) {
    const child = await deps.stacks.changeSet({ id }, deps.signal).catch(goneMeansUnknown);
    if (child?.status !== 'FAILED' || /didn't contain changes/i.test(child.statusReason ?? '')) continue;
    found.push(await explain(child, `${prefix}${known.get(id) ?? nameOf(child)}/`, locate, deps, depth + 1));
  }
  return found;
}

function goneMeansUnknown(error: unknown): undefined {
  if (error instanceof UserError && (error.code === 'CHANGE_SET_NOT_FOUND' || error.code === 'STACK_NOT_FOUND')) return undefined;
  throw error;
}

/** A nested stack is named after its parent and its logical id: `Shop-Orders-1A2B3C`. */
function nameOf(changeSet: ChangeSet): string {
  const stackName = changeSet.stackId.split('/')[1] ?? changeSet.name;
  return stackName.split('-').at(-2) ?? stackName;
}

/** The error for people and programs: `findings` is in its result. */
export function refusedChangeSet(stackName: string, { findings, reasons }: Refusal, target = ''): UserError {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) {
    return new UserError('CHANGE_SET_FAILED', `CloudFormation cannot make a change set for ${stackName}: ${reasons.join('; ')}`, {
      hint: `Nothing was changed. ${remedyFor(reasons, stackName, target)}`,
      result: { stackName, findings, reasons },
    });
  }
  const byHooks = errors.every(({ kind }) => kind === 'hook');
  return new UserError(
    'CHANGE_SET_FAILED',
    `CloudFormation refuses the deployment of ${stackName} beforehand: ${plural(errors.length, 'error')}`,
    {
      details: findings.flatMap(describeFinding),
      hint: byHooks
        ? 'Nothing was changed. Mend what the hook says, then run the command again'
        : 'Nothing was changed. Mend it, then run the command again; --no-validation deploys without this check',
      result: { stackName, findings, reasons },
    },
  );
}

function remedyFor(reasons: readonly string[], stackName: string, target: string): string {
  if (reasons.some((reason) => SPEAKS_OF_FINDINGS.test(reason))) {
    return 'What was found is told by DescribeEvents only: it needs cloudformation:DescribeEvents. --no-validation deploys without this check';
  }
  const facts = { logicalId: stackName, resourceType: 'AWS::CloudFormation::Stack', physicalId: '', stackName, target };
  const known = findKnownCause({ reason: reasons.join('; '), ...facts });
  return known?.hint ?? 'Mend what it says in the template, then run the command again';
}
