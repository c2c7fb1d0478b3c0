import { setMaxListeners } from 'node:events';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Step, StepTitle } from '../output/reporter.ts';
import type { EngineImage } from '../clients/docker.ts';
import { isWebFunction, publishFile, publishTemplate, publishZip } from './publish-object.ts';
import {
  needsVersion,
  shortName,
  startPublishing,
  type Lookups,
  type Outcome,
  type Publishing,
  type PublishDeps,
  type PublishOptions,
} from './publishing.ts';
import type { Artifact, ImageArtifact, PublishedArtifact } from './types.ts';

export type { PublishDeps, PublishOptions } from './publishing.ts';

/** Small zips and files under way at a time: most of their time is the way to S3 and back. What is large waits for `heavyLimit`. */
const PARALLEL_OBJECTS = 16;
/** Zips that have to be built first: compilers take cores and memory. */
const PARALLEL_BUILT = 4;

/**
 * Builds and publishes artefacts, each distinct one once, side by side. The first failure stops the rest and is thrown
 * when all of them have ended, so that nothing goes on behind the caller's back. The answer is in the order given. `lookups` are what
 * `checkPrerequisites` has found already.
 */
export async function publishArtifacts(
  artifacts: readonly Artifact[],
  options: PublishOptions,
  deps: PublishDeps,
  lookups?: Lookups,
): Promise<PublishedArtifact[]> {
  deps.signal.throwIfAborted();
  const stop = new AbortController();
  const signal = AbortSignal.any([deps.signal, stop.signal]);
  // All calls of all artefacts listen to it at a time: many listeners are no leak.
  setMaxListeners(0, signal);
  const publishing = startPublishing(artifacts, options, deps, signal, lookups);
  const [objectLimit, builtLimit] = [pLimit(PARALLEL_OBJECTS), pLimit(PARALLEL_BUILT)];
  const failures: unknown[] = [];
  const jobs = new Map<string, Promise<Outcome>>();

  const publishAll = async (wanted: readonly Artifact[]): Promise<PublishedArtifact[]> => {
    const begun = wanted.map((artifact) => {
      const key = identityOf(artifact);
      const job = jobs.get(key) ?? guarded(artifact);
      jobs.set(key, job);
      return job;
    });
    // All have to end, also those that the first failure has stopped.
    const ended = await Promise.allSettled(begun);
    return ended.map((end, index) => {
      if (end.status === 'rejected') throw end.reason;
      return { artifact: wanted[index] as Artifact, ...end.value };
    });
  };
  const guarded = async (artifact: Artifact): Promise<Outcome> => {
    try {
      // What a nested template refers to is published before it takes a place of its own.
      const parts = artifact.kind === 'template' ? await publishAll(artifact.artifacts) : [];
      const limit = limitFor(artifact);
      const run = () => publishOne(artifact, parts, publishing);
      const outcome = await (limit === undefined ? run() : limit(run));
      return parts.length === 0 ? outcome : { ...outcome, parts };
    } catch (error) {
      failures.push(error);
      stop.abort();
      throw error;
    }
  };

  // Images have limits of their own.
  const limitFor = (artifact: Artifact): LimitFunction | undefined => {
    if (artifact.kind === 'image' || artifact.kind === 'local-image') return undefined;
    return isBuilt(artifact) ? builtLimit : objectLimit;
  };

  // On its way while the first files are hashed. Whoever needs it learns of its failure.
  publishing.listing()?.catch(() => undefined);
  const published = await publishAll(artifacts).catch(() => []);
  deps.signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return published;
}

/** An image that was built and stays on this machine. */
export interface PackagedImage {
  readonly image: EngineImage;
  /** `name:tag`. */
  readonly name: string;
  /** Hex SHA-256 of every input. */
  readonly digest: string;
  /** What built it, and who has it, for people. */
  readonly builder: string;
  readonly holder: string;
}

/** Builds an image without publishing it. */
export async function buildArtifactImage(
  artifact: ImageArtifact,
  options: PublishOptions,
  deps: Omit<PublishDeps, 'store'>,
): Promise<PackagedImage> {
  const [{ buildOnly }, { tagOf }] = await Promise.all([import('./image.ts'), import('./image-build.ts')]);
  const store = (): Promise<never> => Promise.reject(new Error('An image does not go to S3'));
  const publishing = startPublishing([artifact], options, { ...deps, store }, deps.signal);
  return deps.reporter.step(titleOf(artifact, options), (step) =>
    buildOnly(artifact, publishing, step, ({ image, builder, holder }, plan) => {
      step.summary(`built · ${image.id.slice(0, 19)}`);
      return Promise.resolve({ image, name: tagOf(plan), digest: plan.digest, builder, holder });
    }),
  );
}

function isBuilt(artifact: Artifact): boolean {
  return artifact.kind === 'zip' && (artifact.source === 'dotnet' || artifact.build !== undefined);
}

async function publishOne(artifact: Artifact, parts: readonly PublishedArtifact[], publishing: Publishing): Promise<Outcome> {
  publishing.signal.throwIfAborted();
  const title = titleOf(artifact, publishing.options);
  return publishing.reporter.step(title, (step) => work(artifact, parts, title.name, publishing, step));
}

/** What images need is much, and loaded only for them. */
async function work(
  artifact: Artifact,
  parts: readonly PublishedArtifact[],
  name: string,
  publishing: Publishing,
  step: Step,
): Promise<Outcome> {
  switch (artifact.kind) {
    case 'zip':
      return publishZip(artifact, name, publishing, step);
    case 'file':
      return publishFile(artifact, publishing, step);
    case 'template':
      return publishTemplate(artifact, parts, publishing, step);
    case 'image':
      return (await import('./image.ts')).publishImage(artifact, publishing, step);
    case 'local-image':
      return (await import('./local-image.ts')).publishLocalImage(artifact, publishing, step);
  }
}

function titleOf(artifact: Artifact, options: PublishOptions): StepTitle {
  const short = (path: string): string => shortName(path, options);
  switch (artifact.kind) {
    case 'image':
      return { kind: 'image', name: short(artifact.dockerfile) };
    case 'local-image':
      return { kind: 'image', name: artifact.reference };
    case 'template':
      return { kind: 'file', name: short(artifact.path) };
    default:
      return { kind: artifact.kind, name: short(artifact.path) };
  }
}

/** Equal for artefacts that come out the same; where they are used and which line names them does not count. */
function identityOf(artifact: Artifact): string {
  if (artifact.kind === 'template') return JSON.stringify([artifact.kind, artifact.path]);
  const { uses, ...rest } = artifact;
  return JSON.stringify([needsVersion(uses), isWebFunction(uses), Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
