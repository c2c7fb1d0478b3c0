import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { editTemplate } from './edit.ts';
import { JsonPathProblem, selectPaths } from './json-path.ts';
import { parseFragment } from './parse.ts';
import type { JsonValue, Path, Template, TemplateEdit } from './types.ts';
import { valueAt } from './value.ts';

/**
 * `--template-substitutions`: puts values into a template, JSON or YAML. Keys are JSONPaths that must select something; a value is the text of the
 * file it names below `projectDirectory` (absolute), else the text itself, and is turned into the type that the template has there.
 * Only the places named change in the text. Throws UserError SUBSTITUTION.
 */
export async function applySubstitutions(
  template: Template,
  substitutions: Readonly<Record<string, string>>,
  projectDirectory: string,
): Promise<Template> {
  let current = template;
  for (const [expression, given] of Object.entries(substitutions)) {
    const paths = select(current, expression);
    const value = await fileText(resolve(projectDirectory, given), given);
    // One after the other: a later path may lead into what an earlier one put in.
    current = editTemplate(current, await Promise.all(paths.map((path) => editFor(current, expression, path, value))));
  }
  return current;
}

interface Given {
  readonly text: string;
  /** The file the text is from. */
  readonly file?: string | undefined;
}

function select(template: Template, expression: string): Path[] {
  const paths = pathsFor(template, expression);
  if (paths.length > 0) return paths;
  throw new UserError('SUBSTITUTION', `The template substitution ${expression} selects nothing in ${template.path}`, {
    hint: "Keys with dots go in brackets: $.Resources['My.Key'].Properties",
  });
}

function pathsFor(template: Template, expression: string): Path[] {
  try {
    return selectPaths(template.value, expression).filter((path) => path.length > 0);
  } catch (error) {
    if (!(error instanceof JsonPathProblem)) throw error;
    throw new UserError('SUBSTITUTION', `The template substitution ${expression} is no JSONPath: ${error.message}`, { cause: error });
  }
}

/** Values that cannot be paths (too long, or with characters no path has) are no files. */
async function fileText(path: string, given: string): Promise<Given> {
  const isFile =
    given !== '' &&
    !given.includes('\0') &&
    (await stat(path).then(
      (stats) => stats.isFile(),
      () => false,
    ));
  if (!isFile) return { text: given };
  try {
    return { text: (await readFile(path, 'utf8')).replace(/^\uFEFF/, ''), file: given };
  } catch (error) {
    throw new UserError('SUBSTITUTION', `The file ${given} of a template substitution cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function editFor(template: Template, expression: string, path: Path, given: Given): Promise<TemplateEdit> {
  const value = await convert(valueAt(template.value, path), given);
  if (value !== undefined) return { path, value };
  const source = given.file === undefined ? `the value ${JSON.stringify(shorten(given.text))}` : `the text of ${given.file}`;
  const type = typeName(valueAt(template.value, path));
  throw new UserError('SUBSTITUTION', `The template substitution ${expression} selects ${type}, and ${source} does not fit there`, {
    hint: `See ${template.path}:${template.positionOf(path).line}`,
  });
}

/** The text as a value of the same type; undefined when it is none. */
async function convert(present: JsonValue | undefined, { text }: Given): Promise<JsonValue | undefined> {
  if (typeof present === 'string') return text;
  const word = text.trim();
  if (typeof present === 'boolean') return /^true$/i.test(word) ? true : /^false$/i.test(word) ? false : undefined;
  if (typeof present === 'number') return word !== '' && Number.isFinite(Number(word)) ? Number(word) : undefined;
  if (present === null || present === undefined) return undefined;
  const parsed = await parseStructure(text);
  return Array.isArray(parsed) === Array.isArray(present) ? parsed : undefined;
}

/** A map or list, in JSON (comments are fine) or YAML. */
async function parseStructure(text: string): Promise<JsonValue | undefined> {
  const value = await parseFragment(text);
  return typeof value === 'object' && value !== null ? value : undefined;
}

function typeName(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return 'an empty value';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
