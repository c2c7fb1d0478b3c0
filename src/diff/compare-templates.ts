import type { JsonObject, JsonValue, Path } from '../template/types.ts';
import { isMap, member, textMember } from '../template/value.ts';
import { canonicalKey } from './canonical.ts';
import { compareValues, shownPath, type Difference } from './compare-values.ts';
import type { EntryChange, PropertyChange, ResourceChange, TemplateChanges } from './types.ts';

/** A remark on the change of a value, by its whole path; undefined where there is nothing to say. */
export type Annotate = (path: Path) => string | undefined;

/** What differs between two templates, but for parameters. `before` is undefined when nothing is deployed. */
export function compareTemplates(before: JsonObject | undefined, after: JsonObject, annotate: Annotate = () => undefined): TemplateChanges {
  const section = (name: string): EntryChange[] => compareEntries(before, after, name, annotate);
  return {
    resources: compareResources(before, after, annotate),
    outputs: section('Outputs'),
    conditions: section('Conditions'),
    mappings: section('Mappings'),
    rules: section('Rules'),
    metadata: section('Metadata'),
    globals: section('Globals'),
    hooks: section('Hooks'),
    template: compareTop(before ?? {}, after),
  };
}

const SECTIONS = new Set(['Resources', 'Parameters', 'Outputs', 'Conditions', 'Mappings', 'Rules', 'Metadata', 'Globals', 'Hooks']);

/** A section of a template; one that is empty or missing has no entries. */
export function sectionOf(template: JsonObject | undefined, name: string): JsonObject {
  const section = member(template, name);
  return isMap(section) ? section : {};
}

interface Pair {
  readonly name: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** The entries of both sides by name: in the order of the second, then what only the first has. */
export function pairEntries(before: JsonObject, after: JsonObject): Pair[] {
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  return [...Object.keys(after), ...gone].map((name) => ({ name, before: member(before, name), after: member(after, name) }));
}

function compareResources(before: JsonObject | undefined, after: JsonObject, annotate: Annotate): ResourceChange[] {
  return pairEntries(sectionOf(before, 'Resources'), sectionOf(after, 'Resources')).flatMap((pair): ResourceChange[] => {
    const logicalId = pair.name;
    const type = typeOf(logicalId, pair.after ?? pair.before);
    if (pair.before === undefined) return [{ logicalId, type, action: 'added', properties: [] }];
    if (pair.after === undefined) return [{ logicalId, type, action: 'removed', properties: [] }];
    const note = (path: Path): string | undefined => annotate(['Resources', logicalId, ...path]);
    const properties = compareBodies(pair.before, pair.after).map((difference) => propertyChange(difference, note(difference.path)));
    return properties.length === 0 ? [] : [{ logicalId, type, action: 'changed', properties }];
  });
}

/** Loops and transforms stand among the resources under a name of their own. */
function typeOf(logicalId: string, body: JsonValue | undefined): string {
  return textMember(body, 'Type') ?? (/^Fn::\w+/.exec(logicalId)?.[0] || '');
}

function compareBodies(before: JsonValue, after: JsonValue): Difference[] {
  if (!isMap(before) || !isMap(after)) return compareValues(before, after);
  const { DependsOn: dependedOn, ...old } = withoutEmpty(before);
  const { DependsOn: dependsOn, ...own } = withoutEmpty(after);
  return [...compareSets(dependedOn, dependsOn, ['DependsOn']), ...compareValues(old, own)];
}

/** `Properties: {}` says nothing, and neither does a key without a value. */
function withoutEmpty(body: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(body).filter(
      ([key, value]) => value !== null && !(key === 'Properties' && isMap(value) && Object.keys(value).length === 0),
    ),
  );
}

/** One name, or several in any order. */
function compareSets(before: JsonValue | undefined, after: JsonValue | undefined, path: Path): Difference[] {
  const key = (value: JsonValue | undefined): string =>
    value === undefined
      ? ''
      : [value]
          .flat()
          .map((item) => canonicalKey(item))
          .toSorted()
          .join();
  if (key(before) === key(after)) return [];
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

function compareEntries(before: JsonObject | undefined, after: JsonObject, section: string, annotate: Annotate): EntryChange[] {
  return pairEntries(sectionOf(before, section), sectionOf(after, section)).flatMap((pair): EntryChange[] => {
    const { name } = pair;
    if (pair.before === undefined) return [{ name, action: 'added', properties: [] }];
    if (pair.after === undefined) return [{ name, action: 'removed', properties: [] }];
    const properties = compareValues(pair.before, pair.after).map((difference) =>
      propertyChange(difference, annotate([section, name, ...difference.path])),
    );
    return properties.length === 0 ? [] : [{ name, action: 'changed', properties }];
  });
}

function compareTop(before: JsonObject, after: JsonObject): PropertyChange[] {
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])].filter((name) => !SECTIONS.has(name));
  return names.flatMap((name) => {
    const [old, own] = [member(before, name) ?? undefined, member(after, name) ?? undefined];
    // One transform may be written without a list.
    const differences = name === 'Transform' ? compareValues(asList(old), asList(own), [name]) : compareValues(old, own, [name]);
    return differences.map((difference) => propertyChange(difference));
  });
}

function asList(value: JsonValue | undefined): JsonValue | undefined {
  return value === undefined || Array.isArray(value) ? value : [value];
}

export function propertyChange({ path, ...values }: Difference, note?: string): PropertyChange {
  return { path: shownPath(path), ...values, ...(note === undefined ? {} : { note }) };
}
