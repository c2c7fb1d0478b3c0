import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { toStrictJson } from '../../src/template/strict-json.ts';

describe('strict JSON', () => {
  it.each([
    ['{ // who\n "a": 1 /* one */ }', '{ \n "a": 1  }'],
    ['{ "a": [1, 2, ], }', '{ "a": [1, 2 ] }'],
    ['{ "a": "// no /* comment */,}" }', '{ "a": "// no /* comment */,}" }'],
    ['\uFEFF{"a":1, // last\n}', '{"a":1 \n}'],
    ['{"big": 123456789012345678901234567890, "e": 1.50e+10}', '{"big": 123456789012345678901234567890, "e": 1.50e+10}'],
  ])('%j becomes %j', (text, strict) => {
    expect(toStrictJson(text)).toBe(strict);
    JSON.parse(strict);
  });

  it('leaves strict JSON as it is, byte for byte', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(3), (text, indent) => {
        const pretty = JSON.stringify(JSON.parse(text), null, indent);
        expect(toStrictJson(pretty)).toBe(pretty);
      }),
    );
  });
});
