import { open, type FileHandle } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { formatBytes } from './bytes.ts';
import { combineCrc32 } from '../clients/crc32-combine.ts';
import { unreadable } from './file-tree.ts';
import type { ZipEntry } from './zip-contents.ts';
import { centralRecord, DEFLATED, endRecords, localHeader, moveRecords } from './zip-format.ts';
import {
  isInBlocks,
  modeOf,
  planJobs,
  type BlockJob,
  type BlockResult,
  type FilesResult,
  type ZipJob,
  type ZipResult,
} from './zip-jobs.ts';
import { acquireRunner, type JobRunner } from './zip-threads.ts';

/** Largest sum of unpacked bytes that Lambda takes, layers included: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const UNZIPPED_LIMIT_BYTES = 262_144_000;

export interface ZipOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the unpacked bytes that are done. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
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
  const bytes = entries.reduce((sum, entry) => sum + entry.size, 0);
  const runner = acquireRunner(entries.length, bytes, options.threadFile);
  try {
    const output = await open(file, 'w', 0o600);
    try {
      return await writeEntries(entries, (data, position) => writeAt(output, data, position), runner, options);
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
  await writeEntries(entries, (bytes) => Promise.resolve(void chunks.push(bytes)), runner, options);
  return Buffer.concat(chunks);
}

/** Takes bytes for a place in the zip. Places follow each other, but for headers of entries in blocks, which are written twice. */
type Output = (bytes: Uint8Array, position: number) => Promise<void>;

async function writeEntries(entries: readonly ZipEntry[], output: Output, runner: JobRunner, options: ZipOptions) {
  const writer = startWriter(output);
  let doneBytes = 0;
  for await (const [job, result] of inOrder(planJobs(entries), runner)) {
    options.signal?.throwIfAborted();
    if (result.kind === 'failed') throw result.path === undefined ? result.cause : unreadable(result.path, result.cause);
    if (result.kind === 'files') await writer.files(result);
    else await writer.block(job as BlockJob, result);
    doneBytes += job.kind === 'block' ? job.length : job.entries.reduce((sum, entry) => sum + entry.size, 0);
    options.onProgress?.(doneBytes);
  }
  options.signal?.throwIfAborted();
  return { sizeBytes: await writer.end() };
}

/** Runs as many jobs at a time as keep the runner busy, and gives their results in the order of the jobs. */
async function* inOrder(jobs: Iterable<ZipJob>, runner: JobRunner): AsyncGenerator<readonly [ZipJob, ZipResult]> {
  const running: { readonly job: ZipJob; readonly result: Promise<ZipResult> }[] = [];
  for (const job of jobs) {
    running.push({ job, result: runner.run(job) });
    const oldest = running.length < runner.width ? undefined : running.shift();
    if (oldest !== undefined) yield [oldest.job, await oldest.result];
  }
  for (const { job, result } of running) yield [job, await result];
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
    /** Answers the length of the file. */
    async end(): Promise<number> {
      const start = position;
      await append(Buffer.concat(directory));
      await append(endRecords(count, position - start, start));
      return position;
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

/** Throws UserError ARTIFACT_TOO_LARGE, naming the largest entries, when Lambda would refuse to unpack this. */
export function checkUnzippedSize(
  entries: readonly { path: string; size: number }[],
  name: string,
  limitBytes = UNZIPPED_LIMIT_BYTES,
): void {
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  if (total <= limitBytes) return;
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
