/** Turns what a request says about a function's code into code that is kept. */
import { stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import type { CodeStore } from '../../functions/code-store.ts';
import { listZip, MAX_UNZIPPED_BYTES, PackageError } from '../../functions/extract-zip.ts';
import type { ZipPackage } from '../../functions/types.ts';
import type { ImageReader, ObjectReader } from '../../types.ts';
import { CFN_RESPONSE, CFN_RESPONSE_PATH } from './cfn-response.ts';
import type { Code, ImageCode, ZipCode } from './records.ts';
import { architectureOf, invalid } from './settings.ts';

export interface CodeDeps {
  readonly code: CodeStore;
  readonly objects: ObjectReader;
  readonly images: ImageReader;
}

/** Members of `Code`, whoever sends them. Exactly one source is given. */
export interface CodeSource {
  readonly zip?: Buffer | undefined;
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly objectVersion?: string | undefined;
  readonly imageUri?: string | undefined;
}

type Members = Readonly<Record<string, unknown>>;

/** `Code` as CloudFormation gives it, where `ZipFile` is the text of a source file. */
export async function codeOfTemplate(members: Members, runtime: string): Promise<CodeSource> {
  const source = codeOfRequest({ ...members, ZipFile: undefined });
  return typeof members['ZipFile'] === 'string' ? { zip: await packInline(members['ZipFile'], runtime) } : source;
}

/** `Code` as the API gives it, where `ZipFile` is a zip in base64. */
export function codeOfRequest(members: Members): CodeSource {
  const text = (name: string): string | undefined => (typeof members[name] === 'string' ? members[name] : undefined);
  const zip = text('ZipFile');
  return {
    zip: zip === undefined ? undefined : Buffer.from(zip, 'base64'),
    bucket: text('S3Bucket'),
    key: text('S3Key'),
    objectVersion: text('S3ObjectVersion'),
    imageUri: text('ImageUri'),
  };
}

/** Keeps the code. Throws ServiceError `InvalidParameterValueException` in AWS's words when it is missing or cannot be used. */
export async function resolveCode(deps: CodeDeps, source: CodeSource, settings: Members): Promise<Code> {
  if (settings['PackageType'] === 'Image') return resolveImage(deps.images, source.imageUri, architectureOf(settings));
  if (source.zip !== undefined) return await checkedZip(await deps.code.keepBytes(source.zip));
  if (source.bucket !== undefined && source.key !== undefined)
    return await zipFromS3(deps, source.bucket, source.key, source.objectVersion);
  throw invalid(
    source.imageUri === undefined
      ? 'Please provide a source for function code.'
      : 'Please do not provide ImageUri when updating a function with packageType Zip.',
  );
}

async function zipFromS3(deps: CodeDeps, bucket: string, key: string, version: string | undefined): Promise<ZipCode> {
  const prefix = 'Error occurred while GetObject. S3 Error Code:';
  if (!deps.objects.bucketExists(bucket)) throw invalid(`${prefix} NoSuchBucket. S3 Error Message: The specified bucket does not exist`);
  const object = version === undefined ? deps.objects.find(bucket, key) : deps.objects.find(bucket, key, version);
  if (object === undefined && version !== undefined) {
    throw invalid(`${prefix} NoSuchVersion. S3 Error Message: The specified version does not exist.`);
  }
  if (object === undefined) throw invalid(`${prefix} NoSuchKey. S3 Error Message: The specified key does not exist.`);
  return await checkedZip(await deps.code.keepFile(object.path, object.sha256));
}

export async function checkedZip(zip: ZipPackage): Promise<ZipCode> {
  try {
    const entries = await listZip(zip.path);
    const unzipped = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    if (unzipped > MAX_UNZIPPED_BYTES) throw invalid(`Unzipped size must be smaller than ${MAX_UNZIPPED_BYTES} bytes`);
    if (entries.length === 0) throw invalid('Uploaded file must be a non-empty zip');
  } catch (error) {
    if (error instanceof PackageError) throw invalid(error.message);
    throw error;
  }
  return { kind: 'zip', sha256: zip.sha256, sizeBytes: (await stat(zip.path)).size };
}

const LISTS = new Set(['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']);

function resolveImage(images: ImageReader, imageUri: string | undefined, architecture: string): ImageCode {
  if (imageUri === undefined) throw invalid('Please provide ImageUri when creating a function with packageType Image.');
  const match = /^([^/]+)\/([^@:]+)(?:@(sha256:[0-9a-f]{64})|:([\w][\w.-]{0,127}))?$/.exec(imageUri);
  if (match?.[2] === undefined) throw invalid(`Source image ${imageUri} is not valid. Provide a valid source image.`);
  const repository = match[2];
  const found = images.find(repository, match[3] ?? match[4] ?? 'latest');
  if (found === undefined) throw invalid(`Source image ${imageUri} does not exist. Provide a valid source image.`);
  if (LISTS.has(found.mediaType)) {
    throw invalid(`The image manifest, config or layer media type for the source image ${imageUri} is not supported.`);
  }
  const given = found.architecture === 'amd64' ? 'x86_64' : found.architecture;
  if ((given !== undefined && given !== architecture) || (found.os !== undefined && found.os !== 'linux')) {
    throw invalid(
      `The source image ${imageUri} is for ${found.os ?? 'linux'}/${found.architecture}; the function's architecture is ${architecture}.`,
    );
  }
  return { kind: 'image', imageUri, repository, digest: found.digest, configDigest: found.configDigest };
}

/** CloudFormation puts inline code into a file named `index`. */
async function packInline(text: string, runtime: string): Promise<Buffer> {
  const zip = new ZipFile();
  const options = { mtime: new Date(Date.UTC(1980, 0, 1)), mode: 0o100644 };
  zip.addBuffer(Buffer.from(text), inlineName(text, runtime), options);
  if (runtime.startsWith('nodejs') && text.includes('cfn-response')) zip.addBuffer(Buffer.from(CFN_RESPONSE), CFN_RESPONSE_PATH, options);
  zip.end();
  return await buffer(zip.outputStream);
}

function inlineName(text: string, runtime: string): string {
  if (runtime.startsWith('python')) return 'index.py';
  return /^\s*(?:export\s|import\s[^(]*from\s|import\s*['"])/m.test(text) ? 'index.mjs' : 'index.js';
}
