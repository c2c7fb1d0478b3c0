import { UserError } from '../errors.ts';
import { skipTrivia } from './json-trivia.ts';
import { positionsOf, problemAt, TemplateProblem } from './positions.ts';
import { childNode, type SourceNode, type SourceTree } from './source-node.ts';
import { describeTree } from './to-value.ts';
import type { JsonObject, JsonValue, Path, SourcePosition, Template } from './types.ts';

type Reader = (text: string) => SourceNode | undefined;

interface Source {
  readonly tree: SourceTree;
  readonly reader: Reader;
}

const sources = new WeakMap<Template, Source>();

/**
 * Reads a template in JSON (comments and trailing commas are fine) or YAML. A byte order mark and CRLF line ends survive in `text`.
 * Throws UserError TEMPLATE_SYNTAX or TEMPLATE_INVALID with `path:line:column` and the first reason, and nothing else.
 */
export async function parseTemplate(text: string, path: string): Promise<Template> {
  if (looksLikeJson(text)) {
    const { readJson } = await import('./read-json.ts');
    return parseWith(text, path, 'json', readJson);
  }
  // The quick reader needs no library, and gives up on whatever is unusual or wrong.
  const { readCommonYaml } = await import('./read-yaml-common.ts');
  const root = readCommonYaml(text);
  return parseWith(text, path, 'yaml', root === undefined ? await yamlReader() : readCommonYaml, root);
}

async function yamlReader(): Promise<Reader> {
  return (await import('./read-yaml.ts')).readYaml;
}

/** A brace, then a key in double quotes or nothing: `{ Resources: … }` and `{ 'Resources': … }` are flow maps of YAML. */
function looksLikeJson(text: string): boolean {
  const brace = skipTrivia(text, 0);
  if (text[brace] !== '{') return false;
  const first = text[skipTrivia(text, brace + 1)];
  return first === undefined || first === '"' || first === '}';
}

/** The value of a piece of JSON or YAML that is no template; undefined when it is neither. */
export async function parseFragment(text: string): Promise<JsonValue | undefined> {
  const readers: Reader[] =
    looksLikeJson(text) || /^\uFEFF?\s*\[/.test(text)
      ? [(await import('./read-json.ts')).readJson, await yamlReader()]
      : [await yamlReader()];
  for (const reader of readers) {
    try {
      const root = reader(text);
      return root === undefined ? undefined : describeTree(root).value;
    } catch (error) {
      if (!(error instanceof TemplateProblem)) throw error;
    }
  }
  return undefined;
}

/** What the text of a template looks like in detail; for edits. */
export function sourceOf(template: Template): SourceTree {
  return knownSource(template).tree;
}

/** Reads a changed text the way the template was read. */
export function parseAgain(template: Template, text: string): Template {
  return parseWith(text, template.path, template.format, knownSource(template).reader);
}

function knownSource(template: Template): Source {
  const source = sources.get(template);
  if (source === undefined) throw new UserError('INTERNAL', `${template.path}: the template was not made by parseTemplate`);
  return source;
}

function parseWith(text: string, path: string, format: 'json' | 'yaml', reader: Reader, read?: SourceNode): Template {
  const positions = positionsOf(text);
  try {
    const root = rootMap(read ?? reader(text));
    const tree: SourceTree = { ...describeTree(root), root };
    const value = tree.value as JsonObject;
    checkResources(tree);
    const positionOf = (place: Path): SourcePosition => positions.at(nearestNode(tree.root, place).start);
    const template: Template = { path, format, text, value, positionOf };
    sources.set(template, { tree, reader });
    return template;
  } catch (error) {
    if (error instanceof TemplateProblem) throw problemAt(path, positions, error);
    throw new UserError('TEMPLATE_SYNTAX', `${path}:1:1: the template cannot be read as ${format.toUpperCase()}`, { cause: error });
  }
}

function rootMap(root: SourceNode | undefined): SourceTree['root'] {
  if (root === undefined) throw new TemplateProblem('TEMPLATE_INVALID', 0, 'the template is empty');
  if (root.kind === 'map') return root;
  throw new TemplateProblem('TEMPLATE_INVALID', root.start, 'a template is a map with a Resources section; this is something else');
}

function checkResources(tree: SourceTree): void {
  const resources = childNode(tree.root, 'Resources');
  const value = (tree.value as JsonObject)['Resources'];
  if (resources === undefined || value === null) {
    throw new TemplateProblem('TEMPLATE_INVALID', resources?.start ?? tree.root.start, 'the template has no Resources section');
  }
  if (typeof value !== 'object' || Array.isArray(value))
    throw new TemplateProblem('TEMPLATE_INVALID', resources.start, 'Resources must be a map of resources');
}

function nearestNode(root: SourceNode, path: Path): SourceNode {
  let nearest = root;
  for (const step of path) {
    const next = childNode(nearest, step);
    if (next === undefined) break;
    nearest = next;
  }
  return nearest;
}
