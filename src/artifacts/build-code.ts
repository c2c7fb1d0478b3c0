import { mkdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import type { Step } from '../output/reporter.ts';
import { copyEntries } from './copy-entries.ts';
import { digestZipContents, hashValues, PACKING_VERSION } from './digest.ts';
import { bundle } from './esbuild.ts';
import { readable } from './file-tree.ts';
import { runProgram, type ProgramEnd } from './program.ts';
import type { Publishing } from './publishing.ts';
import { withTempFolder } from './temp-folder.ts';
import type { BuildRecipe, ZipArtifact } from './types.ts';
import { listZipContents, singleFileContents, type ZipEntry } from './zip-contents.ts';

type Program = Extract<BuildRecipe, { kind: 'program' }>;
type Building = Pick<Publishing, 'options' | 'env' | 'signal' | 'buildLimit'>;

export interface CodeBuild {
  /** Of everything that goes into the build; undefined when only what comes out can tell whether something changed. */
  readonly digest: string | undefined;
  /** What goes into the build, for people. */
  readonly words: string;
  /** Builds, and hands over what came out while it is there. */
  run<T>(use: (entries: readonly ZipEntry[]) => Promise<T>): Promise<T>;
}

/**
 * How code is built. A program runs in a copy of the files that are hashed, so that it finds nothing there that the digest does not know.
 * esbuild follows imports out of the directory and takes a moment only, so it runs each time, and so do programs that
 * want to work in the source, and all with `--force-build`. Running throws UserError BUILD_FAILED or BUILD_TOOL_NOT_FOUND.
 */
export async function codeBuild(artifact: ZipArtifact, recipe: BuildRecipe, building: Building, step: Step): Promise<CodeBuild> {
  const { signal } = building;
  if (recipe.kind === 'esbuild') {
    const run: CodeBuild['run'] = (use) =>
      withTempFolder(async (folder) => {
        const output = join(folder, 'out');
        await bundle(artifact.path, recipe, output, building, step);
        return use(await listZipContents(output, signal));
      });
    return { digest: undefined, words: '', run };
  }
  if (recipe.inSource) {
    const run: CodeBuild['run'] = (use) =>
      withTempFolder(async (folder) => use(await runIn(artifact.path, await artifactsIn(folder), artifact, recipe, building, step)));
    return { digest: undefined, words: '', run };
  }
  const inputs = await listZipContents(artifact.path, signal, building.options.ownFiles);
  const digest = hashValues([
    'build',
    PACKING_VERSION,
    JSON.stringify(Object.entries(recipe).sort(([a], [b]) => (a < b ? -1 : 1))),
    artifact.architecture,
    artifact.runtime,
    await digestZipContents(inputs, signal, { root: artifact.path, env: building.env }),
  ]);
  return {
    digest: building.options.forceBuild === true ? undefined : digest,
    words: `built from ${inputs.length} ${inputs.length === 1 ? 'file' : 'files'}`,
    run: (use) =>
      withTempFolder(async (folder) => {
        const copy = join(folder, 'source');
        await copyEntries(inputs, copy, signal);
        return use(await runIn(copy, await artifactsIn(folder), artifact, recipe, building, step));
      }),
  };
}

async function artifactsIn(folder: string): Promise<string> {
  const directory = join(folder, 'artifacts');
  await mkdir(directory);
  return directory;
}

async function runIn(
  root: string,
  artifactsDirectory: string,
  artifact: ZipArtifact,
  recipe: Program,
  building: Building,
  step: Step,
): Promise<ZipEntry[]> {
  const [command = '', ...args] = recipe.command;
  const end = await building.buildLimit(() => {
    step.note(recipe.title);
    return runProgram({
      command,
      args,
      cwd: resolve(root, recipe.directory),
      env: { ...building.env, ARTIFACTS_DIR: artifactsDirectory, LAMBDA_ARCHITECTURE: artifact.architecture },
      signal: building.signal,
      onLine: (line) => step.output(line),
      missingHint: 'Install it, or correct BuildMethod or BuildCommand in the Metadata of the resource.',
    });
  });
  if (end.exitCode !== 0) throw buildFailed(recipe.title, artifact.path, end);
  const output = recipe.output === undefined ? artifactsDirectory : resolve(root, recipe.output);
  return contentsOf(output, artifact, recipe, building.signal);
}

async function contentsOf(output: string, artifact: ZipArtifact, recipe: Program, signal: AbortSignal): Promise<ZipEntry[]> {
  const found = await stat(output).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? undefined : Promise.reject(error)));
  try {
    if (found?.isFile() === true) return singleFileContents(output);
    if (found !== undefined) return await listZipContents(await readable(output, (path) => realpath(path)), signal);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'ARTIFACT_EMPTY') throw error;
  }
  const place = recipe.output ?? 'the directory that ARTIFACTS_DIR names';
  throw new UserError('BUILD_FAILED', `${recipe.title} in ${artifact.path} made nothing in ${place}.`, {
    hint:
      recipe.output === undefined
        ? 'Copy what the function needs into $ARTIFACTS_DIR, or say in BuildOutput what the build makes.'
        : 'Check BuildOutput in the Metadata of the resource; it is relative to the directory of the code.',
  });
}

/** The error for a program that ended badly, with the last lines it wrote. */
export function buildFailed(title: string, directory: string, end: ProgramEnd): UserError {
  const [, target] = /No rule to make target [`'"]?(build-\w+)/.exec(end.lastLines.join('\n')) ?? [];
  const missing = `The Makefile needs a target ${target}, as the resource is called; it copies what the function needs to $(ARTIFACTS_DIR).`;
  return new UserError('BUILD_FAILED', `${title} failed (exit code ${end.exitCode}).`, {
    hint: target === undefined ? `Its source is ${directory}. What .lambdaignore names is not there when it runs.` : missing,
    details: end.lastLines,
  });
}
