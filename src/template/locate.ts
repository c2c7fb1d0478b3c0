import { pathInTemplate } from './place-of-resource.ts';
import type { Path, SourcePosition, Template } from './types.ts';
import { member, valueAt } from './value.ts';

/** A place in a file, as people write it: `serverless.template:41:7`. */
export interface TemplatePlace extends SourcePosition {
  /** As the user gave it. */
  readonly path: string;
}

/** Where the template has a resource, or a value that CloudFormation names as `/Resources/Bucket/Properties/BucketName`. */
export type Locate = (logicalId: string, pointer?: string) => TemplatePlace | undefined;

/** Finds places in the user's own file for what CloudFormation says of the template that it has made of it. */
export function locator(template: Template): Locate {
  return (logicalId, pointer) => {
    const path = pointer === undefined ? [] : pathOf(template, pointer);
    const place = path[0] === 'Resources' ? resourcePath(template, path) : path.length > 0 ? path : undefined;
    const found = place ?? resourcePath(template, ['Resources', logicalId]);
    return found === undefined ? undefined : { path: template.path, ...template.positionOf(found) };
  };
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

/** What a transform has added is placed at what it was made from; what is in a nested stack, at that stack. */
function resourcePath(template: Template, path: Path): Path | undefined {
  const [, name] = path;
  if (typeof name !== 'string' || name === '') return undefined;
  if (member(member(template.value, 'Resources'), name) !== undefined) return path;
  return pathInTemplate(template, name.split('/')[0] ?? name);
}
