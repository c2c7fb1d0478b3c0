/**
 * The records of the ZIP format (APPNOTE 6.3.x: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), no more of it than is
 * written here: UTF-8 names, Unix modes, one fixed time, deflated or stored, zip64 where a number does not fit.
 */

export const STORED = 0;
export const DEFLATED = 8;

export interface EntryRecord {
  /** With `/`; a link or a file, never a directory. */
  readonly path: string;
  /** Unix mode with the type of the file. */
  readonly mode: number;
  readonly method: typeof STORED | typeof DEFLATED;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
}

/**
 * The time of every entry: noon of the first day that the format knows. It is stored as wall-clock time without a zone,
 * and noon keeps it the same day wherever it is read.
 */
const DOS_TIME = 12 << 11;
const DOS_DATE = (1 << 5) | 1;

const LOCAL_HEADER_BYTES = 30;
const CENTRAL_RECORD_BYTES = 46;
const LOCAL_ZIP64_BYTES = 20;
const NAME_IS_UTF8 = 1 << 11;
/** 3: Unix, which makes the upper half of the external attributes a mode; 63: version 6.3 of the text. */
const MADE_BY = (3 << 8) | 63;
const NEEDS_DEFLATE = 20;
const NEEDS_ZIP64 = 45;
const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;
/** From here on an entry gets long sizes: what deflate adds to data that cannot be compressed must still fit below 4 GiB. */
const LONG_FROM_BYTES = 0xff000000;

/** What precedes the data of an entry. Its length depends on path and size only, so that it can be written once more with what was found out meanwhile. */
export function localHeader(entry: EntryRecord, name = nameOf(entry)): Buffer {
  const isLong = entry.sizeBytes >= LONG_FROM_BYTES;
  const record = Buffer.allocUnsafe(LOCAL_HEADER_BYTES + name.length + (isLong ? LOCAL_ZIP64_BYTES : 0));
  record.writeUInt32LE(0x04034b50, 0);
  writeCommon(record, 4, entry, isLong);
  record.writeUInt32LE(isLong ? MAX_32 : entry.compressedBytes, 18);
  record.writeUInt32LE(isLong ? MAX_32 : entry.sizeBytes, 22);
  record.writeUInt16LE(name.length, 26);
  record.writeUInt16LE(isLong ? LOCAL_ZIP64_BYTES : 0, 28);
  record.set(name, LOCAL_HEADER_BYTES);
  if (isLong) record.set(zip64Field([entry.sizeBytes, entry.compressedBytes]), LOCAL_HEADER_BYTES + name.length);
  return record;
}

/** The entry's line in the directory at the end; `offset`: where its local header begins, less than 4 GiB: see `moveRecords`. */
export function centralRecord(entry: EntryRecord, offset: number, name = nameOf(entry)): Buffer {
  const isLong = entry.sizeBytes >= LONG_FROM_BYTES;
  const record = Buffer.alloc(CENTRAL_RECORD_BYTES + name.length + (isLong ? LOCAL_ZIP64_BYTES : 0));
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(MADE_BY, 4);
  writeCommon(record, 6, entry, isLong);
  record.writeUInt32LE(isLong ? MAX_32 : entry.compressedBytes, 20);
  record.writeUInt32LE(isLong ? MAX_32 : entry.sizeBytes, 24);
  record.writeUInt16LE(name.length, 28);
  record.writeUInt16LE(isLong ? LOCAL_ZIP64_BYTES : 0, 30);
  record.writeUInt32LE((entry.mode << 16) >>> 0, 38);
  record.writeUInt32LE(offset, 42);
  record.set(name, CENTRAL_RECORD_BYTES);
  if (isLong) record.set(zip64Field([entry.sizeBytes, entry.compressedBytes]), CENTRAL_RECORD_BYTES + name.length);
  return record;
}

/** Central records, one after the other, whose entries begin `by` bytes further on than they say. Changes them in place, as far as it can. */
export function moveRecords(records: Buffer, by: number): Buffer {
  let moved: Buffer[] | undefined;
  for (let at = 0; at < records.length;) {
    const record = records.subarray(at, at + recordBytes(records, at));
    const offset = record.readUInt32LE(42) + by;
    if (offset < MAX_32) record.writeUInt32LE(offset, 42);
    else moved ??= [records.subarray(0, at)];
    moved?.push(offset < MAX_32 ? record : farRecord(record, offset));
    at += record.length;
  }
  return moved === undefined ? records : Buffer.concat(moved);
}

/** The names of central records, and where in them each begins. */
export function recordsOf(records: Buffer): { readonly path: string; readonly at: number }[] {
  const found: { path: string; at: number }[] = [];
  for (let at = 0; at < records.length; at += recordBytes(records, at)) {
    const nameAt = at + CENTRAL_RECORD_BYTES;
    found.push({ path: records.toString('utf8', nameAt, nameAt + records.readUInt16LE(at + 28)), at });
  }
  return found;
}

/** Unix mode with the type of the file. */
export function modeIn(records: Buffer, at: number): number {
  return records.readUInt16LE(at + 40);
}

/** Where the local header of a central record begins, unless that is beyond 4 GiB. */
export function offsetIn(records: Buffer, at: number): number {
  return records.readUInt32LE(at + 42);
}

export function setOffset(records: Buffer, at: number, offset: number): void {
  records.writeUInt32LE(offset, at + 42);
}

function recordBytes(records: Buffer, at: number): number {
  return CENTRAL_RECORD_BYTES + records.readUInt16LE(at + 28) + records.readUInt16LE(at + 30);
}

/** The record with an offset that does not fit into its usual place. It comes last in the zip64 field. */
function farRecord(record: Buffer, offset: number): Buffer {
  const fieldAt = CENTRAL_RECORD_BYTES + record.readUInt16LE(28);
  const numbers = record.length > fieldAt ? [4, 12].map((at) => Number(record.readBigUInt64LE(fieldAt + at))) : [];
  const field = zip64Field([...numbers, offset]);
  const far = Buffer.concat([record.subarray(0, fieldAt), field]);
  far.writeUInt16LE(NEEDS_ZIP64, 6);
  far.writeUInt16LE(field.length, 30);
  far.writeUInt32LE(MAX_32, 42);
  return far;
}

/** What ends the file, after the directory that begins at `offset`. */
export function endRecords(count: number, directoryBytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, MAX_16), 8);
  end.writeUInt16LE(Math.min(count, MAX_16), 10);
  end.writeUInt32LE(Math.min(directoryBytes, MAX_32), 12);
  end.writeUInt32LE(Math.min(offset, MAX_32), 16);
  if (count < MAX_16 && directoryBytes < MAX_32 && offset < MAX_32) return end;
  return Buffer.concat([zip64End(count, directoryBytes, offset), end]);
}

function zip64End(count: number, directoryBytes: number, offset: number): Buffer {
  const record = Buffer.alloc(56 + 20);
  record.writeUInt32LE(0x06064b50, 0);
  // The length of this record after this field.
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(MADE_BY, 12);
  record.writeUInt16LE(NEEDS_ZIP64, 14);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(directoryBytes), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  // The locator: where the record above begins, and that there is one disk.
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(offset + directoryBytes), 64);
  record.writeUInt32LE(1, 72);
  return record;
}

/** The five fields that both records have in the same order. */
function writeCommon(record: Buffer, at: number, entry: EntryRecord, isLong: boolean): void {
  record.writeUInt16LE(isLong ? NEEDS_ZIP64 : NEEDS_DEFLATE, at);
  record.writeUInt16LE(NAME_IS_UTF8, at + 2);
  record.writeUInt16LE(entry.method, at + 4);
  record.writeUInt16LE(DOS_TIME, at + 6);
  record.writeUInt16LE(DOS_DATE, at + 8);
  record.writeUInt32LE(entry.crc, at + 10);
}

function zip64Field(numbers: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + numbers.length * 8);
  field.writeUInt16LE(0x0001, 0);
  field.writeUInt16LE(numbers.length * 8, 2);
  numbers.forEach((number, index) => field.writeBigUInt64LE(BigInt(number), 4 + index * 8));
  return field;
}

export function nameOf(entry: Pick<EntryRecord, 'path'>): Buffer {
  const name = Buffer.from(entry.path);
  if (name.length > MAX_16) throw new RangeError(`A path of ${name.length} bytes does not fit into a zip: ${entry.path.slice(0, 100)}…`);
  return name;
}
