import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { UserError, messageOf } from '../errors.ts';
import { readable } from './file-tree.ts';
import { indexTar } from './tar-index.ts';
import { isOutOfRoom, withTempFolder } from './temp-folder.ts';

/** The files of an image that lies on disk, whether in a tar or in a directory. */
export interface ImageFiles {
  /** Path of the archive, for messages. */
  readonly source: string;
  /** Bytes of a file; undefined when there is none of that name. */
  size(name: string): Promise<number | undefined>;
  /** Throws UserError IMAGE_INVALID when there is none. */
  open(name: string): Promise<Readable>;
  /** A small file as text. */
  text(name: string): Promise<string>;
}

/** Manifests, indexes and configurations; ECR takes 4 MB at most. */
const LARGEST_DOCUMENT_BYTES = 8 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/**
 * Gives `work` the files of an image archive (`docker save`, OCI layout; gzipped or not) or of an OCI layout directory. Throws UserError
 * IMAGE_INVALID when it is neither.
 */
export async function withImageFiles<T>(source: string, signal: AbortSignal, work: (files: ImageFiles) => Promise<T>): Promise<T> {
  const stats = await readable(source, (path) => stat(path));
  if (stats.isDirectory()) return work(directoryFiles(source));
  if (!(await isGzip(source))) return work(await tarFiles(source, source, signal));
  // Unpacked onto the disk: files are read in another order than they come in, and some twice.
  return withTempFolder(async (folder) => {
    const plain = join(folder, 'image.tar');
    try {
      await pipeline(createReadStream(source, { highWaterMark: READ_BYTES }), createGunzip(), createWriteStream(plain), { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw isOutOfRoom(error) ? error : notAnImage(source, messageOf(error), error);
    }
    return work(await tarFiles(plain, source, signal));
  });
}

async function isGzip(path: string): Promise<boolean> {
  return readable(path, async (name) => {
    const file = await open(name);
    try {
      const { buffer: start, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && start[0] === 0x1f && start[1] === 0x8b;
    } finally {
      await file.close();
    }
  });
}

async function tarFiles(path: string, source: string, signal: AbortSignal): Promise<ImageFiles> {
  const places = await indexTar(path, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw notAnImage(source, messageOf(error), error);
  });
  return filesOf(
    source,
    (name) => Promise.resolve(places.get(name)?.size),
    (name) => {
      const { offset, size } = places.get(name) ?? { offset: 0, size: 0 };
      if (size === 0) return Readable.from([]);
      return createReadStream(path, { start: offset, end: offset + size - 1, highWaterMark: READ_BYTES });
    },
  );
}

function directoryFiles(source: string): ImageFiles {
  const sizeOf = async (name: string): Promise<number | undefined> => {
    const found = await stat(join(source, name)).catch(() => undefined);
    return found?.isFile() === true ? found.size : undefined;
  };
  return filesOf(source, sizeOf, (name) => createReadStream(join(source, name), { highWaterMark: READ_BYTES }));
}

function filesOf(source: string, size: ImageFiles['size'], read: (name: string) => Readable): ImageFiles {
  const files: ImageFiles = {
    source,
    size,
    async open(name) {
      if ((await size(name)) === undefined) throw notAnImage(source, `${name} is missing in it`);
      return read(name);
    },
    async text(name) {
      if (((await size(name)) ?? 0) > LARGEST_DOCUMENT_BYTES) throw notAnImage(source, `${name} is larger than any manifest`);
      return (await buffer(await files.open(name))).toString('utf8');
    },
  };
  return files;
}

export function notAnImage(source: string, reason: string, cause?: unknown): UserError {
  return new UserError('IMAGE_INVALID', `${source} cannot be used as an image: ${reason}`, {
    hint: 'Make it with "docker save -o FILE IMAGE", or with "docker buildx build --output type=oci,dest=FILE".',
    cause,
  });
}
