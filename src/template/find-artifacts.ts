import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Architecture, Artifact } from '../artifacts/types.ts';
import { UserError } from '../errors.ts';
import { buildOf } from './build-recipe.ts';
import {
  ArtifactCollection,
  missingPath,
  referenceError,
  referenceOf,
  refuseLoopVariable,
  useOf,
  type Reference,
  type Search,
} from './collect.ts';
import { architectureOf, handlerOf, isImageFunction, layersOf, propertyOrGlobal, runtimeOf, serverlessKind } from './function-facts.ts';
import { codeSource } from './dotnet-code.ts';
import { findIncludes } from './find-includes.ts';
import { branchesOf, findImages } from './find-images.ts';
import { roundsOf } from './loop-rounds.ts';
import { parseTemplate } from './parse.ts';
import { PathLookup, referenceKind, type FoundPath } from './paths.ts';
import { globalsOf, isIntrinsic, resourcesOf, type ResourceEntry } from './read.ts';
import { IMAGE_PROPERTIES, METADATA_ROWS, rowsOf, type PropertyRow } from './resource-types.ts';
import type { JsonValue, Path, Template } from './types.ts';
import { isMap, member, valueAt } from './value.ts';

export interface FindOptions {
  /** Absolute; relative paths in the template start here. */
  readonly templateDirectory: string;
  /** Absolute path of the zip given with `--package`: taken for functions whose code is the template's own directory. */
  readonly packageOverride?: string | undefined;
  /** Architecture of functions that name none; x86_64 as in Lambda itself. */
  readonly defaultArchitecture?: Architecture | undefined;
  /** Values of parameters, for runtimes and architectures that are a `Ref`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Told of everything that is wrong, in the order of the text; without it the first of them is thrown. */
  readonly onProblem?: ((problem: UserError) => void) | undefined;
}

export interface FoundArtifacts {
  /** In the order of the text; what has the same inputs is one artefact with several uses. */
  readonly artifacts: readonly Artifact[];
  readonly warnings: readonly string[];
}

/**
 * Everything in a template that lies on this machine: code, files, nested templates, images to build. Left alone: S3 and web
 * addresses, function calls, inline code, images in a registry. Throws UserError TEMPLATE_PATH_NOT_FOUND, DOCKERFILE_NOT_FOUND or TEMPLATE_INVALID,
 * naming the resource, the property, the path and the line.
 */
export function findArtifacts(template: Template, options: FindOptions): Promise<FoundArtifacts> {
  return findIn(template, options, []);
}

interface Scope extends Search {
  readonly options: FindOptions;
  /** Absolute paths of the nested templates that lead here. */
  readonly chain: readonly string[];
}

async function findIn(template: Template, options: FindOptions, chain: readonly string[]): Promise<FoundArtifacts> {
  const found = new ArtifactCollection();
  const scope: Scope = {
    template,
    options,
    chain,
    found,
    lookup: new PathLookup(options.templateDirectory),
    parameters: options.parameters ?? {},
  };
  for (const resource of resourcesOf(template)) {
    if (!hasProperties(scope, resource)) continue;
    // One after the other: the order of the text is the order of the answer and of the first error.
    for (const round of roundsOf(scope, resource)) await findInResource(scope, round);
  }
  await collecting(scope, () => findInMetadata(scope));
  await collecting(scope, () => findIncludes(scope));
  return { artifacts: found.list(), warnings: [...new Set(found.warnings)] };
}

/** Goes on after a problem when somebody collects them. */
async function collecting(scope: Scope, work: () => Promise<void>): Promise<void> {
  const { onProblem } = scope.options;
  if (onProblem === undefined) return work();
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onProblem(error);
  }
}

/** A resource without Properties is looked at only where Globals may say something for it. */
function hasProperties(scope: Scope, resource: ResourceEntry): boolean {
  if (isMap(member(resource.body, 'Properties'))) return true;
  const kind = serverlessKind(resource.type);
  return kind !== undefined && Object.keys(globalsOf(scope.template, kind)).length > 0;
}

async function findInResource(scope: Scope, resource: ResourceEntry): Promise<void> {
  const fallback = scope.options.defaultArchitecture ?? 'x86_64';
  if (resource.type in IMAGE_PROPERTIES && isImageFunction(scope, resource))
    return collecting(scope, () => findImages(scope, resource, fallback));
  for (const row of rowsOf(resource.type)) {
    if (row.instead?.some((name) => member(resource.properties, name) !== undefined) === true) continue;
    for (const place of placesOf(scope, resource, row)) await collecting(scope, () => findInPlace(scope, resource, row, place));
  }
}

interface PropertyPlace {
  /** Where the location will be written. */
  readonly path: Path;
  readonly value: JsonValue | undefined;
  /** Where the value stands: elsewhere when it comes from Globals. */
  readonly textPath: Path;
}

/** The places of a row in a resource: one for every key that `*` stands for, and one for every branch of an `Fn::If`. */
function placesOf(scope: Scope, resource: ResourceEntry, row: PropertyRow): PropertyPlace[] {
  const [name = ''] = row.property;
  if (row.property.length === 1) {
    const path = [...resource.path, 'Properties', name];
    const found = propertyOrGlobal(scope, resource, name);
    if (found === undefined) return [{ path, value: undefined, textPath: path }];
    return branchesOf(found.value, found.path).map((branch) => ({
      // A plain value from Globals is written to the resource; one branch of an Fn::If can only be written where it is.
      path: branch.path.length === found.path.length ? path : branch.path,
      value: branch.value,
      textPath: branch.path,
    }));
  }
  return expand(resource.properties, row.property, [...resource.path, 'Properties']).flatMap(({ path, value }) =>
    branchesOf(value, path).map((branch) => ({ ...branch, textPath: branch.path })),
  );
}

function expand(value: JsonValue | undefined, property: readonly string[], path: Path): { path: Path; value: JsonValue | undefined }[] {
  const [step, ...rest] = property;
  if (step === undefined) return [{ path, value }];
  if (!isMap(value) || isIntrinsic(value)) return [];
  const keys = step === '*' ? Object.keys(value) : [step];
  return keys.flatMap((key) => expand(member(value, key), rest, [...path, key]));
}

async function findInPlace(scope: Scope, resource: ResourceEntry, row: PropertyRow, place: PropertyPlace): Promise<void> {
  const { value, path } = place;
  if (value === undefined || value === null || value === '') {
    if (row.whenMissing !== undefined) await addPath(scope, resource, row, referenceOf(scope.template, resource, path, place.textPath), '');
    return;
  }
  if (typeof value === 'string') return addPath(scope, resource, row, referenceOf(scope.template, resource, path, place.textPath), value);
  const local = localKey(row, value);
  if (local === undefined) return;
  const keyPath = member(value, local.name) === undefined ? place.textPath : [...place.textPath, local.name];
  await addPath(scope, resource, row, referenceOf(scope.template, resource, path, keyPath), local.text);
}

/** `{ S3Bucket: '', S3Key: './src' }`: a location whose bucket is empty is a path; a map of code without any location is `.`. */
function localKey(row: PropertyRow, value: JsonValue): { name: string; text: string } | undefined {
  if (row.form.type !== 's3-object' || !isMap(value) || isIntrinsic(value)) return undefined;
  if (row.inlineMembers?.some((name) => member(value, name) !== undefined) === true) return undefined;
  const bucket = member(value, row.form.bucket);
  if (bucket !== undefined && bucket !== null && bucket !== '') return undefined;
  const key = member(value, row.form.key);
  if (typeof key === 'string' && key !== '') return { name: row.form.key, text: key };
  return key === undefined || key === null || key === '' ? missingKey(row) : undefined;
}

function missingKey(row: PropertyRow): { name: string; text: string } | undefined {
  return row.whenMissing === undefined || row.form.type !== 's3-object' ? undefined : { name: row.form.key, text: '' };
}

async function addPath(scope: Scope, resource: ResourceEntry, row: PropertyRow, reference: Reference, text: string): Promise<void> {
  if (referenceKind(text) === 'remote') return;
  refuseLoopVariable(reference, text);
  const use = useOf(reference, formOf(scope, row, reference));
  if (row.kind === 'code' && scope.options.packageOverride !== undefined && /^(?:\.[/\\]?)?$/.test(text)) {
    const path = scope.options.packageOverride;
    const architecture = architectureOf(scope, resource, scope.options.defaultArchitecture ?? 'x86_64');
    const artifact = { kind: 'zip', path, source: 'zip', architecture, runtime: runtimeOf(scope, resource) } as const;
    return scope.found.add([path, 'zip'], artifact, asFunctionUse(scope, resource, use));
  }
  const found = await scope.lookup.find(text === '' ? '.' : text);
  if (found.type === 'missing') throw missingPath(reference, text, found.path, found.what);
  if (row.kind === 'template') return addTemplate(scope, reference, text, found, use);
  if (row.kind === 'code' || row.kind === 'layer') return addCode(scope, resource, row, found, use);
  if (found.type === 'directory' && row.kind === 'file')
    throw missingPath(reference, text, found.path, 'which is a directory; a file is needed');
  if (found.type === 'directory')
    return scope.found.add([found.path, 'directory'], { kind: 'zip', path: found.path, source: 'directory', architecture: 'x86_64' }, use);
  scope.found.add([found.path], { kind: 'file', path: found.path }, use);
}

type AnyUse = ReturnType<typeof useOf>;

/** The object's version is written down only where AWS goes on reading the object. */
function formOf(scope: Scope, row: PropertyRow, reference: Reference): PropertyRow['form'] {
  if (row.form.type !== 's3-object') return row.form;
  const mode = valueAt(scope.template.value, [...reference.path, 'S3ObjectStorageMode']);
  const { version, ...plain } = row.form;
  return row.byReference === true || mode === 'REFERENCE' ? { ...plain, version } : plain;
}

function asFunctionUse(scope: Scope, resource: ResourceEntry, use: AnyUse): AnyUse {
  const handler = handlerOf(scope, resource);
  const layers = layersOf(scope, resource);
  return { ...use, ...(handler === undefined ? {} : { handler }), ...(layers.length === 0 ? {} : { layers }) };
}

async function addCode(scope: Scope, resource: ResourceEntry, row: PropertyRow, found: FoundPath, place: AnyUse): Promise<void> {
  const isFunction = row.kind === 'code';
  const use = isFunction ? asFunctionUse(scope, resource, place) : place;
  const runtime = isFunction ? runtimeOf(scope, resource) : undefined;
  const architecture = isFunction ? architectureOf(scope, resource, scope.options.defaultArchitecture ?? 'x86_64') : 'x86_64';
  const build = found.type === 'directory' ? buildOf(scope, scope.options.templateDirectory, resource, found.path) : undefined;
  if (build !== undefined) {
    const artifact = { kind: 'zip', path: build.path, source: 'build', build: build.recipe, architecture, runtime } as const;
    return scope.found.add([build, 'build', architecture, runtime], artifact, use);
  }
  const source = await codeSource(scope, resource, use, found, isFunction ? { runtime } : undefined);
  // Only a build looks at runtime and architecture; the same files zipped for two architectures are one artefact.
  const key = source === 'dotnet' ? [found.path, source, architecture, runtime] : [found.path, source];
  scope.found.add(key, { kind: 'zip', path: found.path, source, architecture, runtime }, use);
}

async function addTemplate(scope: Scope, reference: Reference, text: string, found: FoundPath, use: AnyUse): Promise<void> {
  if (found.type !== 'file') throw missingPath(reference, text, found.path, 'which is a directory; a template is a file');
  if (scope.chain.includes(found.path))
    throw referenceError('TEMPLATE_INVALID', reference, `leads back to a template that it is itself nested in: ${JSON.stringify(text)}`);
  const shown = join(dirname(scope.template.path), text.replaceAll('\\', '/'));
  const template = await parseTemplate(await readFile(found.path, 'utf8'), shown);
  const { defaultArchitecture, onProblem } = scope.options;
  const options: FindOptions = { templateDirectory: dirname(found.path), defaultArchitecture, onProblem };
  const nested = await findIn(template, options, [...scope.chain, found.path]);
  scope.found.warnings.push(...nested.warnings);
  scope.found.add([found.path], { kind: 'template', path: found.path, template, artifacts: nested.artifacts }, use);
}

async function findInMetadata(scope: Scope): Promise<void> {
  for (const row of METADATA_ROWS) {
    const path = ['Metadata', row.resourceType, ...row.property];
    const text = valueAt(scope.template.value, path);
    if (typeof text !== 'string' || text === '') continue;
    const reference = {
      template: scope.template,
      logicalId: row.resourceType,
      resourceType: row.resourceType,
      path,
      textPath: path,
      loopVariables: [],
    };
    const resource = { logicalId: row.resourceType, type: row.resourceType, path, body: {}, properties: {}, loops: [] };
    await addPath(scope, resource, row, reference, text);
  }
}
