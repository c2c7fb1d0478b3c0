/** Fn::Cidr: splits an address block into equal smaller ones. */
import { isIPv4, isIPv6 } from 'node:net';
import { validationError } from './parse-template.ts';

/**
 * `count` blocks of `cidrBits` host bits each, from the start of `block`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html
 */
export function splitCidr(block: string, count: number, cidrBits: number): readonly string[] {
  const [address = '', prefixText = ''] = block.split('/');
  const version = isIPv4(address) ? 4 : isIPv6(address) ? 6 : 0;
  const width = version === 4 ? 32 : 128;
  const prefix = Number(prefixText);
  const newPrefix = width - cidrBits;
  const fits = version !== 0 && Number.isInteger(prefix) && newPrefix >= prefix && count >= 1 && count <= 256;
  if (!fits || count > 2 ** Math.min(newPrefix - prefix, 32)) {
    throw validationError(`Template error: Fn::Cidr cannot create ${count} blocks of ${cidrBits} bits from ${block}`);
  }
  const mask = ((1n << BigInt(prefix)) - 1n) << BigInt(width - prefix);
  const start = (version === 4 ? parseIPv4(address) : parseIPv6(address)) & mask;
  return Array.from({ length: count }, (_, index) => {
    const value = start + (BigInt(index) << BigInt(cidrBits));
    return `${version === 4 ? formatIPv4(value) : formatIPv6(value)}/${newPrefix}`;
  });
}

function parseIPv4(address: string): bigint {
  return address.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function formatIPv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
}

function parseIPv6(address: string): bigint {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function formatIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return groups.join(':').replace(/(?:^|:)0(?::0)+(?:$|:)/, '::');
}
