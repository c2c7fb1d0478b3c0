import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selectPaths } from '../../src/template/json-path.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import { applySubstitutions } from '../../src/template/substitute.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'substitute-'));
  await writeFile(join(folder, 'definition.json'), '{\n  "StartAt": "One"\n}\n');
  await writeFile(join(folder, 'statements.yaml'), '- Effect: Allow\n- Effect: Deny\n');
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const yaml = `Resources:
  Machine: # runs the orders
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Sub replaced
      Logging: { Level: OFF, Enabled: false, Size: 3 }
      Statements: []
      My.Key: [a, { b: c }]
      Nothing:
`;
const json = JSON.stringify(
  {
    Resources: {
      Machine: {
        Properties: {
          DefinitionString: { 'Fn::Sub': 'replaced' },
          Logging: { Level: 'OFF', Enabled: false, Size: 3 },
          Statements: [],
          'My.Key': ['a', { b: 'c' }],
          Nothing: null,
        },
      },
    },
  },
  null,
  2,
);

describe.each([
  ['YAML', yaml],
  ['JSON', json],
])('substitutions in %s', (_, text) => {
  it('put the text of files and literals in, in the type that is there', async () => {
    const template = await applySubstitutions(
      await parseTemplate(text, 't'),
      {
        '$.Resources.Machine.Properties.DefinitionString.Fn::Sub': 'definition.json',
        "$.Resources.Machine.Properties['My.Key'][1].b": 'no such file.json',
        '$..Logging.Enabled': 'TRUE',
        'Resources.Machine.Properties.Logging.Size': '42',
        '$.Resources.Machine.Properties.Statements': 'statements.yaml',
      },
      folder,
    );
    expect(template.value).toMatchObject({
      Resources: {
        Machine: {
          Properties: {
            DefinitionString: { 'Fn::Sub': '{\n  "StartAt": "One"\n}\n' },
            Logging: { Level: 'OFF', Enabled: true, Size: 42 },
            Statements: [{ Effect: 'Allow' }, { Effect: 'Deny' }],
            'My.Key': ['a', { b: 'no such file.json' }],
          },
        },
      },
    });
    if (template.format === 'yaml') expect(template.text).toContain('Machine: # runs the orders\n');
  });

  it.each([
    ['$.Resources.Nobody', 'x', 'selects nothing'],
    ['$.Resources.Machine[', 'x', 'is no JSONPath'],
    ['$.Resources[?(@.a)]', 'x', 'is no JSONPath'],
    ['$.Resources.Machine.Properties.Logging.Enabled', 'maybe', 'does not fit'],
    ['$.Resources.Machine.Properties.Logging.Size', 'many', 'does not fit'],
    ['$.Resources.Machine.Properties.Logging', '[1]', 'does not fit'],
    ['$.Resources.Machine.Properties.Statements', '{', 'does not fit'],
    ['$.Resources.Machine.Properties.Nothing', 'x', 'selects an empty value'],
  ])('refuse %s = %s', async (path, value, reason) => {
    const template = await parseTemplate(text, 't');
    await expect(applySubstitutions(template, { [path]: value }, folder)).rejects.toMatchObject({
      code: 'SUBSTITUTION',
      message: expect.stringContaining(reason) as unknown,
    });
  });
});

describe('JSONPath', () => {
  const value = { a: [{ b: 1, c: { b: 2 } }, { b: 3 }], 'x.y': { "it's": 4 }, 'Fn::Sub': 5 };
  it.each([
    ['$', [[]]],
    ['$.a[0].b', [['a', 0, 'b']]],
    ['$.a[-1].b', [['a', 1, 'b']]],
    [
      '$.a[*].b',
      [
        ['a', 0, 'b'],
        ['a', 1, 'b'],
      ],
    ],
    [
      '$.a.*.b',
      [
        ['a', 0, 'b'],
        ['a', 1, 'b'],
      ],
    ],
    [
      '$..b',
      [
        ['a', 0, 'b'],
        ['a', 0, 'c', 'b'],
        ['a', 1, 'b'],
      ],
    ],
    ["$['x.y']['it\\'s']", [['x.y', "it's"]]],
    ['$["x.y"]["it\'s"]', [['x.y', "it's"]]],
    ['$.Fn::Sub', [['Fn::Sub']]],
    ['a[1]', [['a', 1]]],
    ['$.a[7]', []],
    ['$.a.length', []],
    ['$.constructor', []],
  ])('%s', (expression, paths) => {
    expect(selectPaths(value, expression)).toEqual(paths);
  });
});
