import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { UserError } from '../../src/errors.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import type { JsonValue } from '../../src/template/types.ts';
import { checkTemplate } from '../../src/validation/check-template.ts';
import { describeRuntimeEnd } from '../../src/validation/runtimes.ts';
import { choices, jsonValue, objectOf, templateValue, writeYaml } from '../template/generate.ts';
import { check, lambda, SAM, short, TODAY, ZIP } from './check.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const below = (folder: string, pattern: RegExp): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));

describe('real templates', () => {
  const ours = below('templates', /serverless\.template$/);

  it.each(ours)('%s has no finding', async (name) => {
    const path = join(ROOT, name);
    const template = await parseTemplate(readFileSync(path, 'utf8'), name);
    const findings = await checkTemplate(template, { templateDirectory: dirname(path), now: TODAY });
    // Dockerfile and project of a .NET template are made by `new`.
    expect(findings.filter(({ rule }) => !(rule === 'dockerfile-missing' && relative(ROOT, path).includes('AspNetCore')))).toEqual([]);
  });

  /** What is odd in them on purpose; their files do not exist. */
  const odd: Record<string, string[]> = {
    'anchors.yaml': ['20:5 handler-missing', '45:14 null-value', '46:18 null-value'],
    'language-extensions.yaml': ['15:9 resource-type-missing', '15:23 resource-attribute-unknown'],
  };

  it.each(below('test/fixtures/templates', /\.(?:yaml|template)$/))('%s has only what is odd on purpose', async (name) => {
    const found = await check(readFileSync(join(ROOT, name), 'utf8'));
    expect(short(found)).toEqual(odd[name.split(/[\\/]/).at(-1) ?? ''] ?? []);
  });

  it.each(below('test/fixtures/serverless', /\.(?:yaml|template)$/))(
    '%s, which the serverless transform takes, has no error',
    async (name) => {
      const found = await check(readFileSync(join(ROOT, name), 'utf8'));
      expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
    },
  );
});

describe('circles through Globals', () => {
  const globals = 'Globals: {Function: {Environment: {Variables: {URL: !Sub "https://${ServerlessHttpApi}"}}}}\n';
  const withApi = (more: string): string => lambda(`${ZIP}\nEvents: {All: {Type: HttpApi}}${more}`, globals);

  it('are found', async () => {
    const [circle, ...others] = await check(withApi(''));
    expect(others).toEqual([]);
    expect(circle).toMatchObject({ rule: 'circular-reference', message: 'circular reference: Fn → ServerlessHttpApi → Fn', line: 10 });
  });

  it.each([
    ['the function overrides it', '\nEnvironment: {Variables: {URL: none}}'],
    ['the event is written into another API', '\nRole: r'],
  ])('are none where %s', async (_, more) => {
    const text = more.includes('Role')
      ? withApi(more).replace('{Type: HttpApi}', '{Type: HttpApi, Properties: {ApiId: abc123}}')
      : withApi(more);
    expect(await check(text)).toEqual([]);
  });
});

describe('what cannot be known', () => {
  it.each([
    ['a macro of somebody else', 'Transform: [Mine, AWS::Serverless-2016-10-31]\nWhatever: 1\nResources: {A: {Typo: !Ref Gone}}\n'],
    [
      'an included section',
      `${SAM}Resources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}\n  A: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Elsewhere}}\n`,
    ],
    ['a snippet in a resource', 'Resources:\n  A:\n    Fn::Transform: {Name: Mine, Parameters: {A: !Ref Gone}}\n'],
    [
      'a module',
      'Resources:\n  M: {Type: My::Own::Thing::MODULE}\n  A: {Type: AWS::SNS::Topic, Properties: {TopicName: !GetAtt M.Bucket.Arn, DisplayName: !Ref MBucket}}\n',
    ],
    [
      'names made of loop variables',
      'Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::T:\n  - Name\n  - [A, B]\n  - Topic${Name}: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Name, DisplayName: !Sub "${Name}-${TopicA}", Tags: [{Key: a, Value: !GetAtt ["Topic${Name}", Arn]}]}}\nOutputs: {A: {Value: !Ref TopicB}}\n',
    ],
    ['a runtime nobody has heard of', lambda(ZIP.replace('nodejs24.x', 'cobol85'))],
    ['a type nobody has heard of', 'Resources: {A: {Type: "Acme::New::Thing", Properties: {X: 1}}}\n'],
    ['a package type that a parameter decides', `Parameters: {P: {Type: String}}\n${lambda('PackageType: !Ref P\nInlineCode: x')}`],
    [
      'a lookup with a default',
      'Transform: AWS::LanguageExtensions\nResources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: !FindInMap [M, a, b, {DefaultValue: c}]}}}\n',
    ],
    [
      'a statement of a policy with a Condition',
      'Resources: {A: {Type: AWS::IAM::Policy, Properties: {PolicyDocument: {Statement: [{Condition: {StringEquals: {a: b}}}, {Condition: x}]}}}}\n',
    ],
    [
      'an API whose stage writes to a log that is named after it',
      `${SAM}Resources:\n  Api:\n    Type: AWS::Serverless::Api\n    Properties: {StageName: prod, AccessLogSetting: {DestinationArn: !GetAtt Log.Arn}}\n  Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub "/\${Api}"}}\nOutputs: {A: {Value: !Ref ApiprodStage}, B: {Value: !Ref Api.Stage}}\n`,
    ],
  ])('%s is no finding', async (_, text) => {
    expect(await check(text)).toEqual([]);
  });

  it('leaves the rules that hold under macros', async () => {
    const text = lambda(ZIP.replace('nodejs24.x', 'nodejs18.x'))
      .replace('Transform: AWS', 'Transform: [Mine, AWS')
      .replace('31\n', '31]\n');
    expect(short(await check(text))).toEqual(['6:16 runtime-ending']);
  });
});

describe('parameters that are given', () => {
  const text =
    'Parameters: {P: {Type: String, AllowedValues: [a]}, R: {Type: String}}\nTransform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: !Ref R, Handler: a.b, InlineCode: x}\n';

  it('are held against their declaration, and runtimes come from them', async () => {
    expect(short(await check(text, { parameters: { P: 'b', R: 'dotnet6' } }))).toEqual(['1:17 parameter-value', '6:27 runtime-ending']);
    expect(await check(text, { parameters: { P: 'a', R: 'nodejs24.x' } })).toEqual([]);
  });
});

describe('ends of runtimes', () => {
  it.each([
    ['nodejs22.x', '2026-11-23', undefined],
    [
      'nodejs22.x',
      '2027-02-15',
      'the runtime nodejs22.x will be deprecated on 2027-04-30; new functions are refused from 2027-06-01; updates are refused from 2027-07-01',
    ],
    [
      'dotnet8',
      '2027-02-10',
      'the runtime dotnet8 is deprecated since 2026-11-10; new functions are refused since 2027-02-01; updates are refused from 2027-03-03',
    ],
    ['dotnet10', '2027-02-10', undefined],
  ])('%s on %s', (runtime, day, said) => {
    expect(describeRuntimeEnd(runtime, Date.parse(day))).toBe(said);
  });

  it('of Globals are told once', async () => {
    const two = `${SAM}Globals: {Function: {Runtime: nodejs16.x, Handler: a.b}}\nResources:\n${['A', 'B'].map((name) => `  ${name}: {Type: AWS::Serverless::Function, Properties: {InlineCode: x}}\n`).join('')}`;
    expect(short(await check(two))).toEqual(['2:31 runtime-ending']);
  });
});

/** Values that look like parts of templates, so that rules are reached. */
const names = fc.constantFrom('A', 'B', 'Fn', 'P', 'AWS::Region', 'A.Arn', '${N}', '__proto__', 'constructor', '', 'C');
const leaf = fc.oneof(
  { weight: 3, arbitrary: jsonValue },
  names.map((name): JsonValue => ({ Ref: name })),
  names.map((name): JsonValue => ({ 'Fn::Sub': `x\${${name}}` })),
  fc.tuple(names, jsonValue).map(([name, value]): JsonValue => ({ 'Fn::GetAtt': [name, value] })),
  fc.tuple(names, jsonValue).map(([name, value]): JsonValue => ({ 'Fn::If': [name, value, { Ref: name }] })),
  fc.array(jsonValue, { maxLength: 4 }).map((list): JsonValue => ({ 'Fn::FindInMap': list })),
);
const section = (keys: readonly string[]): fc.Arbitrary<JsonValue> =>
  fc.oneof(
    { weight: 1, arbitrary: jsonValue },
    { weight: 4, arbitrary: fc.uniqueArray(fc.tuple(names, parts(keys)), { maxLength: 5, selector: ([name]) => name }).map(objectOf) },
  );
const parts = (keys: readonly string[]): fc.Arbitrary<JsonValue> =>
  fc.uniqueArray(fc.tuple(fc.constantFrom(...keys), leaf), { maxLength: 6, selector: ([name]) => name }).map(objectOf);
const resource = fc
  .tuple(
    fc.constantFrom('AWS::Serverless::Function', 'AWS::Lambda::Function', 'AWS::Lambda::Permission', 'AWS::Serverless::Api', 'X'),
    parts([
      'Runtime',
      'Handler',
      'PackageType',
      'Environment',
      'Events',
      'Policies',
      'Action',
      'FunctionName',
      'Architectures',
      'InlineCode',
    ]),
    parts(['DependsOn', 'Condition', 'Metadata', 'Other']),
  )
  .map(([type, properties, more]): JsonValue => ({ ...(more as object), Type: type, Properties: properties }));
const resources = fc.uniqueArray(fc.tuple(fc.oneof(names, fc.constant('Fn::ForEach::X')), fc.oneof(resource, leaf)), {
  minLength: 1,
  maxLength: 6,
  selector: ([name]) => name,
});
const wholeTemplate = fc
  .record({
    Transform: fc.constantFrom<JsonValue>(
      'AWS::Serverless-2016-10-31',
      ['AWS::LanguageExtensions', 'AWS::Serverless-2016-10-31'],
      [],
      1,
      'Other',
    ),
    Parameters: section(['Type', 'Default', 'AllowedValues', 'AllowedPattern', 'MinLength', 'MaxValue', 'NoEcho']),
    Conditions: section(['Fn::Equals', 'Condition', 'Ref', 'Fn::Not']),
    Mappings: section(['A', 'B']),
    Globals: section(['Runtime', 'Environment']),
    Outputs: section(['Value', 'Description', 'Condition']),
    Resources: resources.map(objectOf),
  })
  .map((value) => value as JsonValue);

describe('any template', () => {
  const runs = Number(process.env['FC_RUNS'] ?? 300);

  const tryCheck = async (text: string): Promise<void> => {
    try {
      const template = await parseTemplate(text, 't');
      const findings = await checkTemplate(template, { templateDirectory: ROOT, now: TODAY, parameters: { P: 'x' } });
      const lines = text.split('\n').length;
      for (const { line, column, message } of findings) {
        expect(line).toBeLessThanOrEqual(lines);
        expect(column).toBeGreaterThan(0);
        expect(message).not.toMatch(/undefined|\[object/);
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  };

  it('is checked without anything being thrown but errors for the user', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(wholeTemplate, templateValue), choices, fc.boolean(), (value, pick, json) =>
        tryCheck(json ? JSON.stringify(value) : writeYaml(value, pick)),
      ),
      { numRuns: runs },
    );
  });

  it('may be nested as deep as it likes', async () => {
    const depth = 3000;
    await tryCheck(`{"Resources":{"A":{"Type":"X::Y::Z","Properties":{"P":${'['.repeat(depth)}{"Ref":"B"}${']'.repeat(depth)}}}}}`);
  });

  it('of 500 resources is checked in a moment', async () => {
    const body = (index: number): JsonValue => ({
      Type: 'AWS::Lambda::Function',
      DependsOn: index === 0 ? [] : [`Fn${index - 1}`],
      Properties: {
        Runtime: 'nodejs24.x',
        Handler: 'a.b',
        Role: 'r',
        Code: { ZipFile: 'x' },
        Environment: { Variables: { A: { 'Fn::Sub': `\${AWS::StackName}-\${Fn${(index + 1) % 500}}` } } },
      },
    });
    const text = JSON.stringify({ Resources: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`Fn${index}`, body(index)])) });
    const template = await parseTemplate(text, 't');
    const before = process.cpuUsage();
    const findings = await checkTemplate(template, { now: TODAY, hasBucket: true });
    const { user, system } = process.cpuUsage(before);
    // Measured: 0.1 s; the work, not the time, which on a busy machine is any.
    expect((user + system) / 1000).toBeLessThan(1000);
    expect(findings.map(({ rule }) => rule)).toContain('circular-reference');
  });
});
