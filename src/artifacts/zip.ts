import { open, type FileHandle } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { formatBytes } from './bytes.ts';
import { combineCrc32 } from '../clients/crc32-combine.ts';
import { unreadable } from './file-tree.ts';
import type { ZipEntry } from './zip-contents.ts';
import { centralRecord, DEFLATED, endRecords, localHeader, moveRecords } from './zip-format.ts';
import { isInBlocks, modeOf, planJobs, type BlockJob, type BlockResult, type FilesResult, type ZipResult } from './zip-jobs.ts';
import { keepZip, openKnownZip, type KnownZip, type WrittenZip, type ZipMemory } from './zip-memory.ts';
import { planPieces, type CopyPiece, type ZipPiece, type ZipPlan } from './zip-plan.ts';
import { acquireRunner, type JobRunner } from './zip-threads.ts';

/** Largest sum of unpacked bytes that Lambda takes, layers included: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const UNZIPPED_LIMIT_BYTES = 262_144_000;

export interface ZipOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the unpacked bytes that are done. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
  /** What has not changed since the last time is then taken from the zip of that time, and this one is kept for the next. */
  readonly memory?: ZipMemory | undefined;
  /** The program of the threads that compress; default: the one of the package, or none when the source is run. */
  readonly threadFile?: string | undefined;
}

/**
 * Writes a zip whose bytes depend on names, executable bits, contents and the version of zlib only. Files are read and
 * deflated on all cores; memory stays flat. A file that cannot be read, or changes its length meanwhile: UserError
 * ARTIFACT_UNREADABLE.
 */
export async function writeZip(
  entries: readonly ZipEntry[],
  file: string,
  options: ZipOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  options.signal?.throwIfAborted();
  const { memory } = options;
  const known = memory === undefined ? undefined : openKnownZip(memory);
  try {
    const written = await writePieces(planPieces(entries, known), file, known, options);
    if (memory !== undefined) keepZip(memory, { ...written, file }, entries);
    return written;
  } finally {
    known?.close();
  }
}

async function writePieces({ pieces, files, bytes }: ZipPlan, file: string, known: KnownZip | undefined, options: ZipOptions) {
  const runner = acquireRunner(files, bytes, options.threadFile);
  try {
    const output = await open(file, 'w', 0o600);
    try {
      return await writeEntries(pieces, (data, position) => writeAt(output, data, position), runner, options, known);
    } finally {
      await output.close();
    }
  } finally {
    await runner.release();
  }
}

/** So much is zipped without a file in between. Several such zips are made at a time. */
const IN_MEMORY_BYTES = 2 * 1024 * 1024;

/** Whether `zipInMemory` may be called. */
export function fitsInMemory(entries: readonly ZipEntry[]): boolean {
  const bytes = entries.reduce((sum, entry) => sum + entry.size, 0);
  return bytes <= IN_MEMORY_BYTES && !entries.some((entry) => isInBlocks(entry));
}

/** The same bytes as `writeZip` writes, for small zips: files and folders on disk take longer than all the rest of it. */
export async function zipInMemory(entries: readonly ZipEntry[], options: ZipOptions = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const runner = acquireRunner(0, 0, undefined);
  await writeEntries(planJobs(entries), (bytes) => Promise.resolve(void chunks.push(bytes)), runner, options);
  return Buffer.concat(chunks);
}

const COPY_BYTES = 512 * 1024;

/** Takes bytes for a place in the zip. Places follow each other, but for headers of entries in blocks, which are written twice. */
type Output = (bytes: Uint8Array, position: number) => Promise<void>;

async function writeEntries(pieces: Iterable<ZipPiece>, output: Output, runner: JobRunner, options: ZipOptions, known?: KnownZip) {
  const writer = startWriter(output);
  let doneBytes = 0;
  for await (const [piece, result] of inOrder(pieces, runner)) {
    options.signal?.throwIfAborted();
    if (result?.kind === 'failed') throw result.path === undefined ? result.cause : unreadable(result.path, result.cause);
    if (result?.kind === 'files') await writer.files(result);
    if (result?.kind === 'block') await writer.block(piece as BlockJob, result);
    if (piece.kind === 'copy' && known !== undefined) await writer.copy(piece, known);
    doneBytes += piece.kind === 'files' ? piece.entries.reduce((sum, entry) => sum + entry.size, 0) : piece.length;
    options.onProgress?.(doneBytes);
  }
  options.signal?.throwIfAborted();
  return writer.end();
}

type Doing = { readonly piece: ZipPiece; readonly result: Promise<ZipResult> | undefined };

/** Runs as many jobs at a time as keep the runner busy, and gives their results in the order of the pieces. What is copied has none. */
async function* inOrder(
  pieces: Iterable<ZipPiece>,
  runner: JobRunner,
): AsyncGenerator<readonly [piece: ZipPiece, result: ZipResult | undefined]> {
  const running: Doing[] = [];
  for (const piece of pieces) {
    running.push({ piece, result: piece.kind === 'copy' ? undefined : runner.run(piece) });
    const oldest = running.length < runner.width ? undefined : running.shift();
    if (oldest !== undefined) yield [oldest.piece, await oldest.result];
  }
  for (const { piece, result } of running) yield [piece, await result];
}

/** Writes results one after the other, and what the format wants around them. */
function startWriter(output: Output) {
  const directory: Buffer[] = [];
  let count = 0;
  let position = 0;
  let begun = { offset: 0, crc: 0, compressedBytes: 0 };
  const append = async (bytes: Uint8Array): Promise<void> => {
    await output(bytes, position);
    position += bytes.length;
  };
  const add = (lines: Uint8Array, files: number, by: number): void => {
    directory.push(moveRecords(Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength), by));
    count += files;
  };
  return {
    async files({ bytes, directory: lines, count: files }: FilesResult): Promise<void> {
      add(lines, files, position);
      await append(bytes);
    },
    async block({ entry, offset, length }: BlockJob, { bytes, crc }: BlockResult): Promise<void> {
      const record = { path: entry.path, mode: modeOf(entry), method: DEFLATED, sizeBytes: entry.size } as const;
      if (offset === 0) {
        begun = { offset: position, crc: 0, compressedBytes: 0 };
        await append(localHeader({ ...record, crc: 0, compressedBytes: 0 }));
      }
      await append(bytes);
      begun.crc = combineCrc32(begun.crc, crc, length);
      begun.compressedBytes += bytes.length;
      if (offset + length < entry.size) return;
      // Only now is it known what the header has to say. (The format could say it behind the data, but not every program looks there.)
      const complete = { ...record, crc: begun.crc, compressedBytes: begun.compressedBytes };
      await output(localHeader(complete), begun.offset);
      add(centralRecord(complete, 0), 1, begun.offset);
    },
    async copy({ first, end }: CopyPiece, known: KnownZip): Promise<void> {
      add(known.directory(first, end), end - first, position);
      const space = Buffer.allocUnsafeSlow(Math.min(COPY_BYTES, known.begin(end) - known.begin(first)));
      for (let at = known.begin(first); at < known.begin(end); at += space.length) {
        const part = space.subarray(0, known.begin(end) - at);
        known.read(part, at);
        await append(part);
      }
    },
    async end(): Promise<WrittenZip> {
      const directoryAt = position;
      await append(Buffer.concat(directory));
      const directoryBytes = position - directoryAt;
      await append(endRecords(count, directoryBytes, directoryAt));
      return { sizeBytes: position, directoryAt, directoryBytes };
    },
  };
}

/** A single write may take less than it was given. */
async function writeAt(output: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await output.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** The bytes unzipped. Throws UserError ARTIFACT_TOO_LARGE, naming the largest entries, when Lambda would refuse to unpack this. */
export function checkUnzippedSize(
  entries: readonly { path: string; size: number }[],
  name: string,
  limitBytes = UNZIPPED_LIMIT_BYTES,
): number {
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  if (total <= limitBytes) return total;
  const largest = [...entries].sort((a, b) => b.size - a.size).slice(0, 5);
  const [size, limit] = [formatBytes(total), formatBytes(limitBytes)];
  // Rounded, a package that is a little too large would have the size of the limit.
  const exact = size === limit ? ` (${total - limitBytes} ${total - limitBytes === 1 ? 'byte' : 'bytes'} too many)` : '';
  const message = `${name === '.' ? 'What is in this directory' : name} is ${size} unzipped${exact}; Lambda takes ${limit} at most.`;
  throw new UserError('ARTIFACT_TOO_LARGE', message, {
    hint: 'Leave out what the function does not need (.lambdaignore), move data to S3 or EFS, or deploy it as a container image.',
    details: largest.map((entry) => `${formatBytes(entry.size)}  ${entry.path}`),
  });
}
