import type { ResourceChange } from '../clients/cloudformation.ts';
import { isMap, readContexts } from './preview-properties.ts';
import { fitsPattern } from './stack-policy.ts';

/** Resources that carry rights in ways other than a policy document. */
const IAM_TYPE = /^AWS::IAM::/;
const LAMBDA_PERMISSION = 'AWS::Lambda::Permission';
const POLICY_PROPERTY = /Polic|PermissionsBoundary/;

/**
 * What a changed resource would allow that it did not allow before, one clause each: actions, resources and principals of Allow
 * statements that no earlier statement covers, Deny statements that go, managed policies that come. It compares texts; it does not
 * weigh conditions against each other, nor what other policies say.
 */
export function widerRights(change: ResourceChange): string[] {
  if (change.action === 'Remove') return [];
  const contexts = change.action === 'Add' ? { before: {}, after: parseOrEmpty(change.after) } : readContexts(change);
  if (contexts === undefined) {
    const touched = (change.details ?? []).some(({ name }) => POLICY_PROPERTY.test(name ?? ''));
    return touched && IAM_TYPE.test(change.resourceType) ? ['its rights change; how is not told here'] : [];
  }
  const isAddition = change.action === 'Add';
  const before = statementsOf(contexts.before, change.resourceType);
  const after = statementsOf(contexts.after, change.resourceType);
  // Every API adds a permission for itself: of new ones only those for everybody are news.
  const news = isAddition && change.resourceType === LAMBDA_PERMISSION ? after.filter(({ principals }) => principals.includes('*')) : after;
  return [
    ...new Set([
      ...news.filter(({ effect }) => effect === 'Allow').flatMap((statement) => uncovered(statement, before)),
      ...before
        .filter((old) => old.effect === 'Deny' && !after.some(({ text }) => text === old.text))
        .map(({ actions }) => `no longer denies ${list(actions)}`),
      ...attached(contexts.before, contexts.after),
    ]),
  ];
}

interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Empty for a policy of an identity. */
  readonly principals: readonly string[];
  readonly condition: string;
  /** `NotAction` and its like: such statements are compared as a whole. */
  readonly isNegative: boolean;
  readonly text: string;
}

/** All statements anywhere in a resource. */
function statementsOf(value: unknown, resourceType: string): Statement[] {
  if (resourceType === LAMBDA_PERMISSION) return permissionStatement(value);
  if (Array.isArray(value)) return value.flatMap((item) => statementsOf(item, resourceType));
  if (!isMap(value)) return [];
  const { Statement: own, ...rest } = value;
  const statements = (Array.isArray(own) ? own : [own]).filter(isMap).filter((item) => 'Effect' in item);
  return [...statements.map(readStatement), ...Object.values(rest).flatMap((item) => statementsOf(item, resourceType))];
}

function readStatement(statement: Readonly<Record<string, unknown>>): Statement {
  return {
    effect: String(statement['Effect']),
    actions: texts(statement['Action']),
    resources: texts(statement['Resource']),
    principals: principalsOf(statement['Principal']),
    condition: JSON.stringify(statement['Condition'] ?? {}),
    isNegative: ['NotAction', 'NotResource', 'NotPrincipal'].some((name) => name in statement),
    text: JSON.stringify({ ...statement, Sid: undefined }),
  };
}

/** A Lambda permission is a statement of the function's policy; its source is the condition. */
function permissionStatement(value: unknown): Statement[] {
  const properties = isMap(value) && isMap(value['Properties']) ? value['Properties'] : undefined;
  if (properties === undefined) return [];
  const { Action, FunctionName, Principal, ...source } = properties;
  return [readStatement({ Effect: 'Allow', Action, Resource: FunctionName, Principal, Condition: source })];
}

function principalsOf(principal: unknown): string[] {
  if (!isMap(principal)) return texts(principal);
  return Object.entries(principal).flatMap(([kind, names]) => texts(names).map((name) => (name === '*' ? '*' : `${kind} ${name}`)));
}

function texts(value: unknown): string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
}

/** Clauses for what a statement allows and no earlier one did. */
function uncovered(statement: Statement, before: readonly Statement[]): string[] {
  const earlier = before.filter(({ effect }) => effect === 'Allow');
  if (earlier.some(({ text }) => text === statement.text)) return [];
  if (statement.isNegative) return ['allows everything but what it names (NotAction, NotResource or NotPrincipal)'];
  const parts = combinations(statement).filter((part) => !earlier.some((old) => covers(old, part, statement.condition)));
  return [...groupByPlace(parts)].map(([place, found]) => `allows ${list([...new Set(found.map(({ action }) => action))])}${place}`);
}

interface Part {
  readonly action: string;
  readonly resource: string | undefined;
  readonly principal: string | undefined;
}

function combinations({ actions, resources, principals }: Statement): Part[] {
  const places: readonly (string | undefined)[] = resources.length === 0 ? [undefined] : resources;
  const people: readonly (string | undefined)[] = principals.length === 0 ? [undefined] : principals;
  return actions.flatMap((action) => places.flatMap((resource) => people.map((principal) => ({ action, resource, principal }))));
}

function covers(old: Statement, part: Part, condition: string): boolean {
  if (old.isNegative || (old.condition !== '{}' && old.condition !== condition)) return false;
  const fits = (patterns: readonly string[], text: string | undefined): boolean =>
    text === undefined ? patterns.length === 0 : patterns.some((pattern) => fitsPattern(pattern, text));
  return (
    old.actions.some((pattern) => fitsPattern(pattern.toLowerCase(), part.action.toLowerCase())) &&
    fits(old.resources, part.resource) &&
    fits(old.principals, part.principal)
  );
}

function placeOf({ resource, principal }: Part): string {
  const where = resource === undefined ? '' : ` on ${resource}`;
  return `${where}${principal === undefined ? '' : ` to ${principal === '*' ? 'everybody' : principal}`}`;
}

function groupByPlace(parts: readonly Part[]): Map<string, Part[]> {
  const groups = new Map<string, Part[]>();
  for (const part of parts) groups.set(placeOf(part), [...(groups.get(placeOf(part)) ?? []), part]);
  return groups;
}

/** Managed policies that come, and a boundary that goes or changes. */
function attached(before: unknown, after: unknown): string[] {
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  const known = new Set(texts(old['ManagedPolicyArns']));
  const policies = texts(now['ManagedPolicyArns']).filter((arn) => !known.has(arn));
  const boundary = old['PermissionsBoundary'];
  const boundaryGone = boundary !== undefined && JSON.stringify(boundary) !== JSON.stringify(now['PermissionsBoundary']);
  return [
    ...policies.map((arn) => `attaches ${arn}`),
    ...(boundaryGone
      ? [now['PermissionsBoundary'] === undefined ? 'loses its permissions boundary' : 'has another permissions boundary']
      : []),
  ];
}

function propertiesOf(context: unknown): Readonly<Record<string, unknown>> {
  return isMap(context) && isMap(context['Properties']) ? context['Properties'] : {};
}

function parseOrEmpty(text: string | undefined): unknown {
  return readContexts({ action: '', logicalId: '', resourceType: '', replacement: undefined, before: '{}', after: text })?.after ?? {};
}

const SHOWN = 4;

function list(items: readonly string[]): string {
  const shown = items.slice(0, SHOWN).join(', ');
  return items.length > SHOWN ? `${shown} and ${items.length - SHOWN} more` : shown;
}
