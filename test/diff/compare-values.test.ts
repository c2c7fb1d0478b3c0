import { describe, expect, it } from 'vitest';

import { compareValues, shownPath } from '../../src/diff/compare-values.ts';
import type { JsonValue } from '../../src/template/types.ts';

const EQUAL: readonly (readonly [string, JsonValue, JsonValue])[] = [
  ['a number and its text', 128, '128'],
  ['a boolean and its text', true, 'true'],
  ['maps with their keys in another order', { a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 }],
  ['GetAtt as list and as text', { 'Fn::GetAtt': ['Role', 'Arn'] }, { 'Fn::GetAtt': 'Role.Arn' }],
  ['GetAtt of an output of a nested stack', { 'Fn::GetAtt': ['Stack', 'Outputs.Url'] }, { 'Fn::GetAtt': 'Stack.Outputs.Url' }],
  ['Sub with and without an empty map', { 'Fn::Sub': ['a ${B}', {}] }, { 'Fn::Sub': 'a ${B}' }],
  ['spellings deep inside a function', { 'Fn::If': ['C', { Size: 1 }, 'x'] }, { 'Fn::If': ['C', { Size: '1' }, 'x'] }],
  ['a function in a function', { 'Fn::Select': [0, { 'Fn::GetAtt': ['A', 'B'] }] }, { 'Fn::Select': ['0', { 'Fn::GetAtt': 'A.B' }] }],
  ['keys that objects inherit', { constructor: 1, ['__proto__x']: 2 }, { ['__proto__x']: 2, constructor: 1 }],
];

describe('values that mean the same', () => {
  it.each(EQUAL)('are equal: %s', (_, before, after) => {
    expect(compareValues(before, after)).toEqual([]);
    expect(compareValues(after, before)).toEqual([]);
  });
});

const DIFFERENT: readonly (readonly [
  string,
  JsonValue,
  JsonValue,
  Record<string, readonly [JsonValue | undefined, JsonValue | undefined]>,
])[] = [
  ['a scalar', { Size: 128 }, { Size: 256 }, { Size: [128, 256] }],
  ['true and True', { A: 'true' }, { A: 'True' }, { A: ['true', 'True'] }],
  ['versions that are the same number', { R: '3.1' }, { R: '3.10' }, { R: ['3.1', '3.10'] }],
  ['a null and nothing', { A: null }, {}, { A: [null, undefined] }],
  ['an empty text and nothing', {}, { A: '' }, { A: [undefined, ''] }],
  ['what came and what went', { Old: { x: 1 } }, { New: [1] }, { New: [undefined, [1]], Old: [{ x: 1 }, undefined] }],
  ['a function instead of a value', { A: 'dev' }, { A: { Ref: 'Stage' } }, { A: ['dev', { Ref: 'Stage' }] }],
  ['another argument of a function', { A: { Ref: 'B' } }, { A: { Ref: 'C' } }, { A: [{ Ref: 'B' }, { Ref: 'C' }] }],
  ['a branch of an If', { A: { 'Fn::If': ['C', { X: 1 }, 2] } }, { A: { 'Fn::If': ['C', { X: 3 }, 2] } }, { 'A.Fn::If[1].X': [1, 3] }],
  [
    'a function with parts, as one where it has none',
    { A: { 'Fn::FindInMap': ['M', 'a', 'b'] } },
    { A: { 'Fn::FindInMap': ['M', 'a', 'c'] } },
    { A: [{ 'Fn::FindInMap': ['M', 'a', 'b'] }, { 'Fn::FindInMap': ['M', 'a', 'c'] }] },
  ],
  ['an item put in front', { L: ['b', 'c'] }, { L: ['a', 'b', 'c'] }, { 'L[0]': [undefined, 'a'] }],
  ['an item taken out', { L: ['a', 'b', 'c'] }, { L: ['a', 'c'] }, { 'L[1]': ['b', undefined] }],
  ['an item inside', { L: [{ A: 1 }, { A: 2 }] }, { L: [{ A: 1 }, { A: 3 }] }, { 'L[1].A': [2, 3] }],
  ['two items changed places', ['a', 'b'], ['b', 'a'], { '[0]': ['a', undefined], '[1]': [undefined, 'a'] }],
  ['a list instead of a value', { A: 'x' }, { A: ['x'] }, { A: ['x', ['x']] }],
  ['a key with dots', { 'a.b': 1 }, { 'a.b': 2 }, { '["a.b"]': [1, 2] }],
];

describe('values that differ', () => {
  it.each(DIFFERENT)('are told apart: %s', (_, before, after, expected) => {
    const found = compareValues(before, after).map(({ path, before: old, after: own }) => [shownPath(path), [old, own]]);
    expect(Object.fromEntries(found)).toEqual(expected);
    expect(found).toHaveLength(Object.keys(expected).length);
  });

  it('pairs items of a list by their names', () => {
    const before = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ];
    const after = [
      { Key: 'c', Value: '9' },
      { Key: 'b', Value: '3' },
    ];
    expect(compareValues(before, after)).toEqual([
      { path: [0], after: { Key: 'c', Value: '9' } },
      { path: [1, 'Value'], before: '2', after: '3' },
      { path: [0], before: { Key: 'a', Value: '1' } },
    ]);
  });
});
