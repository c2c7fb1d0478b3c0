import type { Stack } from '../clients/cloudformation.ts';
import { scalarText, templateParameters, type ParameterEntry } from '../template/read.ts';
import type { JsonValue, Template } from '../template/types.ts';
import { isMap, member } from '../template/value.ts';
import { pairEntries, propertyChange, sectionOf } from './compare-templates.ts';
import { compareValues } from './compare-values.ts';
import { MASK, type Action, type ParameterChange, type PropertyChange, type TagChange, type Undecided } from './types.ts';

export interface ParameterQuestion {
  /** Undefined when nothing is deployed. */
  readonly deployed: Pick<Template, 'value'> | undefined;
  readonly stack: Pick<Stack, 'parameters'> | undefined;
  readonly template: Template;
  /** From the command line and the parameters file. */
  readonly given: Readonly<Record<string, string>>;
}

export interface ParameterAnswer {
  readonly changes: readonly ParameterChange[];
  /** NoEcho values that are given: nobody tells what the stack has. */
  readonly undecided: readonly Undecided[];
  /** Declared without a default, and nothing gives them a value. */
  readonly missing: readonly string[];
}

/** Compares declarations and values. Nothing of a parameter that is NoEcho on either side comes out but `****`. */
export function compareParameters(question: ParameterQuestion): ParameterAnswer {
  const { deployed, stack, template, given } = question;
  const known = new Map(stack?.parameters.map(({ name, value }) => [name, value]));
  const declared = new Map(templateParameters(template).map((parameter) => [parameter.name, parameter]));
  const changes: ParameterChange[] = [];
  const undecided: Undecided[] = [];
  const missing: string[] = [];
  for (const pair of pairEntries(sectionOf(deployed?.value, 'Parameters'), sectionOf(template.value, 'Parameters'))) {
    const { name } = pair;
    const entry = declared.get(name);
    const own = Object.hasOwn(given, name) ? given[name] : undefined;
    const before = pair.before === undefined ? undefined : (known.get(name) ?? defaultOf(pair.before));
    const after = entry === undefined ? undefined : (own ?? before ?? entry.default);
    if (entry !== undefined && after === undefined && !entry.hasDefault) missing.push(name);
    const noEcho = entry?.noEcho === true || saysNoEcho(pair.before);
    if (noEcho && own !== undefined && pair.before !== undefined && entry !== undefined)
      undecided.push({
        subject: `Parameter ${name}`,
        reason: 'a NoEcho value is given, and nobody tells the deployed one; left out, it stays',
      });
    changes.push(...compareParameter({ ...pair, entry, noEcho, values: noEcho ? masked(before, after) : { before, after } }));
  }
  return { changes, undecided, missing };
}

interface Facts {
  readonly name: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
  readonly entry: ParameterEntry | undefined;
  readonly noEcho: boolean;
  readonly values: { readonly before: string | undefined; readonly after: string | undefined };
}

function compareParameter({ name, before, after, entry, noEcho, values }: Facts): ParameterChange[] {
  const common = { name, ...present(values), noEcho };
  if (before === undefined) return entry === undefined ? [] : [{ ...common, action: 'added', properties: [] }];
  if (after === undefined) return [{ ...common, action: 'removed', properties: [] }];
  const properties = compareValues(before, after).map((difference): PropertyChange => {
    const change = propertyChange(difference);
    if (noEcho && (change.path === 'Default' || change.path.startsWith('AllowedValues'))) return maskChange(change);
    return change.path === 'Default' && values.before === values.after && values.before !== undefined
      ? { ...change, note: `the stack keeps ${values.before}` }
      : change;
  });
  return properties.length === 0 && values.before === values.after ? [] : [{ ...common, action: 'changed', properties }];
}

function present<T>(values: { readonly before: T | undefined; readonly after: T | undefined }): { before?: T; after?: T } {
  const { before, after } = values;
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function masked(before: string | undefined, after: string | undefined): Facts['values'] {
  return { before: before === undefined ? undefined : MASK, after: after === undefined ? undefined : MASK };
}

function maskChange(change: PropertyChange): PropertyChange {
  const { path } = change;
  return { path, ...('before' in change ? { before: MASK } : {}), ...('after' in change ? { after: MASK } : {}) };
}

function defaultOf(body: JsonValue): string | undefined {
  return scalarText(member(body, 'Default'));
}

function saysNoEcho(body: JsonValue | undefined): boolean {
  return isMap(body) && scalarText(member(body, 'NoEcho'))?.toLowerCase() === 'true';
}

type Tags = Readonly<Record<string, string>>;

/** Tags that AWS itself sets cannot be given, so they are no difference. */
export function compareTags(before: Tags, after: Tags): TagChange[] {
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])].filter((name) => !name.startsWith('aws:'));
  return names.flatMap((name): TagChange[] => {
    const values = present({ before: own(before, name), after: own(after, name) });
    if (values.before === values.after) return [];
    const action: Action = values.before === undefined ? 'added' : values.after === undefined ? 'removed' : 'changed';
    return [{ name, action, ...values }];
  });
}

function own(tags: Tags, name: string): string | undefined {
  return Object.hasOwn(tags, name) ? tags[name] : undefined;
}
