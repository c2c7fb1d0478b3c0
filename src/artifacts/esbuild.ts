import { readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../errors.ts';
import type { Step } from '../output/reporter.ts';
import { readable } from './file-tree.ts';
import { directoryAndAbove, findOnPath, firstRunnable } from './find-program.ts';
import { runProgram } from './program.ts';
import type { Publishing } from './publishing.ts';
import type { BuildRecipe } from './types.ts';

type Bundling = Pick<Publishing, 'env' | 'signal'>;

/** What an entry point without an extension may be, the first that is there. */
const EXTENSIONS = ['.ts', '.js', '.tsx', '.jsx', '.mts', '.mjs', '.cts', '.cjs'];
const MISSING_HINT = 'Run "npm install --save-dev esbuild" in the project; lambda-tool never downloads programs.';

/**
 * Bundles the entry points of a directory with the project's esbuild. The output depends on the sources and not on where they lie.
 * Throws UserError BUILD_TOOL_NOT_FOUND, or BUILD_FAILED with esbuild's errors.
 */
export async function bundle(
  directory: string,
  recipe: Extract<BuildRecipe, { kind: 'esbuild' }>,
  output: string,
  { env, signal }: Bundling,
  step: Step,
): Promise<void> {
  const program = await findEsbuild(directory, env);
  const entryPoints = await Promise.all(recipe.entryPoints.map((entry) => entryFile(directory, entry)));
  step.note('esbuild');
  const end = await runProgram({
    command: program,
    args: [...entryPoints, ...recipe.switches, `--outdir=${output}`, '--log-level=warning', '--color=false'],
    cwd: directory,
    env,
    signal,
    onLine: (line) => step.output(line),
    missingHint: MISSING_HINT,
  });
  if (end.exitCode !== 0)
    throw new UserError('BUILD_FAILED', `esbuild of ${entryPoints.join(', ')} in ${directory} failed (exit code ${end.exitCode}).`, {
      hint: 'Correct what esbuild names. Packages that the function gets from a layer or the runtime belong into External.',
      details: end.lastLines.filter((line) => line.trim() !== ''),
    });
  await settleSourceMaps(output, directory);
}

/** The project's own esbuild, of the directory or of one above it, else that of PATH. Throws UserError BUILD_TOOL_NOT_FOUND. */
export async function findEsbuild(directory: string, env: Bundling['env']): Promise<string> {
  // On Windows what lies in .bin is a script; the program itself is in the package for the platform.
  const place = process.platform === 'win32' ? ['@esbuild', `win32-${process.arch}`, 'esbuild.exe'] : ['.bin', 'esbuild'];
  const own = await firstRunnable(directoryAndAbove(directory).map((above) => join(above, 'node_modules', ...place)));
  const found = own ?? (await findOnPath('esbuild', env));
  if (found !== undefined) return found;
  throw new UserError('BUILD_TOOL_NOT_FOUND', `There is no esbuild in node_modules of ${directory} or above it, nor on the PATH.`, {
    hint: MISSING_HINT,
  });
}

async function entryFile(directory: string, entry: string): Promise<string> {
  const name = entry.replaceAll('\\', '/').replace(/^\.\//, '');
  const names = extname(name) === '' ? EXTENSIONS.map((extension) => name + extension) : [name];
  const there = await readable(resolve(directory, dirname(name)), (path) => readdir(path)).catch((): string[] => []);
  const found = names.find((candidate) => there.includes(candidate.slice(candidate.lastIndexOf('/') + 1)));
  if (found !== undefined) return isAbsolute(found) ? found : `./${found}`;
  throw new UserError('BUILD_FAILED', `The entry point ${entry} does not exist in ${directory}.`, {
    hint: `Looked for ${names.join(', ')}. EntryPoints in BuildProperties are relative to the directory of the code.`,
  });
}

/** Names of sources are relative to the map, which lies in a temporary folder: they become relative to the directory of the code. */
async function settleSourceMaps(output: string, directory: string): Promise<void> {
  const files = await readdir(output, { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.map'))) {
    const path = join(output, file);
    const map = JSON.parse(await readFile(path, 'utf8')) as { sources?: unknown };
    if (!Array.isArray(map.sources)) continue;
    const sources = map.sources.map((source) =>
      typeof source === 'string' && !/^[a-z][a-z-]+:/i.test(source)
        ? relative(directory, resolve(dirname(path), source))
            .split(sep)
            .join('/')
        : (source as unknown),
    );
    await writeFile(path, `${JSON.stringify({ ...map, sources }, null, 2)}\n`);
  }
}
