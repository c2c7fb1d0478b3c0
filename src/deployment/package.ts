import { dirname } from 'node:path';

import { publishArtifacts } from '../artifacts/index.ts';
import type { Artifact, PublishedArtifact } from '../artifacts/types.ts';
import type { Context } from '../context.ts';
import { plural } from '../output/format.ts';
import { findArtifacts } from '../template/find-artifacts.ts';
import { rewriteTemplate } from '../template/rewrite.ts';
import { chooseBucket, type BucketWish } from './artifact-bucket.ts';
import type { TemplateSource } from './template-source.ts';

export interface PackageWish extends BucketWish {
  readonly s3Prefix: string | undefined;
  readonly package: string | undefined;
  readonly configuration: string | undefined;
  readonly framework: string | undefined;
  readonly msbuildParameters: string | undefined;
  readonly dockerBuildOptions: string | undefined;
  readonly dockerHostBuildOutputDir: string | undefined;
}

export interface Packaged {
  /** The template with every local reference replaced by the place where it is published. */
  readonly text: string;
  readonly published: readonly PublishedArtifact[];
  /** The bucket that was used, or undefined when nothing needed one. */
  readonly bucket: string | undefined;
}

/**
 * Finds what the template refers to on this machine, builds and publishes it, and writes the places back into the
 * template. `stackWords` is what the line about the work says of the stack.
 */
export async function publishAndRewrite(
  wish: PackageWish,
  source: TemplateSource,
  context: Context,
  stackWords: string,
): Promise<Packaged> {
  const { template } = source;
  const { artifacts, warnings } = await findArtifacts(template, {
    templateDirectory: dirname(source.path),
    ...(wish.package === undefined ? {} : { packageOverride: wish.package }),
  });
  for (const warning of warnings) context.reporter.warn(warning);
  context.reporter.info([template.path, plural(artifacts.length, 'artifact'), stackWords].join(' · '));
  if (artifacts.length === 0) return { text: template.text, published: [], bucket: undefined };

  const bucket = artifacts.some(needsBucket) ? await chooseBucket(wish, context) : undefined;
  const { clients, reporter, signal, env } = context;
  const { region } = await clients.edge();
  const published = await publishArtifacts(
    artifacts,
    {
      bucket,
      prefix: wish.s3Prefix ?? '',
      region,
      configuration: wish.configuration,
      framework: wish.framework,
      msbuildParameters: wish.msbuildParameters,
      dockerBuildOptions: wish.dockerBuildOptions,
      hostBuildOutputDir: wish.dockerHostBuildOutputDir,
    },
    { store: clients.objects, repositories: clients.repositories, engine: clients.engine, reporter, signal, env },
  );
  return { text: await rewriteTemplate(template, published), published, bucket };
}

function needsBucket(artifact: Artifact): boolean {
  return artifact.kind === 'zip' || artifact.kind === 'file';
}

/** An artefact in the JSON document. */
export function describeArtifact(item: PublishedArtifact) {
  const { artifact, location } = item;
  return {
    logicalIds: [...new Set(artifact.uses.map((use) => use.logicalId))],
    kind: artifact.kind === 'local-image' ? 'image' : artifact.kind,
    location: location.type === 's3' ? `s3://${location.bucket}/${location.key}` : `${location.repositoryUri}@${location.digest}`,
    digest: item.digest,
    built: item.built,
    published: item.published,
  };
}
