import { open, type FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';

/** Where the content of a file in a tar is. */
export interface TarPlace {
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;
/** Names and their like; a header that claims more is no header. */
const LONGEST_EXTENSION = 1024 * 1024;

/**
 * Finds the files of an uncompressed tar by reading its headers only, so that a large one costs nothing: ustar, GNU and pax names, links
 * to other entries. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html. Throws Error when it is no tar.
 */
export async function indexTar(path: string, signal?: AbortSignal): Promise<ReadonlyMap<string, TarPlace>> {
  const file = await open(path);
  try {
    return resolveLinks(await readEntries(file, signal));
  } finally {
    await file.close();
  }
}

type Entry = TarPlace | { readonly link: string };

async function readEntries(file: FileHandle, signal: AbortSignal | undefined): Promise<Map<string, Entry>> {
  const { size: end } = await file.stat();
  const entries = new Map<string, Entry>();
  let extension: { path?: string; linkpath?: string; size?: number } = {};
  for (let position = 0; position + BLOCK <= end;) {
    signal?.throwIfAborted();
    const header = await bytesAt(file, position, BLOCK);
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const kind = String.fromCharCode(header[156] ?? 0);
    const size = extension.size ?? numberAt(header, 124, 12);
    const offset = position + BLOCK;
    position = offset + Math.ceil(size / BLOCK) * BLOCK;
    if (offset + size > end) throw new Error('it ends in the middle of a file');
    if ('xLK'.includes(kind)) {
      if (size > LONGEST_EXTENSION) throw new Error('it has a name of more than a megabyte');
      extension = { ...extension, ...readExtension(kind, await bytesAt(file, offset, size)) };
      continue;
    }
    const name = clean(extension.path ?? headerName(header));
    const link = extension.linkpath ?? textAt(header, 157, 100);
    extension = kind === 'g' ? extension : {};
    if (kind === '0' || kind === '\0' || kind === '7') entries.set(name, { offset, size });
    else if (kind === '1') entries.set(name, { link: clean(link) });
    else if (kind === '2') entries.set(name, { link: clean(posix.join(posix.dirname(name), link)) });
  }
  return entries;
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead < length) throw new Error('it is cut off');
  return bytes;
}

/** The sum of all bytes, with blanks in the place of the sum itself. */
function checkSum(header: Buffer): void {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (sum !== numberAt(header, 148, 8)) throw new Error('it is no tar');
}

/** Octal text, or the bytes of a large number when the highest bit is set (GNU). */
function numberAt(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) === 0) return Number.parseInt(textAt(header, start, length).trim() || '0', 8);
  return header.subarray(start + 1, start + length).reduce((total, byte) => total * 256 + byte, (header[start] ?? 0) & 0x7f);
}

function textAt(bytes: Buffer, start: number, length: number): string {
  const part = bytes.subarray(start, start + length);
  const end = part.indexOf(0);
  return part.toString('utf8', 0, end < 0 ? length : end);
}

function headerName(header: Buffer): string {
  const name = textAt(header, 0, 100);
  const prefix = textAt(header, 257, 5) === 'ustar' && header[262] === 0 ? textAt(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** What the next entry is called: `L` and `K` are GNU's, `x` are lines "length key=value". */
function readExtension(kind: string, bytes: Buffer): { path?: string; linkpath?: string; size?: number } {
  if (kind === 'L') return { path: textAt(bytes, 0, bytes.length) };
  if (kind === 'K') return { linkpath: textAt(bytes, 0, bytes.length) };
  const found: Record<string, string> = {};
  for (let position = 0; position < bytes.length;) {
    const length = Number.parseInt(bytes.toString('latin1', position, position + 20), 10);
    if (!(length > 0)) break;
    const line = bytes.toString('utf8', bytes.indexOf(32, position) + 1, position + length - 1);
    found[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1);
    position += length;
  }
  const { path, linkpath, size } = found;
  return {
    ...(path === undefined ? {} : { path }),
    ...(linkpath === undefined ? {} : { linkpath }),
    ...(size === undefined ? {} : { size: Number(size) }),
  };
}

function clean(name: string): string {
  return posix.normalize(name).replace(/^\/+/, '').replace(/\/$/, '');
}

function resolveLinks(entries: ReadonlyMap<string, Entry>): Map<string, TarPlace> {
  const places = new Map<string, TarPlace>();
  for (const name of entries.keys()) {
    let entry = entries.get(name);
    for (let steps = 0; entry !== undefined && 'link' in entry && steps < 10; steps += 1) entry = entries.get(entry.link);
    if (entry !== undefined && !('link' in entry)) places.set(name, entry);
  }
  return places;
}
