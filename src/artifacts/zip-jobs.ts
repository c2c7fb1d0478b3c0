import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { CHANGED } from './file-tree.ts';
import { centralRecord, DEFLATED, localHeader, nameOf, STORED, type EntryRecord } from './zip-format.ts';
import type { ZipEntry } from './zip-contents.ts';

/** A piece of the work on a zip that needs nothing from the other pieces. It travels between threads. */
export type ZipJob = FilesJob | BlockJob;

/** Links, and files that are taken whole. */
export interface FilesJob {
  readonly kind: 'files';
  readonly entries: readonly ZipEntry[];
}

/** A part of a file, which becomes a part of its deflated data. */
export interface BlockJob {
  readonly kind: 'block';
  readonly entry: ZipEntry;
  readonly offset: number;
  readonly length: number;
}

export type ZipResult = FilesResult | BlockResult | FailedResult;

export interface FilesResult {
  readonly kind: 'files';
  /** Local headers and data, ready to be written. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Their lines for the directory, with places counted from the beginning of `bytes`. */
  readonly directory: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

export interface BlockResult {
  readonly kind: 'block';
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly crc: number;
}

/** A file that could not be read, or is not what was listed; without a path: the thread failed. */
export interface FailedResult {
  readonly kind: 'failed';
  readonly path?: string | undefined;
  readonly cause: unknown;
}

/** Tells a thread that no job comes any more. */
export const LAST_MESSAGE = 'end';

/** Files up to this size are taken whole; what is larger, in blocks of this size, which are deflated side by side. */
export const BLOCK_BYTES = 512 * 1024;
const BATCH_FILES = 128;

/** How far deflate looks back: so much of what precedes a block is shown to it, which then costs next to nothing in size. */
const WINDOW_BYTES = 32 * 1024;
/** Half to three quarters of the time of the usual 6, for zips that are 2 to 3 % larger (measured with the AWS SDK, .NET's assemblies, boto3, and 5,000 small files). */
const LEVEL = 4;
/** What does not get smaller than this part of itself is not worth the time of deflate. */
const WORTHWHILE = 0.97;

const SAMPLE_PIECES = 4;
const SAMPLE_PIECE_BYTES = 4 * 1024;
const sample = Buffer.allocUnsafeSlow(SAMPLE_PIECES * SAMPLE_PIECE_BYTES);

/** Files are read into the same memory again and again. Large enough for one batch, or for a block and what precedes it, and a byte more. */
const scratch = Buffer.allocUnsafeSlow(BLOCK_BYTES + WINDOW_BYTES + 1);

const FILE_MODE = 0o100644;
const EXECUTABLE_MODE = 0o100755;
const LINK_MODE = 0o120777;

/** Cuts the work into pieces, in the order of the zip. */
export function* planJobs(entries: readonly ZipEntry[]): Generator<ZipJob> {
  let batch: ZipEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const isLarge = isInBlocks(entry);
    if (batch.length > 0 && (isLarge || batch.length === BATCH_FILES || bytes + entry.size > BLOCK_BYTES)) {
      yield { kind: 'files', entries: batch };
      [batch, bytes] = [[], 0];
    }
    if (isLarge) yield* planBlocks(entry);
    else batch.push(entry);
    bytes += isLarge ? 0 : entry.size;
  }
  if (batch.length > 0) yield { kind: 'files', entries: batch };
}

function* planBlocks(entry: ZipEntry): Generator<BlockJob> {
  for (let offset = 0; offset < entry.size; offset += BLOCK_BYTES) {
    yield { kind: 'block', entry, offset, length: Math.min(BLOCK_BYTES, entry.size - offset) };
  }
}

export function isInBlocks(entry: ZipEntry): boolean {
  return entry.target === undefined && entry.size > BLOCK_BYTES;
}

export function modeOf(entry: ZipEntry): number {
  if (entry.target !== undefined) return LINK_MODE;
  return entry.executable ? EXECUTABLE_MODE : FILE_MODE;
}

/** Does one piece of work, in one go: it takes some tens of milliseconds at most. */
export function runJob(job: ZipJob): ZipResult {
  return job.kind === 'files' ? packFiles(job) : packBlock(job);
}

function packFiles({ entries }: FilesJob): FilesResult | FailedResult {
  const [chunks, directory]: [Uint8Array[], Uint8Array[]] = [[], []];
  let at = 0;
  let used = 0;
  for (const entry of entries) {
    const content = readWhole(entry, scratch.subarray(used));
    if (!(content instanceof Uint8Array)) return content;
    used += entry.size;
    const packed = entry.target === undefined ? deflateWhole(content) : content;
    // Where deflate does not help, the format has a place for data as it is.
    const isSmaller = packed.length < content.length;
    const data = isSmaller ? packed : content;
    const record: EntryRecord = {
      path: entry.path,
      mode: modeOf(entry),
      method: isSmaller ? DEFLATED : STORED,
      crc: crc32(content),
      compressedBytes: data.length,
      sizeBytes: content.length,
    };
    const name = nameOf(entry);
    const header = localHeader(record, name);
    directory.push(centralRecord(record, at, name));
    chunks.push(header, data);
    at += header.length + data.length;
  }
  return { kind: 'files', bytes: concat(chunks), directory: concat(directory), count: entries.length };
}

function packBlock({ entry, offset, length }: BlockJob): BlockResult | FailedResult {
  const before = Math.min(offset, WINDOW_BYTES);
  const content = readPart(entry, scratch, offset - before, before + length);
  if (!(content instanceof Uint8Array)) return content;
  const block = content.subarray(before);
  const isLast = offset + length === entry.size;
  const options = {
    level: isWorthwhile(block) ? LEVEL : 0,
    // The end of a block on a whole byte lets the next one follow; only the last one ends the data.
    finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    chunkSize: length + 1024,
    ...(before > 0 ? { dictionary: content.subarray(0, before) } : {}),
  };
  return { kind: 'block', bytes: own(deflateRawSync(block, options)), crc: crc32(block) };
}

/** Whether deflate makes a block smaller, judged by some pieces of it: trying all of it is what takes the time. */
function isWorthwhile(block: Uint8Array): boolean {
  if (block.length <= sample.length) return true;
  const step = Math.floor((block.length - SAMPLE_PIECE_BYTES) / (SAMPLE_PIECES - 1));
  for (let piece = 0; piece < SAMPLE_PIECES; piece += 1) {
    sample.set(block.subarray(piece * step, piece * step + SAMPLE_PIECE_BYTES), piece * SAMPLE_PIECE_BYTES);
  }
  return deflateRawSync(sample, { level: 1, chunkSize: sample.length + 1024 }).length < sample.length * WORTHWHILE;
}

/** The window is made no larger than the content: preparing one of 32 KiB takes longer than deflating a small file. */
function deflateWhole(content: Uint8Array): Uint8Array {
  if (content.length === 0) return content;
  const windowBits = Math.min(15, Math.max(9, Math.ceil(Math.log2(content.length))));
  const memLevel = Math.min(8, windowBits - 6);
  return deflateRawSync(content, { level: LEVEL, windowBits, memLevel, chunkSize: content.length + 1024 });
}

function readWhole(entry: ZipEntry, space: Buffer): Uint8Array | FailedResult {
  if (entry.target !== undefined) return Buffer.from(entry.target);
  const content = readPart(entry, space, 0, entry.size);
  return entry.path === 'bootstrap' && content instanceof Uint8Array ? withUnixLines(content) : content;
}

/**
 * A part of a file that is still what was listed. Its time counts as well: the key in S3 is made of what was read the first time, and
 * other bytes of the same length must not get there.
 */
function readPart(entry: ZipEntry, space: Buffer, offset: number, length: number): Buffer | FailedResult {
  try {
    const file = openSync(entry.absolute, 'r');
    try {
      // One byte more is asked for at the end of the file: that it does not come shows that the file has not grown.
      const atEnd = offset + length === entry.size ? 1 : 0;
      const isWhole = readUpTo(file, space.subarray(0, length + atEnd), offset, length) === length;
      if (isWhole && (entry.stamp === undefined || fstatSync(file).mtimeMs === entry.stamp.mtimeMs)) return space.subarray(0, length);
    } finally {
      closeSync(file);
    }
    throw new Error(CHANGED);
  } catch (cause) {
    return { kind: 'failed', path: entry.absolute, cause };
  }
}

/** Reads until so much is there, or the file ends; answers how much there is, which may be more. Files of usual size take one call. */
function readUpTo(file: number, space: Buffer, offset: number, wanted: number): number {
  let done = 0;
  while (done < wanted) {
    const read = readSync(file, space, done, space.length - done, offset + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}

/** A `bootstrap` that is a script: with Windows line ends, Linux would look for an interpreter named `sh\r`. */
function withUnixLines(content: Buffer): Buffer {
  if (content.subarray(0, 2).toString('latin1') !== '#!') return content;
  return Buffer.from(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Bytes in memory of their own, which can be handed to another thread. Small buffers share theirs, and each has less than half of it. */
function own(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return buffer.byteLength * 2 > buffer.buffer.byteLength && buffer.buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
}
