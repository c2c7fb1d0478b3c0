import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { BuilderWish } from '../artifacts/builder-command.ts';
import type { PublishDeps, PublishOptions } from '../artifacts/index.ts';
import type { Artifact, PublishedArtifact } from '../artifacts/types.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { chooseBucket, type BucketWish } from './artifact-bucket.ts';
import { ownFiles } from './own-files.ts';
import { readRepositorySettings, type RepositoryWish } from './repository-settings.ts';
import type { Template } from '../template/types.ts';
import type { TemplateSource } from './template-source.ts';

export interface PackageWish extends BucketWish, RepositoryWish {
  readonly s3Prefix: string | undefined;
  readonly package: string | undefined;
  readonly configuration: string | undefined;
  readonly framework: string | undefined;
  readonly msbuildParameters: string | undefined;
  readonly useContainerForBuild: boolean | undefined;
  readonly containerImageForBuild: string | undefined;
  readonly codeMountDirectory: string | undefined;
  readonly dockerBuildOptions: string | undefined;
  readonly dockerHostBuildOutputDir: string | undefined;
  readonly forceBuild?: boolean | undefined;
  readonly pull?: boolean | undefined;
  readonly builder?: string | undefined;
  /** What is given for the template's parameters: runtimes, architectures and loops may depend on them. */
  readonly templateParameters?: Readonly<Record<string, string>> | undefined;
  readonly parametersFile?: string | undefined;
  /** A template that refers to nothing on this machine comes out byte for byte, comments and aliases included. */
  readonly keepText?: boolean;
}

export interface Packaged {
  /** The template with every local reference replaced by the place where it is published. */
  readonly text: string;
  readonly published: readonly PublishedArtifact[];
  /** The bucket that was used, or undefined when nothing needed one. */
  readonly bucket: string | undefined;
}

/** A key of `dotnet lambda` without a switch, whose files would be missing without a word. */
export function warnOfAdditionalFiles({ settings, reporter }: Context): void {
  if (settings.file.values['additional-files'] === undefined) return;
  reporter.warn(
    `${settings.file.displayName} has additional-files, which are not added to packages: name them in the project file, as Content with CopyToPublishDirectory`,
  );
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
  const [{ findArtifacts }, { countTemplate, describeCounts }, { rewriteTemplate }, { publishArtifacts }] = await loadModules();
  const { artifacts, warnings } = await findArtifacts(template, {
    templateDirectory: dirname(source.path),
    parameters: await givenParameters(wish, context),
    ...(wish.package === undefined ? {} : { packageOverride: findReadyZip(wish.package, context) }),
  });
  for (const warning of warnings) context.reporter.warn(warning);
  context.reporter.info([template.path, describeCounts(countTemplate(template, artifacts)), stackWords].join(' · '));
  if (artifacts.length === 0) {
    return {
      text: await settledText(template, wish.keepText === true, context),
      published: [],
      bucket: undefined,
    };
  }

  if (artifacts.some((artifact) => artifact.kind === 'zip' && artifact.source === 'dotnet')) warnOfAdditionalFiles(context);
  const bucket = artifacts.some(needsBucket) ? await chooseBucket(wish, context) : undefined;
  const { clients, reporter, signal, env } = context;
  const { region } = await clients.edge();
  const options: PublishOptions = {
    bucket,
    prefix: wish.s3Prefix ?? '',
    region,
    directory: context.projectDirectory,
    templateDirectory: dirname(source.path),
    configuration: wish.configuration,
    framework: wish.framework,
    msbuildParameters: wish.msbuildParameters,
    ...containerWish(wish, context.projectDirectory),
    dockerBuildOptions: wish.dockerBuildOptions,
    hostBuildOutputDir: wish.dockerHostBuildOutputDir,
    forceBuild: wish.forceBuild,
    pull: wish.pull,
    builder: wish.builder as BuilderWish | undefined,
    ownFiles: await ownFiles(context),
    newRepositories: await readRepositorySettings(wish, context.projectDirectory),
  };
  const { objects: store, repositories, engine, registry } = clients;
  const deps: PublishDeps = { store, repositories, engine, registry, reporter, signal, env };
  // Alone, an artefact finds out by itself what it lacks; among others it must not be found out after they are published.
  const isChecked = artifacts.length > 1 || artifacts[0]?.kind === 'template';
  const lookups = isChecked
    ? await (await import('../artifacts/prerequisites.ts')).checkPrerequisites(artifacts, options, deps)
    : undefined;
  const published = await publishArtifacts(artifacts, options, deps, lookups);
  for (const item of published) reporter.event({ type: 'artifact', ...describeArtifact(item) });
  return { text: await sendable(template, rewriteTemplate(template, published, { expandAliases: true })), published, bucket };
}

/** What the switches say of builds in containers. */
export function containerWish(
  wish: Pick<PackageWish, 'useContainerForBuild' | 'containerImageForBuild' | 'codeMountDirectory'>,
  projectDirectory: string,
): Pick<PublishOptions, 'useContainer' | 'containerImage' | 'mountDirectory'> {
  const { codeMountDirectory: mount } = wish;
  return {
    useContainer: wish.useContainerForBuild,
    containerImage: wish.containerImageForBuild,
    mountDirectory: mount === undefined ? undefined : resolve(projectDirectory, mount),
  };
}

/** A template without artefacts: only what stands elsewhere in it already is written where it belongs. */
async function settledText(template: Template, keepText: boolean, context: Context): Promise<string> {
  const { rewriteTemplate } = await import('../template/rewrite.ts');
  const written = await sendable(template, rewriteTemplate(template, [], { expandAliases: true }));
  if (!keepText || rewriteTemplate(template, []) !== template.text) return written;
  if (template.format === 'yaml' && written !== template.text) {
    context.reporter.warn(
      `${template.path} has YAML aliases or merge keys, which CloudFormation does not read. It is given back as it is; deploy-serverless writes them out`,
    );
  }
  return template.text;
}

async function givenParameters(wish: PackageWish, context: Context): Promise<Record<string, string>> {
  if (wish.parametersFile === undefined) return { ...wish.templateParameters };
  const { readParametersFile } = await import('./parameters-file.ts');
  return { ...(await readParametersFile(wish.parametersFile, context.projectDirectory)), ...wish.templateParameters };
}

function findReadyZip(named: string, context: Context): string {
  const path = resolve(context.projectDirectory, named);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true) return path;
  const what = found === undefined ? 'does not exist' : 'is no file';
  throw new UserError('PACKAGE_INVALID', `The package ${named} ${what} (looked for ${path})`, {
    hint: 'Check --package; a relative path counts from --project-location',
  });
}

/** Zip, tar and what else they bring are loaded when there is something to package, and not for --help. */
function loadModules() {
  return Promise.all([
    import('../template/find-artifacts.ts'),
    import('../template/summary.ts'),
    import('../template/rewrite.ts'),
    import('../artifacts/index.ts'),
  ]);
}

/** CloudFormation reads no comments in JSON, and in YAML neither aliases nor merge keys. */
async function sendable(template: Template, text: string): Promise<string> {
  if (template.format === 'yaml') return text;
  const { toStrictJson } = await import('../template/strict-json.ts');
  return toStrictJson(text);
}

function needsBucket(artifact: Artifact): boolean {
  return artifact.kind !== 'image' && artifact.kind !== 'local-image';
}

/** The three kinds that the JSON document knows. */
const DOCUMENT_KINDS = { zip: 'zip', file: 'file', template: 'file', image: 'image', 'local-image': 'image' } as const;

/** An artefact in the JSON document. */
export function describeArtifact(item: PublishedArtifact) {
  const { artifact, location } = item;
  return {
    logicalIds: [...new Set(artifact.uses.map((use) => use.logicalId))],
    kind: DOCUMENT_KINDS[artifact.kind],
    location: location.type === 's3' ? `s3://${location.bucket}/${location.key}` : `${location.repositoryUri}@${location.digest}`,
    digest: item.digest,
    built: item.built,
    published: item.published,
  };
}
