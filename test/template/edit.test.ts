import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../src/template/edit.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import type { JsonValue, TemplateEdit } from '../../src/template/types.ts';
import { jsonValue, pathsOf } from './generate.ts';

const folder = new URL('../fixtures/templates/', import.meta.url);
const fixtures = readdirSync(folder).toSorted();
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

async function edit(text: string, ...edits: (readonly [path: string, value: JsonValue])[]): Promise<string> {
  const template = await parseTemplate(text, 't');
  return applyEdits(
    template,
    edits.map(([path, value]): TemplateEdit => ({ path: path.split('/'), value })),
  );
}

describe('templates as people write them', () => {
  it.each(fixtures)('%s comes out byte for byte when nothing changes', async (name) => {
    const text = read(name);
    const template = await parseTemplate(text, name);
    expect(template.text).toBe(text);
    expect(applyEdits(template, [])).toBe(text);
  });

  it.each(fixtures)('%s changes in one place only when one value changes', async (name) => {
    const text = read(name);
    const template = await parseTemplate(text, name);
    const logicalId = Object.keys(template.value['Resources'] as object)[0] ?? '';
    const typePath = ['Resources', logicalId, 'Type'];
    if (logicalId.startsWith('Fn::')) return;
    const out = applyEdits(template, [{ path: typePath, value: 'Some::Other::Type' }]);
    const old = String((template.value['Resources'] as Record<string, { Type: string }>)[logicalId]?.Type);
    expect(out).toBe(text.replace(old, 'Some::Other::Type'));
  });

  it.each(fixtures)('%s takes any edit anywhere, and other places stay what they were', async (name) => {
    const template = await parseTemplate(read(name), name);
    const paths = pathsOf(template.value);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(paths.length - 1), jsonValue, fc.boolean()), { minLength: 1, maxLength: 3 }), (drawn) => {
        const edits = drawn.map(([index, value, add]): TemplateEdit => {
          const path = paths[index] ?? [];
          const isMap = add && isPlainMap(template.value, path);
          return { path: isMap ? [...path, 'Added'] : path, value };
        });
        fc.pre(edits.every(({ path }) => path.length > 1 && edits.every((other) => !isInside(other.path, path))));
        // applyEdits itself compares the result with the value wanted.
        applyEdits(template, edits);
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 200) },
    );
  });
});

function isPlainMap(root: JsonValue, path: readonly (string | number)[]): boolean {
  const value = path.reduce<JsonValue>((at, step) => (at as Record<string, JsonValue>)[step] ?? null, root);
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a path leads into another one. */
function isInside(path: readonly (string | number)[], outer: readonly (string | number)[]): boolean {
  return path.length > outer.length && outer.every((step, index) => path[index] === step);
}

describe('YAML edits', () => {
  const table: [title: string, before: string, edits: [string, JsonValue][], after: string][] = [
    [
      'a plain scalar, the comment stays',
      'Resources:\n  A: ./x   # why\n',
      [['Resources/A', 's3://b/k']],
      'Resources:\n  A: s3://b/k   # why\n',
    ],
    [
      'quotes stay the quotes they were',
      `Resources: {A: './x', B: "./y"}\n`,
      [
        ['Resources/A', 's3://b/k'],
        ['Resources/B', 's3://b/l'],
      ],
      `Resources: {A: 's3://b/k', B: "s3://b/l"}\n`,
    ],
    [
      'text that would mean something else gets quotes',
      'Resources:\n  A: x\n  B: x\n  C: x\n',
      [
        ['Resources/A', 'yes'],
        ['Resources/B', '08'],
        ['Resources/C', 'a: b'],
      ],
      'Resources:\n  A: "yes"\n  B: "08"\n  C: "a: b"\n',
    ],
    ['a short form', 'Resources:\n  A: !Sub ${X}/y # c\n', [['Resources/A', 's3://b/k']], 'Resources:\n  A: s3://b/k # c\n'],
    [
      'the text inside a short form',
      'Resources:\n  A: !Sub ${X}/y # c\n',
      [['Resources/A/Fn::Sub', 'a b']],
      'Resources:\n  A: !Sub "a b" # c\n',
    ],
    [
      'one branch of a short form',
      'Resources:\n  A: !If [C, ./x, ./y]\n',
      [['Resources/A/Fn::If/2', 'z']],
      'Resources:\n  A: !If [C, ./x, z]\n',
    ],
    [
      'a block scalar, the comment stays',
      'Resources:\n  A: |- # code\n    one\n    two\n\n  B: x\n',
      [['Resources/A', 'z']],
      'Resources:\n  A: z # code\n\n  B: x\n',
    ],
    [
      'a map in block style',
      'Resources:\n  A:\n    B: 1\n    C: 2\n  D: x\n',
      [['Resources/A', { X: 'z' }]],
      'Resources:\n  A: {X: z}\n  D: x\n',
    ],
    ['a list without indentation', 'Resources:\n  A:\n  - 1\n  - 2\n  D: x\n', [['Resources/A', 's']], 'Resources:\n  A: s\n  D: x\n'],
    ['a list behind a comment', 'Resources:\n  A: # c\n  - 1\n  D: x\n', [['Resources/A', 's']], 'Resources:\n  A: # c\n   s\n  D: x\n'],
    [
      'an item of a list',
      'Resources:\n  A:\n    - a: 1\n      b: 2\n    - x\n',
      [['Resources/A/0', 's']],
      'Resources:\n  A:\n    - s\n    - x\n',
    ],
    [
      'an empty value',
      'Resources:\n  A:\n  B: # c\n',
      [
        ['Resources/A', 's'],
        ['Resources/B', 't'],
      ],
      'Resources:\n  A: s\n  B: t # c\n',
    ],
    [
      'a text over several lines',
      'Resources:\n  A: one\n    two\n  B: "x\n    y"\n',
      [
        ['Resources/A', 's'],
        ['Resources/B', 't'],
      ],
      'Resources:\n  A: s\n  B: "t"\n',
    ],
    [
      'a new key at the end of a map',
      'Resources:\n  A:\n    B: 1 # c\n\n  # about D\n  D: x\n',
      [['Resources/A/C', 's']],
      'Resources:\n  A:\n    B: 1 # c\n    C: s\n\n  # about D\n  D: x\n',
    ],
    [
      'a new key behind a block scalar',
      'Resources:\n  A:\n    B: |+\n      text\n\n  D: x\n',
      [['Resources/A/C', 's']],
      'Resources:\n  A:\n    B: |+\n      text\n\n    C: s\n  D: x\n',
    ],
    [
      'a new key at the end of the text',
      'Resources:\n  A:\n    B: 1',
      [['Resources/A/C', { X: [1] }]],
      'Resources:\n  A:\n    B: 1\n    C: {X: [1]}',
    ],
    [
      'a new key in a map inside a list',
      'Resources:\n  A:\n  - B: 1\n  - x\n',
      [['Resources/A/0/C', 's']],
      'Resources:\n  A:\n  - B: 1\n    C: s\n  - x\n',
    ],
    [
      'a new key in a flow map',
      'Resources: {A: {B: 1}, C: {}, D: { x: y, }}\n',
      [
        ['Resources/A/E', 's'],
        ['Resources/C/E', 's'],
        ['Resources/D/E', 's'],
      ],
      'Resources: {A: {B: 1, E: s}, C: {E: s}, D: { x: y, E: s, }}\n',
    ],
    [
      'new keys with CRLF',
      'Resources:\r\n  A:\r\n    B: 1\r\n  D: x\r\n',
      [
        ['Resources/A/C', 's'],
        ['Resources/A/E', 't'],
      ],
      'Resources:\r\n  A:\r\n    B: 1\r\n    C: s\r\n    E: t\r\n  D: x\r\n',
    ],
    [
      'a key in a map that is not written',
      'Resources:\n  A:\n    Type: T\n',
      [['Resources/A/Properties/CodeUri', 's']],
      'Resources:\n  A:\n    Type: T\n    Properties: {CodeUri: s}\n',
    ],
    [
      'a map in place of an empty value',
      'Resources:\n  A:\n    Properties:\n    Type: T\n',
      [['Resources/A/Properties/CodeUri', 's']],
      'Resources:\n  A:\n    Properties: {CodeUri: s}\n    Type: T\n',
    ],
    [
      'JSON inside YAML',
      'Resources: {"A":"x","B":{"C":1}}\n',
      [
        ['Resources/A', 's'],
        ['Resources/B/C', 's'],
      ],
      'Resources: {"A": "s","B":{"C": s}}\n',
    ],
    [
      'nested new keys come in order',
      'Resources:\n  A:\n    B:\n      C: 1\n',
      [
        ['Resources/A/O', 's'],
        ['Resources/A/B/M', 't'],
      ],
      'Resources:\n  A:\n    B:\n      C: 1\n      M: t\n    O: s\n',
    ],
  ];
  it.each(table)('%s', async (_, before, edits, after) => {
    expect(await edit(before, ...edits)).toBe(after);
  });
});

describe('edits around anchors', () => {
  const table: [title: string, before: string, edits: [string, JsonValue][], after: string][] = [
    ['an alias is replaced', 'Resources:\n  A: &x ./s\n  B: *x # c\n', [['Resources/B', 's']], 'Resources:\n  A: &x ./s\n  B: s # c\n'],
    [
      'an anchored value changes, the other place keeps its value',
      'Resources:\n  A: &x ./s\n  B: *x\n',
      [['Resources/A', 's']],
      'Resources:\n  A: &x s\n  B: ./s\n',
    ],
    [
      'both places change alike',
      'Resources:\n  A: &x ./s\n  B: {C: *x}\n',
      [
        ['Resources/A', 's'],
        ['Resources/B/C', 's'],
      ],
      'Resources:\n  A: &x s\n  B: {C: s}\n',
    ],
    [
      'inside an anchored map',
      'Resources:\n  A: &x\n    C: 1\n    D: 08\n  B: *x\n',
      [['Resources/A/C', 2]],
      'Resources:\n  A: &x\n    C: 2\n    D: 08\n  B: {C: 1, D: 08}\n',
    ],
    ['behind an alias', 'Resources:\n  A: &x\n    C: 1\n  B: *x\n', [['Resources/B/C', 2]], 'Resources:\n  A: &x\n    C: 1\n  B: {C: 2}\n'],
    [
      'the same change at an anchor and behind its alias',
      'Resources:\n  A: &x\n    C: 1\n  B: *x\n',
      [
        ['Resources/A/C', 2],
        ['Resources/B/C', 2],
      ],
      'Resources:\n  A: &x\n    C: 2\n  B: *x\n',
    ],
    [
      'a key that comes from a merge is overridden in place',
      'Resources:\n  A: &x {C: 1, D: 2}\n  B:\n    <<: *x\n    E: 3\n',
      [['Resources/B/C', 9]],
      'Resources:\n  A: &x {C: 1, D: 2}\n  B:\n    <<: *x\n    E: 3\n    C: 9\n',
    ],
    [
      'inside a map that others merge',
      'Resources:\n  A: &x {C: 1, D: 2}\n  B:\n    <<: *x # m\n    E: 3\n',
      [['Resources/A/C', 9]],
      'Resources:\n  A: &x {C: 9, D: 2}\n  B:\n    C: 1\n    D: 2 # m\n    E: 3\n',
    ],
    ['an anchor that goes away', 'Resources:\n  A:\n    X: &x ./s\n  B: *x\n', [['Resources/A', 's']], 'Resources:\n  A: s\n  B: ./s\n'],
  ];
  it.each(table)('%s', async (_, before, edits, after) => {
    expect(await edit(before, ...edits)).toBe(after);
  });

  it('writes all aliases and merge keys out on request', async () => {
    const template = await parseTemplate(read('anchors.yaml'), 'anchors.yaml');
    const out = applyEdits(template, [], { expandAliases: true });
    expect(out).not.toMatch(/\*\w/);
    expect((await parseTemplate(out, 'out')).value).toEqual(template.value);
  });
});

describe('JSON edits', () => {
  const table: [title: string, before: string, edits: [string, JsonValue][], after: string][] = [
    [
      'a value, comments stay',
      '{\n  "Resources": {\n    "A": "x" // why\n  }\n}\n',
      [['Resources/A', 's"']],
      '{\n  "Resources": {\n    "A": "s\\"" // why\n  }\n}\n',
    ],
    [
      'a map in the indentation of the text',
      '{\n\t"Resources" : {\n\t\t"A" : "x"\n\t}\n}',
      [['Resources/A', { B: 'b', C: [1] }]],
      '{\n\t"Resources" : {\n\t\t"A" : {\n\t\t\t"B" : "b",\n\t\t\t"C" : [\n\t\t\t\t1\n\t\t\t]\n\t\t}\n\t}\n}',
    ],
    ['a new key', '{\n  "Resources": {\n    "A": 1\n  }\n}', [['Resources/B', 2]], '{\n  "Resources": {\n    "A": 1,\n    "B": 2\n  }\n}'],
    [
      'new keys behind a comment',
      '{\n  "Resources": {\n    "A": 1 // one\n    // end\n  }\n}',
      [
        ['Resources/B', 2],
        ['Resources/C', 3],
      ],
      '{\n  "Resources": {\n    "A": 1, // one\n    // end\n    "B": 2,\n    "C": 3\n  }\n}',
    ],
    [
      'a new key behind a trailing comma',
      '{\n  "Resources": {\n    "A": 1,\n  },\n}',
      [['Resources/B', 2]],
      '{\n  "Resources": {\n    "A": 1,\n    "B": 2\n  },\n}',
    ],
    [
      'a new key in an empty map',
      '{\n  "Resources": {\n    "A": {}\n  }\n}',
      [['Resources/A/B', 2]],
      '{\n  "Resources": {\n    "A": {\n      "B": 2\n    }\n  }\n}',
    ],
    [
      'a new key in a map on one line',
      '{\n  "Resources": { "A": 1 }\n}',
      [['Resources/B', { C: 1, D: 2 }]],
      '{\n  "Resources": { "A": 1, "B": {"C": 1, "D": 2} }\n}',
    ],
    ['a template on one line', '{"Resources":{"A":{}}}', [['Resources/A/B', { C: 1, D: 2 }]], '{"Resources":{"A":{"B":{"C":1,"D":2}}}}'],
    [
      'CRLF',
      '{\r\n  "Resources": {\r\n    "A": 1\r\n  }\r\n}\r\n',
      [['Resources/B', 2]],
      '{\r\n  "Resources": {\r\n    "A": 1,\r\n    "B": 2\r\n  }\r\n}\r\n',
    ],
  ];
  it.each(table)('%s', async (_, before, edits, after) => {
    expect(await edit(before, ...edits)).toBe(after);
  });
});

describe('speed', () => {
  it.each(['yaml', 'json'])('a %s template of 1 MB with 2,000 changes takes well under a second of work', async (format) => {
    const resource = (index: number) => ({
      Type: 'AWS::Serverless::Function',
      Properties: { CodeUri: './src', Handler: `h${index}`, Environment: { Variables: { A: { Ref: 'X' }, B: 'y'.repeat(300) } } },
    });
    const value = { Resources: Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`Fn${index}`, resource(index)])) };
    const yaml = `Resources:\n${Object.entries(value.Resources)
      .map(
        ([id, body]) =>
          `  ${id}:\n    Type: ${body.Type}\n    Properties:\n      CodeUri: ./src # local\n      Handler: ${body.Properties.Handler}\n      Environment: { Variables: { A: !Ref X, B: ${'y'.repeat(300)} } }\n`,
      )
      .join('')}`;
    const text = format === 'json' ? JSON.stringify(value, null, 2) : yaml;
    const before = process.cpuUsage();
    const template = await parseTemplate(text, 't');
    const edits = Object.keys(value.Resources).map((id): TemplateEdit => ({
      path: ['Resources', id, 'Properties', 'CodeUri'],
      value: 's3://b/k',
    }));
    const out = applyEdits(template, edits);
    const { user, system } = process.cpuUsage(before);
    expect(out.split('s3://b/k')).toHaveLength(2001);
    // Measured: 0.2 to 0.5 s, also on a busy machine; something quadratic takes many times as long.
    expect((user + system) / 1000).toBeLessThan(2500);
  });
});
