import { basename, resolve } from 'node:path';
import type { Architecture, ArtifactUse } from '../artifacts/types.ts';
import { missingPath, referenceError, referenceOf, refuseLoopVariable, useOf, type Reference, type Search } from './collect.ts';
import { parseBuildArgs } from './build-args.ts';
import { architectureOf, metadataOf, propertyOrGlobal } from './function-facts.ts';
import { isEcrAddress, isInRegistry } from './pushed-images.ts';
import type { ResourceEntry } from './read.ts';
import { IMAGE_PROPERTIES } from './resource-types.ts';
import type { JsonValue, Path } from './types.ts';
import { isMap, member, valueAt } from './value.ts';

/**
 * Finds what an image function needs. In this order: an image that is in a registry already, or that a function call names,
 * is left alone; `Metadata` with a Dockerfile or DockerContext is built; `ImageUri` may name a directory to build, an image archive or OCI layout, or
 * an image that the engine knows; without anything, the template's directory is built.
 */
export async function findImages(search: Search, resource: ResourceEntry, fallback: Architecture): Promise<void> {
  const property = IMAGE_PROPERTIES[resource.type];
  if (property === undefined) return;
  const path = [...resource.path, 'Properties', ...property];
  const own = valueAt(resource.properties, property);
  const inherited = own === undefined ? propertyOrGlobal(search, resource, property[0] ?? '') : undefined;
  const fromGlobals = property.length === 1 ? inherited : undefined;
  for (const branch of branchesOf(own ?? fromGlobals?.value, own === undefined ? (fromGlobals?.path ?? path) : path)) {
    const target = own === undefined && fromGlobals !== undefined && branch.path.length === fromGlobals.path.length ? path : branch.path;
    await findImage(search, resource, referenceOf(search.template, resource, target, branch.path), branch.value, fallback);
  }
}

/** The value itself, or what the branches of an `Fn::If` hold. */
export function branchesOf(value: JsonValue | undefined, path: Path): { value: JsonValue | undefined; path: Path }[] {
  const choice = member(value, 'Fn::If');
  if (!Array.isArray(choice) || Object.keys(value as object).length !== 1) return [{ value, path }];
  return [1, 2].flatMap((index) => (index in choice ? branchesOf(choice[index] as JsonValue, [...path, 'Fn::If', index]) : []));
}

async function findImage(
  search: Search,
  resource: ResourceEntry,
  reference: Reference,
  imageUri: JsonValue | undefined,
  fallback: Architecture,
): Promise<void> {
  if (imageUri !== undefined && typeof imageUri !== 'string') return;
  if (imageUri !== undefined && isInRegistry(imageUri)) return;
  if (imageUri !== undefined) refuseLoopVariable(reference, imageUri);
  const metadata = metadataOf(resource);
  const architecture = architectureOf(search, resource, fallback);
  const use = { ...useOf(reference, { type: 'image-uri' }), ...commandOf(search, resource) };
  const context = textOf(search, resource, 'DockerContext');
  // Nothing to build: rewriteTemplate copies the address.
  if (context !== undefined && isEcrAddress(context)) return;
  if (context !== undefined)
    return build(search, resource, metadataReference(reference, resource, 'DockerContext'), context, architecture, use);

  const named = imageUri === undefined || imageUri === '' ? undefined : await search.lookup.find(imageUri);
  const isLayout = named?.type === 'directory' && (await search.lookup.find('oci-layout', named.path)).type === 'file';
  if (imageUri !== undefined && named?.type === 'directory' && !isLayout)
    return build(search, resource, reference, imageUri, architecture, use);
  if (member(metadata, 'Dockerfile') !== undefined || named === undefined)
    return build(search, resource, reference, '.', architecture, use);
  const imageTag = textOf(search, resource, 'DockerTag')?.toLowerCase();
  const common = { kind: 'local-image', architecture, imageTag } as const;
  if (named.type === 'file' || isLayout) {
    if (!isLayout && !/\.(?:tar|tar\.gz|tgz)$/i.test(named.path))
      throw missingPath(reference, imageUri ?? '', named.path, 'which is neither a directory nor an image archive (.tar, .tar.gz)');
    return search.found.add([named.path, architecture, imageTag], { ...common, reference: basename(named.path), archive: named.path }, use);
  }
  if (imageUri === undefined || !isImageName(imageUri)) throw missingPath(reference, imageUri ?? '', named.path);
  search.found.add([imageUri, architecture, imageTag], { ...common, reference: imageUri }, use);
}

async function build(
  search: Search,
  resource: ResourceEntry,
  reference: Reference,
  text: string,
  architecture: Architecture,
  use: ArtifactUse,
): Promise<void> {
  refuseLoopVariable(reference, text);
  const context = await search.lookup.find(text === '' ? '.' : text);
  if (context.type === 'missing') throw missingPath(reference, text, context.path, context.what);
  if (context.type === 'file') throw missingPath(reference, text, context.path, 'which is a file; a Docker context is a directory');
  const dockerfile = await findDockerfile(search, resource, reference, context.path);
  const artifact = {
    kind: 'image',
    context: context.path,
    dockerfile,
    buildOptions: textOf(search, resource, 'DockerBuildOptions') ?? switchesInArgs(member(metadataOf(resource), 'DockerBuildArgs')),
    buildArgs: parseBuildArgs(member(metadataOf(resource), 'DockerBuildArgs'), metadataReference(reference, resource, 'DockerBuildArgs')),
    target: textOf(search, resource, 'DockerBuildTarget'),
    architecture,
    imageTag: textOf(search, resource, 'DockerTag')?.toLowerCase(),
    hostBuildOutputDir: textOf(search, resource, 'DockerHostBuildOutputDir'),
  } as const;
  const args = Object.entries(artifact.buildArgs).toSorted(([a], [b]) => (a < b ? -1 : 1));
  search.found.add(
    [
      artifact.context,
      dockerfile,
      args,
      artifact.target,
      architecture,
      artifact.imageTag,
      artifact.hostBuildOutputDir,
      artifact.buildOptions,
    ],
    artifact,
    use,
  );
}

/** What runs in the container, where the template says it; otherwise the image has to. */
function commandOf(search: Search, resource: ResourceEntry): Pick<ArtifactUse, 'command'> {
  const config = propertyOrGlobal(search, resource, 'ImageConfig')?.value;
  if (!isMap(config)) return {};
  const isSaid =
    ['Command', 'EntryPoint'].some((name) => config[name] !== undefined) || Object.keys(config).some((name) => /^Fn::|^Ref$/.test(name));
  return isSaid ? { command: 'template' } : {};
}

/** `dotnet lambda` puts the text of DockerBuildArgs into the command line as it is, so that it may hold more than arguments. */
function switchesInArgs(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && /^\s*--[a-z]/.test(value) && /(?:^|\s)--(?!build-arg\b)[a-z]/.test(value) ? value : undefined;
}

/** `Metadata.Dockerfile` is relative to the context; without it, `Dockerfile`. */
async function findDockerfile(search: Search, resource: ResourceEntry, reference: Reference, context: string): Promise<string> {
  const name = textOf(search, resource, 'Dockerfile') ?? 'Dockerfile';
  const found = await search.lookup.find(name, context);
  if (found.type === 'file') return found.path;
  const place = member(metadataOf(resource), 'Dockerfile') === undefined ? reference : metadataReference(reference, resource, 'Dockerfile');
  const said = place === reference ? 'needs a Dockerfile' : `refers to ${JSON.stringify(name)}`;
  throw referenceError('DOCKERFILE_NOT_FOUND', place, `${said}, and ${resolve(context, name)} is no file`, {
    hint: 'Metadata.Dockerfile names it relative to Metadata.DockerContext, which is relative to the template',
  });
}

function metadataReference(reference: Reference, resource: ResourceEntry, key: string): Reference {
  return { ...reference, textPath: [...resource.path, 'Metadata', key] };
}

/** A text in `Metadata`; numbers count as their text. Throws TEMPLATE_INVALID for anything else. */
function textOf(search: Search, resource: ResourceEntry, key: string): string | undefined {
  const value = member(metadataOf(resource), key);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const place = { ...referenceOf(search.template, resource, [...resource.path, 'Metadata', key]) };
  throw referenceError(
    'TEMPLATE_INVALID',
    place,
    `must be a text, not ${isMap(value) ? 'a map' : 'a list or boolean'}: it is needed before the deployment`,
  );
}

function isImageName(text: string): boolean {
  return /^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?$/.test(text) || /^sha256:[0-9a-f]{12,64}$/.test(text);
}
