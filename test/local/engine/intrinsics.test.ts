import { describe, expect, it } from 'vitest';
import { bindTemplate } from '../../../src/local/engine/bound-template.ts';
import { resolveValue, type Scope } from '../../../src/local/engine/intrinsics.ts';
import { parseTemplate } from '../../../src/local/engine/parse-template.ts';
import { pseudoParameters } from '../../../src/local/engine/pseudo.ts';
import { expandLanguageExtensions } from '../../../src/local/transform/language-extensions.ts';
import { expandIncludes } from '../../../src/local/transform/include.ts';

const identity = { stackName: 'demo', stackId: 'arn:stack', region: 'eu-west-1', notificationArns: ['n1'] };
const scope: Scope = {
  region: 'eu-west-1',
  values: new Map<string, unknown>([...pseudoParameters(identity), ['P', 'value'], ['L', ['a', 'b', 'c']], ['Env', 'prod']]),
  mappings: { M: { eu: { size: 'big', list: ['x', 'y'] } } },
  conditions: {
    IsProd: { 'Fn::Equals': [{ Ref: 'Env' }, 'prod'] },
    NotProd: { 'Fn::Not': [{ Condition: 'IsProd' }] },
    Both: { 'Fn::And': [{ Condition: 'IsProd' }, { 'Fn::Equals': ['1', 1] }] },
    Either: { 'Fn::Or': [{ Condition: 'NotProd' }, { 'Fn::Equals': ['true', true] }] },
    Round: { Condition: 'Trip' },
    Trip: { 'Fn::Not': [{ Condition: 'Round' }] },
  },
  resource: (id) =>
    id === 'R' ? { ref: 'r-1', type: 'T', attribute: (name) => ({ Arn: 'arn:r', 'Endpoint.Address': 'host' })[name] } : undefined,
  importValue: (name) => `imported ${name}`,
};
const ref = (name: string) => ({ Ref: name });

describe('intrinsic functions', () => {
  it.each<[string, unknown, unknown]>([
    ['Ref to a parameter', ref('P'), 'value'],
    ['Ref to a list parameter', ref('L'), ['a', 'b', 'c']],
    ['Ref to a resource', ref('R'), 'r-1'],
    ['Ref to the region', ref('AWS::Region'), 'eu-west-1'],
    ['Ref to the account', ref('AWS::AccountId'), '000000000000'],
    ['Ref to partition and suffix', [ref('AWS::Partition'), ref('AWS::URLSuffix')], ['aws', 'amazonaws.com']],
    ['Ref to the stack', [ref('AWS::StackName'), ref('AWS::StackId'), ref('AWS::NotificationARNs')], ['demo', 'arn:stack', ['n1']]],
    ['NoValue as a property', { a: ref('AWS::NoValue'), b: 1 }, { b: 1 }],
    ['NoValue in a list', ['a', ref('AWS::NoValue')], ['a']],
    ['GetAtt as a list', { 'Fn::GetAtt': ['R', 'Arn'] }, 'arn:r'],
    ['GetAtt as text', { 'Fn::GetAtt': 'R.Arn' }, 'arn:r'],
    ['GetAtt with a dotted attribute', { 'Fn::GetAtt': ['R', 'Endpoint.Address'] }, 'host'],
    ['GetAtt with the attribute in parts', { 'Fn::GetAtt': ['R', 'Endpoint', 'Address'] }, 'host'],
    ['GetAtt with a Ref', { 'Fn::GetAtt': ['R', { 'Fn::Join': ['', ['Ar', 'n']] }] }, 'arn:r'],
    ['Sub', { 'Fn::Sub': '${P}-${R}-${R.Arn}-${AWS::Region}' }, 'value-r-1-arn:r-eu-west-1'],
    ['Sub with blanks', { 'Fn::Sub': '${ P }' }, 'value'],
    ['Sub with variables', { 'Fn::Sub': ['${X}/${P}', { X: { Ref: 'R' } }] }, 'r-1/value'],
    ['Sub with a literal', { 'Fn::Sub': '${!P} ${P} $P {P}' }, '${P} value $P {P}'],
    ['Sub of a list parameter', { 'Fn::Sub': '${L}' }, 'a,b,c'],
    ['Sub whose value looks like a variable', { 'Fn::Sub': ['${X}', { X: '${P} $& $1' }] }, '${P} $& $1'],
    ['Join', { 'Fn::Join': ['-', ['a', ref('P'), 1, true]] }, 'a-value-1-true'],
    ['Join of a list parameter', { 'Fn::Join': [',', ref('L')] }, 'a,b,c'],
    ['Join leaving NoValue out', { 'Fn::Join': [',', ['a', ref('AWS::NoValue'), 'b']] }, 'a,b'],
    ['Select', { 'Fn::Select': ['1', ref('L')] }, 'b'],
    ['Select of a split', { 'Fn::Select': [0, { 'Fn::Split': ['.', 'a.b'] }] }, 'a'],
    ['Split', { 'Fn::Split': ['|', 'a|b|'] }, ['a', 'b', '']],
    ['If', { 'Fn::If': ['IsProd', 'yes', 'no'] }, 'yes'],
    ['If without a value', { a: { 'Fn::If': ['NotProd', 'x', ref('AWS::NoValue')] } }, {}],
    ['If in If', { 'Fn::If': ['NotProd', 'a', { 'Fn::If': ['Both', 'b', 'c'] }] }, 'b'],
    ['If with Or', { 'Fn::If': ['Either', 1, 2] }, 1],
    ['FindInMap', { 'Fn::FindInMap': ['M', 'eu', 'size'] }, 'big'],
    ['FindInMap of a list', { 'Fn::FindInMap': ['M', 'eu', 'list'] }, ['x', 'y']],
    ['FindInMap with a default', { 'Fn::FindInMap': ['M', 'us', 'size', { DefaultValue: 'none' }] }, 'none'],
    ['Base64', { 'Fn::Base64': { 'Fn::Sub': 'grüße ${P}' } }, Buffer.from('grüße value').toString('base64')],
    ['GetAZs', { 'Fn::GetAZs': '' }, ['eu-west-1a', 'eu-west-1b', 'eu-west-1c']],
    ['GetAZs of another region', { 'Fn::Select': [2, { 'Fn::GetAZs': 'us-east-1' }] }, 'us-east-1c'],
    ['ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': '${P}-x' } }, 'imported value-x'],
    ['Cidr', { 'Fn::Cidr': ['10.0.0.0/16', 3, 8] }, ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']],
    ['Cidr with text', { 'Fn::Cidr': ['192.168.4.0/24', '2', '5'] }, ['192.168.4.0/27', '192.168.4.32/27']],
    ['Cidr of IPv6', { 'Fn::Cidr': ['2001:db8::/56', 2, 64] }, ['2001:db8::/64', '2001:db8:0:1::/64']],
    ['Length', { 'Fn::Length': ref('L') }, 3],
    ['ToJsonString', { 'Fn::ToJsonString': { a: ref('P'), b: [1] } }, '{"a":"value","b":[1]}'],
    ['a map with a key beside Ref', { Ref: 'P', x: 1 }, { Ref: 'P', x: 1 }],
  ])('%s', (_what, value, expected) => {
    expect(resolveValue(value, scope)).toEqual(expected);
  });

  it.each<[string, unknown, string | RegExp]>([
    [
      'an unknown name',
      ref('Nope'),
      'Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template',
    ],
    ['an unknown attribute', { 'Fn::GetAtt': 'R.Nope' }, 'Template error: resource R does not support attribute type Nope in Fn::GetAtt'],
    ['GetAtt without an attribute', { 'Fn::GetAtt': 'R' }, /requires two non-empty parameters/],
    ['an index out of range', { 'Fn::Select': [9, ref('L')] }, 'Template error: Fn::Select  cannot select nonexistent value at index 9'],
    [
      'an unknown mapping',
      { 'Fn::FindInMap': ['X', 'a', 'b'] },
      "Template error: Mapping named 'X' is not present in the 'Mappings' section of template.",
    ],
    ['an unknown key', { 'Fn::FindInMap': ['M', 'us', 'size'] }, 'Template error: Unable to get mapping for M::us::size'],
    ['an unknown condition', { 'Fn::If': ['Nope', 1, 2] }, /Unresolved condition dependency Nope/],
    ['conditions in a circle', { 'Fn::If': ['Round', 1, 2] }, /circular condition dependency between Round, Trip/],
    ['an unknown function', { 'Fn::Nope': 1 }, 'Template error: unsupported function: Fn::Nope'],
    ['too many blocks', { 'Fn::Cidr': ['10.0.0.0/24', 300, 4] }, /Fn::Cidr cannot create 300 blocks/],
  ])('refuses %s', (_what, value, message) => {
    expect(() => resolveValue(value, scope)).toThrow(message);
  });
});

describe('templates in YAML', () => {
  it('have short tags, aliases, and scalars that keep their spelling', () => {
    const template = parseTemplate(`
AWSTemplateFormatVersion: 2010-09-09
Shared: &shared {Key: !Ref P}
Resources:
  A:
    Type: T
    Properties:
      Short: !Sub "\${P}"
      Att: !GetAtt R.Endpoint.Address
      Nested: !Join ["", [!Ref P, !Select [0, !Split [",", "a,b"]]]]
      If: !If [C, !Ref AWS::NoValue, {Deep: !Base64 x}]
      Equals: !Equals [a, b]
      Same: *shared
      Merged: {<<: *shared, Own: 1}
      Account: 012345678901
      Version: 1.10
      Number: 1.5
      Negative: -3
      Yes: yes
      Quoted: "yes"
      Date: 2012-10-17
      Empty:
      Fold: >-
        a
        b
`);
    expect(template).toEqual({
      AWSTemplateFormatVersion: '2010-09-09',
      Shared: { Key: { Ref: 'P' } },
      Resources: {
        A: {
          Type: 'T',
          Properties: {
            Short: { 'Fn::Sub': '${P}' },
            Att: { 'Fn::GetAtt': ['R', 'Endpoint.Address'] },
            Nested: { 'Fn::Join': ['', [{ Ref: 'P' }, { 'Fn::Select': [0, { 'Fn::Split': [',', 'a,b'] }] }]] },
            If: { 'Fn::If': ['C', { Ref: 'AWS::NoValue' }, { Deep: { 'Fn::Base64': 'x' } }] },
            Equals: { 'Fn::Equals': ['a', 'b'] },
            Same: { Key: { Ref: 'P' } },
            Merged: { Key: { Ref: 'P' }, Own: 1 },
            Account: '012345678901',
            Version: '1.10',
            Number: 1.5,
            Negative: -3,
            Yes: true,
            Quoted: 'yes',
            Date: '2012-10-17',
            Empty: null,
            Fold: 'a b',
          },
        },
      },
    });
  });

  it.each(['just text', '- a\n- b', '', '[1]', 'null'])('are refused when they are no map: %j', (text) => {
    expect(() => parseTemplate(text)).toThrow('Template format error: unsupported structure.');
  });
});

describe('conditions', () => {
  it('take resources, outputs and dependencies out of the template', () => {
    const bound = bindTemplate(
      {
        Conditions: scope.conditions,
        Resources: {
          In: {
            Type: 'A::B::C',
            Condition: 'IsProd',
            DependsOn: ['Out', 'R'],
            Properties: { a: { 'Fn::If': ['NotProd', ref('Out'), 'x'] } },
          },
          Out: { Type: 'A::B::C', Condition: 'NotProd' },
          R: { Type: 'A::B::C' },
        },
        Outputs: { O: { Condition: 'NotProd', Value: ref('Out') }, P: { Value: ref('In') } },
      },
      scope,
    );
    expect([...bound.resources.keys()]).toEqual(['In', 'R']);
    expect(bound.resources.get('In')).toMatchObject({ dependsOn: ['R'], properties: { a: 'x' } });
    expect(bound.outputs.map(({ key }) => key)).toEqual(['P']);
  });
});

describe('Fn::ForEach', () => {
  it('unrolls resources, also one in another, and properties', () => {
    const document = {
      Resources: {
        'Fn::ForEach::Topics': [
          'Name',
          ref('L'),
          { 'Topic${Name}': { Type: 'T', Properties: { Name: { 'Fn::Sub': 't-${Name}' }, Same: ref('Name') } } },
        ],
        'Fn::ForEach::Outer': [
          'X',
          ['1', '2'],
          { 'Fn::ForEach::Inner': ['Y', ['a.b'], { 'R${X}&{Y}': { Type: 'T', Properties: { Of: '${X}${Y}' } } }] },
        ],
      },
    };
    expect(expandLanguageExtensions(document, scope)).toEqual({
      Resources: {
        Topica: { Type: 'T', Properties: { Name: { 'Fn::Sub': 't-a' }, Same: 'a' } },
        Topicb: { Type: 'T', Properties: { Name: { 'Fn::Sub': 't-b' }, Same: 'b' } },
        Topicc: { Type: 'T', Properties: { Name: { 'Fn::Sub': 't-c' }, Same: 'c' } },
        R1ab: { Type: 'T', Properties: { Of: '1a.b' } },
        R2ab: { Type: 'T', Properties: { Of: '2a.b' } },
      },
    });
  });

  it('does look-ups for places of code whose keys are written down, and leaves others for later', () => {
    const find = (...keys: unknown[]) => ({ 'Fn::FindInMap': keys });
    const body = {
      'C${Top}': {
        CodeUri: find('M', ref('Top'), 'size'),
        ContentUri: find('M', { 'Fn::Join': ['', ['e', 'u']] }, 'size'),
        ImageUri: find('M', ref('P'), 'size'),
        Other: find('M', ref('Top'), 'size'),
      },
    };
    expect(expandLanguageExtensions({ 'Fn::ForEach::Tops': ['Top', ['eu'], body] }, scope)).toEqual({
      Ceu: { CodeUri: 'big', ContentUri: 'big', ImageUri: find('M', ref('P'), 'size'), Other: find('M', 'eu', 'size') },
    });
  });
});

describe('AWS::Include', () => {
  it('puts a snippet in its place, and beside its siblings', () => {
    const include = (Location: unknown) => ({ 'Fn::Transform': { Name: 'AWS::Include', Parameters: { Location } } });
    const read = (location: string) => (location === 's3://b/value' ? 'A: !Ref P\nB: 2' : '{"C": 3}');
    expect(expandIncludes({ Body: include({ 'Fn::Sub': 's3://b/${P}' }), ...include('s3://b/x') }, scope, read)).toEqual({
      Body: { A: { Ref: 'P' }, B: 2 },
      C: 3,
    });
    expect(() => expandIncludes({ a: { 'Fn::Transform': { Name: 'Mine' } } }, scope, read)).toThrow('No transform named Mine found.');
  });
});
