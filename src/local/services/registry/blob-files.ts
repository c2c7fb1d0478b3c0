/** Blobs as files, once each, named by their digest; uploads that grow until their digest is known. */
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makePrivateFolder } from '../../store.ts';

/** An upload that has begun. Its hash runs along, so that nothing is read twice. */
export interface BlobUpload {
  readonly id: string;
  /** Bytes taken in so far. */
  readonly size: number;
}

interface RunningUpload extends BlobUpload {
  size: number;
  readonly hash: Hash;
  busy: boolean;
}

export interface BlobFiles {
  /** Bytes of a blob; undefined when it is not there. */
  findSize(digest: string): number | undefined;
  open(digest: string, range?: { readonly start: number; readonly end: number }): Readable;
  /** All of a small blob (an image's configuration). */
  read(digest: string): Promise<Buffer>;
  remove(digest: string): void;
  begin(): BlobUpload;
  findUpload(id: string): BlobUpload | undefined;
  /** Adds to the end. An upload whose source fails is given up. Throws `UploadBusyError` while another request adds to it. */
  append(id: string, source: Readable): Promise<void>;
  /** Makes the upload a blob. Answers false, and gives the upload up, when its content has another digest. */
  finish(id: string, digest: string): boolean;
  cancel(id: string): void;
  /** Removes blobs that nothing refers to. */
  keepOnly(digests: ReadonlySet<string>): void;
}

export class UploadBusyError extends Error {}

/** Whether a digest is one that can be computed here: SHA-256. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** The blobs below a folder. Uploads of an earlier process are gone: clients begin them again. */
export function openBlobFiles(folder: string): BlobFiles {
  const blobs = path.join(folder, 'blobs');
  const uploads = path.join(folder, 'uploads');
  rmSync(uploads, { recursive: true, force: true });
  makePrivateFolder(blobs);
  makePrivateFolder(uploads);
  const running = new Map<string, RunningUpload>();
  // A colon may not stand in a file name on Windows.
  const blobPath = (digest: string) => path.join(blobs, digest.replace(':', '-'));
  const uploadPath = (id: string) => path.join(uploads, id);
  const cancel = (id: string) => {
    if (running.delete(id)) rmSync(uploadPath(id), { force: true });
  };
  return {
    findSize: (digest) => statSync(blobPath(digest), { throwIfNoEntry: false })?.size,
    open: (digest, range) => createReadStream(blobPath(digest), range),
    read: (digest) => readFile(blobPath(digest)),
    remove: (digest) => rmSync(blobPath(digest), { force: true }),
    begin() {
      const upload: RunningUpload = { id: randomUUID(), size: 0, hash: createHash('sha256'), busy: false };
      running.set(upload.id, upload);
      return upload;
    },
    findUpload: (id) => running.get(id),
    async append(id, source) {
      const upload = running.get(id);
      if (upload === undefined || upload.busy) throw new UploadBusyError(`upload ${id} is busy or gone`);
      upload.busy = true;
      try {
        await pipeline(hashing(source, upload), createWriteStream(uploadPath(id), { flags: 'a', mode: 0o600 }));
      } catch (error) {
        // What is on the disk and what was hashed may differ now.
        cancel(id);
        throw error;
      } finally {
        upload.busy = false;
      }
    },
    finish(id, digest) {
      const upload = running.get(id);
      const matches = upload !== undefined && `sha256:${upload.hash.digest('hex')}` === digest;
      if (matches && !existsSync(blobPath(digest))) {
        renameSync(uploadPath(id), blobPath(digest));
        running.delete(id);
      } else cancel(id);
      return matches;
    },
    cancel,
    keepOnly(digests) {
      for (const name of readdirSync(blobs)) if (!digests.has(name.replace('-', ':'))) rmSync(path.join(blobs, name), { force: true });
    },
  };
}

async function* hashing(source: Readable, upload: RunningUpload): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    upload.hash.update(chunk);
    upload.size += chunk.length;
    yield chunk;
  }
}
