import { loadNested, pathInTemplate, type LoadTemplate } from './place-of-resource.ts';
import type { Path, SourcePosition, Template } from './types.ts';
import { member, valueAt } from './value.ts';

/** A place in a file, as people write it: `serverless.template:41:7`. */
export interface TemplatePlace extends SourcePosition {
  /** As the user gave it. */
  readonly path: string;
}

/**
 * Where the user has a resource (`Orders/Table` for one of the nested stack `Orders`), or a value that CloudFormation names, within the
 * template that has the resource, as `/Resources/Table/Properties/TableName`.
 */
export type Locate = (logicalId: string, pointer?: string) => Promise<TemplatePlace | undefined>;

/**
 * Finds places in the user's own files for what CloudFormation says of the templates that it has made of them; `file` is the absolute path
 * of the template. What is in a nested template that is not on this machine is placed at its nested stack.
 */
export function locator(template: Template, file: string, load: LoadTemplate): Locate {
  return (logicalId, pointer) => placeWithin(template, file, logicalId.split('/'), pointer, load);
}

async function placeWithin(
  template: Template,
  file: string,
  [logicalId = '', ...rest]: readonly string[],
  pointer: string | undefined,
  load: LoadTemplate,
): Promise<TemplatePlace | undefined> {
  if (rest.length === 0) return placeInTemplate(template, logicalId, pointer);
  const nested = await loadNested(template, file, logicalId, load);
  const inside = nested === undefined ? undefined : await placeWithin(nested.template, nested.file, rest, pointer, load);
  return inside ?? placeInTemplate(template, logicalId);
}

/** The same for one template. */
export function placeInTemplate(template: Template, logicalId: string, pointer?: string): TemplatePlace | undefined {
  const path = pointer === undefined ? [] : pathOf(template, pointer);
  const place = path[0] === 'Resources' ? resourcePath(template, path) : path.length > 0 ? path : undefined;
  const found = place ?? resourcePath(template, ['Resources', logicalId]);
  return found === undefined ? undefined : { path: template.path, ...template.positionOf(found) };
}

/** `serverless.template:41:7` */
export function formatPlace({ path, line, column }: TemplatePlace): string {
  return `${path}:${line}:${column}`;
}

/** The keys of a pointer; indexes are told from keys by what is there. */
function pathOf(template: Template, pointer: string): Path {
  const path: (string | number)[] = [];
  for (const part of pointer.split('/').filter((text) => text !== '' && text !== '#')) {
    const step = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(/^\d+$/.test(step) && Array.isArray(valueAt(template.value, path)) ? Number(step) : step);
  }
  return path;
}

/** What a transform has added is placed at what it was made from. */
function resourcePath(template: Template, path: Path): Path | undefined {
  const [, name] = path;
  if (typeof name !== 'string' || name === '') return undefined;
  if (member(member(template.value, 'Resources'), name) !== undefined) return path;
  return pathInTemplate(template, name);
}
