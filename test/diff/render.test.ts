import { describe, expect, it } from 'vitest';

import { cutPair } from '../../src/diff/cut-text.ts';
import { renderDiff, type ShownDiff } from '../../src/diff/render.ts';
import { shortForm } from '../../src/diff/short-form.ts';
import { textDiff } from '../../src/diff/text-diff.ts';
import type { Changes } from '../../src/diff/types.ts';
import { createStyle } from '../../src/output/style.ts';
import type { JsonValue } from '../../src/template/types.ts';

const none: Changes = {
  resources: [],
  outputs: [],
  conditions: [],
  mappings: [],
  rules: [],
  metadata: [],
  globals: [],
  hooks: [],
  template: [],
  parameters: [],
  tags: [],
  stack: [],
};
const render = (changes: Partial<Changes>, more: Partial<ShownDiff> = {}, color = false): string =>
  renderDiff({ stackName: 'Shop', exists: true, undecided: [], ...more, changes: { ...none, ...changes } }, createStyle(color));

describe('a comparison for people', () => {
  it('says that there is nothing to say', () => {
    expect(render({})).toBe('No differences: stack Shop is what the template says.');
  });

  it('does not say so when something could not be compared', () => {
    expect(render({}, { undecided: [{ subject: 'Fn.CodeUri', reason: 'needs a build' }] })).toBe(
      'No differences found in stack Shop, but not everything could be compared.\n\nNot compared\n  ?  Fn.CodeUri: needs a build',
    );
  });

  it('tells a stack that is not there from one that never came up', () => {
    const stack = [{ name: 'RoleArn', action: 'added', after: 'arn' }] as const;
    expect(render({ stack }, { exists: false })).toMatch(/^Stack Shop does not exist yet: no resource differs/);
    expect(render({ stack }, { exists: false, status: 'ROLLBACK_COMPLETE' })).toMatch(/^Stack Shop is created anew: no resource differs/);
  });

  it('shows what comes, changes and goes', () => {
    const text = render({
      resources: [
        { logicalId: 'ReportFunction', type: 'AWS::Lambda::Function', action: 'added', properties: [] },
        {
          logicalId: 'WorkerRole',
          type: 'AWS::IAM::Role',
          action: 'changed',
          properties: [
            { path: 'Properties.Policies[0].Action', before: 's3:GetObject', after: 's3:*' },
            { path: 'Properties.Path', after: '/x/' },
            { path: 'DeletionPolicy', before: 'Retain' },
            { path: 'Properties.Code', before: 'a', after: 'b', note: 'src differs' },
          ],
        },
        { logicalId: 'Old', type: 'AWS::SNS::Topic', action: 'removed', properties: [] },
      ],
      parameters: [
        { name: 'Stage', action: 'changed', before: 'dev', after: 'prod', noEcho: false, properties: [] },
        {
          name: 'Size',
          action: 'changed',
          before: '1',
          after: '1',
          noEcho: false,
          properties: [{ path: 'Default', before: 1, after: 2, note: 'the stack keeps 1' }],
        },
        { name: 'Password', action: 'added', after: '****', noEcho: true, properties: [] },
      ],
      tags: [{ name: 'team', action: 'removed', before: 'web' }],
      outputs: [
        {
          name: 'Url',
          action: 'changed',
          properties: [{ path: 'Value', before: { 'Fn::GetAtt': ['A', 'B'] }, after: { 'Fn::Sub': '${A}/x' } }],
        },
      ],
    });
    expect(text).toBe(
      [
        'Stack Shop: 1 resource to add, 1 to change, 1 to remove',
        '',
        'Resources',
        '  +  ReportFunction  AWS::Lambda::Function',
        '  ~  WorkerRole      AWS::IAM::Role',
        '       Policies[0].Action  s3:GetObject → s3:*',
        '       Path  + /x/',
        '       DeletionPolicy  - Retain',
        '       Code  a → b  (src differs)',
        '  -  Old             AWS::SNS::Topic',
        '',
        'Parameters',
        '  ~  Stage  dev → prod',
        '  ~  Size',
        '       Default  1 → 2  (the stack keeps 1)',
        '  +  Password  ****',
        '',
        'Tags',
        '  -  team  web',
        '',
        'Outputs',
        '  ~  Url',
        '       Value  !GetAtt A.B → !Sub ${A}/x',
      ].join('\n'),
    );
  });

  it('has colours only where they are wanted', () => {
    const changes: Partial<Changes> = { tags: [{ name: 'a', action: 'added', after: 'b' }] };
    expect(render(changes, {}, false)).not.toContain('\u001B');
    expect(render(changes, {}, true)).toContain('\u001B[32m+\u001B[39m');
  });

  it('shows texts of several lines by their lines', () => {
    const before = { 'Fn::Sub': 'one\ntwo\nthree\nfour\nfive\n' };
    const after = { 'Fn::Sub': 'one\ntwo\n3\nfour\nfive\n' };
    const text = render({
      resources: [{ logicalId: 'A', type: 'T', action: 'changed', properties: [{ path: 'Properties.Body', before, after }] }],
    });
    expect(text.split('\n').slice(-5)).toEqual(['       Body', '           two', '         - three', '         + 3', '           four']);
  });

  it('shortens digests and long values', () => {
    const uri = (digit: string): string => `s3://shop-artifacts/shop/${digit.repeat(64)}.zip`;
    const text = render({
      resources: [
        { logicalId: 'A', type: 'T', action: 'changed', properties: [{ path: 'Properties.CodeUri', before: uri('a'), after: uri('b') }] },
      ],
    });
    expect(text).toContain('CodeUri  s3://shop-artifacts/shop/aaaaaaaaaaaa….zip → s3://shop-artifacts/shop/bbbbbbbbbbbb….zip');
  });
});

describe('values that are hard to see', () => {
  const change = (before: JsonValue, after: JsonValue): string =>
    render({ conditions: [{ name: 'C', action: 'changed', properties: [{ path: 'X', before, after }] }] })
      .split('\n')
      .at(-1) ?? '';

  it.each([
    ['a', 'a\n', 'X  "a" → "a\\n"'],
    [null, 'null', 'X  null → "null"'],
    ['a\nb', 'a\r\nb', 'only line ends differ'],
    ['a', '\u001B[2Jb', 'X  a → \\u001b[2Jb'],
  ])('%j and %j are shown so that the difference is seen', (before, after, expected) => {
    expect(change(before, after).trim()).toBe(expected);
  });
});

describe('long values', () => {
  it('are cut around the place where they differ', () => {
    const [before, after] = cutPair(`${'x'.repeat(200)}old`, `${'x'.repeat(200)}new`);
    expect(before).toBe(`…${'x'.repeat(12)}old`);
    expect(after).toBe(`…${'x'.repeat(12)}new`);
  });

  it('never come out equal when they are not', () => {
    const [before, after] = cutPair('y'.repeat(500), `${'y'.repeat(499)}z`);
    expect(before).not.toBe(after);
  });
});

describe('the short form of values', () => {
  it.each([
    [{ Ref: 'A' }, '!Ref A'],
    [{ 'Fn::GetAtt': ['A', 'B.C'] }, '!GetAtt A.B.C'],
    [{ 'Fn::If': ['C', { Ref: 'A' }, 'x: y'] }, '!If [C, !Ref A, "x: y"]'],
    [{ a: [1, true, null], b: {} }, '{ a: [1, true, null], b: {} }'],
    ['', '""'],
    [false, 'false'],
  ])('of %j is %s', (value, text) => {
    expect(shortForm(value)).toBe(text);
  });
});

describe('lines of texts', () => {
  it('that are far from a difference are left out', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const changed = lines.with(3, 'new 3').with(15, 'new 15');
    expect(textDiff(lines.join('\r\n'), changed.join('\n')).map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'same line 2',
      'removed line 3',
      'added new 3',
      'same line 4',
      'skipped …',
      'same line 14',
      'removed line 15',
      'added new 15',
      'same line 16',
    ]);
  });
});
