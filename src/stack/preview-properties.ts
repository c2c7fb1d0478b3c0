import type { PropertyDetail, ResourceChange } from '../clients/cloudformation.ts';

/** One property, or a part of one. `before` is absent for what is added, `after` for what is removed; both where no values are told. */
export interface PropertyChange {
  /** `Policies[0].PolicyDocument.Statement[0].Action`; `Metadata.…` and the like for what is no property. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
  /** Whether this makes CloudFormation replace the resource: `Never`, `Conditionally` or `Always`. */
  readonly requiresRecreation: string;
}

/**
 * What differs in a resource that is modified: from its text before and after where the endpoint gives both, else from the
 * details of the change set, which may have no values.
 */
export function propertyChanges(change: ResourceChange): PropertyChange[] {
  const details = change.details ?? [];
  const contexts = readContexts(change);
  const fromContexts = contexts === undefined ? [] : differences(contexts.before, contexts.after, []);
  const told = new Set(fromContexts.map(({ path }) => topOf(path)));
  const rest = details.filter((detail) => !told.has(topOf(pathOf(detail)))).flatMap(fromDetail);
  const seen = new Set<string>();
  return [...fromContexts, ...rest].flatMap(({ path, before, after }) => {
    const text = pathText(path);
    if (seen.has(text)) return [];
    seen.add(text);
    const values = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
    return [{ path: text, ...values, requiresRecreation: recreationOf(path, details) }];
  });
}

/** The resource before and after as values; undefined unless both are there and can be read. */
export function readContexts(change: ResourceChange): { readonly before: unknown; readonly after: unknown } | undefined {
  const before = parse(change.before);
  const after = parse(change.after);
  return before === undefined || after === undefined ? undefined : { before, after };
}

type Key = string | number;

interface Difference {
  readonly path: readonly Key[];
  readonly before: unknown;
  readonly after: unknown;
}

/** The smallest parts that differ. Lists of plain values are compared as a whole: an index would tell nothing. */
function differences(before: unknown, after: unknown, path: readonly Key[]): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isMap(before) && isMap(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      differences(before[key], after[key], [...path, key]),
    );
  }
  if (isListOfParts(before) && isListOfParts(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index).flatMap((index) =>
      differences(before[index], after[index], [...path, index]),
    );
  }
  return [{ path, before, after }];
}

function isListOfParts(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null);
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fromDetail(detail: PropertyDetail): Difference[] {
  const path = pathOf(detail);
  const [before, after] = [parse(detail.before) ?? detail.before, parse(detail.after) ?? detail.after];
  const inner = differences(before, after, path);
  return inner.length > 0 ? inner : [{ path, before, after }];
}

/** `/Properties/Environment/Variables/Stage` → its keys; without a path the name of the property or of the attribute. */
function pathOf(detail: PropertyDetail): Key[] {
  if (detail.path !== undefined && detail.path !== '') {
    // JSON pointers (RFC 6901); lists count by number.
    const keys = detail.path.split('/').slice(1);
    return keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key.replaceAll('~1', '/').replaceAll('~0', '~')));
  }
  if (detail.attribute === 'Properties') return detail.name === undefined ? ['Properties'] : ['Properties', detail.name];
  return detail.attribute === 'Tags' ? ['Properties', 'Tags'] : [detail.attribute];
}

/** The property, or the attribute for what is no property. */
function topOf(path: readonly Key[]): string {
  return path[0] === 'Properties' ? `Properties/${path[1] ?? ''}` : String(path[0]);
}

function pathText(path: readonly Key[]): string {
  const keys = path[0] === 'Properties' && path.length > 1 ? path.slice(1) : path;
  return keys.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}

const SEVERITY = ['Never', 'Conditionally', 'Always'];

function recreationOf(path: readonly Key[], details: readonly PropertyDetail[]): string {
  const levels = details
    .filter((detail) => topOf(pathOf(detail)) === topOf(path))
    .map((detail) => SEVERITY.indexOf(detail.requiresRecreation ?? ''));
  return SEVERITY[Math.max(0, ...levels)] ?? 'Never';
}

/** JSON values that are no plain text; anything else is undefined. */
function parse(text: string | undefined): unknown {
  if (text === undefined || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // CloudFormation cuts large values off: then the text stands for itself.
    return undefined;
  }
}
