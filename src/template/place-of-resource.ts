import { dirname, resolve } from 'node:path';

import { referenceKind } from './paths.ts';
import { rowsOf } from './resource-types.ts';
import type { JsonValue, Path, Template } from './types.ts';
import { isMap, member, textMember, valueAt } from './value.ts';

export interface ResourcePlace {
  /** Absolute path of the template that has it. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** Reads and parses the template at an absolute path; undefined for one that cannot be read. */
export type LoadTemplate = (file: string) => Promise<Template | undefined>;

/**
 * Where a resource comes from, by the logical ids of its nested stacks and its own: what the serverless transform has made
 * (`ApiFunctionRole`) is at the resource it was made from, what a loop has made is at the loop. Undefined where nothing fits.
 */
export async function placeOfResource(
  template: Template,
  file: string,
  path: readonly string[],
  load: LoadTemplate,
): Promise<ResourcePlace | undefined> {
  const [logicalId, ...rest] = path;
  if (logicalId === undefined) return undefined;
  const found = pathInTemplate(template, logicalId);
  if (found === undefined) return undefined;
  if (rest.length === 0) return { file, line: lineOf(template, found) };
  const nested = await loadNested(template, file, logicalId, load);
  const inside = nested === undefined ? undefined : await placeOfResource(nested.template, nested.file, rest, load);
  // A template that is not here: the nested stack itself is the nearest place.
  return inside ?? { file, line: lineOf(template, found) };
}

/** The template of a nested stack, with its absolute path; undefined for one that is not on this machine or cannot be read. */
export async function loadNested(
  template: Template,
  file: string,
  logicalId: string,
  load: LoadTemplate,
): Promise<{ readonly template: Template; readonly file: string } | undefined> {
  const found = pathInTemplate(template, logicalId);
  const nestedFile = found === undefined ? undefined : nestedTemplate(valueAt(template.value, found), file);
  const nested = nestedFile === undefined ? undefined : await load(nestedFile);
  return nested === undefined || nestedFile === undefined ? undefined : { template: nested, file: nestedFile };
}

/** A value in a YAML block begins below its key; the line of the key is the one that people look for. */
function lineOf(template: Template, path: Path): number {
  const { line } = template.positionOf(path);
  const key = String(path.at(-1));
  const lines = template.text.split('\n');
  const isKey = (text: string | undefined): boolean =>
    text !== undefined && new RegExp(`^\\s*['"]?${escapeRegExp(key)}['"]?\\s*:`).test(text);
  if (isKey(lines[line - 1])) return line;
  for (let above = line - 1; above > 0 && above > line - 20; above -= 1) if (isKey(lines[above - 1])) return above;
  return line;
}

/** Where a template has a resource, or what a transform or loop has made it from. */
export function pathInTemplate(template: Template, logicalId: string): Path | undefined {
  const resources = member(template.value, 'Resources');
  if (!isMap(resources)) return undefined;
  if (Object.hasOwn(resources, logicalId)) return ['Resources', logicalId];
  return loopOf(resources, logicalId) ?? generatorOf(resources, logicalId) ?? implicitApi(resources, logicalId);
}

/** `Fn::ForEach::Tables: [Name, […], { "${Name}Table": … }]` makes `OrdersTable`. */
function loopOf(resources: JsonValue, logicalId: string): Path | undefined {
  if (!isMap(resources)) return undefined;
  const loop = Object.entries(resources).find(
    ([key, value]) => key.startsWith('Fn::ForEach::') && JSON.stringify(value).includes('{') && makes(value, logicalId),
  );
  return loop === undefined ? undefined : ['Resources', loop[0]];
}

function makes(loop: JsonValue, logicalId: string): boolean {
  const body = Array.isArray(loop) ? (loop[2] as JsonValue | undefined) : undefined;
  if (!isMap(body)) return false;
  return Object.entries(body).some(([key, value]) => {
    if (key.startsWith('Fn::ForEach::')) return makes(value, logicalId);
    const pattern = key
      .split(/[$&]\{[^}]*\}/)
      .map(escapeRegExp)
      .join('.+');
    return new RegExp(`^${pattern}$`).test(logicalId);
  });
}

/** The serverless transform begins the ids of what it makes with the id of what it makes it from. */
function generatorOf(resources: JsonValue, logicalId: string): Path | undefined {
  if (!isMap(resources)) return undefined;
  const candidates = Object.keys(resources).filter(
    (name) => logicalId.startsWith(name) && textMember(resources[name], 'Type')?.startsWith('AWS::Serverless::') === true,
  );
  const longest = candidates.toSorted((one, other) => other.length - one.length)[0];
  return longest === undefined ? undefined : ['Resources', longest];
}

/** APIs that no resource declares come from the first event that needs one. */
function implicitApi(resources: JsonValue, logicalId: string): Path | undefined {
  const type = logicalId.startsWith('ServerlessRestApi') ? 'Api' : logicalId.startsWith('ServerlessHttpApi') ? 'HttpApi' : undefined;
  if (type === undefined || !isMap(resources)) return undefined;
  for (const [name, resource] of Object.entries(resources)) {
    const events = valueAt(resource, ['Properties', 'Events']);
    if (textMember(resource, 'Type') !== 'AWS::Serverless::Function' || !isMap(events)) continue;
    const event = Object.keys(events).find((key) => textMember(events[key], 'Type') === type);
    if (event !== undefined) return ['Resources', name, 'Properties', 'Events', event];
  }
  return undefined;
}

/** The file behind `TemplateURL` or `Location`, when it is one of this machine. */
function nestedTemplate(resource: JsonValue | undefined, file: string): string | undefined {
  const row = rowsOf(textMember(resource, 'Type') ?? '').find(({ kind }) => kind === 'template');
  const location = row === undefined ? undefined : valueAt(resource, ['Properties', ...row.property]);
  if (typeof location !== 'string' || referenceKind(location) === 'remote') return undefined;
  return resolve(dirname(file), location.replaceAll('\\', '/'));
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
