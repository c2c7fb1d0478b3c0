import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { UserError } from '../errors.ts';
import { nameFromDirectory, projectNames } from './names.ts';
import { projectPath, substituteNames } from './substitution.ts';
import type { ProjectTemplate } from './templates.ts';
import { writeProjectFiles } from './write-files.ts';

export interface CreateProjectInput {
  readonly template: ProjectTemplate;
  /** Made when missing; relative to the working directory. */
  readonly outputDirectory: string;
  /** Default: the name of the output directory. */
  readonly name?: string | undefined;
  /** Write over files that exist. */
  readonly force?: boolean | undefined;
  /** The `templates` folder of the package. */
  readonly templatesFolder: string;
}

export interface CreatedProject {
  readonly name: string;
  /** A stack name that CloudFormation accepts, for the next command. */
  readonly stackName: string;
  /** Absolute path of the output directory. */
  readonly directory: string;
  /** Absolute path of the directory with `serverless.template`, where the next commands are typed. */
  readonly projectDirectory: string;
  /** Every file written, relative to `directory`, with forward slashes, sorted. */
  readonly files: readonly string[];
}

/**
 * Copies a project template under a new name. Everything is looked at before anything is written, and what was written
 * is taken back when a later file cannot be. Throws UserError `USAGE` (the name cannot be used), `FILE_EXISTS` (naming
 * the files) or `FILE_NOT_WRITABLE`.
 */
export async function createProject(input: CreateProjectInput): Promise<CreatedProject> {
  const directory = resolve(input.outputDirectory);
  const names = projectNames(input.name ?? nameFromDirectory(basename(directory)));

  const sources = await listFiles(join(input.templatesFolder, input.template.name));
  const files = await Promise.all(
    sources.map(async (source) => ({
      path: projectPath(source.path, names),
      content: substituteNames(await readFile(source.absolute, 'utf8'), names),
    })),
  );
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  await writeProjectFiles(directory, files, input.force ?? false);

  return {
    name: names.name,
    stackName: names.stackName,
    directory,
    projectDirectory: resolve(directory, projectPath(input.template.projectFolder, names)),
    files: files.map((file) => file.path),
  };
}

/** Output of builds, which lies there when somebody has built a template in place. */
const NOT_PART_OF_A_TEMPLATE = new Set(['bin', 'obj', 'node_modules']);

async function listFiles(folder: string): Promise<{ path: string; absolute: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((cause: unknown) => {
    throw new UserError('INTERNAL', `The project template is missing from this installation: ${folder}`, { cause });
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const absolute = join(entry.parentPath, entry.name);
      return { absolute, path: absolute.slice(folder.length + 1).replaceAll(sep, '/') };
    })
    .filter(({ path }) => !path.split('/').some((part) => NOT_PART_OF_A_TEMPLATE.has(part)));
}
