import { describe, expect, it } from 'vitest';
import { paramFlag, paramObjects, paramTexts, unfoldParams } from '../../../src/local/protocol/query-xml.ts';
import { parseXml, renderXml } from '../../../src/local/protocol/xml.ts';

function unfold(form: string): unknown {
  return JSON.parse(JSON.stringify(unfoldParams(new URLSearchParams(form))));
}

describe('the parameters of a form', () => {
  it('unfold into lists, structures and maps', () => {
    expect(unfold('Action=X&Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=1&Tags.member.10.Key=j')).toEqual({
      Action: 'X',
      Tags: [{ Key: 'a', Value: '1' }, { Key: 'b' }, { Key: 'j' }],
    });
    expect(unfold('Names.member.1=x&Names.member.2=y')).toEqual({ Names: ['x', 'y'] });
    expect(unfold('Flat.1.Name=x&Deep.Inner.member.1.List.member.1=z')).toEqual({
      Flat: [{ Name: 'x' }],
      Deep: { Inner: [{ List: ['z'] }] },
    });
    expect(unfold('Map.entry.1.key=a&Map.entry.1.value=1&Map.entry.2.key=b&Map.entry.2.value=2')).toEqual({ Map: { a: '1', b: '2' } });
  });

  it('are read as lists also when they are empty or absent', () => {
    const params = unfoldParams(new URLSearchParams('Empty=&Flag=True'));
    expect([paramTexts(params, 'Empty'), paramTexts(params, 'Absent'), paramObjects(params, 'Empty')]).toEqual([[], [], []]);
    expect([paramFlag(params, 'Flag'), paramFlag(params, 'Absent')]).toEqual([true, undefined]);
  });

  it('cannot reach prototypes', () => {
    unfoldParams(new URLSearchParams('__proto__.polluted=1&a.__proto__.polluted=1&constructor.prototype.polluted=1'));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('do not lose what comes in conflicting forms', () => {
    expect(unfold('A=1&A.member.1=x')).toEqual({ A: ['x'] });
  });
});

describe('XML', () => {
  it('has members for lists in the query protocol and repetition in S3', () => {
    expect(renderXml('R', { L: ['a', 'b'], E: [], N: undefined, D: new Date(0), B: false }, 'member')).toBe(
      '<R><L><member>a</member><member>b</member></L><E/><D>1970-01-01T00:00:00.000Z</D><B>false</B></R>',
    );
    expect(renderXml('R', { L: ['a', 'b'] }, 'flat')).toBe('<R><L>a</L><L>b</L></R>');
  });

  it('comes back as it was written, but for characters that XML cannot hold', () => {
    const text = '<&>"\' ü😀 \r\n end ';
    expect(parseXml(renderXml('R', { T: text }, 'flat'))).toEqual({ R: { T: text } });
    expect(renderXml('R', '\u001b[31m\u0000', 'flat')).toBe('<R>\ufffd[31m\ufffd</R>');
  });

  it('with a document type, broken or empty, is refused', () => {
    for (const text of ['', '<a>', 'text', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', '<a/><b/>']) {
      expect(() => parseXml(text), text).toThrow(/not well-formed/);
    }
  });
});
