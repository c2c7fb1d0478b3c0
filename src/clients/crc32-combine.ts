const POLYNOMIAL = 0xedb88320;

/**
 * The CRC-32 of two pieces one after the other, from the CRC of each and the length of the second: the first is
 * advanced over that many zero bytes. CRCs are polynomials over GF(2); advancing multiplies by a power of x.
 */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  let power = 1 << 23;
  let advanced = first;
  // `power` runs through x^8, x^16, x^32, …: one zero byte, two, four, …
  for (let bytes = secondBytes; bytes > 0; bytes = Math.floor(bytes / 2)) {
    if (bytes % 2 === 1) advanced = multiply(power, advanced);
    power = multiply(power, power);
  }
  return (advanced ^ second) >>> 0;
}

/** The product of two polynomials modulo that of CRC-32; the highest bit is x^0. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 31; bit >= 0; bit -= 1) {
    if (((a >>> bit) & 1) === 1) product ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product >>> 0;
}
