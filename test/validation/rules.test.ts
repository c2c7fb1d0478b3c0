import { describe, expect, it } from 'vitest';

import { RULES } from '../../src/validation/rules.ts';
import { check, lambda, SAM, short, ZIP } from './check.ts';

const TOPIC = 'Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n';
const many = (count: number, entry: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => entry(index)).join('');
const topics = (count: number): string => `Resources:\n${many(count, (index) => `  T${index}: {Type: AWS::SNS::Topic}\n`)}`;
const outputs = (count: number): string => `${TOPIC}Outputs:\n${many(count, (index) => `  O${index}: {Value: x}\n`)}`;
const parameter = (body: string): string => `Parameters:\n  P: {${body}}\n${TOPIC}`;
const named = (properties: string, more = ''): string => `${more}${TOPIC}    Properties:\n      DisplayName: ${properties}\n`;
const ofBytes = (bytes: number): string => `# ${'x'.repeat(bytes - TOPIC.length - 3)}\n${TOPIC}`;
const permission = (name: string, action: string, more = ''): string =>
  `  ${name}:\n    Type: AWS::Lambda::Permission\n    Properties: {Action: "${action}", FunctionName: !GetAtt Fn.Arn, Principal: "*"${more}}\n`;
const PLAIN_FN =
  'Resources:\n  Fn:\n    Type: AWS::Lambda::Function\n    Properties: {Role: r, Code: {ZipFile: x}, Runtime: nodejs24.x, Handler: index.handler}\n';

interface Row {
  readonly rule: string;
  readonly title: string;
  readonly bad: string;
  /** Place of the one finding. */
  readonly at: string;
  readonly says: string;
  readonly good: string;
}

const rows: readonly Row[] = [
  {
    rule: 'format-version',
    title: 'another version of the format',
    bad: `AWSTemplateFormatVersion: "2020-01-01"\n${TOPIC}`,
    at: '1:27',
    says: '2010-09-09',
    good: `AWSTemplateFormatVersion: 2010-09-09\n${TOPIC}`,
  },
  {
    rule: 'section-unknown',
    title: 'a misspelt section',
    bad: `Output: {}\n${TOPIC}`,
    at: '1:9',
    says: 'did you mean Outputs?',
    good: `Outputs: {}\n${TOPIC}`,
  },
  {
    rule: 'section-type',
    title: 'a section that is a list',
    bad: `Outputs: []\n${TOPIC}`,
    at: '1:10',
    says: 'Outputs must be a map, not a list',
    good: `Outputs: {}\n${TOPIC}`,
  },
  {
    rule: 'section-type',
    title: 'an output that is a text',
    bad: `Outputs: {A: b}\n${TOPIC}`,
    at: '1:14',
    says: 'the output A must be a map',
    good: `Outputs: {A: {Value: b}}\n${TOPIC}`,
  },
  {
    rule: 'section-type',
    title: 'Properties that are a list',
    bad: `${TOPIC}    Properties: [1]\n`,
    at: '4:17',
    says: 'Properties of Topic must be a map',
    good: `${TOPIC}    Properties: {}\n`,
  },
  {
    rule: 'null-value',
    title: 'a key without a value',
    bad: `Outputs:\n${TOPIC}`,
    at: '1:9',
    says: 'Outputs has no value',
    good: lambda(`${ZIP}\nRole: null`),
  },
  {
    rule: 'transform-missing',
    title: 'a serverless type without the transform',
    bad: lambda(ZIP).slice(SAM.length),
    at: '3:11',
    says: 'AWS::Serverless-2016-10-31',
    good: lambda(ZIP),
  },
  {
    rule: 'transform-missing',
    title: 'a loop without the language extensions',
    bad: 'Resources:\n  Fn::ForEach::Topics:\n  - Name\n  - [A, B]\n  - Topic${Name}: {Type: AWS::SNS::Topic}\n',
    at: '3:3',
    says: 'AWS::LanguageExtensions',
    good: 'Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::Topics:\n  - Name\n  - [A, B]\n  - Topic${Name}: {Type: AWS::SNS::Topic}\n',
  },
  {
    rule: 'resource-type-missing',
    title: 'a resource without Type',
    bad: 'Resources:\n  A:\n    Properties: {}\n',
    at: '3:5',
    says: 'A has no Type',
    good: TOPIC,
  },
  {
    rule: 'resource-attribute-unknown',
    title: 'a property beside Properties',
    bad: `${TOPIC}    TopicName: a\n`,
    at: '4:16',
    says: 'below Properties',
    good: `${TOPIC}    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Metadata: {}\n`,
  },
  {
    rule: 'output-value-missing',
    title: 'an output without Value',
    bad: `${TOPIC}Outputs:\n  A:\n    Description: x\n`,
    at: '6:5',
    says: 'A has no Value',
    good: outputs(1),
  },
  {
    rule: 'parameter-type-missing',
    title: 'a parameter without Type',
    bad: parameter('Default: a'),
    at: '2:6',
    says: 'P has no Type',
    good: parameter('Type: String'),
  },
  {
    rule: 'parameter-value',
    title: 'a default outside AllowedValues',
    bad: parameter('Type: String, Default: c, AllowedValues: [a, b]'),
    at: '2:30',
    says: 'is "c", which is not one of AllowedValues: a, b',
    good: parameter('Type: Number, Default: "1", AllowedValues: [1.0, 2]'),
  },
  {
    rule: 'parameter-value',
    title: 'a default outside AllowedPattern',
    bad: parameter('Type: String, Default: A1, AllowedPattern: "[a-z]+"'),
    at: '2:30',
    says: 'AllowedPattern [a-z]+ does not match',
    good: parameter('Type: String, Default: abc, AllowedPattern: "[a-z]+"'),
  },
  {
    rule: 'parameter-value',
    title: 'a default that is too short',
    bad: parameter('Type: String, Default: a, MinLength: 2'),
    at: '2:30',
    says: 'has 1 characters, and MinLength is 2',
    good: parameter('Type: String, Default: ab, MinLength: 2, MaxLength: "2"'),
  },
  {
    rule: 'parameter-value',
    title: 'a default above MaxValue',
    bad: parameter('Type: List<Number>, Default: "1, 9", MaxValue: 5'),
    at: '2:36',
    says: 'is "9", and MaxValue is 5',
    good: parameter('Type: List<Number>, Default: "1, 5", MinValue: 1, MaxValue: 5'),
  },
  {
    rule: 'parameter-value',
    title: 'a default that is no number, without saying a secret',
    bad: parameter('Type: Number, Default: hush, NoEcho: true'),
    at: '2:30',
    says: 'must be a number, not ****',
    good: parameter('Type: Number, Default: 3'),
  },
  {
    rule: 'name-invalid',
    title: 'a dash in a logical id',
    bad: 'Resources:\n  My-Topic: {Type: AWS::SNS::Topic}\n',
    at: '2:13',
    says: 'letters and digits only',
    good: TOPIC,
  },
  {
    rule: 'name-invalid',
    title: 'a name that is too long',
    bad: `Resources:\n  ${'a'.repeat(256)}: {Type: AWS::SNS::Topic}\n`,
    at: '2:261',
    says: '256 characters',
    good: `Resources:\n  ${'a'.repeat(255)}: {Type: AWS::SNS::Topic}\n`,
  },
  {
    rule: 'name-twice',
    title: 'a parameter with the name of a resource',
    bad: `Parameters:\n  Topic: {Type: String}\n${TOPIC}`,
    at: '2:10',
    says: 'Topic',
    good: parameter('Type: String'),
  },
  {
    rule: 'description-invalid',
    title: 'a description of 1,026 bytes in 513 characters',
    bad: `Description: ${'é'.repeat(513)}\n${TOPIC}`,
    at: '1:14',
    says: '1026 bytes',
    good: `Description: ${'é'.repeat(512)}\n${TOPIC}`,
  },
  { rule: 'too-many-entries', title: '501 resources', bad: topics(501), at: '2:3', says: '501 entries', good: topics(500) },
  { rule: 'too-many-entries', title: '201 outputs', bad: outputs(201), at: '5:3', says: '201 entries', good: outputs(200) },
  {
    rule: 'reference-missing',
    title: 'a Ref',
    bad: named('!Ref Tpoic'),
    at: '5:25',
    says: 'Ref of "Tpoic": there is no resource or parameter of that name; did you mean Topic?',
    good: `${named('!Ref Other')}  Other: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref AWS::StackName}}\n`,
  },
  {
    rule: 'reference-missing',
    title: 'a GetAtt of a parameter',
    bad: named('!GetAtt P.Arn', 'Parameters: {P: {Type: String}}\n'),
    at: '6:28',
    says: 'P is a parameter, not a resource',
    good: `${named('!GetAtt [Other, Outputs.X.Y]')}  Other: {Type: Any::Thing::AtAll}\n`,
  },
  {
    rule: 'reference-missing',
    title: 'a name in a Sub',
    bad: named('!Sub "${AWS::Region} ${!Literal} ${Own} ${Gone.Arn}"').replace('!Sub ', '!Sub [').replace(/\n$/, ', {Own: 1}]\n'),
    at: '5:25',
    says: 'Fn::Sub of "Gone.Arn": there is no resource of that name',
    good: `${named('!Sub "${!Literal} ${Other.Arn} ${ Other } $ {no}"')}  Other: {Type: AWS::SNS::Topic}\n`,
  },
  {
    rule: 'reference-missing',
    title: 'a DependsOn',
    bad: `${TOPIC}    DependsOn: [Other]\n`,
    at: '4:17',
    says: 'DependsOn "Other"',
    good: `${TOPIC}    DependsOn: [Other]\n  Other: {Type: AWS::SNS::Topic}\n`,
  },
  {
    rule: 'reference-missing',
    title: 'a name that the serverless transform does not make',
    bad: lambda(ZIP, 'Outputs: {A: {Value: !Ref Fnn}}\n'),
    at: '9:27',
    says: 'did you mean Fn?',
    good: lambda(
      ZIP,
      'Outputs: {A: {Value: !GetAtt FnRole.Arn}, B: {Value: !Ref Fn.Version}, C: {Value: !Ref ServerlessRestApi}, D: {Value: !GetAtt FnUrl.FunctionUrl}}\n',
    ),
  },
  {
    rule: 'reference-misplaced',
    title: 'a condition that looks at a resource',
    bad: `Conditions: {C: !Equals [!Ref Topic, a]}\n${TOPIC}    Condition: C\n`,
    at: '1:31',
    says: 'Topic is a resource',
    good: `Conditions: {C: !Equals [!Ref AWS::Region, a]}\n${TOPIC}    Condition: C\n`,
  },
  {
    rule: 'pseudo-parameter-unknown',
    title: 'a misspelt pseudo parameter',
    bad: named('!Ref AWS::Regoin'),
    at: '5:25',
    says: 'did you mean AWS::Region?',
    good: named('!Sub "${AWS::URLSuffix}"'),
  },
  {
    rule: 'condition-missing',
    title: 'the condition of a resource',
    bad: `${TOPIC}    Condition: C\n`,
    at: '4:16',
    says: 'there is no condition "C"',
    good: `Conditions: {C: !Equals [a, a], D: !Not [{Condition: C}]}\n${TOPIC}    Condition: C\n`,
  },
  {
    rule: 'condition-missing',
    title: 'the condition of an Fn::If',
    bad: named('!If [C, a, b]'),
    at: '5:24',
    says: '"C"',
    good: named('!If [C, a, b]', 'Conditions: {C: !Equals [a, a]}\n'),
  },
  {
    rule: 'mapping-missing',
    title: 'a mapping',
    bad: named('!FindInMap [M, a, b]'),
    at: '5:31',
    says: 'no mapping "M"',
    good: named('!FindInMap [M, a, b]', 'Mappings: {M: {a: {b: 1}}}\n'),
  },
  {
    rule: 'mapping-missing',
    title: 'a key of a mapping',
    bad: named('!FindInMap [M, !Ref AWS::Region, c]', 'Mappings: {M: {a: {b: 1}}}\n'),
    at: '6:31',
    says: 'no second key "c"',
    good: named('!FindInMap [M, !Ref AWS::Region, b]', 'Mappings: {M: {a: {b: 1}, z: {x: 1}}}\n'),
  },
  {
    rule: 'circular-reference',
    title: 'DependsOn, GetAtt and Sub',
    bad: `${named('!GetAtt A.TopicName')}    DependsOn: []\n  A: {Type: AWS::SNS::Topic, DependsOn: B}\n  B: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub "\${Topic}"}}\n`,
    at: '5:28',
    says: 'circular reference: Topic → A → B → Topic',
    good: `${named('!GetAtt A.TopicName')}  A: {Type: AWS::SNS::Topic, DependsOn: B}\n  B: {Type: AWS::SNS::Topic}\n`,
  },
  {
    rule: 'circular-reference',
    title: 'a resource that waits for itself',
    bad: named('!Ref Topic'),
    at: '5:25',
    says: 'Topic → Topic',
    good: named('a'),
  },
  {
    rule: 'circular-reference',
    title: 'a function that asks for the API its event makes',
    bad: lambda(
      `${ZIP}\nEnvironment: {Variables: {URL: !Sub "\${ServerlessRestApi}"}}\nEvents: {Get: {Type: Api, Properties: {Path: /, Method: get}}}`,
    ),
    at: '9:43',
    says: 'Fn → ServerlessRestApi → Fn',
    good: lambda(
      `${ZIP}\nEvents: {Get: {Type: Api, Properties: {Path: /, Method: get, RestApiId: !Ref Api}}}`,
      '  Api: {Type: AWS::Serverless::Api, Properties: {StageName: p, Variables: {Fn: !Ref Fn}}}\n',
    ),
  },
  {
    rule: 'circular-reference',
    title: 'a function with a right to the bucket of its event',
    bad: lambda(
      `${ZIP}\nPolicies: [{S3ReadPolicy: {BucketName: !Ref Bucket}}]\nEvents: {New: {Type: S3, Properties: {Bucket: !Ref Bucket, Events: s3:x}}}`,
      '  Bucket: {Type: AWS::S3::Bucket}\n',
    ),
    at: '9:51',
    says: 'Fn → Bucket → Fn',
    good: lambda(
      `${ZIP}\nPolicies: [{S3ReadPolicy: {BucketName: own-name}}]\nEvents: {New: {Type: S3, Properties: {Bucket: !Ref Bucket, Events: s3:x}}}`,
      '  Bucket: {Type: AWS::S3::Bucket}\n',
    ),
  },
  {
    rule: 'circular-reference-conditional',
    title: 'a circle through an Fn::If',
    bad: `Conditions: {C: !Equals [a, a]}\n${named('!If [C, !Ref A, b]')}  A: {Type: AWS::SNS::Topic, DependsOn: Topic}\n`,
    at: '6:33',
    says: 'Topic → A → Topic',
    good: `Conditions: {C: !Equals [a, a]}\n${named('!If [C, !Ref A, b]')}  A: {Type: AWS::SNS::Topic}\n`,
  },
  {
    rule: 'runtime-missing',
    title: 'a zip without Runtime',
    bad: lambda('Handler: a.b\nInlineCode: x'),
    at: '4:5',
    says: 'Fn has no Runtime',
    good: lambda('Handler: a.b\nInlineCode: x', 'Globals: {Function: {Runtime: nodejs24.x}}\n'),
  },
  {
    rule: 'handler-missing',
    title: 'a zip without Handler',
    bad: lambda('Runtime: nodejs24.x\nInlineCode: x'),
    at: '4:5',
    says: 'Fn has no Handler',
    good: lambda('Runtime: custom\nRuntimeConfig: {RuntimeArn: a}\nInlineCode: x'),
  },
  {
    rule: 'image-function-property',
    title: 'an image with a Handler',
    bad: lambda('PackageType: Image\nHandler: a.b'),
    at: '7:16',
    says: 'cannot have Handler',
    good: lambda('PackageType: Image\nImageUri: 1.dkr.ecr.eu-west-1.amazonaws.com/a:b'),
  },
  {
    rule: 'runtime-ending',
    title: 'dotnet8',
    bad: lambda(ZIP.replace('nodejs24.x', 'dotnet8')),
    at: '6:16',
    says: 'deprecated since 2026-11-10; new functions are refused from 2027-02-01',
    good: lambda(ZIP.replace('nodejs24.x', 'nodejs99.x')),
  },
  {
    rule: 'url-permission-incomplete',
    title: 'a function URL with one action',
    bad: `${PLAIN_FN}${permission('Url', 'lambda:InvokeFunctionUrl')}`,
    at: '7:26',
    says: 'lambda:InvokeFunction as well',
    good: `${PLAIN_FN}${permission('Url', 'lambda:InvokeFunctionUrl')}${permission('Call', 'lambda:InvokeFunction', ', InvokedViaFunctionUrl: true').replace('!GetAtt Fn.Arn', '!Ref Fn')}`,
  },
  { rule: 'template-needs-bucket', title: '51,201 bytes', bad: ofBytes(51_201), at: '2:1', says: '51201 bytes', good: ofBytes(51_200) },
];

describe('each rule', () => {
  it.each(rows)('$rule finds $title, where it stands, and nothing in a good template', async ({ rule, bad, at, says, good }) => {
    const found = await check(bad);
    expect(short(found)).toEqual([`${at} ${rule}`]);
    expect(found[0]?.message).toContain(says);
    expect(found[0]?.severity).toBe(RULES.find(({ id }) => id === rule)?.severity);
    expect(await check(good)).toEqual([]);
  });

  it('has a row here', () => {
    const tested = new Set([...rows.map(({ rule }) => rule), 'template-too-large']);
    expect(RULES.map(({ id }) => id).filter((id) => !tested.has(id))).toEqual([]);
  });

  it('has an id and a sentence of its own', () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
    for (const { id, what } of RULES) expect(`${id}: ${what}`).toMatch(/^[a-z-]+: [A-Z].*[^.]$/);
  });
});

describe('size', () => {
  it('is an error above 1 MB, and a bucket makes the note needless', async () => {
    expect(short(await check(ofBytes(1_048_577), { hasBucket: true }))).toEqual(['2:1 template-too-large']);
    expect(await check(ofBytes(1_048_576), { hasBucket: true })).toEqual([]);
  });
});
