import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ContainerEngine, EngineImage } from '../clients/docker.ts';
import type { ImageRepositories, RegistryImage } from '../clients/ecr.ts';
import { basicAuthorization } from '../clients/registry-authorization.ts';
import type { PushProgress } from '../clients/push-progress.ts';
import type { PushTarget } from '../clients/registry-push.ts';
import type { Step } from '../output/reporter.ts';
import { UserError, messageOf } from '../errors.ts';
import { readArchivedImage, type ArchivedImage } from './archived-image.ts';
import { formatBytes } from './bytes.ts';
import { makePushable } from './compress-layers.ts';
import { checkImage, isDeployable, isIndex, locationOf, type ImageLocation } from './image-check.ts';
import { withImageFiles, type ImageFiles } from './image-files.ts';
import { isUnreachable, isWithoutRepository, pushWithRetries } from './push-retry.ts';
import type { EnsuredRepository, Publishing } from './publishing.ts';
import { withTempFolder } from './temp-folder.ts';
import type { Architecture } from './types.ts';

export interface PushGoal {
  readonly repository: string;
  /** By its content. */
  readonly tag: string;
  /** Further tags, where they are free or may be moved. */
  readonly alsoTags?: readonly string[];
  readonly architecture: Architecture;
}

type PushingHow = (repository: EnsuredRepository, tags: readonly string[]) => Promise<string>;

/**
 * Pushes an image of the engine under its content tag: by the engine, and when that does not get to the registry, or has an index where
 * Lambda takes one manifest only, straight over HTTP. The name that this needs in the engine is removed again.
 */
export function pushFromEngine(
  engine: ContainerEngine,
  image: EngineImage,
  goal: PushGoal,
  publishing: Publishing,
  step: Step,
): Promise<ImageLocation> {
  const saved = (repository: EnsuredRepository, tags: readonly string[], why: string): Promise<string> => {
    step.note(`${why}; pushing from here`);
    return pushSaved(engine, image.id, goal, repository, tags, publishing, step);
  };
  return pushUnderTags(image.id, goal, publishing, step, async (repository, tags) => {
    if (isIndex(image.mediaType)) return saved(repository, tags, `${engine.name} has an index, of which Lambda takes one manifest`);
    try {
      let digest = '';
      for (const tag of tags) digest = await pushByEngine(engine, image.id, repository, tag, publishing, step);
      const pushed = await (await publishing.repositories()).findImage(goal.repository, digest);
      if (pushed === undefined || !isIndex(pushed.mediaType)) return digest;
      const movable = tags.filter((tag) => !repository.isTagImmutable(tag));
      return await saved(
        repository,
        movable.length === 0 ? [`${goal.tag}-manifest`] : movable,
        `${engine.name} has pushed an index, of which Lambda takes one manifest`,
      );
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      return saved(repository, tags, `${engine.name} does not get to the registry`);
    }
  });
}

/** The one manifest of the right platform, out of what the engine saves. */
function pushSaved(
  engine: ContainerEngine,
  imageId: string,
  goal: PushGoal,
  repository: EnsuredRepository,
  tags: readonly string[],
  publishing: Publishing,
  step: Step,
): Promise<string> {
  return withTempFolder(async (folder) => {
    const file = join(folder, 'saved.tar');
    await pipeline(await engine.save(imageId), createWriteStream(file), { signal: publishing.signal });
    return withImageFiles(file, publishing.signal, async (files) => {
      const archived = await readArchivedImage(files, goal.architecture);
      checkImage(archived.image, goal.repository, goal.architecture);
      return pushOverHttp(archived, files, repository, tags, publishing, step);
    });
  });
}

/** Pushes an image of an archive straight over HTTP, so that no engine is needed. */
export function pushFromArchive(
  archived: ArchivedImage,
  files: ImageFiles,
  goal: PushGoal,
  publishing: Publishing,
  step: Step,
): Promise<ImageLocation> {
  return pushUnderTags(archived.image.id, goal, publishing, step, (repository, tags) =>
    pushOverHttp(archived, files, repository, tags, publishing, step),
  );
}

async function pushUnderTags(
  imageId: string,
  goal: PushGoal,
  publishing: Publishing,
  step: Step,
  push: PushingHow,
): Promise<ImageLocation> {
  publishing.signal.throwIfAborted();
  const repository = await publishing.ensureRepository(goal.repository);
  const { tags, left } = await chooseTags(imageId, goal, repository, publishing);
  const [tag = goal.tag] = tags;
  try {
    const digest = await pushAgainIfGone(repository, (into) => push(into, tags), publishing);
    for (const other of left) if (other.digest !== digest) warnOfTag(`${goal.repository}:${other.tag}`, publishing);
    if (tag !== goal.tag) step.note(`${goal.repository} lets no tag be moved: pushed as ${tag}`, { lasting: true });
    return locationOf(repository, tag, digest);
  } catch (error) {
    const existing = await alreadyThere(error, goal.repository, tag, publishing);
    if (existing === undefined) throw error;
    return locationOf(repository, tag, existing.digest);
  }
}

/** A repository that somebody has deleted since it was looked for is made again, once. */
async function pushAgainIfGone(
  repository: EnsuredRepository,
  push: (repository: EnsuredRepository) => Promise<string>,
  publishing: Publishing,
): Promise<string> {
  try {
    return await push(repository);
  } catch (error) {
    if (repository.origin !== 'found' || !isWithoutRepository(error)) throw error;
    return push(await publishing.makeRepository(repository.name));
  }
}

interface ChosenTags {
  readonly tags: readonly string[];
  /** Asked for besides, and not to be had: they name what they name. */
  readonly left: readonly { readonly tag: string; readonly digest: string }[];
}

/** A tag that is taken and cannot be moved gets a suffix made of the image's own id; one that is only asked for besides is left out. */
async function chooseTags(imageId: string, goal: PushGoal, repository: EnsuredRepository, publishing: Publishing): Promise<ChosenTags> {
  const taken = async (tag: string): Promise<RegistryImage | undefined> =>
    repository.origin === 'found' && repository.isTagImmutable(tag) ? publishing.findImage(goal.repository, tag) : undefined;
  const isTaken = (await taken(goal.tag)) !== undefined;
  const tags = [isTaken ? `${goal.tag}-${imageId.replace(/^sha256:/, '').slice(0, 12)}` : goal.tag];
  const left: { tag: string; digest: string }[] = [];
  for (const tag of goal.alsoTags ?? []) {
    const other = await taken(tag);
    if (other === undefined) tags.push(tag);
    else left.push({ tag, digest: other.digest });
  }
  return { tags, left };
}

function warnOfTag(name: string, { reporter }: Pick<Publishing, 'reporter'>): void {
  reporter.warn(`${name} stays on another image: its tags cannot be moved`);
}

async function pushByEngine(
  engine: ContainerEngine,
  imageId: string,
  repository: EnsuredRepository,
  tag: string,
  publishing: Publishing,
  step: Step,
): Promise<string> {
  const { signal } = publishing;
  const name = `${repository.uri}:${tag}`;
  await engine.tag(imageId, repository.uri, tag);
  let isPushed = false;
  try {
    const digest = await pushWithRetries(
      async ({ freshToken }) => {
        const authorization = await (await publishing.repositories()).getAuthorization({ fresh: freshToken, repository: repository.name });
        return engine.push(repository.uri, tag, {
          auth: {
            username: authorization.username,
            serveraddress: hostOf(repository.uri),
            password: () => authorization.password(),
          },
          signal,
          onProgress: (progress) => step.progress(progressText(progress)),
        });
      },
      repository,
      { signal, step },
    );
    isPushed = true;
    return digest;
  } finally {
    await engine.removeTag(name).catch((error: unknown) => {
      // A push that failed says more than what came after it.
      if (isPushed) publishing.reporter.warn(`The image is pushed, but keeps the name ${name} in the engine: ${messageOf(error)}`);
    });
  }
}

function pushOverHttp(
  archived: ArchivedImage,
  files: ImageFiles,
  repository: EnsuredRepository,
  tags: readonly string[],
  publishing: Publishing,
  step: Step,
): Promise<string> {
  const { signal } = publishing;
  if (archived.layers.some(({ mediaType }) => /zstd/.test(mediaType))) {
    publishing.reporter.warn(
      `${files.source} has image layers compressed with zstd, which Lambda is not documented to take. If it refuses them, build the image with gzip`,
    );
  }
  return withTempFolder(async (folder) => {
    const { blobs, manifest } = await makePushable(archived, files, folder, signal);
    const [registry, repositories] = await Promise.all([publishing.registry(), publishing.repositories()]);
    const { registryOrigin } = await repositories.getAuthorization({ repository: repository.name });
    const target = targetOf(repository, registryOrigin, repositories);
    const onProgress = (progress: PushProgress): void => step.progress(progressText(progress));
    await pushWithRetries(() => registry.push({ target, tags, blobs, manifest, signal, onProgress }), repository, {
      signal,
      step,
      isPatient: true,
    });
    return manifest.digest;
  });
}

/** `pushed 3 of 11 layers · 12.1 MB of 31 MB`. */
function progressText({ doneLayers, layers, sentBytes, totalBytes }: PushProgress): string {
  const bytes = totalBytes === 0 ? '' : ` · ${formatBytes(sentBytes)} of ${formatBytes(totalBytes)}`;
  return `pushed ${doneLayers} of ${layers} ${layers === 1 ? 'layer' : 'layers'}${bytes}`;
}

function targetOf(
  { name, uri }: { readonly name: string; readonly uri: string },
  origin: string,
  repositories: ImageRepositories,
): PushTarget {
  return {
    repositoryUri: uri,
    origin,
    authorization: async (fresh) => basicAuthorization(await repositories.getAuthorization({ fresh, repository: name })),
  };
}

/** Gives an image that ECR has the tag that its name asks for, unless it has it, or the tag cannot be moved. */
export async function ensureNamedTag(
  found: ImageLocation,
  name: { readonly repository: string; readonly tag: string },
  publishing: Publishing,
): Promise<void> {
  const repositories = await publishing.repositories();
  const [repository, tagged] = await Promise.all([
    publishing.findRepository(name.repository),
    repositories.findImage(name.repository, name.tag),
  ]);
  if (tagged?.digest === found.digest) return;
  if (tagged !== undefined && repository?.isTagImmutable(name.tag) === true) {
    warnOfTag(`${name.repository}:${name.tag}`, publishing);
    return;
  }
  const [registry, { registryOrigin }] = await Promise.all([
    publishing.registry(),
    repositories.getAuthorization({ repository: name.repository }),
  ]);
  const target = targetOf({ name: name.repository, uri: found.repositoryUri }, registryOrigin, repositories);
  await registry.tag({ target, digest: found.digest, tags: [name.tag], signal: publishing.signal });
}

/** Another run has pushed the same content meanwhile, and the repository lets no tag be written twice. */
async function alreadyThere(error: unknown, repository: string, tag: string, publishing: Publishing): Promise<RegistryImage | undefined> {
  if (!(error instanceof UserError) || error.code !== 'PUSH_FAILED' || !/immutable/i.test(error.message)) return undefined;
  const image = await (await publishing.repositories()).findImage(repository, tag);
  return image !== undefined && isDeployable(image) ? image : undefined;
}

function hostOf(repositoryUri: string): string {
  return repositoryUri.slice(0, repositoryUri.indexOf('/'));
}
