import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { UploadOptions } from '../clients/s3-upload.ts';
import type { Step } from '../output/reporter.ts';
import { rewriteTemplate } from '../template/rewrite.ts';
import { formatBytes } from './bytes.ts';
import { hashFile, hashValues, identifyZip, PACKING_VERSION } from './digest.ts';
import { CHANGED, readable, unreadable } from './file-tree.ts';
import { needsVersion, type Outcome, type Publishing } from './publishing.ts';
import { missingHandlers, type PackedFile } from './handler-file.ts';
import { withTempFolder } from './temp-folder.ts';
import type { ArtifactUse, BuildRecipe, FileArtifact, PublishedArtifact, TemplateArtifact, ZipArtifact } from './types.ts';
import { listZipContents, singleFileContents, type ZipEntry } from './zip-contents.ts';
import type { ZipMemory } from './zip-memory.ts';
import { checkUnzippedSize, fitsInMemory, UNZIPPED_LIMIT_BYTES, writeZip, zipInMemory } from './zip.ts';

/** Web functions may be larger. https://docs.aws.amazon.com/lambda/latest/dg/web-functions-code-s3.html */
const WEB_FUNCTION_LIMIT_BYTES = 512 * 1024 * 1024;

/** A file up to this size is sent along with many others. */
const LIGHT_BYTES = 1024 * 1024;

/** Zips what a zip artefact names, unless S3 has the result already, and uploads it. */
export async function publishZip(artifact: ZipArtifact, name: string, publishing: Publishing, step: Step): Promise<Outcome> {
  if (artifact.source === 'zip') return publishReadyZip(artifact, name, publishing, step);
  if (artifact.build !== undefined) return publishBuild(artifact, artifact.build, name, publishing, step);
  if (artifact.source !== 'dotnet') {
    const entries = publishing.listings.take(artifact) ?? (await listContents(artifact, publishing));
    const root = artifact.source === 'directory' ? artifact.path : undefined;
    return publishContents(artifact, name, entries, publishing, step, root);
  }
  const { withPublishedProject } = await import('./dotnet-zip.ts');
  return withPublishedProject(artifact, name, publishing, step, (entries) => publishContents(artifact, name, entries, publishing, step));
}

async function listContents(artifact: ZipArtifact, { options, signal }: Publishing): Promise<readonly ZipEntry[]> {
  return artifact.source === 'directory' ? listZipContents(artifact.path, signal, options.ownFiles) : singleFileContents(artifact.path);
}

/**
 * Looks at what goes into a zip, before anything is built or uploaded, and answers its unzipped bytes: throws what the publishing would throw. What code
 * comes to that has to be built is known after its build only.
 */
export async function checkZip(artifact: ZipArtifact, name: string, publishing: Publishing): Promise<number | undefined> {
  if (artifact.source === 'dotnet' || artifact.build !== undefined) return undefined;
  if (artifact.source === 'zip') {
    const { listReadyZip } = await import('./ready-zip.ts');
    return checkUnzippedSize(await listReadyZip(artifact.path), name, limitFor(artifact));
  }
  const entries = await listContents(artifact, publishing);
  publishing.listings.keep(artifact, entries);
  return checkUnzippedSize(entries, name, limitFor(artifact));
}

/** Throws when Lambda would refuse the contents; says what it could not start. */
function checkContents(
  artifact: ZipArtifact,
  name: string,
  entries: readonly (PackedFile & { size: number })[],
  publishing: Publishing,
): void {
  checkUnzippedSize(entries, name, limitFor(artifact));
  for (const problem of missingHandlers(artifact.uses, entries)) publishing.reporter.warn(problem);
}

/** `root`: the directory that the entries lie in, if it is there the next time as well. */
async function publishContents(
  artifact: ZipArtifact,
  name: string,
  entries: readonly ZipEntry[],
  publishing: Publishing,
  step: Step,
  root?: string,
): Promise<Outcome> {
  checkContents(artifact, name, entries, publishing);
  const { env, signal } = publishing;
  const { digest, hashes } = await identifyZip(entries, signal, root === undefined ? undefined : { root, env });
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  const words = `${entries.length} ${entries.length === 1 ? 'file' : 'files'} · ${formatBytes(total)}`;
  return publishObject(artifact, digest, '.zip', words, publishing, step, (upload) =>
    zipAndUpload(entries, publishing, step, upload, { place: { root: artifact.path, env }, hashes }),
  );
}

async function zipAndUpload(
  entries: readonly ZipEntry[],
  publishing: Publishing,
  step: Step,
  upload: Upload,
  memory?: ZipMemory,
): ReturnType<Upload> {
  const { signal } = publishing;
  if (fitsInMemory(entries)) return upload(await zipInMemory(entries, { signal }));
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  const onProgress = (done: number): void => step.progress(`zipped ${formatBytes(done)} of ${formatBytes(total)}`);
  return publishing.heavyLimit(() =>
    withTempFolder(async (folder) => {
      const file = join(folder, 'code.zip');
      await writeZip(entries, file, { signal, onProgress, memory });
      return upload(file);
    }),
  );
}

async function publishReadyZip(artifact: ZipArtifact, name: string, publishing: Publishing, step: Step): Promise<Outcome> {
  const before = await readable(artifact.path, (path) => stat(path));
  const { size } = before;
  const { readReadyZip } = await import('./ready-zip.ts');
  const { entries, problems } = await readReadyZip(artifact.path);
  checkContents(artifact, name, entries, publishing);
  for (const problem of problems) publishing.reporter.warn(`${name} ${problem}`);
  const digest = hashValues(['ready', PACKING_VERSION, await hashFile(artifact.path, size, publishing.signal)]);
  return publishObject(artifact, digest, '.zip', formatBytes(size), publishing, step, (upload) =>
    publishing.heavyLimit(() => uploadUnchanged(artifact.path, before, upload)),
  );
}

/** Builds code. What is keyed by its inputs is not built again when S3 has it. */
async function publishBuild(
  artifact: ZipArtifact,
  recipe: BuildRecipe,
  name: string,
  publishing: Publishing,
  step: Step,
): Promise<Outcome> {
  const { codeBuild } = await import('./build-code.ts');
  const build = await codeBuild(artifact, recipe, publishing, step);
  if (build.digest === undefined) return build.run((entries) => publishContents(artifact, name, entries, publishing, step));
  return publishObject(artifact, build.digest, '.zip', build.words, publishing, step, (upload) =>
    build.run((entries) => {
      checkContents(artifact, name, entries, publishing);
      return zipAndUpload(entries, publishing, step, upload);
    }),
  );
}

/** Uploads a file as it is, unless S3 has it already. */
export async function publishFile(artifact: FileArtifact, publishing: Publishing, step: Step): Promise<Outcome> {
  const before = await readable(artifact.path, (path) => stat(path));
  const { size } = before;
  const digest = hashValues(['file', PACKING_VERSION, await hashFile(artifact.path, size, publishing.signal)]);
  return publishObject(artifact, digest, extname(basename(artifact.path)), formatBytes(size), publishing, step, (upload) => {
    const send = (): ReturnType<Upload> => uploadUnchanged(artifact.path, before, upload);
    return size <= LIGHT_BYTES ? send() : publishing.heavyLimit(send);
  });
}

/** Uploads a file that was hashed, unless it changes before the last of it has been read. */
async function uploadUnchanged(path: string, before: Pick<Stats, 'size' | 'mtimeMs'>, upload: Upload): ReturnType<Upload> {
  const check = (): Promise<void> => ensureUnchanged(path, before);
  await check();
  return upload(path, check);
}

/** Throws unless a file is still what was hashed: under a key that is made of one content must not lie another. */
async function ensureUnchanged(path: string, before: Pick<Stats, 'size' | 'mtimeMs'>): Promise<void> {
  const now = await readable(path, (name) => stat(name));
  if (now.size !== before.size || now.mtimeMs !== before.mtimeMs) throw unreadable(path, new Error(CHANGED));
}

/** Uploads a nested template with the places of its own artefacts (`parts`) written into it. */
export async function publishTemplate(
  artifact: TemplateArtifact,
  parts: readonly PublishedArtifact[],
  publishing: Publishing,
  step: Step,
): Promise<Outcome> {
  const text = await deployableText(artifact, parts);
  const digest = hashValues(['template', PACKING_VERSION, text]);
  const bytes = Buffer.from(text);
  return publishObject(artifact, digest, '.template', formatBytes(bytes.length), publishing, step, (upload) => upload(bytes));
}

/** CloudFormation reads no comments in JSON, and in YAML neither aliases nor merge keys; in nested templates no more than elsewhere. */
async function deployableText({ template }: TemplateArtifact, parts: readonly PublishedArtifact[]): Promise<string> {
  const text = rewriteTemplate(template, parts, { expandAliases: true });
  if (template.format === 'yaml') return text;
  const { toStrictJson } = await import('../template/strict-json.ts');
  return toStrictJson(text);
}

/** Takes the path of a file, or what would be in it; `check` as in UploadOptions. */
type Upload = (
  content: string | Uint8Array,
  check?: () => Promise<void>,
) => Promise<{ readonly versionId: string | undefined; readonly written: boolean }>;

async function publishObject(
  artifact: ZipArtifact | FileArtifact | TemplateArtifact,
  digest: string,
  extension: string,
  words: string,
  publishing: Publishing,
  step: Step,
  make: (upload: Upload) => ReturnType<Upload>,
): Promise<Outcome> {
  const { bucket, prefix, region } = publishing.options;
  if (bucket === undefined) throw new Error('A zip or file is to be published, but no bucket was given');
  const key = `${prefix}${digest}${extension}`;
  const location = (versionId: string | undefined) => ({ type: 's3' as const, bucket, key, versionId, region });
  // Whoever has no place for the version does not find it out for those who have.
  return publishing.once(`s3:${needsVersion(artifact.uses)}:${key}`, async () => {
    const found = await findKey(artifact, bucket, key, publishing);
    if (found !== undefined) {
      step.summary(`${words} · unchanged`);
      return { location: location(found.versionId), digest, built: false, published: false };
    }
    const store = await publishing.store();
    const options: UploadOptions = {
      signal: publishing.signal,
      needsVersion: needsVersion(artifact.uses),
      onProgress: (sent, total) => step.progress(`uploaded ${formatBytes(sent)} of ${formatBytes(total)}`),
    };
    const uploaded = await make((content, check) =>
      typeof content === 'string'
        ? store.uploadFile(bucket, key, content, { ...options, check })
        : store.uploadBytes(bucket, key, content, options),
    );
    step.summary(`${words} · uploaded`);
    return { location: location(uploaded.versionId), digest, built: true, published: uploaded.written };
  });
}

/** Whether S3 has a key. The version is looked up only for properties that have a place for it. */
async function findKey(
  artifact: ZipArtifact | FileArtifact | TemplateArtifact,
  bucket: string,
  key: string,
  publishing: Publishing,
): Promise<{ readonly versionId: string | undefined } | undefined> {
  const listing = needsVersion(artifact.uses) ? undefined : await publishing.listing();
  if (listing?.covers(key) === true) return listing.has(key) ? { versionId: undefined } : undefined;
  return (await publishing.store()).findObject(bucket, key, publishing.signal);
}

function limitFor(artifact: ZipArtifact): number {
  return isWebFunction(artifact.uses) ? WEB_FUNCTION_LIMIT_BYTES : UNZIPPED_LIMIT_BYTES;
}

export function isWebFunction(uses: readonly ArtifactUse[]): boolean {
  return uses.some((use) => use.resourceType.includes('WebFunction'));
}
