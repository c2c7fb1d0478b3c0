import { describe, expect, it } from 'vitest';

import { expandEnvironment, formatMap, parseBoolean, parseInteger, parseList, parseMap } from '../../src/settings/value-syntax.ts';

describe('maps', () => {
  it.each([
    ['', {}],
    ['A=1', { A: '1' }],
    ['A=1;B=2;', { A: '1', B: '2' }],
    ['A=', { A: '' }],
    ['A=b=c', { A: 'b=c' }],
    ['a;b=c', { 'a;b': 'c' }],
    ['A', { A: '' }],
    ['A=1;A=2', { A: '2' }],
    ['"A"="1;2"', { A: '1;2' }],
    ['"A"junk="1"junk;B=2', { A: '1', B: '2' }],
    ['A=x"y;z"', { A: 'x"y', 'z"': '' }],
    [' A = 1 ', { ' A ': ' 1 ' }],
    ['__proto__=1', JSON.parse('{"__proto__":"1"}') as Record<string, string>],
  ])('reads %j', (text, map) => {
    expect({ ...parseMap(text, '--tags') }).toEqual(map);
  });

  it.each(['=1', 'A=1;=2', '"A=1', 'A="1'])('refuses %j', (text) => {
    expect(() => parseMap(text, '--tags')).toThrow(/--tags/);
  });

  it('writes what it reads', () => {
    const map = { A: '1;2', B: '', C: 'x=y' };
    expect({ ...parseMap(formatMap(map) ?? '', '--tags') }).toEqual(map);
  });

  it('writes values with quotes where the syntax can hold them, and says where it cannot', () => {
    const map = { Json: '{"a":"b=c"}', Plain: '1;2' };
    expect({ ...parseMap(formatMap(map) ?? '', '--tags') }).toEqual(map);
    expect(formatMap({ A: 'say "x"; then' })).toBeUndefined();
    expect(formatMap({ A: '"quoted"' })).toBeUndefined();
  });
});

describe('other values', () => {
  it('splits lists at commas and drops empty items', () => {
    expect(parseList('a,, b,')).toEqual(['a', ' b']);
  });

  it.each([
    ['true', true],
    [' False ', false],
    ['TRUE', true],
  ])('reads the boolean %j', (text, value) => {
    expect(parseBoolean(text, '--x')).toBe(value);
  });

  it.each(['yes', '1', ''])('refuses the boolean %j', (text) => {
    expect(() => parseBoolean(text, '--x')).toThrow(/--x takes true or false/);
  });

  it.each(['1.5', 'x', '', '99999999999', '1e3', '0x10'])('refuses the number %j', (text) => {
    expect(() => parseInteger(text, '--port')).toThrow(/--port takes a whole number/);
  });

  it('holds numbers to their minimum', () => {
    expect(parseInteger('3', '--pd', { minimum: 1 })).toBe(3);
    expect(() => parseInteger('0', '--pd', { minimum: 1 })).toThrow(/at least 1/);
    expect(() => parseInteger('65536', '--port', { maximum: 65_535 })).toThrow(/at most 65535/);
  });

  it('replaces $(NAME) and leaves unknown names as they are', () => {
    expect(expandEnvironment('a-$(STAGE)-$(NOPE)-$STAGE', { STAGE: 'prod' })).toBe('a-prod-$(NOPE)-$STAGE');
  });
});
