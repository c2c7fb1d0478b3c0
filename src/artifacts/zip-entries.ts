import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { RandomAccessReader, fromRandomAccessReader, type Entry, type ZipFile } from 'yauzl';

/** The entries of any zip. Its directory is read through a window: in small steps, a zip of 70,000 files takes seconds. */
export async function readZipEntries(path: string): Promise<Entry[]> {
  const file = openSync(path, 'r');
  try {
    return await entriesOf(await openZip(new WindowReader(file), fstatSync(file).size));
  } finally {
    closeSync(file);
  }
}

const WINDOW_BYTES = 1024 * 1024;

/** The part of a file that was asked for, and what follows it. */
class WindowReader extends RandomAccessReader {
  readonly #file: number;
  readonly #space = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  #begin = 0;
  #length = 0;

  constructor(file: number) {
    super();
    this.#file = file;
  }

  override read(target: Buffer, offset: number, length: number, position: number, done: (error: Error | null) => void): void {
    let failure: Error | null = null;
    try {
      for (let copied = 0; copied < length;) {
        const window = this.#windowAt(position + copied);
        copied += window.copy(target, offset + copied, 0, length - copied);
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    // An answer within the call would let the calls of 70,000 entries pile up.
    process.nextTick(done, failure);
  }

  #windowAt(position: number): Buffer {
    if (position < this.#begin || position >= this.#begin + this.#length) {
      this.#begin = position;
      this.#length = readSync(this.#file, this.#space, 0, WINDOW_BYTES, position);
      if (this.#length === 0) throw new Error('it ends too early');
    }
    return this.#space.subarray(position - this.#begin, this.#length);
  }
}

function openZip(reader: RandomAccessReader, sizeBytes: number): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    fromRandomAccessReader(reader, sizeBytes, { lazyEntries: true, autoClose: false }, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(error);
    });
  });
}

function entriesOf(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('error', reject);
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}
