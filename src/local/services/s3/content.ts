/** Object content in files: streamed in while it is hashed, streamed out, never held in memory. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makePrivateFolder } from '../../store.ts';
import { createChecksums } from './checksums.ts';

export interface SavedContent {
  /** Name within the folder. */
  readonly file: string;
  readonly size: number;
  /** Hex. */
  readonly md5: string;
  /** Hex. */
  readonly sha256: string;
  /** Base64, by algorithm: those asked for that can be computed here. */
  readonly checksums: Readonly<Record<string, string>>;
}

export interface ContentFolder {
  /** Writes a stream, or several one after the other, to a new file; nothing is left when that fails. */
  save(sources: Iterable<AsyncIterable<Buffer>>, algorithms?: readonly string[]): Promise<SavedContent>;
  /** `end` is inclusive. */
  open(file: string, range?: { readonly start: number; readonly end: number }): Readable;
  pathOf(file: string): string;
  /** The file goes a little later, so that a reader who has just found it can still open it. */
  remove(file: string): void;
  keepOnly(files: ReadonlySet<string>): void;
}

const REMOVAL_DELAY_MS = 3000;

/** The content folder below a state folder. */
export function createContentFolder(stateFolder: string): ContentFolder {
  const folder = path.join(stateFolder, 'objects');
  makePrivateFolder(folder);
  const pathOf = (file: string) => path.join(folder, file);
  const discard = (file: string) => rm(pathOf(file), { force: true, maxRetries: 3 });
  return {
    pathOf,
    async save(sources, algorithms = []) {
      const file = randomUUID();
      try {
        return await saveTo(pathOf(file), file, sources, algorithms);
      } catch (error) {
        await discard(file);
        throw error;
      }
    },
    open: (file, range) => createReadStream(pathOf(file), range),
    remove(file) {
      if (file === '') return;
      // What is not removed, because the process ends or a scanner holds the file on Windows, goes with the next start.
      setTimeout(() => void discard(file).catch(() => undefined), REMOVAL_DELAY_MS).unref();
    },
    keepOnly(files) {
      for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(pathOf(name), { force: true, recursive: true });
    },
  };
}

async function saveTo(
  target: string,
  file: string,
  sources: Iterable<AsyncIterable<Buffer>>,
  algorithms: readonly string[],
): Promise<SavedContent> {
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  const checksums = createChecksums(algorithms);
  let size = 0;
  await pipeline(
    async function* () {
      for (const source of sources) {
        for await (const chunk of source) {
          size += chunk.length;
          md5.update(chunk);
          sha256.update(chunk);
          checksums.update(chunk);
          yield chunk;
        }
      }
    },
    createWriteStream(target, { mode: 0o600, flags: 'wx' }),
  );
  return { file, size, md5: md5.digest('hex'), sha256: sha256.digest('hex'), checksums: checksums.digest() };
}
