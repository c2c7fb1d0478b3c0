import { accessSync } from 'node:fs';
import { UserError } from '../errors.ts';
import type { PlannedDotnet } from './dotnet.ts';
import { findEsbuild } from './esbuild.ts';
import { checkWithLayers } from './layer-size.ts';
import { checkZip } from './publish-object.ts';
import { runProgram } from './program.ts';
import {
  shortName,
  startLookups,
  startPublishing,
  type Lookups,
  type Publishing,
  type PublishDeps,
  type PublishOptions,
} from './publishing.ts';
import type { Artifact, ZipArtifact } from './types.ts';

/**
 * Looks at what the publishing will need, before any long work: files, Dockerfiles, `dotnet`, and an engine when an
 * image has to be built. Buckets are looked at by `ensureBucketUsable`. Answers what it has found, for `publishArtifacts` to go on
 * with. Throws the same errors as the publishing would.
 */
export async function checkPrerequisites(artifacts: readonly Artifact[], options: PublishOptions, deps: PublishDeps): Promise<Lookups> {
  const lookups = startLookups(deps.repositories);
  const publishing = startPublishing(artifacts, options, deps, deps.signal, lookups);
  const needs = await checkAll(artifacts, publishing);
  if (needs.some((need) => need.dotnet)) await ensureDotnet(publishing);
  if (needs.some((need) => need.engine)) await publishing.engine();
  return lookups;
}

/** What must be there before the work begins. */
export interface Need {
  readonly engine: boolean;
  readonly dotnet: boolean;
  /** Unzipped, where that is known already. */
  readonly bytes?: number | undefined;
}

/** What one template refers to. */
async function checkAll(artifacts: readonly Artifact[], publishing: Publishing): Promise<Need[]> {
  const needs = await Promise.all(artifacts.map((artifact) => check(artifact, publishing)));
  checkWithLayers(artifacts.map((artifact, index) => ({ artifact, bytes: needs[index]?.bytes })));
  return needs;
}

async function check(artifact: Artifact, publishing: Publishing): Promise<Need> {
  switch (artifact.kind) {
    case 'local-image':
      if (artifact.archive !== undefined) ensureThere(artifact.archive);
      return { engine: artifact.archive === undefined, dotnet: false };
    case 'image':
      return (await import('./image-prerequisites.ts')).checkImageArtifact(artifact, publishing);
    case 'template': {
      const needs = await checkAll(artifact.artifacts, publishing);
      return { engine: needs.some((need) => need.engine), dotnet: needs.some((need) => need.dotnet) };
    }
    default:
      ensureThere(artifact.path);
      if (artifact.kind === 'zip' && artifact.build?.kind === 'esbuild') await findEsbuild(artifact.path, publishing.env);
      if (artifact.kind !== 'zip') return { engine: false, dotnet: false };
      if (artifact.source === 'dotnet') return checkProject(artifact, publishing);
      return { engine: false, dotnet: false, bytes: await checkZip(artifact, shortName(artifact.path, publishing.options), publishing) };
  }
}

async function checkProject(artifact: ZipArtifact, publishing: Publishing): Promise<Need> {
  const { planDotnetZip } = await import('./dotnet-zip.ts');
  return needOf(await planDotnetZip(artifact, publishing));
}

export function needOf({ plan }: PlannedDotnet): Need {
  return { engine: plan.container !== undefined, dotnet: plan.container === undefined };
}

function ensureThere(path: string): void {
  try {
    accessSync(path);
  } catch (error) {
    throw new UserError('TEMPLATE_PATH_NOT_FOUND', `${path} does not exist, or cannot be read.`, {
      hint: 'Check the path in the template.',
      cause: error,
    });
  }
}

async function ensureDotnet(publishing: Publishing): Promise<void> {
  const { signal, env } = publishing;
  const missingHint = 'Install the .NET SDK (https://dot.net), or build in a container: --use-container-for-build.';
  const end = await runProgram({ command: 'dotnet', args: ['--version'], cwd: process.cwd(), env, signal, missingHint });
  if (end.exitCode === 0) return;
  throw new UserError('BUILD_TOOL_NOT_FOUND', 'The .NET SDK does not run.', { hint: missingHint, details: end.lastLines });
}
