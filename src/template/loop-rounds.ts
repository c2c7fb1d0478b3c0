import { knownText, type Search } from './collect.ts';
import type { Loop, ResourceEntry, Round } from './read.ts';
import { rowsOf, IMAGE_PROPERTIES } from './resource-types.ts';
import { setOwn } from './to-value.ts';
import type { JsonObject, JsonValue } from './types.ts';
import { isMap, member, textMember, valueAt } from './value.ts';

/** More resources than a template may have, so that nested loops do not become endless work. */
const MAX_ROUNDS = 1000;

/**
 * The resources that a resource in a loop (`Fn::ForEach`) stands for, with the variables replaced by their values; all of them
 * keep the path of the one in the text. It comes back as it is when it is in no loop, when nothing in it depends on one, or when the values
 * are not known before the deployment.
 */
export function roundsOf(search: Search, resource: ResourceEntry): readonly ResourceEntry[] {
  const { loops, type } = resource;
  if (loops.length === 0 || (rowsOf(type).length === 0 && !(type in IMAGE_PROPERTIES))) return [resource];
  const values = loops.map((loop) => valuesOf(search, loop));
  const known = values.flatMap((list) => (list === undefined ? [] : [list]));
  if (known.length < values.length || known.reduce((count, list) => count * list.length, 1) > MAX_ROUNDS) return [resource];
  const variables = loops.map((loop) => loop.variable);
  return combinations(known).map((round) => bind(resource, { variables, values: round }));
}

/** The texts of a collection: a list, or the value of a parameter that is a list. */
function valuesOf(search: Search, loop: Loop): readonly string[] | undefined {
  const { collection } = loop;
  const parameter = textMember(collection, 'Ref');
  if (parameter !== undefined) {
    const text = knownText(search, collection);
    const declared = textMember(valueAt(search.template.value, ['Parameters', parameter]), 'Type') ?? '';
    // A list that Systems Manager holds has a name for its value here.
    if (text === undefined || !/^(?:CommaDelimitedList$|List<)/.test(declared)) return undefined;
    search.found.warnings.push(
      `The values of the loop variable ${loop.variable} come from the parameter ${parameter}: it is packaged for ${text}, and can be deployed for nothing else`,
    );
    return text.split(',').map((item) => item.trim());
  }
  if (!Array.isArray(collection)) return undefined;
  const items = (collection as readonly JsonValue[]).flatMap((item) =>
    typeof item === 'number' ? String(item) : (knownText(search, item) ?? []),
  );
  return items.length === collection.length ? items : undefined;
}

function combinations(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>((rounds, list) => rounds.flatMap((round) => list.map((value) => [...round, value])), [[]]);
}

function bind(resource: ResourceEntry, round: Round): ResourceEntry {
  const values = new Map(round.variables.map((variable, index) => [variable, round.values[index] ?? '']));
  const body = replace(resource.body, values) as JsonObject;
  const properties = member(body, 'Properties');
  return { ...resource, body, properties: isMap(properties) ? properties : {}, round };
}

/** As the `AWS::LanguageExtensions` transform does: `${Name}`, `&{Name}` without what is not alphanumeric, and `Ref`. */
function replace(value: JsonValue, values: ReadonlyMap<string, string>): JsonValue {
  if (typeof value === 'string') return replaceText(value, values);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((item) => replace(item, values));
  if (!isMap(value)) return value;
  const [only, second] = Object.keys(value);
  if (only === 'Ref' && second === undefined) return values.get(textMember(value, 'Ref') ?? '') ?? value;
  const copy: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value)) setOwn(copy, replaceText(key, values), replace(item, values));
  // What has no variable left is text, as far as a path is concerned.
  const substituted = copy['Fn::Sub'];
  return only === 'Fn::Sub' && second === undefined && typeof substituted === 'string' && !substituted.includes('${') ? substituted : copy;
}

function replaceText(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{([A-Za-z0-9]+)\}|&\{([A-Za-z0-9]+)\}/g, (whole, plain?: string, stripped?: string) => {
    const found = values.get(plain ?? stripped ?? '');
    if (found === undefined) return whole;
    return plain === undefined ? found.replace(/[^A-Za-z0-9]/g, '') : found;
  });
}
