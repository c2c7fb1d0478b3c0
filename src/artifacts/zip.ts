import { createReadStream, createWriteStream, type ReadStream, type WriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { UserError } from '../errors.ts';
import { formatBytes } from './bytes.ts';
import { readable, unreadable } from './file-tree.ts';
import type { ZipEntry } from './zip-contents.ts';

/** Largest sum of unpacked bytes that Lambda takes, layers included: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const UNZIPPED_LIMIT_BYTES = 262_144_000;

/**
 * The time of every entry: noon, so that no zone's clock change can touch it, of the first day that the format knows.
 * The format stores local time as it is on the wall, so local parts give the same bytes in every zone.
 */
const entryTime = (): Date => new Date(1980, 0, 1, 12, 0, 0);

const FILE_MODE = 0o100644;
const EXECUTABLE_MODE = 0o100755;
const LINK_MODE = 0o120777;

export interface ZipOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the unpacked bytes that are done. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
}

/** Files up to this size are read whole and compressed side by side by zlib's threads; larger ones are streamed. */
const SMALL_FILE_BYTES = 256 * 1024;
/** Small files are taken in batches of that many bytes, so that memory stays flat. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_FILES = 128;

/**
 * Writes a zip whose bytes depend on names, executable bits and contents only. Memory stays flat. A file that cannot be
 * read, or changes its length meanwhile: UserError ARTIFACT_UNREADABLE.
 */
export async function writeZip(
  entries: readonly ZipEntry[],
  file: string,
  options: ZipOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  const zip = new ZipFile();
  const output = createWriteStream(file, { mode: 0o600 });
  const reading = new Set<ReadStream>();
  const stream = (entry: ZipEntry): ReadStream => openEntry(entry, reading, (error) => output.destroy(error));
  zip.on('error', (error) => output.destroy(error instanceof Error ? error : new Error(String(error))));
  const written = pipeline(zip.outputStream, output, { signal: options.signal });
  try {
    await Promise.race([written, addEntries(zip, entries, output, stream, options.onProgress)]);
    zip.end();
    await written;
  } finally {
    output.destroy();
    for (const open of reading) open.destroy();
  }
  return { sizeBytes: (await stat(file)).size };
}

async function addEntries(
  zip: ZipFile,
  entries: readonly ZipEntry[],
  output: WriteStream,
  stream: (entry: ZipEntry) => ReadStream,
  onProgress: ZipOptions['onProgress'],
): Promise<void> {
  let doneBytes = 0;
  for (const batch of batches(entries)) {
    if (output.destroyed) return;
    // Reads queue up behind the compression of the batch before, in the same threads: that is what paces this loop.
    const contents = await Promise.all(batch.map(async (entry) => (isStreamed(entry) ? undefined : readWhole(entry))));
    batch.forEach((entry, index) => addEntry(zip, entry, contents[index], stream));
    onProgress?.(doneBytes);
    doneBytes += batch.reduce((sum, entry) => sum + entry.size, 0);
  }
}

function isStreamed(entry: ZipEntry): boolean {
  return entry.target === undefined && entry.size > SMALL_FILE_BYTES;
}

function* batches(entries: readonly ZipEntry[]): Generator<ZipEntry[]> {
  let batch: ZipEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    batch.push(entry);
    bytes += isStreamed(entry) ? 0 : entry.size;
    if (batch.length < BATCH_FILES && bytes < BATCH_BYTES) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

function addEntry(zip: ZipFile, entry: ZipEntry, content: Buffer | undefined, stream: (entry: ZipEntry) => ReadStream): void {
  const mode = entry.target !== undefined ? LINK_MODE : entry.executable ? EXECUTABLE_MODE : FILE_MODE;
  const common = { mtime: entryTime(), forceDosTimestamp: true, mode };
  if (content === undefined) zip.addReadStreamLazy(entry.path, common, (use) => use(null, stream(entry)));
  else zip.addBuffer(content, entry.path, { ...common, compress: entry.target === undefined && content.length > 0 });
}

function openEntry(entry: ZipEntry, reading: Set<ReadStream>, fail: (error: Error) => void): ReadStream {
  const stream = createReadStream(entry.absolute, { highWaterMark: 256 * 1024 });
  reading.add(stream);
  stream.on('error', (error) => fail(unreadable(entry.absolute, error)));
  stream.on('close', () => {
    reading.delete(stream);
    if (stream.bytesRead !== entry.size) fail(changed(entry));
  });
  return stream;
}

async function readWhole(entry: ZipEntry): Promise<Buffer> {
  if (entry.target !== undefined) return Buffer.from(entry.target);
  const content = await readable(entry.absolute, (path) => readFile(path));
  if (content.length !== entry.size) throw changed(entry);
  return entry.path === 'bootstrap' ? withUnixLines(content) : content;
}

function changed(entry: ZipEntry): UserError {
  return unreadable(entry.absolute, new Error('it changed while it was packaged'));
}

/** A `bootstrap` that is a script: with Windows line ends, Linux would look for an interpreter named `sh\r`. */
function withUnixLines(content: Buffer): Buffer {
  if (content.subarray(0, 2).toString('latin1') !== '#!') return content;
  return Buffer.from(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
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
  const message = `${name} is ${formatBytes(total)} unzipped; Lambda takes ${formatBytes(limitBytes)} at most.`;
  throw new UserError('ARTIFACT_TOO_LARGE', message, {
    hint: 'Leave out what the function does not need (.lambdaignore), move data to S3 or EFS, or deploy it as a container image.',
    details: largest.map((entry) => `${formatBytes(entry.size)}  ${entry.path}`),
  });
}
