import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

import { publishArtifacts, type PublishOptions } from '../artifacts/index.ts';
import type { BuilderWish } from '../artifacts/builder-command.ts';
import type { Architecture, Artifact, ImageArtifact } from '../artifacts/types.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { containerWish } from './package.ts';
import { readRepositorySettings, type RepositoryWish } from './repository-settings.ts';

/** What says which image it is. */
export interface ImageWish {
  readonly imageTag: string | undefined;
  readonly dockerfile: string | undefined;
  readonly dockerBuildWorkingDir: string | undefined;
  readonly dockerHostBuildOutputDir: string | undefined;
  readonly functionArchitecture: string | undefined;
  readonly localDockerImage: string | undefined;
}

export interface PushImageWish extends ImageWish, RepositoryWish {
  readonly dockerBuildOptions: string | undefined;
  readonly configuration: string | undefined;
  readonly framework: string | undefined;
  readonly publishOptions: string | undefined;
  readonly useContainerForBuild: boolean | undefined;
  readonly containerImageForBuild: string | undefined;
  readonly codeMountDirectory: string | undefined;
  readonly forceBuild: boolean | undefined;
  readonly pull: boolean | undefined;
  readonly builder: string | undefined;
}

export interface PushedImage {
  /** `repository@sha256:…`. */
  readonly image: string;
  readonly repositoryUri: string;
  /** The tag of its content; it also has the one that was asked for. */
  readonly tag: string;
  readonly digest: string;
  readonly built: boolean;
  readonly published: boolean;
}

/** Builds and pushes the image of a project, or pushes one that is built. Throws the errors of a deployment. */
export async function pushOneImage(wish: PushImageWish, context: Context): Promise<PushedImage> {
  const { clients, reporter, signal, env, projectDirectory } = context;
  const { region } = await clients.edge();
  const options: PublishOptions = {
    bucket: undefined,
    prefix: '',
    region,
    directory: projectDirectory,
    configuration: wish.configuration,
    framework: wish.framework,
    msbuildParameters: wish.publishOptions,
    ...containerWish(wish, projectDirectory),
    dockerBuildOptions: wish.dockerBuildOptions,
    forceBuild: wish.forceBuild,
    pull: wish.pull,
    builder: wish.builder as BuilderWish | undefined,
    newRepositories: await readRepositorySettings(wish, projectDirectory),
    imageTag: wish.imageTag,
    tagAsNamed: true,
  };
  const { objects: store, repositories, engine, registry } = clients;
  const artifact = await artifactFor(wish, projectDirectory);
  const [published] = await publishArtifacts([artifact], options, { store, repositories, engine, registry, reporter, signal, env });
  if (published?.location.type !== 'image') throw new UserError('INTERNAL', 'No image came out of the push');
  const { repositoryUri, tag, digest } = published.location;
  return { image: `${repositoryUri}@${digest}`, repositoryUri, tag, digest, built: published.built, published: published.published };
}

/** Nobody knows what the functions say that will use the image. */
const USES = [
  { logicalId: 'Image', resourceType: 'AWS::Lambda::Function', path: [], form: { type: 'image-uri' }, command: 'unknown' },
] as const;

async function artifactFor(wish: PushImageWish, project: string): Promise<Artifact> {
  const local = wish.localDockerImage;
  if (local === undefined) return imageArtifact(wish, project);
  const architecture = architectureOf(wish);
  const path = resolve(project, local);
  const isOnDisk = (await stat(path).catch(() => undefined)) !== undefined;
  if (!isOnDisk && isPath(local)) {
    throw new UserError('IMAGE_INVALID', `There is no image archive at ${path}.`, {
      hint: 'Write one with "docker save -o FILE IMAGE", or give the name of an image that the engine has.',
    });
  }
  return isOnDisk
    ? { kind: 'local-image', reference: basename(path), archive: path, architecture, uses: USES }
    : { kind: 'local-image', reference: local, architecture, uses: USES };
}

/** What no image can be called, or nobody calls one. */
function isPath(text: string): boolean {
  return /^[./~\\]|^[A-Za-z]:[\\/]|\.(?:tar|tar\.gz|tgz)$|\s/.test(text);
}

function architectureOf({ functionArchitecture }: Pick<ImageWish, 'functionArchitecture'>): Architecture {
  return functionArchitecture === 'arm64' ? 'arm64' : 'x86_64';
}

/** The image of a project that is to be built: Dockerfile, context and name as `dotnet lambda` finds them. */
export async function imageArtifact(wish: ImageWish, project: string): Promise<ImageArtifact> {
  const dockerfile = resolve(project, wish.dockerfile ?? 'Dockerfile');
  const context =
    wish.dockerBuildWorkingDir === undefined ? await contextFor(dockerfile, project) : resolve(project, wish.dockerBuildWorkingDir);
  // Named after the project, also when the whole solution is sent to the build.
  const imageTag = wish.imageTag ?? (context === project ? undefined : basename(project));
  return {
    kind: 'image',
    context,
    dockerfile,
    buildArgs: {},
    architecture: architectureOf(wish),
    imageTag,
    projectDirectory: context === project ? undefined : project,
    hostBuildOutputDir: wish.dockerHostBuildOutputDir,
    uses: USES,
  };
}

/** A Dockerfile that copies a solution, or the project by a path, is one for the directory of the solution; the rule of `dotnet lambda`. */
async function contextFor(dockerfile: string, project: string): Promise<string> {
  const text = await readFile(dockerfile, 'utf8').catch(() => '');
  const names = (await readdir(project).catch(() => [])).filter((name) => /\.(?:cs|fs)proj$/i.test(name));
  const isOfSolution = text.split(/\r?\n/).some((line) => {
    const bare = line.replaceAll(/\s/g, '');
    return /^COPY.*\.slnx?\.\/$/i.test(bare) || names.some((name) => bare.includes(`/${name}`));
  });
  return isOfSolution ? ((await solutionDirectory(project)) ?? project) : project;
}

async function solutionDirectory(start: string): Promise<string | undefined> {
  for (let directory = start; ; directory = dirname(directory)) {
    const names = await readdir(directory).catch(() => []);
    if (names.some((name) => /\.slnx?$/i.test(name))) return directory;
    if (dirname(directory) === directory) return undefined;
  }
}
