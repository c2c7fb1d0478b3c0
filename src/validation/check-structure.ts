import { suggest } from '../cli/suggest.ts';
import type { JsonValue, Path } from '../template/types.ts';
import { isMap, member, textMember } from '../template/value.ts';
import type { TemplateFacts } from './facts.ts';
import type { Problem } from './types.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html, and Globals of SAM. */
const MAP_SECTIONS = ['Metadata', 'Parameters', 'Rules', 'Mappings', 'Conditions', 'Globals', 'Hooks', 'Resources', 'Outputs'];
const SECTIONS = ['AWSTemplateFormatVersion', 'Description', 'Transform', ...MAP_SECTIONS];

const RESOURCE_ATTRIBUTES = [
  'Type',
  'Properties',
  'DependsOn',
  'Condition',
  'Metadata',
  'CreationPolicy',
  'UpdatePolicy',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  // Taken without a word, or by transforms.
  'Description',
  'Version',
  'Connectors',
  'IgnoreGlobals',
  'Fn::Transform',
];

export function* wrongFormatVersion({ template }: TemplateFacts): Iterable<Problem> {
  const version = member(template.value, 'AWSTemplateFormatVersion');
  if (version === undefined || version === null || version === '2010-09-09') return;
  yield { at: ['AWSTemplateFormatVersion'], message: 'AWSTemplateFormatVersion can only be "2010-09-09"' };
}

export function* unknownSections({ template }: TemplateFacts): Iterable<Problem> {
  for (const section of Object.keys(template.value)) {
    if (SECTIONS.includes(section)) continue;
    const meant = section.length > 255 ? undefined : suggest(section, SECTIONS);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    yield { at: [section], message: `${JSON.stringify(section)} is no section of a template${hint}` };
  }
}

export function* sectionsOfWrongType(facts: TemplateFacts): Iterable<Problem> {
  const { value } = facts.template;
  for (const section of MAP_SECTIONS) {
    const found = member(value, section);
    if (found !== undefined && found !== null && !isMap(found))
      yield { at: [section], message: `${section} must be a map, not ${kindOf(found)}` };
  }
  for (const [entries, noun] of [
    [facts.resources, 'resource'],
    [facts.parameters, 'parameter'],
    [facts.outputs, 'output'],
  ] as const) {
    for (const { name, body, path } of entries)
      if (!isMap(body)) yield { at: path, message: `the ${noun} ${name} must be a map, not ${kindOf(body)}` };
  }
  for (const { name, body, path } of facts.resources) {
    const properties = member(body, 'Properties');
    if (properties !== undefined && properties !== null && !isMap(properties))
      yield { at: [...path, 'Properties'], message: `Properties of ${name} must be a map, not ${kindOf(properties)}` };
  }
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
}

/** CloudFormation refuses nulls ("'null' values are not allowed in templates"); the serverless transform takes them away (`"Role": null` in .NET templates). */
export function* nullValues({ template, serverless }: TemplateFacts): Iterable<Problem> {
  if (serverless || (template.format === 'json' && !template.text.includes('null'))) return;
  const stack: { readonly value: JsonValue; readonly path: Path }[] = [{ value: template.value, path: [] }];
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    const { value, path } = item;
    for (const [key, inner] of membersOf(value)) {
      if (inner === null)
        yield { at: [...path, key], message: `${[...path, key].join('.')} has no value, and CloudFormation refuses nulls` };
      else if (typeof inner === 'object') stack.push({ value: inner, path: [...path, key] });
    }
  }
}

function membersOf(value: JsonValue): (readonly [string | number, JsonValue])[] {
  if (Array.isArray(value)) return [...(value as readonly JsonValue[]).entries()];
  return isMap(value) ? Object.entries(value) : [];
}

export function* resourcesWithoutType({ resources }: TemplateFacts): Iterable<Problem> {
  for (const { name, body, path } of resources) {
    if (!isMap(body) || member(body, 'Fn::Transform') !== undefined) continue;
    const type = member(body, 'Type');
    if (typeof type === 'string' && type !== '') continue;
    yield type === undefined
      ? { at: path, message: `the resource ${name} has no Type` }
      : { at: [...path, 'Type'], message: `the Type of ${name} must be a text` };
  }
}

export function* unknownResourceAttributes({ resources }: TemplateFacts): Iterable<Problem> {
  for (const { name, body, path } of resources) {
    if (!isMap(body)) continue;
    for (const key of Object.keys(body)) {
      if (RESOURCE_ATTRIBUTES.includes(key)) continue;
      const message = `${JSON.stringify(key)} of ${name} is no attribute of a resource; does it belong below Properties?`;
      yield { at: [...path, key], message };
    }
  }
}

export function* outputsWithoutValue({ outputs }: TemplateFacts): Iterable<Problem> {
  for (const { name, body, path } of outputs) {
    if (!isMap(body) || member(body, 'Fn::Transform') !== undefined || member(body, 'Value') !== undefined) continue;
    yield { at: path, message: `the output ${name} has no Value` };
  }
}

/** Things that only a transform understands, in a template that does not name it. */
export function* missingTransforms(facts: TemplateFacts): Iterable<Problem> {
  const { template, resources, serverless, languageExtensions } = facts;
  if (!serverless) {
    for (const { name, body, path } of resources) {
      const type = textMember(body, 'Type');
      if (type?.startsWith('AWS::Serverless::') !== true) continue;
      yield { at: [...path, 'Type'], message: `${name} is of type ${type}, which needs "Transform": "AWS::Serverless-2016-10-31"` };
    }
    if (member(template.value, 'Globals') !== undefined)
      yield { at: ['Globals'], message: 'Globals needs "Transform": "AWS::Serverless-2016-10-31"' };
  }
  if (languageExtensions) return;
  for (const section of ['Conditions', 'Resources', 'Outputs']) {
    const loop = Object.keys(member(template.value, section) ?? {}).find((key) => key.startsWith('Fn::ForEach::'));
    if (loop !== undefined) yield { at: [section, loop], message: `${loop} needs "Transform": "AWS::LanguageExtensions"` };
  }
}
