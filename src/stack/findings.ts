import type { OperationEvent, Stacks } from '../clients/cloudformation.ts';
import { messageOf } from '../errors.ts';
import type { Locate } from '../template/locate.ts';
import { formatPlace } from '../template/locate.ts';
import type { StackDeps } from './operation.ts';

/** What CloudFormation, or a hook that it has called, says of a change set before anything is provisioned. */
export interface StackFinding {
  /** AWS's name of the check (`NAME_CONFLICT_VALIDATION`), or the type of the hook. */
  readonly rule: string;
  readonly kind: 'validation' | 'hook';
  /** An error stops the change set, a warning does not. */
  readonly severity: 'error' | 'warning';
  /** `Orders/Table` for a resource of the nested stack `Orders`; empty for what concerns the whole stack. */
  readonly logicalId: string;
  readonly resourceType: string;
  /** AWS's words. */
  readonly message: string;
  /** Where the user's template has it; undefined where it is in no template that is known here. */
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** What helps. */
  readonly remedy?: string | undefined;
}

/** Checks and what helps, by AWS's name and words: AWS has several spellings of the names, and adds checks over time. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /NAME_CONFLICT|already exists/i,
    'Choose another name or leave the name out; --import-existing-resources takes the existing resource into the stack',
  ],
  [/BUCKET.*EMPTI|bucket.* is not empty/i, 'Empty the bucket first, or keep it with "DeletionPolicy": "Retain"'],
  [/ECR|repository.* is not empty/i, 'Delete the images of the repository first, or set "EmptyOnDelete": true'],
  [/QUOTA|limit exceeded/i, 'Ask AWS for a higher quota, or remove what is not needed'],
  [/RECORDER/i, 'AWS Config has one recorder in an account and region: leave it out of the template, or switch recording on'],
];

const HOOK_REMEDY = 'The hook was set up for this account: its reason says what it wants';

/** Reads findings out of the events of a change set, errors first. `prefix` is put before logical ids: `Nested/`. */
export async function findingsOf(events: readonly OperationEvent[], locate: Locate, prefix = ''): Promise<StackFinding[]> {
  const all = await Promise.all(events.map((event) => findingOf(event, locate, prefix)));
  const found = all.filter((finding) => finding !== undefined);
  const once = [...new Map(found.map((finding) => [JSON.stringify(finding), finding])).values()];
  return [...once.filter(({ severity }) => severity === 'error'), ...once.filter(({ severity }) => severity === 'warning')];
}

async function findingOf(event: OperationEvent, locate: Locate, prefix: string): Promise<StackFinding | undefined> {
  const { validation, hook } = event;
  const subject = { logicalId: `${prefix}${event.logicalId}`, resourceType: event.resourceType };
  if (validation !== undefined && validation.status !== 'SKIPPED' && validation.status !== 'PASSED') {
    const { name, reason, path, mode } = validation;
    const place = await locate(subject.logicalId, path);
    const message = reason === '' ? 'AWS gave no reason' : reason.replace(/\.$/, '');
    const severity = mode === 'WARN' ? 'warning' : 'error';
    return { rule: name, kind: 'validation', severity, ...subject, message, ...place, remedy: remedyFor(name, message) };
  }
  if (hook === undefined || !hook.status.endsWith('FAILED')) return undefined;
  const when = hook.invocationPoint === undefined ? '' : ` (${hook.invocationPoint})`;
  const message = `${hook.reason ?? 'the hook gave no reason'}${when}`;
  const severity = hook.mode === 'WARN' ? 'warning' : 'error';
  return { rule: hook.type, kind: 'hook', severity, ...subject, message, ...(await locate(subject.logicalId)), remedy: HOOK_REMEDY };
}

function remedyFor(name: string, reason: string): string | undefined {
  return (REMEDIES.find(([pattern]) => pattern.test(name)) ?? REMEDIES.find(([pattern]) => pattern.test(reason)))?.[1];
}

/** `serverless.template:41:7: NAME_CONFLICT_VALIDATION: Table (AWS::DynamoDB::Table): … already exists` */
export function formatFinding(finding: StackFinding): string {
  return `${headOf(finding)}: ${finding.message}`;
}

/** The same over several lines, with what helps. */
export function describeFinding(finding: StackFinding): string[] {
  const { severity, message, remedy } = finding;
  const lines = [message, ...(remedy === undefined ? [] : [remedy])];
  return [`${severity.padEnd(7)} ${headOf(finding)}`, ...lines.map((line) => `        ${line}`)];
}

function headOf({ path, line, column, rule, logicalId, resourceType }: StackFinding): string {
  const place = path === undefined || line === undefined || column === undefined ? undefined : formatPlace({ path, line, column });
  const subject = logicalId === '' ? undefined : resourceType === '' ? logicalId : `${logicalId} (${resourceType})`;
  return [place, rule, subject].filter((part) => part !== undefined && part !== '').join(': ');
}

/**
 * What was found about a change set. DescribeEvents alone tells it; where that is not offered or not allowed, nothing is known and
 * nothing is said, because the deployment does not depend on it.
 */
export async function readFindings(
  changeSetId: string,
  locate: Locate,
  deps: Pick<StackDeps, 'reporter' | 'signal'> & { readonly stacks: Pick<Stacks, 'operationEvents'> },
  prefix = '',
): Promise<StackFinding[]> {
  try {
    const events = await deps.stacks.operationEvents({ changeSetId }, deps.signal);
    return await findingsOf(events ?? [], locate, prefix);
  } catch (error) {
    deps.signal.throwIfAborted();
    deps.reporter.debug(`What CloudFormation has found about the change set cannot be read: ${messageOf(error)}`);
    return [];
  }
}
