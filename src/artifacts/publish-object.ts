import { stat, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Step } from '../output/reporter.ts';
import { rewriteTemplate } from '../template/rewrite.ts';
import { formatBytes } from './bytes.ts';
import { digestZipContents, hashFile, hashValues, PACKING_VERSION } from './digest.ts';
import { publishDotnet } from './dotnet.ts';
import { readable } from './file-tree.ts';
import { frameworkFor, type Outcome, type Publishing } from './publishing.ts';
import { listReadyZip } from './ready-zip.ts';
import { withTempFolder } from './temp-folder.ts';
import type { ArtifactUse, BuildRecipe, FileArtifact, PublishedArtifact, TemplateArtifact, ZipArtifact } from './types.ts';
import { listZipContents, singleFileContents, type ZipEntry } from './zip-contents.ts';
import { checkUnzippedSize, UNZIPPED_LIMIT_BYTES, writeZip } from './zip.ts';

/** Web functions may be larger. https://docs.aws.amazon.com/lambda/latest/dg/web-functions-code-s3.html */
const WEB_FUNCTION_LIMIT_BYTES = 512 * 1024 * 1024;

/** Zips what a zip artefact names, unless S3 has the result already, and uploads it. */
export async function publishZip(artifact: ZipArtifact, name: string, publishing: Publishing, step: Step): Promise<Outcome> {
  const { signal } = publishing;
  if (artifact.source === 'zip') return publishReadyZip(artifact, name, publishing, step);
  if (artifact.build !== undefined) return publishBuild(artifact, artifact.build, name, publishing, step);
  if (artifact.source === 'file') return publishContents(artifact, name, await singleFileContents(artifact.path), publishing, step);
  if (artifact.source === 'directory')
    return publishContents(artifact, name, await listZipContents(artifact.path, signal), publishing, step);
  return withTempFolder(async (folder) => {
    const outputDirectory = join(folder, 'publish');
    const { configuration, msbuildParameters } = publishing.options;
    const { path: project, architecture, runtime } = artifact;
    step.note('dotnet publish');
    await publishDotnet({
      project,
      outputDirectory,
      architecture,
      runtime,
      configuration,
      framework: frameworkFor(project, publishing.options),
      msbuildParameters,
      env: publishing.env,
      signal,
      onLine: (line) => step.output(line),
    });
    return publishContents(artifact, name, await listZipContents(outputDirectory, signal), publishing, step);
  });
}

/** Zips and uploads what is listed, under the digest of what is in it. */
async function publishContents(
  artifact: ZipArtifact,
  name: string,
  entries: readonly ZipEntry[],
  publishing: Publishing,
  step: Step,
): Promise<Outcome> {
  checkUnzippedSize(entries, name, limitFor(artifact));
  const digest = await digestZipContents(entries, publishing.signal);
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  const words = `${entries.length} ${entries.length === 1 ? 'file' : 'files'} · ${formatBytes(total)}`;
  return publishObject(artifact, digest, '.zip', words, publishing, step, (upload) => zipAndUpload(entries, publishing, step, upload));
}

function zipAndUpload(entries: readonly ZipEntry[], publishing: Publishing, step: Step, upload: Upload): ReturnType<Upload> {
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  return withTempFolder(async (folder) => {
    const file = join(folder, 'code.zip');
    await writeZip(entries, file, {
      signal: publishing.signal,
      onProgress: (done) => step.progress(`zipped ${formatBytes(done)} of ${formatBytes(total)}`),
    });
    return upload(file);
  });
}

async function publishReadyZip(artifact: ZipArtifact, name: string, publishing: Publishing, step: Step): Promise<Outcome> {
  const { size } = await readable(artifact.path, (path) => stat(path));
  const entries = await listReadyZip(artifact.path);
  checkUnzippedSize(entries, name, limitFor(artifact));
  const digest = hashValues(['ready', PACKING_VERSION, await hashFile(artifact.path, size, publishing.signal)]);
  return publishObject(artifact, digest, '.zip', formatBytes(size), publishing, step, (upload) => upload(artifact.path));
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
      checkUnzippedSize(entries, name, limitFor(artifact));
      return zipAndUpload(entries, publishing, step, upload);
    }),
  );
}

/** Uploads a file as it is, unless S3 has it already. */
export async function publishFile(artifact: FileArtifact, publishing: Publishing, step: Step): Promise<Outcome> {
  const { size } = await readable(artifact.path, (path) => stat(path));
  const digest = hashValues(['file', PACKING_VERSION, await hashFile(artifact.path, size, publishing.signal)]);
  return publishObject(artifact, digest, extname(basename(artifact.path)), formatBytes(size), publishing, step, (upload) =>
    upload(artifact.path),
  );
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
  return publishObject(artifact, digest, '.template', formatBytes(Buffer.byteLength(text)), publishing, step, (upload) =>
    withTempFolder(async (folder) => {
      const file = join(folder, 'nested.template');
      await writeFile(file, text, { mode: 0o600 });
      return upload(file);
    }),
  );
}

/** CloudFormation reads no comments in JSON, and in YAML neither aliases nor merge keys; in nested templates no more than elsewhere. */
async function deployableText({ template }: TemplateArtifact, parts: readonly PublishedArtifact[]): Promise<string> {
  const text = rewriteTemplate(template, parts, { expandAliases: true });
  if (template.format === 'yaml') return text;
  const { toStrictJson } = await import('../template/strict-json.ts');
  return toStrictJson(text);
}

type Upload = (file: string) => Promise<{ readonly versionId: string | undefined; readonly written: boolean }>;

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
  return publishing.once(`s3:${key}`, async () => {
    const found = await findKey(artifact, bucket, key, publishing);
    if (found !== undefined) {
      step.summary(`${words} · unchanged`);
      return { location: location(found.versionId), digest, built: false, published: false };
    }
    const store = await publishing.store();
    const uploaded = await make((file) =>
      store.uploadFile(bucket, key, file, {
        signal: publishing.signal,
        onProgress: (sent, total) => step.progress(`uploaded ${formatBytes(sent)} of ${formatBytes(total)}`),
      }),
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

/** Whether a property has a place for the version of the object. */
export function needsVersion(uses: readonly ArtifactUse[]): boolean {
  return uses.some((use) => use.form.type === 's3-object' && use.form.version !== undefined);
}
