import { createWriteStream, existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { Platform } from '../clients/docker-build.ts';
import { UserError } from '../errors.ts';
import { packBuildContext } from './build-context.ts';
import type { DotnetPublish } from './dotnet.ts';
import { publishFailed } from './dotnet.ts';
import { PROJECT_FILE, type DotnetProject } from './dotnet-project.ts';
import { listTree, type TreeEntry } from './file-tree.ts';
import { directoryAndAbove } from './find-program.ts';
import type { ProgramEnd } from './program.ts';
import type { Architecture } from './types.ts';

const PLATFORMS: Readonly<Record<Architecture, Platform>> = { x86_64: 'linux/amd64', arm64: 'linux/arm64' };
/** Where the code lies in the container, as in the reference tool. */
const SOURCE = '/tmp/source';
const OUTPUT = '/tmp/lambda-tool/publish';

/** `dotnet publish` in a container, which gets a copy of the solution: what is built there leaves nothing in the source. */
export async function publishInContainer(
  project: DotnetProject,
  container: { readonly image: string; readonly why: string },
  options: DotnetPublish,
  argumentsFor: (file: string, output: string) => readonly string[],
): Promise<void> {
  const engine = await findEngine(container, options);
  const platform = PLATFORMS[options.architecture];
  const emulated = platform.endsWith(engine.architecture) ? '' : `, emulated on ${engine.architecture}`;
  options.onNote?.(`dotnet publish in ${container.image} (${container.why}; ${platform}, ${engine.name}${emulated})`);
  const root = options.mountDirectory ?? (await solutionDirectory(dirname(project.file)));
  const place = relative(root, project.file).split(sep).join('/');
  if (place.startsWith('../'))
    throw new UserError('USAGE', `${project.file} does not lie in ${root}, which --code-mount-directory names.`, {
      hint: 'Name a directory with the project and all that it refers to.',
    });
  const { signal } = options;
  const entries = await listTree(root, { judge: (path, isDirectory) => (isLeftOut(root, path, isDirectory) ? 'drop' : 'keep'), signal });
  const end = await engine.run({
    image: container.image,
    platform,
    command: ['dotnet', ...argumentsFor(`${SOURCE}/${place}`, OUTPUT)],
    workingDirectory: posix.dirname(`${SOURCE}/${place}`),
    env: { DOTNET_NOLOGO: 'true', DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_CLI_HOME: '/tmp/dotnet', XDG_DATA_HOME: '/tmp/xdg' },
    input: () => packBuildContext({ entries: entries.map(inContainer), dockerfile: '' }),
    output: OUTPUT,
    onOutput: (tar) => unpack(tar, options.outputDirectory),
    signal,
    onLine: (line) => options.onLine?.(line),
  });
  if (end.exitCode !== 0) throw publishFailed(project.file, end, outOfSight(end, root));
}

/** What to do when a project refers to one that the container does not have: MSBuild only warns of that. */
function outOfSight({ lastLines }: ProgramEnd, root: string): string | undefined {
  const project = lastLines.map((line) => /MSB9008: .*? (\S+proj) /.exec(line)?.[1]).find((found) => found !== undefined);
  if (project === undefined) return undefined;
  return `The container has a copy of ${root} only, and ${project} does not lie in it. Name a directory with all projects: --code-mount-directory DIR.`;
}

async function findEngine(container: { readonly image: string; readonly why: string }, options: DotnetPublish) {
  try {
    return await options.engine();
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'ENGINE_NOT_FOUND') throw error;
    throw new UserError(
      'ENGINE_NOT_FOUND',
      `The project is built in a container of ${container.image} (${container.why}), and no container engine answers.`,
      {
        hint: error.hint,
        details: error.details,
        cause: error,
      },
    );
  }
}

/** The nearest directory with a solution, as projects refer to their neighbours; without one that of the project. */
async function solutionDirectory(directory: string): Promise<string> {
  for (const above of directoryAndAbove(directory)) {
    const names = await readdir(above).catch((): string[] => []);
    if (names.some((name) => /\.slnx?$/i.test(name))) return above;
  }
  return directory;
}

/** Version control, and what a build on this machine has left: paths in it do not hold in the container. */
function isLeftOut(root: string, path: string, isDirectory: boolean): boolean {
  const name = posix.basename(path);
  if (name === '.git' || name === '.vs') return true;
  if (!isDirectory || (name !== 'bin' && name !== 'obj')) return false;
  const parent = join(root, posix.dirname(path));
  return existsSync(parent) && readdirSync(parent).some((sibling) => PROJECT_FILE.test(sibling));
}

function inContainer(entry: TreeEntry): TreeEntry {
  return { ...entry, path: `${SOURCE.slice(1)}/${entry.path}` };
}

/** Unpacks the published files; what would land elsewhere is refused. */
async function unpack(tar: Readable, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const archive = extract();
  const fed = pipeline(tar, archive as unknown as NodeJS.WritableStream);
  for await (const entry of archive) {
    const { name, type, mode, linkname } = entry.header;
    const path = resolve(directory, name.split('/').slice(1).join('/'));
    if (path !== directory && !path.startsWith(directory + sep))
      throw new UserError('BUILD_FAILED', `The container gave back a file outside of its output: ${name}`);
    await mkdir(type === 'directory' ? path : dirname(path), { recursive: true });
    if (type === 'symlink') await symlink(linkname ?? '', path);
    if (type === 'file') await pipeline(entry as unknown as Readable, createWriteStream(path, { mode: mode ?? 0o644 }));
    else entry.resume();
  }
  await fed;
}
