import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactUse, ZipArtifact } from '../artifacts/types.ts';
import { referenceError, referenceOf, type Search } from './collect.ts';
import type { FoundPath } from './paths.ts';
import type { ResourceEntry } from './read.ts';

const PROJECT = /\.(?:cs|fs|vb)proj$/i;
const SOLUTION = /\.slnx?$/i;

/**
 * What is done with code: zipped, taken as it is, or published with `dotnet publish`. `fn` is set for code of a function. Throws UserError
 * TEMPLATE_INVALID, naming the projects, when a .NET function leads to several of them or to a solution.
 */
export async function codeSource(
  search: Search,
  resource: ResourceEntry,
  use: ArtifactUse,
  found: FoundPath,
  fn: { readonly runtime: string | undefined } | undefined,
): Promise<Exclude<ZipArtifact['source'], 'build'>> {
  // `provided.*` runs .NET compiled ahead of time; a function of another language may lie beside a project.
  const mayBeDotnet = fn !== undefined && (fn.runtime === undefined || /^(?:dotnet|provided)/.test(fn.runtime));
  if (found.type === 'file') {
    if (/\.zip$/i.test(found.path)) return 'zip';
    return mayBeDotnet && (/\.cs$/i.test(found.path) || PROJECT.test(found.path)) ? 'dotnet' : 'file';
  }
  if (!mayBeDotnet) return 'directory';
  const names = await search.lookup.names(found.path);
  const projects = names.filter((name) => PROJECT.test(name));
  if (projects.length === 1) return 'dotnet';
  const isDotnet = fn.runtime?.startsWith('dotnet') === true;
  const solution = names.find((name) => SOLUTION.test(name));
  if (isDotnet && (projects.length > 1 || solution !== undefined)) {
    const listed = projects.length > 1 ? projects : await projectsOf(join(found.path, solution ?? ''));
    const what = projects.length > 1 ? `holds ${projects.length} project files` : `holds the solution ${solution}, and no project`;
    const reference = referenceOf(search.template, resource, use.path);
    throw referenceError('TEMPLATE_INVALID', reference, `leads to ${found.path}, which ${what}: ${listed.join(', ') || '(none)'}`, {
      hint: 'Name the project file itself, or the directory of one project',
    });
  }
  if (projects.length > 1)
    search.found.warnings.push(
      `${resource.logicalId}: ${found.path} holds ${projects.length} project files, so it is zipped as it is and not built. Name the project file to have it built`,
    );
  return 'directory';
}

/** Paths of the projects of a solution, in its old and its new form. */
export async function projectsOf(solution: string): Promise<string[]> {
  const text = await readFile(solution, 'utf8');
  const paths = [...text.matchAll(/"([^"\n]+\.(?:cs|fs|vb)proj)"/gi)].map(([, path = '']) => path.replaceAll('\\', '/'));
  return [...new Set(paths)];
}
