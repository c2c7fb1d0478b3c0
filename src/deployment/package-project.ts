import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import type { BuilderWish } from '../artifacts/builder-command.ts';
import { formatBytes } from '../artifacts/bytes.ts';
import { buildArtifactImage, publishArtifacts, type PublishOptions } from '../artifacts/index.ts';
import { PROJECT_FILE } from '../artifacts/dotnet-project.ts';
import { readable } from '../artifacts/file-tree.ts';
import { quoted } from '../artifacts/split-arguments.ts';
import type { ZipArtifact } from '../artifacts/types.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { Reporter } from '../output/reporter.ts';
import { projectsOf } from '../template/dotnet-code.ts';
import { containerWish, warnOfAdditionalFiles } from './package.ts';
import { defaultOutput, ensureReplaceable, folderStore, realPlace, shownPath } from './package-output.ts';
import { imageArtifact, type ImageWish } from './push-image.ts';

export interface PackageProjectWish extends Omit<ImageWish, 'localDockerImage'> {
  readonly outputPackage: string | undefined;
  readonly configuration: string | undefined;
  readonly framework: string | undefined;
  readonly msbuildParameters: string | undefined;
  readonly useContainerForBuild: boolean | undefined;
  readonly containerImageForBuild: string | undefined;
  readonly codeMountDirectory: string | undefined;
  readonly functionLayers: readonly string[] | undefined;
  readonly dockerBuildOptions: string | undefined;
  readonly builder: string | undefined;
  readonly pull: boolean | undefined;
}

export interface PackagedProject {
  /** The path of the zip, or the name of the image. */
  readonly place: string;
  /** Where it is, how large it is, and what may be done with it, for a person. */
  readonly words: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a zip that goes into the call itself may have, in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const DIRECT_LIMIT_BYTES = 50 * 1024 * 1024;

/** Makes the zip that a deployment would upload, byte for byte. Asks nothing of AWS. */
export async function packageZip(wish: PackageProjectWish, positionals: readonly string[], context: Context): Promise<PackagedProject> {
  const { reporter, projectDirectory: project, cwd } = context;
  if (wish.functionLayers !== undefined)
    reporter.warn(
      'The layers are not looked at: a zip does not depend on them, but for those of runtime package stores, which are not supported',
    );
  const named = readPositionals(positionals);
  const source = await findSource(named.program === undefined ? project : resolve(cwd, named.program), context);
  if (source.source === 'dotnet') warnOfAdditionalFiles(context);
  const given = wish.outputPackage ?? named.zip;
  const output = given === undefined ? await defaultOutput(source, wish, context) : resolve(cwd, given);
  await ensureReplaceable(output, shownPath(output, cwd));
  const architecture = wish.functionArchitecture === 'arm64' ? 'arm64' : 'x86_64';
  const artifact: ZipArtifact = { kind: 'zip', ...source, architecture, uses: [] };
  const [published] = await publishArtifacts(
    [artifact],
    { ...optionsFor(wish, context), ownFiles: [await realPlace(output)] },
    {
      ...depsOf(context),
      reporter: sayingPackaged(reporter),
      store: () => Promise.resolve(folderStore(output)),
    },
  );
  if (published === undefined) throw new UserError('INTERNAL', 'No zip came out of the packaging');
  const { size } = await stat(output);
  if (size > DIRECT_LIMIT_BYTES)
    reporter.warn(`The zip is larger than ${formatBytes(DIRECT_LIMIT_BYTES)}: Lambda takes it from S3 only, as deploy-serverless does it`);
  const shown = shownPath(output, cwd);
  return {
    place: output,
    words: `The package is in ${shown} (${formatBytes(size)}). Next: lambda-tool deploy-serverless --package ${quoted(shown)}`,
    data: { packageType: 'zip', package: output, sizeBytes: size, digest: published.digest, architecture },
  };
}

/** Builds the image that a deployment would push, and leaves it with the engine. Asks nothing of AWS. */
export async function packageImage(wish: PackageProjectWish, positionals: readonly string[], context: Context): Promise<PackagedProject> {
  const { zip, program } = readPositionals(positionals);
  const unfit = wish.outputPackage ?? zip ?? program;
  if (unfit !== undefined)
    throw new UserError('USAGE', `"${unfit}" is for zips: an image stays with the engine, under the name of --image-tag.`);
  const artifact = await imageArtifact({ ...wish, localDockerImage: undefined }, context.projectDirectory);
  const built = await buildArtifactImage(artifact, optionsFor(wish, context), depsOf(context));
  const { image, name, builder, holder, digest } = built;
  return {
    place: name,
    words: `The image ${name} is in ${holder} (${formatBytes(image.sizeBytes)}). Next: lambda-tool push-image -ldi ${name}`,
    data: {
      packageType: 'image',
      image: name,
      imageId: image.id,
      sizeBytes: image.sizeBytes,
      digest,
      architecture: artifact.architecture,
      builder,
    },
  };
}

function readPositionals(positionals: readonly string[]): { readonly zip: string | undefined; readonly program: string | undefined } {
  const unknown = positionals.find((text) => !/\.(?:zip|cs)$/i.test(text));
  if (unknown !== undefined) {
    throw new UserError('USAGE', `"${unknown}" is neither a zip to write nor a .cs file.`, {
      hint: 'Name the project with --project-location DIR, and the zip with -o FILE.zip.',
    });
  }
  const [zips, programs] = [/\.zip$/i, /\.cs$/i].map((end) => positionals.filter((text) => end.test(text)));
  const tooMany = [zips, programs].find((names) => names !== undefined && names.length > 1);
  if (tooMany !== undefined) throw new UserError('USAGE', `${tooMany.join(' and ')}: one is enough.`);
  return { zip: zips?.[0], program: programs?.[0] };
}

/** A .NET project or program is published first; any other directory is zipped as it is. Throws UserError TEMPLATE_PATH_NOT_FOUND. */
async function findSource(path: string, { cwd }: Context): Promise<Pick<ZipArtifact, 'path' | 'source'>> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UserError('TEMPLATE_PATH_NOT_FOUND', `There is nothing at ${path} to package.`);
  if (found.isFile() && !/\.cs$/i.test(path) && !PROJECT_FILE.test(path))
    throw new UserError('USAGE', `${path} is neither a directory nor a .NET project file.`, {
      hint: `Name its directory: --project-location ${quoted(shownPath(dirname(path), cwd) || '.')}`,
    });
  if (found.isFile()) return { path, source: 'dotnet' };
  const names = await readable(path, (directory) => readdir(directory));
  const projects = names.filter((name) => PROJECT_FILE.test(name));
  const solution = names.find((name) => /\.slnx?$/i.test(name));
  if (projects.length === 1) return { path, source: 'dotnet' };
  if (projects.length === 0 && solution === undefined) return { path, source: 'directory' };
  const all = projects.length > 0 ? projects : await projectsOf(join(path, solution ?? ''));
  const what = projects.length > 0 ? `holds several .NET projects` : `holds the solution ${solution}, and no project of its own`;
  throw new UserError('TEMPLATE_PATH_NOT_FOUND', `${path} ${what}: ${all.join(', ') || '(none)'}.`, {
    hint: `Say which: lambda-tool package --project-location ${quoted(shownPath(join(path, all[0] ?? 'PROJECT'), cwd))}`,
  });
}

function optionsFor(wish: PackageProjectWish, { projectDirectory, cwd }: Context): PublishOptions {
  return {
    // Every zip goes to the one file of folderStore.
    bucket: 'package',
    prefix: '',
    region: '',
    directory: cwd,
    templateDirectory: undefined,
    configuration: wish.configuration,
    framework: wish.framework,
    msbuildParameters: wish.msbuildParameters,
    ...containerWish(wish, projectDirectory),
    dockerBuildOptions: wish.dockerBuildOptions,
    hostBuildOutputDir: undefined,
    imageTag: wish.imageTag ?? basename(projectDirectory),
    pull: wish.pull,
    builder: wish.builder as BuilderWish | undefined,
  };
}

function depsOf({ clients, reporter, signal, env }: Context) {
  const { repositories, engine, registry } = clients;
  return { repositories, engine, registry, reporter, signal, env };
}

/** The steps are those of a deployment, which ends them as uploaded. */
function sayingPackaged(reporter: Reporter): Reporter {
  return {
    ...reporter,
    step: (title, work) =>
      reporter.step(title, (step) => work({ ...step, summary: (text) => step.summary(text.replace(/ · uploaded$/, ' · packaged')) })),
  };
}
