import type { ArtifactUse } from '../artifacts/types.ts';
import { referenceError } from './collect.ts';
import { isIntrinsic } from './read.ts';
import { setOwn } from './to-value.ts';
import type { JsonObject, JsonValue, Path, Template, TemplateEdit } from './types.ts';
import { isMap, member, valueAt } from './value.ts';

/** One place in a loop, and one of the artefacts that its rounds use. */
export interface RoundUse {
  readonly use: ArtifactUse;
  /** What is written for it: a text, or the members of a map. */
  readonly written: string | Readonly<Record<string, string>>;
}

/**
 * The edits for places whose rounds use different artefacts: the locations go into `Mappings`, and the place looks its own up with
 * `Fn::FindInMap`, by the values of the loop variables. (`sam package` does the same:
 * https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-language-extensions.html.)
 */
export function loopEdits(template: Template, places: readonly (readonly RoundUse[])[]): TemplateEdit[] {
  const present = member(template.value, 'Mappings');
  const tables: Record<string, JsonObject> = {};
  const edits = places.flatMap((rounds) => {
    const [first] = rounds;
    if (first === undefined) return [];
    const name = freeName(mappingName(first.use.path), present, tables);
    tables[name] = tableOf(template, rounds);
    return placeEdits(template, first, name);
  });
  if (edits.length === 0) return [];
  if (!isMap(present)) return [...edits, { path: ['Mappings'], value: tables }];
  return [...edits, ...Object.entries(tables).map(([name, value]) => ({ path: ['Mappings', name], value }))];
}

/** Only letters and digits are allowed in the name of a mapping. */
function mappingName(path: Path): string {
  const steps = path.filter((step) => typeof step === 'string' && step !== 'Resources' && step !== 'Properties' && step !== 'Fn::If');
  // Branches of an Fn::If are told apart by their number; the 2 of a loop's body says nothing.
  const branch = path.flatMap((step, index) => (path[index - 1] === 'Fn::If' ? [step] : []));
  return ['Artifacts', ...steps, ...branch]
    .map((step) =>
      String(step)
        .replace(/^Fn::ForEach::/, '')
        .replace(/[^A-Za-z0-9]/g, ''),
    )
    .join('');
}

function freeName(wanted: string, present: JsonValue | undefined, tables: Readonly<Record<string, JsonObject>>): string {
  let name = wanted;
  for (let number = 2; member(present, name) !== undefined || Object.hasOwn(tables, name); number += 1) name = `${wanted}${number}`;
  return name;
}

function tableOf(template: Template, rounds: readonly RoundUse[]): JsonObject {
  const table: Record<string, JsonValue> = {};
  for (const { use, written } of rounds) {
    const entry = typeof written === 'string' ? { Location: written } : written;
    for (const values of use.loop?.rounds ?? []) setOwn(table, checkKey(template, use, values.join('-')), entry);
  }
  return table;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/mappings-section-structure.html; `-` and `.` are accepted as in names of Regions. */
function checkKey(template: Template, use: ArtifactUse, key: string): string {
  if (/^[A-Za-z0-9.-]+$/.test(key)) return key;
  const { logicalId, resourceType, path } = use;
  const reference = { template, logicalId, resourceType, path, textPath: path, loopVariables: [] };
  throw referenceError(
    'TEMPLATE_INVALID',
    reference,
    `depends on a loop whose values cannot be keys of a mapping: ${JSON.stringify(key)}`,
    {
      hint: 'Use values of letters, digits, "-" and ".", or write the resources out',
    },
  );
}

function placeEdits(template: Template, { use, written }: RoundUse, name: string): TemplateEdit[] {
  const variables = (use.loop?.variables ?? []).map((variable) => ({ Ref: variable }));
  const key: JsonValue = variables.length === 1 ? (variables[0] ?? null) : { 'Fn::Join': ['-', variables] };
  const find = (attribute: string): JsonValue => ({ 'Fn::FindInMap': [name, key, attribute] });
  if (typeof written === 'string') return [{ path: use.path, value: find('Location') }];
  return memberEdits(
    template,
    use.path,
    Object.keys(written).map((attribute) => [attribute, find(attribute)] as const),
  );
}

/** A map that is there keeps its other members (`S3ObjectStorageMode`, …); anything else is replaced. */
export function memberEdits(template: Template, path: Path, members: readonly (readonly [string, JsonValue])[]): TemplateEdit[] {
  const present = valueAt(template.value, path);
  if (isMap(present) && !isIntrinsic(present)) return members.map(([key, value]) => ({ path: [...path, key], value }));
  return [{ path, value: Object.fromEntries(members) }];
}
