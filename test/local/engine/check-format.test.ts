import { describe, expect, it } from 'vitest';

import { checkAllReferences, checkStructure } from '../../../src/local/engine/bound-template.ts';
import { parseTemplate } from '../../../src/local/engine/parse-template.ts';

const TOPIC = 'Resources: {A: {Type: "AWS::SNS::Topic"}}';

describe('the form of a template', () => {
  it.each([
    ['a section that there is not', `Nonsense: 1\n${TOPIC}`, 'Invalid template property or properties [Nonsense]'],
    [
      'a version that there is not',
      `AWSTemplateFormatVersion: 2011-01-01\n${TOPIC}`,
      'Template format error: 2011-01-01 is not a supported value for AWSTemplateFormatVersion.',
    ],
    [
      'an attribute of a resource',
      'Resources: {A: {Type: "AWS::SNS::Topic", TopicName: x}}',
      "Invalid template resource property 'TopicName'",
    ],
    ['a resource that is a text', 'Resources: {A: text}', 'Template format error: Any Resources member must be an object.'],
    [
      'a function that there is not',
      'Resources: {A: {Type: "AWS::SNS::Topic", Properties: {TopicName: {"Fn::Upper": x}}}}',
      /^Template error: Encountered unsupported function: Fn::Upper Supported functions are: \[Fn::Base64, /,
    ],
  ])('is refused in CloudFormation’s words: %s', (_, text, message) => {
    expect(() => checkStructure(parseTemplate(text))).toThrow(message);
  });

  it('may have everything that CloudFormation takes', () => {
    const text = `AWSTemplateFormatVersion: 2010-09-09
Description: d
Metadata: {x: 1}
Rules: {}
Mappings: {M: {a: {b: c}}}
Resources:
  A:
    Type: AWS::SNS::Topic
    DependsOn: [B]
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    UpdatePolicy: {}
    CreationPolicy: {}
    Metadata: {y: 1}
    Properties: {TopicName: !Join ['', [!FindInMap [M, a, b], !Sub '\${B}']]}
  B: {Type: AWS::SNS::Topic}
Outputs: {X: {Value: !GetAtt A.TopicName}}`;
    const document = parseTemplate(text);
    checkStructure(document);
    checkAllReferences(document);
  });

  it.each([
    [
      'Resources: {A: {Type: "AWS::SNS::Topic", Properties: {TopicName: !Ref Nobody}}}',
      'Unresolved resource dependencies [Nobody] in the Resources block',
    ],
    ['Resources: {A: {Type: "AWS::SNS::Topic", DependsOn: Nobody}}', 'Unresolved resource dependencies [Nobody] in the Resources block'],
    ['Resources: {A: {Type: "AWS::SNS::Topic", Properties: {TopicName: !GetAtt No.Arn}}}', 'references undefined resource No'],
    [`${TOPIC}\nOutputs: {X: {Value: !Ref B}}`, 'Unresolved resource dependencies [B] in the Outputs block'],
  ])('is refused when it refers to nothing: %s', (text, message) => {
    expect(() => checkAllReferences(parseTemplate(text))).toThrow(message);
  });
});
