/** Blobs over HTTP: look-up, download with ranges, upload in one or many pieces, mount. */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type ByteRange, readRange } from '../../protocol/byte-range.ts';
import { ServiceError } from '../../types.ts';
import { type BlobUpload, isDigest, UploadBusyError } from './blob-files.ts';
import type { ImageStore } from './image-store.ts';
import { RegistryError } from './registry-error.ts';
import type { RegistryRequest } from './registry-request.ts';

export async function getBlob(store: ImageStore, request: RegistryRequest, response: ServerResponse): Promise<void> {
  const digest = request.reference;
  const size = store.hasLayer(request.repository.name, digest) ? store.blobs.findSize(digest) : undefined;
  if (size === undefined) throw new RegistryError('BLOB_UNKNOWN', 404, `blob unknown to registry: ${digest}`);
  const range = readBlobRange(request.headers.range, size);
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': range === undefined ? size : range.end - range.start + 1,
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${size}` }),
  });
  if (request.method === 'HEAD' || size === 0) response.end();
  else await pipeline(store.blobs.open(digest, range), response);
}

function readBlobRange(header: string | undefined, size: number): ByteRange | undefined {
  try {
    return readRange(header, size);
  } catch (error) {
    if (error instanceof ServiceError) throw new RegistryError('SIZE_INVALID', 416, error.message);
    throw error;
  }
}

/** ECR deletes layers with the last image that has them, not on request. */
export function deleteBlob(): void {
  throw new RegistryError('UNSUPPORTED', 405, 'Layers are deleted with their images');
}

/** POST: a mount from another repository, all content at once (`?digest=`), or the beginning of an upload. */
export async function startUpload(store: ImageStore, request: RegistryRequest, response: ServerResponse): Promise<void> {
  const mount = request.query.get('mount');
  if (mount !== null && canMount(store, mount, request.query.get('from'))) {
    store.addLayer(request.repository.name, mount);
    return sendBlobCreated(request, response, mount);
  }
  const upload = store.blobs.begin();
  const digest = request.query.get('digest');
  if (digest !== null) return completeUpload(store, request, response, upload.id, digest);
  sendUploadState(request, response, 202, upload);
}

function canMount(store: ImageStore, digest: string, from: string | null): boolean {
  if (!isDigest(digest) || store.blobs.findSize(digest) === undefined) return false;
  const sources = from === null ? [...store.repositories.entries()].map(([name]) => name) : [from];
  return sources.some((name) => store.hasLayer(name, digest));
}

/** PATCH: one more piece. */
export async function patchUpload(store: ImageStore, request: RegistryRequest, response: ServerResponse): Promise<void> {
  const upload = getUpload(store, request.reference);
  checkContentRange(request, upload);
  await append(store, request, upload.id);
  sendUploadState(request, response, 202, getUpload(store, upload.id));
}

export function getUploadStatus(store: ImageStore, request: RegistryRequest, response: ServerResponse): void {
  sendUploadState(request, response, 204, getUpload(store, request.reference));
}

/** PUT: the last piece, if any, and the digest of the whole. */
export async function finishUpload(store: ImageStore, request: RegistryRequest, response: ServerResponse): Promise<void> {
  const upload = getUpload(store, request.reference);
  const digest = request.query.get('digest');
  if (digest === null) throw new RegistryError('DIGEST_INVALID', 400, 'digest missing');
  checkContentRange(request, upload);
  await completeUpload(store, request, response, upload.id, digest);
}

async function completeUpload(
  store: ImageStore,
  request: RegistryRequest,
  response: ServerResponse,
  uploadId: string,
  digest: string,
): Promise<void> {
  if (!isDigest(digest)) {
    store.blobs.cancel(uploadId);
    throw new RegistryError('DIGEST_INVALID', 400, `${digest} is not a SHA-256 digest`);
  }
  await append(store, request, uploadId);
  if (!store.blobs.finish(uploadId, digest)) {
    throw new RegistryError('DIGEST_INVALID', 400, 'provided digest did not match uploaded content');
  }
  store.addLayer(request.repository.name, digest);
  sendBlobCreated(request, response, digest);
}

function getUpload(store: ImageStore, id: string): BlobUpload {
  const upload = store.blobs.findUpload(id);
  if (upload === undefined) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 404, 'blob upload unknown to registry');
  return upload;
}

/** A piece has to begin where the last one ended. */
function checkContentRange(request: RegistryRequest, upload: BlobUpload): void {
  const range = request.headers['content-range'];
  if (range === undefined || Number(range.replace(/^bytes\s+/, '').split('-', 1)[0]) === upload.size) return;
  throw new RegistryError('BLOB_UPLOAD_INVALID', 416, `the upload has ${upload.size} bytes, the piece begins elsewhere`);
}

async function append(store: ImageStore, request: RegistryRequest, uploadId: string): Promise<void> {
  try {
    await store.blobs.append(uploadId, request.body);
  } catch (error) {
    if (error instanceof UploadBusyError) throw new RegistryError('BLOB_UPLOAD_INVALID', 409, error.message);
    throw error;
  }
}

function sendUploadState(request: RegistryRequest, response: ServerResponse, status: number, upload: BlobUpload): void {
  response.writeHead(status, {
    location: `/v2/${request.repository.name}/blobs/uploads/${upload.id}`,
    range: `0-${Math.max(0, upload.size - 1)}`,
    'docker-upload-uuid': upload.id,
    ...(status === 204 ? {} : { 'content-length': 0 }),
  });
  response.end();
}

function sendBlobCreated(request: RegistryRequest, response: ServerResponse, digest: string): void {
  response.writeHead(201, {
    location: `/v2/${request.repository.name}/blobs/${digest}`,
    'docker-content-digest': digest,
    'content-length': 0,
  });
  response.end();
}
