import { describe, expect, it } from 'vitest';
import { templateBytes, templateTransport } from '../../src/template/limits.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import { isIntrinsic, resourcesOf, templateOutputs, templateParameters, transformsOf } from '../../src/template/read.ts';
import { s3HttpsUrl } from '../../src/template/rewrite.ts';
import { countTemplate, describeCounts } from '../../src/template/summary.ts';

describe('views of a template', () => {
  it('list parameters, outputs, transforms and resources', async () => {
    const template = await parseTemplate(
      `Transform: [AWS::Serverless-2016-10-31, { Name: AWS::Include, Parameters: {} }]
Parameters:
  A: { Type: String, Default: 08, NoEcho: 'true' }
  B: { Type: Number, Default: 3, AllowedValues: [3, 4], Description: how many }
  C: { Default: '' }
  D: text
Resources:
  F: { Type: AWS::Serverless::Function }
  G: { Type: AWS::Lambda::Function, Properties: {} }
  Fn::ForEach::L: [N, [x], { 'H\${N}': { Type: AWS::SQS::Queue } }]
Outputs:
  Url: { Value: !Ref F, Description: where }
  Fn::ForEach::L: [N, [x], {}]
`,
      't',
    );
    expect(templateParameters(template)).toEqual([
      { name: 'A', type: 'String', default: '08', hasDefault: true, noEcho: true },
      { name: 'B', type: 'Number', default: '3', hasDefault: true, noEcho: false, description: 'how many', allowedValues: ['3', '4'] },
      { name: 'C', type: 'String', default: '', hasDefault: true, noEcho: false },
    ]);
    expect(templateOutputs(template)).toEqual([{ name: 'Url', value: { Ref: 'F' }, description: 'where' }]);
    expect(transformsOf(template)).toEqual(['AWS::Serverless-2016-10-31', 'AWS::Include']);
    expect(resourcesOf(template).map(({ logicalId, loops }) => [logicalId, loops.map((loop) => loop.variable)])).toEqual([
      ['F', []],
      ['G', []],
      ['H${N}', ['N']],
    ]);
    expect(describeCounts(countTemplate(template, []))).toBe('2 functions · 0 artifacts');
  });

  it('know a function call when they see one', () => {
    expect([{ Ref: 'A' }, { 'Fn::Sub': 'x' }, { Condition: 'C' }].every(isIntrinsic)).toBe(true);
    expect([{}, { Ref: 'A', B: 1 }, { Bucket: 'x' }, 'Ref', null, ['Fn::Sub'], undefined].some(isIntrinsic)).toBe(false);
  });
});

describe('limits', () => {
  it('count bytes, not characters', () => {
    expect(templateBytes('é')).toBe(2);
    expect(templateTransport('x'.repeat(51_200))).toBe('body');
    expect(templateTransport('é'.repeat(25_601))).toBe('url');
    expect(templateTransport('x'.repeat(1_048_577))).toBe('too-large');
  });
});

describe('addresses of nested templates', () => {
  it.each([
    ['eu-west-1', 'https://s3.eu-west-1.amazonaws.com/b/p/a%20b%2B.template'],
    ['cn-north-1', 'https://s3.cn-north-1.amazonaws.com.cn/b/p/a%20b%2B.template'],
    ['us-gov-west-1', 'https://s3.us-gov-west-1.amazonaws.com/b/p/a%20b%2B.template'],
    ['us-isob-east-1', 'https://s3.us-isob-east-1.sc2s.sgov.gov/b/p/a%20b%2B.template'],
    ['eusc-de-east-1', 'https://s3.eusc-de-east-1.amazonaws.eu/b/p/a%20b%2B.template'],
  ])('in %s', (region, url) => {
    expect(s3HttpsUrl({ bucket: 'b', key: 'p/a b+.template', region })).toBe(url);
  });
});
