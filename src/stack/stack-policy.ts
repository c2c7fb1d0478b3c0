import type { ResourceChange, Stack } from '../clients/cloudformation.ts';
import { messageOf } from '../errors.ts';
import type { StackDeps } from './operation.ts';

type PolicyAction = 'Update:Modify' | 'Update:Replace' | 'Update:Delete';

/**
 * What a stack policy forbids of a change. With a policy everything is denied that no statement allows. Pure.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
 */
export function denialsOf(policy: string | undefined, change: ResourceChange): PolicyAction[] {
  if (policy === undefined) return [];
  const statements = readStatements(policy);
  return actionsOf(change).filter((action) => {
    const matching = statements.filter((statement) => matches(statement, action, change));
    return matching.some(({ Effect }) => Effect === 'Deny') || !matching.some(({ Effect }) => Effect === 'Allow');
  });
}

/** The stack policy, for what would be told before it bites: when it cannot be read, nothing is said of it. */
export async function readPolicy(stack: Stack, deps: StackDeps): Promise<string | undefined> {
  try {
    return await deps.stacks.policy(stack.id, deps.signal);
  } catch (error) {
    deps.reporter.debug(`The stack policy of ${stack.name} could not be read: ${messageOf(error)}`);
    return undefined;
  }
}

/** Warns of changes that the stack policy forbids. One call, and none when nothing that exists is changed. */
export async function warnOfPolicy(stack: Stack, changes: readonly ResourceChange[], deps: StackDeps): Promise<void> {
  if (!changes.some((change) => actionsOf(change).length > 0)) return;
  const policy = await readPolicy(stack, deps);
  for (const change of changes) {
    for (const action of denialsOf(policy, change)) deps.reporter.warn(sayDenied(stack.name, action, change.logicalId));
  }
}

/** "The stack policy of Shop does not allow Update:Replace of Table". */
export function sayDenied(stackName: string, action: string, logicalId: string): string {
  return `The stack policy of ${stackName} does not allow ${action} of ${logicalId}`;
}

/** What a policy is asked about a change; whether a conditional replacement comes, only the update tells. */
function actionsOf(change: ResourceChange): PolicyAction[] {
  if (change.action === 'Remove') return ['Update:Delete'];
  if (change.action !== 'Modify') return [];
  return [change.replacement === 'True' ? 'Update:Replace' : 'Update:Modify'];
}

interface PolicyStatement {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: unknown;
}

function readStatements(policy: string): readonly PolicyStatement[] {
  const { Statement: statements } = JSON.parse(policy) as { Statement?: unknown };
  return (Array.isArray(statements) ? statements : [statements]).filter(
    (item) => typeof item === 'object' && item !== null,
  ) as PolicyStatement[];
}

function matches(statement: PolicyStatement, action: PolicyAction, { logicalId, resourceType }: ResourceChange): boolean {
  const fits = (wanted: unknown, not: unknown, text: string): boolean => (not === undefined ? fitsAny(wanted, text) : !fitsAny(not, text));
  return (
    fits(statement.Action, statement.NotAction, action) &&
    fits(statement.Resource, statement.NotResource, `LogicalResourceId/${logicalId}`) &&
    Object.values((statement.Condition ?? {}) as Record<string, { readonly ResourceType?: unknown }>).every(
      ({ ResourceType: types }) => types === undefined || fitsAny(types, resourceType),
    )
  );
}

function fitsAny(patterns: unknown, text: string): boolean {
  return (Array.isArray(patterns) ? patterns : [patterns]).some((pattern) => typeof pattern === 'string' && fitsPattern(pattern, text));
}

/** Whether a pattern with `*` and `?` fits the whole text. */
export function fitsPattern(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
