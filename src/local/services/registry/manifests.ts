/** Manifests and tags over HTTP. */
import type { ServerResponse } from 'node:http';
import { readBody } from '../../protocol/body.ts';
import { ServiceError } from '../../types.ts';
import { isDigest } from './blob-files.ts';
import { digestOf, type ImageRecord, type ImageStore } from './image-store.ts';
import { pushManifest } from './push-manifest.ts';
import { RegistryError } from './registry-error.ts';
import type { RegistryRequest } from './registry-request.ts';

/** ECR's limit. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export function getManifest(store: ImageStore, request: RegistryRequest, response: ServerResponse): void {
  const image = getImage(store, request);
  if (request.method === 'GET') store.markPulled(image);
  const bytes = Buffer.from(image.manifest, 'base64');
  response.writeHead(200, {
    'content-type': image.mediaType,
    'content-length': bytes.length,
    'docker-content-digest': image.digest,
    etag: `"${image.digest}"`,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function getImage(store: ImageStore, request: RegistryRequest): ImageRecord {
  const image = store.findImage(request.repository.name, request.reference);
  if (image === undefined) throw new RegistryError('MANIFEST_UNKNOWN', 404, `Requested image not found: ${request.reference}`);
  return image;
}

export async function putManifest(store: ImageStore, request: RegistryRequest, response: ServerResponse): Promise<void> {
  const bytes = await readManifest(request);
  const byDigest = isDigest(request.reference);
  if (byDigest && digestOf(bytes) !== request.reference) {
    throw new RegistryError('DIGEST_INVALID', 400, 'provided digest did not match uploaded content');
  }
  if (!byDigest && !TAG.test(request.reference)) throw new RegistryError('TAG_INVALID', 400, `invalid tag: ${request.reference}`);
  const { repository, headers } = request;
  const image = await pushManifest(store, {
    repository,
    bytes,
    contentType: headers['content-type'],
    tag: byDigest ? undefined : request.reference,
  });
  response.writeHead(201, {
    location: `/v2/${repository.name}/manifests/${image.digest}`,
    'docker-content-digest': image.digest,
    'content-length': 0,
  });
  response.end();
}

async function readManifest(request: RegistryRequest): Promise<Buffer> {
  try {
    return await readBody(request.body, MAX_MANIFEST_BYTES);
  } catch (error) {
    if (error instanceof ServiceError) throw new RegistryError('MANIFEST_INVALID', 413, error.message);
    throw error;
  }
}

/** By digest the image goes, by tag only the tag (and the image with its last tag, as in ECR). */
export function deleteManifest(store: ImageStore, request: RegistryRequest, response: ServerResponse): void {
  const image = getImage(store, request);
  if (isDigest(request.reference) || image.tags.length === 1) store.deleteImage(image);
  else store.untag(image, request.reference);
  response.writeHead(202, { 'content-length': 0 }).end();
}

export function listTags(store: ImageStore, request: RegistryRequest, response: ServerResponse): void {
  const { name } = request.repository;
  const after = request.query.get('last') ?? '';
  const count = Number(request.query.get('n') ?? Number.POSITIVE_INFINITY);
  const all = store
    .imagesOf(name)
    .flatMap((image) => image.tags)
    .toSorted()
    .filter((tag) => tag > after);
  const page = all.slice(0, count);
  const body = Buffer.from(JSON.stringify({ name, tags: page }));
  const next = all.length > page.length ? { link: `</v2/${name}/tags/list?n=${count}&last=${page.at(-1)}>; rel="next"` } : {};
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length, ...next });
  response.end(body);
}
