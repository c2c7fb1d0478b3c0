import { describe, expect, it } from 'vitest';

import { compareTemplates } from '../../src/diff/compare-templates.ts';
import { hasNoChanges } from '../../src/diff/render.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import type { JsonObject } from '../../src/template/types.ts';

const resource = (body: JsonObject): JsonObject => ({ Resources: { R: { Type: 'AWS::SNS::Topic', ...body } } });
const changesOf = (before: JsonObject | undefined, after: JsonObject) => ({
  ...compareTemplates(before, after),
  parameters: [],
  tags: [],
  stack: [],
});

const EQUAL: readonly (readonly [string, JsonObject, JsonObject])[] = [
  ['DependsOn as text and as list', resource({ DependsOn: 'A' }), resource({ DependsOn: ['A'] })],
  ['DependsOn in another order', resource({ DependsOn: ['A', 'B'] }), resource({ DependsOn: ['B', 'A'] })],
  ['no properties and empty ones', resource({}), resource({ Properties: {} })],
  ['one transform and a list of one', { Transform: 'T', Resources: {} }, { Transform: ['T'], Resources: {} }],
  ['an empty section and none', { Outputs: null, Resources: {} }, { Resources: {} }],
];

describe('templates that mean the same', () => {
  it.each(EQUAL)('have no differences: %s', (_, before, after) => {
    expect(hasNoChanges(changesOf(before, after))).toBe(true);
    expect(hasNoChanges(changesOf(after, before))).toBe(true);
  });

  it('have none in JSON and YAML with short forms and anchors', async () => {
    const json = await parseTemplate(
      JSON.stringify({
        Resources: {
          A: { Type: 'AWS::SNS::Topic', Properties: { TopicName: { 'Fn::Sub': '${AWS::StackName}-a' }, FifoTopic: true } },
          B: {
            Type: 'AWS::SNS::Topic',
            DependsOn: ['A'],
            Properties: { TopicName: { 'Fn::GetAtt': ['A', 'TopicName'] }, FifoTopic: 'true' },
          },
        },
        Outputs: { O: { Value: { 'Fn::If': ['C', { Ref: 'A' }, { Ref: 'AWS::NoValue' }] } } },
      }),
      'a.json',
    );
    const yaml = await parseTemplate(
      'Outputs:\n  O:\n    Value: !If [C, !Ref A, !Ref AWS::NoValue]\nResources:\n  B:\n    Properties:\n      FifoTopic: true\n      TopicName: !GetAtt A.TopicName\n    DependsOn: A\n    Type: AWS::SNS::Topic\n' +
        '  A:\n    Type: AWS::SNS::Topic\n    Properties:\n      FifoTopic: "true"\n      TopicName: !Sub ${AWS::StackName}-a\n',
      'a.yaml',
    );
    expect(hasNoChanges(changesOf(json.value, yaml.value))).toBe(true);
  });
});

describe('templates that differ', () => {
  it('tell resources that come, go and change, each with its properties', () => {
    const before = {
      Resources: {
        Gone: { Type: 'AWS::SNS::Topic' },
        Kept: { Type: 'AWS::Lambda::Function', DependsOn: 'Gone', Properties: { MemorySize: 128, Tags: [{ Key: 'a', Value: 'b' }] } },
      },
    };
    const after = {
      Resources: {
        New: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: 1 } },
        Kept: {
          Type: 'AWS::Lambda::Function',
          DeletionPolicy: 'Retain',
          Properties: { MemorySize: 256, Tags: [{ Key: 'a', Value: 'c' }] },
        },
      },
    };
    expect(compareTemplates(before, after).resources).toEqual([
      { logicalId: 'New', type: 'AWS::SQS::Queue', action: 'added', properties: [] },
      {
        logicalId: 'Kept',
        type: 'AWS::Lambda::Function',
        action: 'changed',
        properties: [
          { path: 'DependsOn', before: 'Gone' },
          { path: 'DeletionPolicy', after: 'Retain' },
          { path: 'Properties.MemorySize', before: 128, after: 256 },
          { path: 'Properties.Tags[0].Value', before: 'b', after: 'c' },
        ],
      },
      { logicalId: 'Gone', type: 'AWS::SNS::Topic', action: 'removed', properties: [] },
    ]);
  });

  it('tell another type, a loop, and what is no map', () => {
    const before = { Resources: { A: { Type: 'X::Y::Z' }, 'Fn::ForEach::L': ['N', ['a'], {}], Odd: 'text' } };
    const after = { Resources: { A: { Type: 'X::Y::W' }, 'Fn::ForEach::L': ['N', ['a', 'b'], {}], Odd: 'other' } };
    expect(compareTemplates(before, after).resources).toEqual([
      { logicalId: 'A', type: 'X::Y::W', action: 'changed', properties: [{ path: 'Type', before: 'X::Y::Z', after: 'X::Y::W' }] },
      { logicalId: 'Fn::ForEach::L', type: 'Fn::ForEach', action: 'changed', properties: [{ path: '[1][1]', after: 'b' }] },
      { logicalId: 'Odd', type: '', action: 'changed', properties: [{ path: '', before: 'text', after: 'other' }] },
    ]);
  });

  it('tell the entries of every other section', () => {
    const before = {
      Description: 'one',
      Resources: {},
      Outputs: { Url: { Value: 'a' }, Old: { Value: 'b' } },
      Conditions: { IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] } },
      Mappings: { Sizes: { dev: { Memory: 128 } } },
    };
    const after = {
      Description: 'two',
      Resources: {},
      Outputs: { Url: { Value: 'c', Export: { Name: 'url' } } },
      Conditions: { IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'production'] } },
      Mappings: { Sizes: { dev: { Memory: 256 } } },
      Metadata: { Note: 'x' },
      Globals: { Function: { Timeout: 3 } },
      Rules: { R: {} },
      Hooks: { H: {} },
    };
    expect(compareTemplates(before, after)).toEqual({
      resources: [],
      outputs: [
        {
          name: 'Url',
          action: 'changed',
          properties: [
            { path: 'Value', before: 'a', after: 'c' },
            { path: 'Export', after: { Name: 'url' } },
          ],
        },
        { name: 'Old', action: 'removed', properties: [] },
      ],
      conditions: [
        {
          name: 'IsProd',
          action: 'changed',
          properties: [
            { path: '', before: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] }, after: { 'Fn::Equals': [{ Ref: 'Stage' }, 'production'] } },
          ],
        },
      ],
      mappings: [{ name: 'Sizes', action: 'changed', properties: [{ path: 'dev.Memory', before: 128, after: 256 }] }],
      metadata: [{ name: 'Note', action: 'added', properties: [] }],
      globals: [{ name: 'Function', action: 'added', properties: [] }],
      rules: [{ name: 'R', action: 'added', properties: [] }],
      hooks: [{ name: 'H', action: 'added', properties: [] }],
      template: [{ path: 'Description', before: 'one', after: 'two' }],
    });
  });

  it('are all new when nothing is deployed', () => {
    const after = { Resources: { A: { Type: 'X::Y::Z' } }, Outputs: { O: { Value: 1 } } };
    const changes = compareTemplates(undefined, after);
    expect(changes.resources.map((change) => change.action)).toEqual(['added']);
    expect(changes.outputs.map((change) => change.action)).toEqual(['added']);
  });
});

describe('a large template', () => {
  it('of 500 resources and 1 MB is compared in well under a second', () => {
    const make = (memory: number): JsonObject => ({
      Resources: Object.fromEntries(
        Array.from({ length: 500 }, (_, index) => [
          `Function${index}`,
          {
            Type: 'AWS::Lambda::Function',
            Properties: {
              MemorySize: index % 10 === 0 ? memory : 128,
              Environment: {
                Variables: Object.fromEntries(
                  Array.from({ length: 40 }, (__, name) => [`NAME_${name}`, `value ${index} ${name} ${'x'.repeat(20)}`]),
                ),
              },
              Tags: Array.from({ length: 10 }, (__, name) => ({ Key: `key-${name}`, Value: `${index}-${index % 7 === 0 ? memory : 0}` })),
            },
          },
        ]),
      ),
    });
    const [before, after] = [make(128), make(256)];
    expect(JSON.stringify(after).length).toBeGreaterThan(1_000_000);
    const begun = process.cpuUsage();
    const changes = compareTemplates(before, after);
    const { user, system } = process.cpuUsage(begun);
    expect(changes.resources.length).toBeGreaterThan(100);
    expect((user + system) / 1000).toBeLessThan(1000);
  });
});
