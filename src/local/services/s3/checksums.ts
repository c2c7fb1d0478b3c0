/**
 * The checksums of `x-amz-checksum-…`. CRC32, CRC32C, SHA-1 and SHA-256 are computed; CRC64NVME is taken as it is given.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { IncomingHttpHeaders } from 'node:http';
import { ServiceError } from '../../types.ts';

const PREFIX = 'x-amz-checksum-';
/** Lower case, as in the header names. */
export const CHECKSUM_ALGORITHMS: readonly string[] = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'];

interface RunningChecksum {
  update(chunk: Buffer): void;
  /** Base64. */
  digest(): string;
}

/** Runs the algorithms that can be computed over the same chunks. */
export function createChecksums(algorithms: readonly string[]): {
  update(chunk: Buffer): void;
  digest(): Record<string, string>;
} {
  const running = new Map<string, RunningChecksum>();
  for (const algorithm of algorithms) {
    const checksum = createChecksum(algorithm);
    if (checksum !== undefined) running.set(algorithm, checksum);
  }
  return {
    update: (chunk) => running.forEach((checksum) => checksum.update(chunk)),
    digest: () => Object.fromEntries([...running].map(([algorithm, checksum]) => [algorithm, checksum.digest()])),
  };
}

function createChecksum(algorithm: string): RunningChecksum | undefined {
  if (algorithm === 'crc32') return runningCrc((chunk, before) => crc32(chunk, before));
  if (algorithm === 'crc32c') return runningCrc(crc32c);
  if (algorithm === 'sha1' || algorithm === 'sha256') return runningHash(createHash(algorithm));
  return undefined;
}

function runningHash(hash: Hash): RunningChecksum {
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('base64') };
}

function runningCrc(step: (chunk: Buffer, before: number) => number): RunningChecksum {
  let value = 0;
  return {
    update(chunk) {
      value = step(chunk, value);
    },
    digest() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes.toString('base64');
    },
  };
}

/** Castagnoli's polynomial, bits reversed. */
const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

function crc32c(chunk: Buffer, before: number): number {
  let value = ~before;
  for (const byte of chunk) value = (CRC32C_TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return ~value >>> 0;
}

/** Checksums that the headers or the trailer give, by algorithm. */
export function givenChecksums(headers: IncomingHttpHeaders, trailer: ReadonlyMap<string, string>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = headers[PREFIX + algorithm] ?? trailer.get(PREFIX + algorithm);
    if (typeof value === 'string') given[algorithm] = value;
  }
  return given;
}

/** The algorithms that a request gives, announces for its trailer or asks for. */
export function wantedAlgorithms(headers: IncomingHttpHeaders): readonly string[] {
  const named = [headers['x-amz-sdk-checksum-algorithm'], headers['x-amz-checksum-algorithm']].map((name) => String(name).toLowerCase());
  const trailer = String(headers['x-amz-trailer'] ?? '').toLowerCase();
  return CHECKSUM_ALGORITHMS.filter(
    (algorithm) =>
      headers[PREFIX + algorithm] !== undefined || trailer.split(/\s*,\s*/).includes(PREFIX + algorithm) || named.includes(algorithm),
  );
}

/** Answer headers for checksums by algorithm. Throws ServiceError `BadDigest` when a given one is not the computed one. */
export function settleChecksums(
  given: Readonly<Record<string, string>>,
  computed: Readonly<Record<string, string>>,
): Record<string, string> {
  for (const [algorithm, value] of Object.entries(given)) {
    const actual = computed[algorithm];
    if (actual === undefined || actual === value) continue;
    throw new ServiceError('BadDigest', `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`, 400);
  }
  const all = Object.entries({ ...computed, ...given });
  const headers = Object.fromEntries(all.map(([algorithm, value]) => [PREFIX + algorithm, value]));
  return all.length === 0 ? {} : { ...headers, 'x-amz-checksum-type': 'FULL_OBJECT' };
}

/** A multipart object's checksum of checksums, `<base64>-<parts>`; undefined when it cannot be computed. */
export function compositeChecksum(algorithm: string, parts: readonly string[]): string | undefined {
  const checksum = createChecksum(algorithm);
  if (checksum === undefined) return undefined;
  for (const part of parts) checksum.update(Buffer.from(part, 'base64'));
  return `${checksum.digest()}-${parts.length}`;
}

/** Member names of the XML documents: `x-amz-checksum-crc32` is `ChecksumCRC32`. */
export function checksumMembers(checksums: Readonly<Record<string, string>>): Record<string, string> {
  const members: Record<string, string> = {};
  for (const [name, value] of Object.entries(checksums)) {
    if (name === 'x-amz-checksum-type') members['ChecksumType'] = value;
    else members[`Checksum${name.slice(PREFIX.length).toUpperCase()}`] = value;
  }
  return members;
}
