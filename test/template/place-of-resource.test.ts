import { describe, expect, it } from 'vitest';

import { parseTemplate } from '../../src/template/parse.ts';
import { placeOfResource } from '../../src/template/place-of-resource.ts';

const YAML = `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Root:
          Type: HttpApi
  ApiFunction:
    Type: AWS::Serverless::Function
  Orders:
    Type: AWS::DynamoDB::Table
  Database:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: db/database.json
  Remote:
    Type: AWS::Serverless::Application
    Properties:
      Location: https://s3.amazonaws.com/bucket/app.yaml
  Fn::ForEach::Queues:
    - Name
    - [Jobs, Mails]
    - "\${Name}Queue":
        Type: AWS::SQS::Queue
`;
const JSON_TEMPLATE =
  '{\n  "Resources": {\n    "Table": {\n      "Type": "AWS::DynamoDB::Table"\n    },\n    "Inner": { "Type": "AWS::CloudFormation::Stack", "Properties": { "TemplateURL": "../missing.yaml" } }\n  }\n}\n';

describe('the place of a resource', () => {
  const place = async (...path: string[]) => {
    const load = (file: string) => (file === '/app/db/database.json' ? parseTemplate(JSON_TEMPLATE, file) : Promise.resolve(undefined));
    const found = await placeOfResource(await parseTemplate(YAML, 'template.yaml'), '/app/template.yaml', path, load);
    return found === undefined ? undefined : `${found.file}:${found.line}`;
  };

  it.each([
    ['a resource', ['Orders'], '/app/template.yaml:11'],
    ['a role that the transform makes', ['ApiFunctionRole'], '/app/template.yaml:9'],
    ['the longest id that fits', ['ApiFunctionRootPermission'], '/app/template.yaml:9'],
    ['a permission of the shorter one', ['ApiRootPermission'], '/app/template.yaml:3'],
    ['what a table does not make', ['OrdersRole'], undefined],
    ['an API that no resource declares', ['ServerlessHttpApiApiGatewayDefaultStage'], '/app/template.yaml:7'],
    ['an API that no event needs', ['ServerlessRestApi'], undefined],
    ['a round of a loop', ['JobsQueue'], '/app/template.yaml:21'],
    ['a resource of a nested template', ['Database', 'Table'], '/app/db/database.json:3'],
    ['a nested stack', ['Database'], '/app/template.yaml:13'],
    ['a resource of a template that is missing', ['Database', 'Inner', 'Fn'], '/app/db/database.json:6'],
    ['a resource of a template elsewhere', ['Remote', 'Fn'], '/app/template.yaml:17'],
    ['nothing', ['Nope'], undefined],
  ])('of %s', async (_, path, expected) => {
    expect(await place(...path)).toBe(expected);
  });
});
