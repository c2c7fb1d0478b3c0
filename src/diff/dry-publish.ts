import type { PublishDeps, PublishOptions } from '../artifacts/index.ts';
import type { Artifact, Location } from '../artifacts/types.ts';
import type { ContainerEngine } from '../clients/docker.ts';
import type { ImageRepositories } from '../clients/ecr.ts';
import type { RegistryClient } from '../clients/registry-push.ts';
import type { KeyListing } from '../clients/s3-objects.ts';
import type { ObjectStore } from '../clients/s3.ts';
import { UserError } from '../errors.ts';
import type { Reporter } from '../output/reporter.ts';

/** Where an artefact would be after a deployment, as far as that is known without making or changing anything. */
export type Planned =
  | { readonly kind: 'known'; readonly location: Location }
  /** Would be made new, so that its place is not known yet. */
  | { readonly kind: 'new' }
  | { readonly kind: 'undecided'; readonly reason: string };

export interface DryDeps {
  readonly repositories: () => Promise<ImageRepositories>;
  readonly engine: () => Promise<ContainerEngine>;
  readonly registry: () => Promise<RegistryClient>;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly env: PublishDeps['env'];
}

export interface DryOptions extends PublishOptions {
  /** Also run builds whose result nobody can know before. */
  readonly build: boolean;
}

/** Stands for the version of an object in the bucket, which nobody has asked for. */
export const UNKNOWN_VERSION = 'unknown';

/** Thrown in place of everything that would change something. */
class WouldChange extends Error {}

/**
 * Goes through the publishing of one artefact with clients that find every object in S3 and refuse every change: what comes out is the
 * place that a deployment would write, computed by the very code that a deployment runs.
 */
export async function dryPublish(artifact: Artifact, options: DryOptions, deps: DryDeps): Promise<Planned> {
  const reason = options.build ? undefined : await whyBuild(artifact, options);
  if (reason !== undefined) return { kind: 'undecided', reason };
  if (artifact.kind === 'template' && artifact.artifacts.some(needsVersionInside))
    return { kind: 'undecided', reason: 'its template refers to versions of objects, which are known after an upload only' };
  const { publishArtifacts } = await import('../artifacts/index.ts');
  const { engine, registry, repositories, ...others } = deps;
  try {
    const [published] = await publishArtifacts([artifact], options, {
      ...others,
      store: () => Promise.resolve(fullStore(options.region)),
      repositories: async () => readOnlyRepositories(await repositories()),
      registry: async () => readOnlyRegistry(await registry()),
      engine: async () => (artifact.kind === 'local-image' ? readOnlyEngine(await engine()) : wouldChange()),
      // Builds of code may run in a container: they are asked for, and change nothing.
      runner: engine,
    });
    return published === undefined ? { kind: 'new' } : { kind: 'known', location: published.location };
  } catch (error) {
    if (error instanceof WouldChange) return { kind: 'new' };
    if (error instanceof UserError && error.code === 'ENGINE_NOT_FOUND' && artifact.kind === 'local-image')
      return { kind: 'undecided', reason: 'the image is in a container engine, and none answers' };
    throw error;
  }
}

/** Why nobody can know what comes out without building it; undefined when there is no such reason. */
async function whyBuild(artifact: Artifact, options: PublishOptions): Promise<string | undefined> {
  switch (artifact.kind) {
    case 'zip':
      if (artifact.source === 'dotnet') return 'code of .NET is compared after a build only (--build)';
      return artifact.build?.kind === 'program' && artifact.build.inSource
        ? 'what is built in its source is compared after a build only (--build)'
        : undefined;
    case 'image': {
      const { hostOutputOf } = await import('../artifacts/host-build.ts');
      const isBuiltHere = (await hostOutputOf(artifact, options)) !== undefined;
      return isBuiltHere ? 'the project of the image is compared after a build only (--build)' : undefined;
    }
    case 'template':
      for (const part of artifact.artifacts) {
        const reason = await whyBuild(part, options);
        if (reason !== undefined) return reason;
      }
      return undefined;
    default:
      return undefined;
  }
}

function needsVersionInside(artifact: Artifact): boolean {
  if (artifact.kind === 'template' && artifact.artifacts.some(needsVersionInside)) return true;
  return artifact.uses.some((use) => use.form.type === 's3-object' && use.form.version !== undefined);
}

function wouldChange(): never {
  throw new WouldChange('A comparison changes nothing');
}

const refuse = (): Promise<never> => Promise.reject(new WouldChange('A comparison changes nothing'));

/** A store that has every object, so that nothing is ever zipped or uploaded. */
function fullStore(region: string): ObjectStore {
  const everything: KeyListing = { has: () => true, covers: () => true };
  return {
    region,
    findBucket: (name) => Promise.resolve({ name, region, owned: 'unknown', denied: false }),
    listKeys: () => Promise.resolve(everything),
    findObject: () => Promise.resolve({ sizeBytes: 0, versionId: UNKNOWN_VERSION }),
    createBucket: refuse,
    uploadFile: refuse,
    uploadBytes: refuse,
    uploadText: refuse,
    readText: refuse,
    listVersions: refuse,
    deleteVersions: refuse,
    listUploads: refuse,
    abortUploads: refuse,
    empty: refuse,
    measure: refuse,
    deleteBucket: refuse,
    presignedUrl: refuse,
  };
}

function readOnlyRepositories(real: ImageRepositories): ImageRepositories {
  return {
    region: real.region,
    findRepository: (name) => real.findRepository(name),
    findImage: (repository, reference) => real.findImage(repository, reference),
    createRepository: refuse,
    putLifecyclePolicy: refuse,
    listImages: refuse,
    manifests: refuse,
    referrers: refuse,
    deleteTags: refuse,
    getAuthorization: refuse,
  };
}

function readOnlyRegistry(real: RegistryClient): RegistryClient {
  return { remoteDigest: (image, options) => real.remoteDigest(image, options), push: refuse, tag: refuse };
}

function readOnlyEngine(real: ContainerEngine): ContainerEngine {
  const { name, source, address, os, architecture, apiVersion, builder } = real;
  return {
    name,
    source,
    address,
    os,
    architecture,
    apiVersion,
    builder,
    inspect: (reference) => real.inspect(reference),
    remoteDigest: (reference) => real.remoteDigest(reference),
    run: refuse,
    save: refuse,
    build: refuse,
    tag: refuse,
    push: refuse,
    removeTag: refuse,
  };
}
