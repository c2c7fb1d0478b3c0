import { relative } from 'node:path';
import pLimit from 'p-limit';

import type { Artifact } from '../artifacts/types.ts';
import type { Context } from '../context.ts';
import { containerWish } from '../deployment/package.ts';
import type { Reporter } from '../output/reporter.ts';
import type { JsonObject, Template } from '../template/types.ts';
import { dryPublish, type DryOptions } from './dry-publish.ts';
import { deployedValue, readS3Place, type S3Place } from './planned-place.ts';
import { planTemplate, type PlannedArtifact, type PlannedTemplate } from './planned-template.ts';

export interface CodeWish {
  /** Absolute, of the application's template. */
  readonly templateDirectory: string;
  readonly s3Bucket: string | undefined;
  readonly s3Prefix: string | undefined;
  readonly configuration: string | undefined;
  readonly framework: string | undefined;
  readonly msbuildParameters: string | undefined;
  readonly useContainerForBuild: boolean | undefined;
  readonly containerImageForBuild: string | undefined;
  readonly codeMountDirectory: string | undefined;
  readonly dockerBuildOptions: string | undefined;
  readonly dockerHostBuildOutputDir: string | undefined;
  readonly pull: boolean | undefined;
  readonly build: boolean | undefined;
}

/** Stands for a bucket that nobody has named and no deployed reference tells. */
const ANY_BUCKET = '<bucket>';

/** Artefacts looked at side by side; each reads several files at a time. */
const PARALLEL = 4;

export interface LocalCode {
  readonly template: Template;
  readonly artifacts: readonly Artifact[];
  /** Whether the same artefact is compared in another way too, so that not knowing it here is nothing to tell. */
  readonly isComparedInside: (artifact: Artifact) => boolean;
}

/**
 * The template as a deployment would write it, with the places of everything that lies on this machine. Nothing is uploaded or pushed.
 * Throws the errors that the deployment would: missing files, Dockerfiles, unsafe links.
 */
export async function planCode(
  wish: CodeWish,
  local: LocalCode,
  deployed: JsonObject | undefined,
  context: Context,
): Promise<PlannedTemplate> {
  const { template, artifacts } = local;
  if (artifacts.length === 0) return { value: template.value, notes: new Map(), undecided: [] };

  const { clients, signal, env } = context;
  const { region } = await clients.edge();
  const deps = {
    repositories: clients.repositories,
    engine: clients.engine,
    registry: clients.registry,
    reporter: quietSummaries(context.reporter, wish),
    signal,
    env,
  };
  const limit = pLimit(PARALLEL);
  const plan = async (artifact: Artifact): Promise<PlannedArtifact> => ({
    artifact,
    planned: await dryPublish(artifact, { ...optionsFor(wish, deployedPlace(artifact, deployed), context), region }, deps),
    name: nameOf(artifact, context.projectDirectory),
    isComparedInside: local.isComparedInside(artifact),
  });
  const planned = await Promise.all(artifacts.map((artifact) => limit(() => plan(artifact))));
  return planTemplate(template, deployed, planned, wish.s3Bucket !== undefined);
}

/** Where the deployed template has what an artefact is now. */
function deployedPlace(artifact: Artifact, deployed: JsonObject | undefined): S3Place | undefined {
  for (const use of artifact.uses) {
    const place = readS3Place(use, deployedValue(deployed, use));
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Without a named bucket, what is new is taken to go where the old one is. */
function optionsFor(wish: CodeWish, place: S3Place | undefined, context: Context): Omit<DryOptions, 'region'> {
  const deployedPrefix = wish.s3Bucket === undefined ? place?.key.slice(0, place.key.lastIndexOf('/') + 1) : undefined;
  return {
    bucket: wish.s3Bucket ?? place?.bucket ?? ANY_BUCKET,
    prefix: deployedPrefix ?? wish.s3Prefix ?? '',
    directory: context.projectDirectory,
    templateDirectory: wish.templateDirectory,
    configuration: wish.configuration,
    framework: wish.framework,
    msbuildParameters: wish.msbuildParameters,
    ...containerWish(wish, context.projectDirectory),
    dockerBuildOptions: wish.dockerBuildOptions,
    hostBuildOutputDir: wish.dockerHostBuildOutputDir,
    pull: wish.pull,
    build: wish.build === true,
  };
}

function nameOf(artifact: Artifact, directory: string): string {
  const path = artifact.kind === 'local-image' ? artifact.archive : artifact.kind === 'image' ? artifact.dockerfile : artifact.path;
  if (path === undefined) return artifact.kind === 'local-image' ? artifact.reference : '';
  return relative(directory, path) || '.';
}

/** Builds are shown as they run. What the steps sum up ("unchanged") would be said of a bucket that nobody has looked into. */
function quietSummaries(reporter: Reporter, wish: CodeWish): Reporter {
  const silent = { progress: ignore, note: ignore, rows: ignore, output: ignore, summary: ignore };
  return {
    ...reporter,
    step: (title, work) => {
      if (wish.build !== true) return work(silent);
      return reporter.step(title, (step) => work({ ...step, summary: ignore }));
    },
  };
}

function ignore(): void {
  // A comparison has no steps of its own.
}
