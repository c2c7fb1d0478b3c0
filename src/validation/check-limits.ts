import { TEMPLATE_LIMITS, templateBytes } from '../template/limits.ts';
import { isMap, member } from '../template/value.ts';
import type { TemplateFacts } from './facts.ts';
import { isDynamic, type Entry } from './names.ts';
import type { Problem } from './types.ts';

/** The documentation says "1 MB"; of its two readings this is the one that refuses nothing that AWS may take. */
const HARD_LIMIT = 1_048_576;
const DESCRIPTION_BYTES = 1024;
const NAME_LENGTH = 255;

const COUNTED = [
  ['Resources', TEMPLATE_LIMITS.resources],
  ['Parameters', TEMPLATE_LIMITS.parameters],
  ['Outputs', TEMPLATE_LIMITS.outputs],
  ['Mappings', TEMPLATE_LIMITS.mappings],
] as const;

/** `Fn::ForEach` counts as one entry, since only AWS writes it out. */
export function* tooManyEntries({ template }: TemplateFacts): Iterable<Problem> {
  for (const [section, limit] of COUNTED) {
    const value = member(template.value, section);
    const count = isMap(value) ? Object.keys(value).length : 0;
    if (count > limit) yield { at: [section], message: `${section} has ${count} entries, and CloudFormation takes ${limit}` };
  }
}

export function* tooLarge({ template }: TemplateFacts): Iterable<Problem> {
  const bytes = templateBytes(template.text);
  if (bytes > HARD_LIMIT) yield { at: [], message: `the template has ${bytes} bytes, and CloudFormation takes 1 MB` };
}

export function* needsBucket({ template, options }: TemplateFacts): Iterable<Problem> {
  const bytes = templateBytes(template.text);
  if (options.hasBucket === true || bytes <= TEMPLATE_LIMITS.bodyBytes) return;
  const message = `the template has ${bytes} bytes; above ${TEMPLATE_LIMITS.bodyBytes} it goes through a bucket: --s3-bucket NAME or --resolve-s3`;
  yield { at: [], message };
}

export function* longDescriptions({ template, outputs }: TemplateFacts): Iterable<Problem> {
  const places = [
    { at: ['Description'], value: member(template.value, 'Description') },
    ...outputs.map(({ body, path }) => ({ at: [...path, 'Description'], value: member(body, 'Description') })),
  ];
  for (const { at, value } of places) {
    if (value === undefined || value === null) continue;
    if (typeof value === 'object') yield { at, message: 'a Description must be plain text, without functions' };
    const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
    if (bytes > DESCRIPTION_BYTES)
      yield { at, message: `the Description has ${bytes} bytes, and CloudFormation takes ${DESCRIPTION_BYTES}` };
  }
}

/** Logical ids and names of parameters and outputs. */
export function* invalidNames({ resources, parameters, outputs }: TemplateFacts): Iterable<Problem> {
  for (const [entries, noun] of [
    [resources, 'resource'],
    [parameters, 'parameter'],
    [outputs, 'output'],
  ] as const)
    yield* entries.flatMap((entry) => invalidName(entry, noun));
}

function invalidName({ name, path }: Entry, noun: string): Problem[] {
  if (isDynamic(name) || name.startsWith('Fn::')) return [];
  if (name.length > NAME_LENGTH) {
    return [{ at: path, message: `the name of a ${noun} has ${name.length} characters, and CloudFormation takes ${NAME_LENGTH}` }];
  }
  if (/^[A-Za-z0-9]+$/.test(name)) return [];
  return [{ at: path, message: `${JSON.stringify(name)} cannot be the name of a ${noun}: letters and digits only` }];
}

/** Parameters and resources share one space of names. */
export function* namesUsedTwice({ parameters, resourceNames }: TemplateFacts): Iterable<Problem> {
  const resources = new Set(resourceNames.list());
  for (const { name, path } of parameters)
    if (resources.has(name)) yield { at: path, message: `${name} is the name of a parameter and of a resource` };
}
