import { relative } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import type { ContainerEngine } from '../clients/docker.ts';
import type { ImageRepositories, ImageRepository, RegistryImage, RepositorySettings } from '../clients/ecr.ts';
import { placeOfRepository } from '../clients/ecr-place.ts';
import type { RegistryClient } from '../clients/registry-push.ts';
import type { KeyListing } from '../clients/s3-objects.ts';
import type { ObjectStore } from '../clients/s3.ts';
import { UserError, messageOf } from '../errors.ts';
import type { Reporter } from '../output/reporter.ts';
import type { BuilderWish } from './builder-command.ts';
import { startHostOutputs, type HostOutput } from './host-outputs.ts';
import { startListings, type Listings } from './listings.ts';
import type { Artifact, ArtifactUse, Location, PublishedArtifact } from './types.ts';

export interface PublishOptions {
  /** Where zips and files go. Only needed when there are any. */
  readonly bucket: string | undefined;
  /** Put before every key as it is. */
  readonly prefix: string;
  readonly region: string;
  /** Names in messages are relative to it; default: the working directory. */
  readonly directory?: string | undefined;
  readonly configuration?: string | undefined;
  readonly framework?: string | undefined;
  /** Absolute. `framework` is for the code of this directory only, as in the reference tool; without it for all code. */
  readonly templateDirectory?: string | undefined;
  readonly msbuildParameters?: string | undefined;
  /** `--use-container-for-build`, for .NET projects. */
  readonly useContainer?: boolean | undefined;
  /** `--container-image-for-build`. */
  readonly containerImage?: string | undefined;
  /** `--code-mount-directory`, absolute. */
  readonly mountDirectory?: string | undefined;
  /** `--docker-build-options`: for images without DockerBuildArgs in the template. */
  readonly dockerBuildOptions?: string | undefined;
  /** `--docker-host-build-output-dir`, for images whose context is a .NET project. */
  readonly hostBuildOutputDir?: string | undefined;
  /** `--force-build`: images are built whatever ECR has. */
  readonly forceBuild?: boolean | undefined;
  /** `--pull`: base images are looked up in their registries, and are part of the identity. */
  readonly pull?: boolean | undefined;
  /** Images also get the tag that their name asks for (`shop:v1`, else `latest`), as somebody who pushes by hand expects. */
  readonly tagAsNamed?: boolean | undefined;
  /** `--image-tag`, for images without DockerTag. */
  readonly imageTag?: string | undefined;
  /** `--builder`: who builds images; undefined: the engine's API, or its command where a build needs that. */
  readonly builder?: BuilderWish | undefined;
  /** Real paths of files that this run writes: one of the run before is not taken into a zip, which would be another each time. */
  readonly ownFiles?: readonly string[] | undefined;
  /** How repositories are that have to be made. */
  readonly newRepositories?: (RepositorySettings & { readonly lifecyclePolicy?: string | undefined }) | undefined;
}

/** Looked up once a run, whoever asks: what a check before the work has found is not asked for again. */
export interface Lookups {
  /** Asked once for each name. */
  findRepository(name: string): Promise<ImageRepository | undefined>;
  /** Asked once for each repository and tag. */
  findImage(repository: string, tag: string): Promise<RegistryImage | undefined>;
  readonly listings: Listings;
  /** Remembers by artefact what its inputs are. */
  remember<T>(artifact: Artifact, plan: () => Promise<T>): Promise<T>;
  /** What is known of a directory that projects of images are published to. */
  hostOutput(directory: string): HostOutput;
}

/** What publishing asks of S3. */
type StoreCalls = 'findObject' | 'listKeys' | 'uploadFile' | 'uploadBytes';

export interface PublishDeps {
  readonly store: () => Promise<Pick<ObjectStore, StoreCalls>>;
  readonly repositories: () => Promise<ImageRepositories>;
  readonly engine: () => Promise<ContainerEngine>;
  /** Runs `dotnet publish` in containers; default: `engine`. */
  readonly runner?: (() => Promise<Pick<ContainerEngine, 'name' | 'architecture' | 'run'>>) | undefined;
  readonly registry: () => Promise<RegistryClient>;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `--framework`, if it is meant for the project in that directory. */
export function frameworkFor(directory: string, { framework, templateDirectory }: PublishOptions): string | undefined {
  return templateDirectory === undefined || directory === templateDirectory ? framework : undefined;
}

/** How messages name a path. */
export function shortName(path: string, options: Pick<PublishOptions, 'directory'>): string {
  return relative(options.directory ?? process.cwd(), path) || '.';
}

/** What became of one artefact. */
export interface Outcome {
  readonly location: Location;
  readonly digest: string;
  readonly built: boolean;
  readonly published: boolean;
  readonly parts?: readonly PublishedArtifact[] | undefined;
}

/** A repository to push to. */
export interface EnsuredRepository extends ImageRepository {
  /** `new`: made just now; `denied`: we may not make it, and only the push will tell whether ECR does that by itself. */
  readonly origin: 'found' | 'new' | 'denied';
}

/** What the publishing of all artefacts of a run shares. */
export interface Publishing extends PublishDeps, Lookups {
  readonly options: PublishOptions;
  /** Image builds and pushes; each already uses every core. */
  readonly buildLimit: LimitFunction;
  /** Zips and uploads that need disk, memory or threads. */
  readonly heavyLimit: LimitFunction;
  /** One listing of the prefix when there is much to look for; undefined when single looks are cheaper. */
  listing(): Promise<KeyListing> | undefined;
  /** Found or made, once for each name. */
  ensureRepository(name: string): Promise<EnsuredRepository>;
  /** Made, without a look whether it is there; once for each name. */
  makeRepository(name: string): Promise<EnsuredRepository>;
  /** Lets work for one key be done by the first who comes; the others get its outcome as something that was there. */
  once(key: string, work: () => Promise<Outcome>): Promise<Outcome>;
}

const PARALLEL_BUILDS = 2;
/** Enough to keep disk, zlib and the line busy. */
const PARALLEL_HEAVY = 4;
/** From so many artefacts on, one listing (1000 keys a call) is cheaper than a look at each. */
const LISTING_FROM = 4;
/** A prefix with more keys than this is not worth reading to its end. Pages come one after the other, looks side by side. */
const LISTING_PAGES = 5;
const OBJECTS_PER_PAGE = 16;

export function startLookups(repositories: PublishDeps['repositories']): Lookups {
  const plans = new Map<Artifact, Promise<unknown>>();
  const image = memo(async (key: string) => {
    const [repository = '', tag = ''] = key.split(' ');
    return (await repositories()).findImage(repository, tag);
  });
  return {
    findRepository: memo(async (name: string) => (await repositories()).findRepository(name)),
    findImage: (repository, tag) => image(`${repository} ${tag}`),
    listings: startListings(),
    remember<T>(artifact: Artifact, plan: () => Promise<T>): Promise<T> {
      const known = (plans.get(artifact) as Promise<T> | undefined) ?? plan();
      plans.set(artifact, known);
      return known;
    },
    hostOutput: startHostOutputs(),
  };
}

export function startPublishing(
  artifacts: readonly Artifact[],
  options: PublishOptions,
  deps: PublishDeps,
  signal: AbortSignal,
  lookups: Lookups = startLookups(deps.repositories),
): Publishing {
  const { bucket } = options;
  const objects = countObjects(artifacts);
  const maxPages = Math.min(LISTING_PAGES, Math.ceil(objects / OBJECTS_PER_PAGE));
  const list = memo(async (name: string) => (await deps.store()).listKeys(name, options.prefix, { maxPages, signal }));
  const running = new Map<string, Promise<Outcome>>();
  const makeRepository = memo((name) => createMissing(name, deps, options.newRepositories));
  return {
    ...deps,
    ...lookups,
    signal,
    options,
    buildLimit: pLimit(PARALLEL_BUILDS),
    heavyLimit: pLimit(PARALLEL_HEAVY),
    listing: () => (bucket === undefined || objects < LISTING_FROM ? undefined : list(bucket)),
    ensureRepository: memo(async (name) => {
      const found = await lookups.findRepository(name);
      return found === undefined ? makeRepository(name) : { ...found, origin: 'found' };
    }),
    makeRepository,
    async once(key, work) {
      const first = running.get(key);
      if (first !== undefined) return { ...(await first), built: false, published: false };
      const own = work();
      running.set(key, own);
      return own;
    },
  };
}

/** Makes a repository. Where that is not allowed, a repository creation template may do it at the push. */
async function createMissing(
  name: string,
  deps: PublishDeps,
  settings: PublishOptions['newRepositories'] = {},
): Promise<EnsuredRepository> {
  const repositories = await deps.repositories();
  const { lifecyclePolicy, ...wanted } = settings;
  try {
    const made = await repositories.createRepository(name, wanted);
    if (lifecyclePolicy !== undefined) await putLifecyclePolicy(repositories, name, lifecyclePolicy, deps.reporter);
    return { ...made, origin: 'new' };
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'ACCESS_DENIED') throw error;
    const { registryHost } = await repositories.getAuthorization({ repository: name });
    const place = placeOfRepository(name);
    // Behind an endpoint of the user's own there is one registry only.
    const isOfAws = placeOfRepository(`${registryHost}/x`).registry !== undefined;
    return {
      name,
      uri: `${(isOfAws ? place.registry?.host : undefined) ?? registryHost}/${place.name}`,
      isTagImmutable: () => false,
      origin: 'denied',
    };
  }
}

/** The repository is there and can be used; no later run would come back to this, so that somebody has to be told. */
async function putLifecyclePolicy(repositories: ImageRepositories, name: string, text: string, reporter: Reporter): Promise<void> {
  try {
    await repositories.putLifecyclePolicy(name, text);
  } catch (error) {
    reporter.warn(`The repository ${name} was made, but without its lifecycle policy: ${messageOf(error)}`);
  }
}

/** How many objects are looked for without their version. */
function countObjects(artifacts: readonly Artifact[]): number {
  return artifacts.reduce((sum, artifact) => {
    if (artifact.kind === 'image' || artifact.kind === 'local-image') return sum;
    const own = needsVersion(artifact.uses) ? 0 : 1;
    return sum + own + (artifact.kind === 'template' ? countObjects(artifact.artifacts) : 0);
  }, 0);
}

/** Whether a property has a place for the version of the object. */
export function needsVersion(uses: readonly ArtifactUse[]): boolean {
  return uses.some((use) => use.form.type === 's3-object' && use.form.version !== undefined);
}

function memo<T>(make: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}
