import { describe, expect, it } from 'vitest';
import { maskSecrets, parameterValue, resolveParameters, shownValue } from '../../../src/local/engine/parameters.ts';

const resolve = (definition: object, value?: string) =>
  resolveParameters({ Parameters: { P: definition } }, value === undefined ? [] : [{ key: 'P', value }], [])[0];

describe('parameters', () => {
  it.each<[string, object, string | undefined, unknown]>([
    ['text', { Type: 'String' }, 'x', 'x'],
    ['empty text', { Type: 'String' }, '', ''],
    ['a default', { Type: 'String', Default: 'd' }, undefined, 'd'],
    ['a numeric default', { Type: 'Number', Default: 5 }, undefined, '5'],
    ['a list', { Type: 'CommaDelimitedList' }, 'a, b,c', ['a', 'b', 'c']],
    ['an empty list', { Type: 'CommaDelimitedList', Default: '' }, undefined, []],
    ['a list of ids', { Type: 'List<AWS::EC2::Subnet::Id>' }, 's-1,s-2', ['s-1', 's-2']],
    ['a stored parameter', { Type: 'AWS::SSM::Parameter::Value<String>' }, '/app/name', 'name'],
    ['a stored list', { Type: 'AWS::SSM::Parameter::Value<List<String>>' }, '/app/names', ['names']],
    ['an image id', { Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>' }, '/aws/x', 'ami-0123456789abcdef0'],
  ])('give %s', (_what, definition, value, expected) => {
    const record = resolve(definition, value);
    expect(record === undefined ? undefined : parameterValue(record)).toEqual(expected);
  });

  it.each<[string, object, string, string]>([
    ['AllowedValues', { Type: 'String', AllowedValues: ['a', 'b'] }, 'c', "Parameter 'P' must be one of AllowedValues"],
    ['AllowedPattern', { Type: 'String', AllowedPattern: '[a-z]+' }, 'A', "Parameter 'P' must match pattern [a-z]+"],
    ['MinLength', { Type: 'String', MinLength: 2 }, 'a', "Parameter 'P' must contain at least 2 characters"],
    ['MaxLength', { Type: 'String', MaxLength: '1' }, 'ab', "Parameter 'P' must contain at most 1 characters"],
    ['MinValue', { Type: 'Number', MinValue: 2 }, '1', "Parameter 'P' must be a number not less than 2"],
    ['MaxValue', { Type: 'Number', MaxValue: 2 }, '3', "Parameter 'P' must be a number not greater than 2"],
    ['Number', { Type: 'Number' }, 'x', "Parameter 'P' must be a number."],
    [
      'the description',
      { Type: 'String', MinLength: 9, ConstraintDescription: 'long enough' },
      'a',
      "Parameter 'P' failed to satisfy constraint: long enough",
    ],
  ])('obey %s', (_what, definition, value, message) => {
    expect(() => resolve(definition, value)).toThrow(message);
  });

  it('compare numbers as numbers', () => {
    expect(resolve({ Type: 'Number', AllowedValues: [1, 2] }, '1.0')?.value).toBe('1.0');
  });

  it('can be the ones from before, if there were any', () => {
    const document = { Parameters: { P: { Type: 'String', Default: 'd' } } };
    const previous = [{ key: 'P', value: 'old', type: 'String', noEcho: false }];
    expect(resolveParameters(document, [{ key: 'P', usePrevious: true }], previous)[0]?.value).toBe('old');
    expect(resolveParameters(document, [], previous)[0]?.value).toBe('d');
    expect(() => resolveParameters(document, [{ key: 'P', usePrevious: true }], [])).toThrow(/Cannot specify usePreviousValue as true/);
  });

  it('hide their values where NoEcho says so', () => {
    const secret = resolve({ Type: 'String', NoEcho: 'true' }, 'sec"ret');
    expect(secret === undefined ? '' : shownValue(secret)).toBe('****');
    expect(maskSecrets(JSON.stringify({ a: 'x sec"ret y' }), secret === undefined ? [] : [secret])).toBe('{"a":"x **** y"}');
  });
});
