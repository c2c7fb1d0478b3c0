import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { parseTemplate } from '../../src/template/parse.ts';

async function problem(text: string): Promise<UserError> {
  const error: unknown = await parseTemplate(text, 'app/serverless.template').catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${JSON.stringify(error)}`);
  return error;
}

describe('values', () => {
  it('gives YAML short forms their long form', async () => {
    const template = await parseTemplate(
      `Resources:
  A: !Ref X
  B: !Sub '\${X}'
  C: !GetAtt X.Outputs.Url
  D: !GetAtt [X, Arn]
  E: !Join ['', [!Ref X, !GetAtt 'X.Arn']]
  F: !Condition C
  G: !Transform { Name: AWS::Include, Parameters: { Location: s3://b/k } }
  H: !If [C, !Ref AWS::NoValue, !Base64 text]
  I: !Cidr
    - !Ref X
  J: !ToJsonString
    a: 1
  K: !GetAZs ''
  L: !Ref
`,
      't',
    );
    expect(template.value['Resources']).toEqual({
      A: { Ref: 'X' },
      B: { 'Fn::Sub': '${X}' },
      C: { 'Fn::GetAtt': ['X', 'Outputs.Url'] },
      D: { 'Fn::GetAtt': ['X', 'Arn'] },
      E: { 'Fn::Join': ['', [{ Ref: 'X' }, { 'Fn::GetAtt': ['X', 'Arn'] }]] },
      F: { Condition: 'C' },
      G: { 'Fn::Transform': { Name: 'AWS::Include', Parameters: { Location: 's3://b/k' } } },
      H: { 'Fn::If': ['C', { Ref: 'AWS::NoValue' }, { 'Fn::Base64': 'text' }] },
      I: { 'Fn::Cidr': [{ Ref: 'X' }] },
      J: { 'Fn::ToJsonString': { a: 1 } },
      K: { 'Fn::GetAZs': '' },
      L: { Ref: null },
    });
  });

  it.each([
    ['1', 1],
    ['-3', -3],
    ['0.5', 0.5],
    ['1e+21', 1e21],
    ['08', '08'],
    ['010', '010'],
    ['0x1F', '0x1F'],
    ['0o17', '0o17'],
    ['1_000', '1_000'],
    ['1.10', '1.10'],
    ['1e3', '1e3'],
    ['+1', '+1'],
    ['012345678901', '012345678901'],
    ['12345678901234567890', '12345678901234567890'],
    ['9007199254740993', '9007199254740993'],
    ['.inf', '.inf'],
    ['2012-10-17', '2012-10-17'],
    ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'],
    ['1:30', '1:30'],
    ['yes', 'yes'],
    ['No', 'No'],
    ['off', 'off'],
    ['true', true],
    ['False', false],
    ['~', null],
    ['', null],
    ['"1"', '1'],
    ["'true'", 'true'],
    ['!!str 1', '1'],
    ['! 1', '1'],
    ['!!int "1"', '1'],
    ['=', '='],
  ])('reads the YAML scalar %j as %j', async (written, value) => {
    const template = await parseTemplate(`Resources: { A: 1 }\nValue: ${written}\n`, 't');
    expect(template.value['Value']).toBe(value);
  });

  it.each([
    ['1.0', 1],
    ['1e2', 100],
    ['12345678901234567890', '12345678901234567890'],
    ['1e999', '1e999'],
    ['-0', -0],
  ])('reads the JSON number %s as %j', async (written, value) => {
    const template = await parseTemplate(`{"Resources": {}, "Value": ${written}}`, 't');
    expect(template.value['Value']).toBe(value);
  });

  it('resolves anchors, aliases and merge keys', async () => {
    const template = await parseTemplate(
      'Resources:\n  A: &a { x: 1, y: 2 }\n  B: { <<: *a, y: 3 }\n  C: { <<: [{ z: 1, x: 9 }, *a] }\n  D: [*a, &a t, *a]\n  E: { "<<": text }\n  F: &k key\n  *k : v\n',
      't',
    );
    expect(template.value['Resources']).toEqual({
      A: { x: 1, y: 2 },
      B: { x: 1, y: 3 },
      C: { z: 1, x: 9, y: 2 },
      D: [{ x: 1, y: 2 }, 't', 't'],
      E: { '<<': 'text' },
      F: 'key',
      key: 'v',
    });
  });

  it('takes keys that objects have anyway as plain keys', async () => {
    for (const text of [
      '{"Resources": {"__proto__": {"a": 1}, "constructor": 2, "toString": 3}}',
      'Resources:\n  __proto__: { a: 1 }\n  constructor: 2\n  toString: 3\n',
    ]) {
      const { value } = await parseTemplate(text, 't');
      const resources = value['Resources'] as object;
      expect(Object.keys(resources)).toEqual(['__proto__', 'constructor', 'toString']);
      expect(Object.getPrototypeOf(resources)).toBe(Object.prototype);
      expect('a' in {}).toBe(false);
    }
  });

  it('reads a YAML flow map that begins like JSON', async () => {
    const template = await parseTemplate("{Resources: {A: {Type: 'x'}}}", 't');
    expect(template.format).toBe('yaml');
    expect(template.value).toEqual({ Resources: { A: { Type: 'x' } } });
  });

  it('reads JSON with a byte order mark, comments, trailing commas and CRLF', async () => {
    const text = '\uFEFF// top\r\n{\r\n  "Resources": { /* none */ "A": [1, 2,], },\r\n}\r\n';
    const template = await parseTemplate(text, 't');
    expect(template).toMatchObject({ format: 'json', text, value: { Resources: { A: [1, 2] } } });
    expect(template.positionOf(['Resources', 'A', 1])).toEqual({ line: 3, column: 38 });
  });
});

describe('positions', () => {
  it('are those of the value, or of the nearest thing around it', async () => {
    const template = await parseTemplate(
      'Resources:\n  A:\n    Type: &t T\n    Code: !If [C, x, y]\n  B: { <<: { K: v } }\n  C: *t\n',
      't',
    );
    expect(template.positionOf(['Resources', 'A', 'Type'])).toEqual({ line: 3, column: 11 });
    expect(template.positionOf(['Resources', 'A', 'Code'])).toEqual({ line: 4, column: 11 });
    expect(template.positionOf(['Resources', 'A', 'Code', 'Fn::If', 2])).toEqual({ line: 4, column: 22 });
    expect(template.positionOf(['Resources', 'A', 'Nothing', 'Here'])).toEqual({ line: 3, column: 5 });
    expect(template.positionOf(['Resources', 'B', 'K'])).toEqual({ line: 5, column: 17 });
    expect(template.positionOf(['Resources', 'C'])).toEqual({ line: 6, column: 6 });
    expect(template.positionOf([])).toEqual({ line: 1, column: 1 });
  });
});

describe('errors have code, line, column and a reason', () => {
  it.each([
    ['', 'TEMPLATE_INVALID', '1:1', 'the template is empty'],
    ['# only a comment\n', 'TEMPLATE_INVALID', '1:1', 'the template is empty'],
    ['[1]', 'TEMPLATE_INVALID', '1:1', 'a template is a map'],
    ['text', 'TEMPLATE_INVALID', '1:1', 'a template is a map'],
    ['{}', 'TEMPLATE_INVALID', '1:1', 'no Resources section'],
    ['Outputs: {}\n', 'TEMPLATE_INVALID', '1:1', 'no Resources section'],
    ['Description: x\nResources:\n', 'TEMPLATE_INVALID', '2:11', 'no Resources section'],
    ['Resources: [a]\n', 'TEMPLATE_INVALID', '1:12', 'Resources must be a map'],
    ['{\n  "Resources": {}\n  "Outputs": {}\n}', 'TEMPLATE_SYNTAX', '3:3', '"," or "}" expected, but there is "Outputs"'],
    ['{\n  "Resources": {', 'TEMPLATE_SYNTAX', '2:17', 'a key in double quotes expected, but the text ends'],
    ['{"Resources": {"A": "x\n"}}', 'TEMPLATE_SYNTAX', '1:21', 'no closing quote'],
    ['{"Resources": {"A": tru}}', 'TEMPLATE_SYNTAX', '1:21', 'a value expected'],
    ['{"Resources": {"A": 1, "A": 2}}', 'TEMPLATE_INVALID', '1:24', 'the key "A" is there twice'],
    ['{"Resources": {}} x', 'TEMPLATE_SYNTAX', '1:19', 'the end of the template expected'],
    ['{"Resources": {} /* ', 'TEMPLATE_SYNTAX', '1:21', 'the text ends'],
    ['Resources:\n  A: 1\n  A: 2\n', 'TEMPLATE_INVALID', '3:3', 'the key "A" is there twice'],
    ['Resources:\n  A: [1, 2\n  B: 3\n', 'TEMPLATE_SYNTAX', '', ''],
    ['Resources:\n  A: b: c\n', 'TEMPLATE_SYNTAX', '2:6', 'Nested mappings'],
    ['Resources:\n\tA: 1\n', 'TEMPLATE_SYNTAX', '2:1', 'Tabs'],
    ['Resources:\n  A: "x\n', 'TEMPLATE_SYNTAX', '', 'quote'],
    ['Resources: *nowhere\n', 'TEMPLATE_INVALID', '1:12', 'no value before this place has the anchor "nowhere"'],
    ['Resources: &a\n  A: *a\n', 'TEMPLATE_INVALID', '2:6', 'anchor'],
    ['Resources:\n  <<: 1\n', 'TEMPLATE_INVALID', '2:7', 'only maps can be merged'],
    ['Resources:\n  A: !<x> 1\n', 'TEMPLATE_INVALID', '2:6', 'none that CloudFormation knows'],
    ['Resources:\n  ? [a]\n  : 1\n', 'TEMPLATE_INVALID', '2:5', 'a key must be a plain text'],
    ['Resources: {}\n---\nResources: {}\n', 'TEMPLATE_INVALID', '2:1', 'second document'],
  ])('%j', async (text, code, place, reason) => {
    const error = await problem(text);
    expect(error.code).toBe(code);
    expect(error.message).toContain(`app/serverless.template:${place}`);
    expect(error.message).toContain(reason);
    expect(error.message).toMatch(/^app\/serverless\.template:\d+:\d+: /);
  });

  it.each([
    ['JSON lists', `{"Resources": ${'['.repeat(100_000)}`],
    ['JSON maps', `{"Resources": ${'{"a":'.repeat(100_000)}`],
    ['YAML flow lists', `Resources: ${'['.repeat(50_000)}`],
    ['YAML block lists', `Resources: ${'- '.repeat(20_000)}`],
    ['YAML lines', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}Resources:`).join('\n')],
  ])('very deep %s', async (_, text) => {
    expect(['TEMPLATE_SYNTAX', 'TEMPLATE_INVALID']).toContain((await problem(text)).code);
  });

  it('a small text whose aliases stand for an enormous value', async () => {
    const lines = Array.from({ length: 30 }, (_, index) =>
      index === 0 ? '  A0: &a0 [x, x]' : `  A${index}: &a${index} [*a${index - 1}, *a${index - 1}]`,
    );
    const error = await problem(`Resources:\n${lines.join('\n')}\n`);
    expect(error).toMatchObject({ code: 'TEMPLATE_INVALID' });
    expect(error.message).toContain('aliases stand for more than 500000 values');
  });
});
