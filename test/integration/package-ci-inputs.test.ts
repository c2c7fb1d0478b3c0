import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { openWorkspace, type Workspace } from '../support/cli.ts';

describe('what package-ci takes', () => {
  let workspace: Workspace;
  let project: string;
  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'inputs');
    for (const name of ['one', 'two']) {
      mkdirSync(join(project, name), { recursive: true });
      writeFileSync(join(project, name, 'index.js'), `exports.handler = async () => ({ statusCode: 200, body: "${name}" });\n`);
    }
  });
  afterAll(() => workspace.close());

  const write = (name: string, text: string): void => writeFileSync(join(project, name), text);
  const read = (name: string): string => readFileSync(join(project, name), 'utf8');
  const packageCi = (template: string, output: string, ...more: string[]) =>
    workspace.run(['package-ci', '-t', template, '-ot', output, '-sb', 'inputs', '--local', ...more], { cwd: project });

  async function packaged(text: string, ...more: string[]): Promise<{ out: string; stderr: string }> {
    write('in.template', text);
    const { code, stderr } = await packageCi('in.template', 'out.template', ...more);
    expect(code, stderr).toBe(0);
    const out = read('out.template');
    expect((await packageCi('out.template', 'again.template')).code).toBe(0);
    expect(read('again.template')).toBe(out);
    return { out, stderr };
  }

  it.each([
    [
      'JSON with comments, tabs, a byte order mark and CRLF',
      '\uFEFF{\r\n\t// mine\r\n\t"Resources": { "T": { "Type": "AWS::SNS::Topic", }, },\r\n}\r\n',
    ],
    [
      'YAML with short tags, odd scalars and CRLF',
      'Resources:\r\n  T:   # mine\r\n    Type: AWS::SNS::Topic\r\n    Properties: {DisplayName: !Sub "${A}", Big: 12345678901234567890, Octal: 08, Date: 2012-10-17, Yes: yes}\r\n',
    ],
    [
      'resources that are no maps, loops, transforms and macros',
      'Transform: [AWS::LanguageExtensions, {Name: Mine, Parameters: {CodeUri: ./nowhere}}]\nResources:\n  Fn::Transform: {Name: Other, Parameters: {a: b}}\n  A: text\n  B:\n  C: [1, 2]\n  Fn::ForEach::L: [N, !Ref Names, {"Q${N}": {Type: AWS::SQS::Queue}}]\n  D: {Type: AWS::Mine::Own, Properties: {CodeUri: ./nowhere}}\n',
    ],
    [
      'code that is elsewhere already',
      'Resources:\n  A: {Type: AWS::Serverless::Function, Properties: {CodeUri: s3://b/k}}\n  B: {Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: "x"}}}\n  C: {Type: AWS::Serverless::Function, Properties: {CodeUri: {Bucket: !Ref B, Key: !Sub "${K}"}}}\n  D: {Type: AWS::Serverless::Function, Properties: {PackageType: Image, ImageUri: !Ref Image}}\n',
    ],
  ])('gives %s back byte for byte', async (_, text) => {
    const { out } = await packaged(text);
    expect(out).toBe(text);
  });

  it('writes aliases and merge keys out, which CloudFormation does not read', async () => {
    const { out } = await packaged(`Transform: AWS::Serverless-2016-10-31
Resources:
  A: &fn
    Type: AWS::Serverless::Function
    Properties: &common
      Runtime: nodejs24.x
      Handler: index.handler
      CodeUri: one
  B:
    <<: *fn
    Properties: { <<: *common, CodeUri: two }
  C: *fn
`);
    expect(out).not.toMatch(/<<|[&*](?:fn|common)\\s/);
    const { A, B, C } = parse(out, { merge: false }).Resources as Record<string, any>;
    expect(C).toEqual(A);
    expect(A.Properties.CodeUri).toMatch(/^s3:\/\//);
    expect(B).toEqual({ ...A, Properties: { ...A.Properties, CodeUri: B.Properties.CodeUri } });
    expect(B.Properties.CodeUri).not.toBe(A.Properties.CodeUri);
  });

  it('says that CloudFormation will not read aliases of a template that it gives back as it is', async () => {
    const text = 'Resources:\n  A: &t { Type: AWS::SNS::Topic }\n  B: *t\n';
    const { out, stderr } = await packaged(text);
    expect(out).toBe(text);
    expect(stderr).toContain('in.template has YAML aliases or merge keys, which CloudFormation does not read');
    const json = await packaged(text, '--output-format', 'json');
    expect(JSON.parse(json.out)).toEqual({ Resources: { A: { Type: 'AWS::SNS::Topic' }, B: { Type: 'AWS::SNS::Topic' } } });
  });

  const substituted = {
    yaml: `Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn   # kept
      DefinitionString: !Sub ''
  Fn:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: nowhere, MemorySize: 128, Tracing: false, Tags: {} }
`,
    json: `{
  "Resources": {
    "Machine": { "Type": "AWS::StepFunctions::StateMachine", "Properties": { "RoleArn": "r", "DefinitionString": { "Fn::Sub": "" } } },
    "Fn": { "Type": "AWS::Serverless::Function", "Properties": { "CodeUri": "nowhere", "MemorySize": 128, "Tracing": false, "Tags": {} } }
  }
}
`,
  };
  it.each(['yaml', 'json'] as const)('puts substitutions into %s', async (format) => {
    const definition = '{\n  "StartAt": "A",\n  "States": { "A": { "Type": "Task", "Resource": "${Fn.Arn}", "End": true } }\n}\n';
    write('machine.json', definition);
    write('tags.json', '{ "team": "shop" }');
    const substitutions = [
      "$.Resources.Machine.Properties.DefinitionString['Fn::Sub']=machine.json",
      '$.Resources.Fn.Properties.CodeUri=one',
      '$.Resources.Fn.Properties.MemorySize=512',
      '$.Resources.Fn.Properties.Tracing=true',
      '$.Resources.Fn.Properties.Tags=tags.json',
    ];
    const { out } = await packaged(substituted[format], '-ts', substitutions.join(';'));
    const long =
      format === 'json'
        ? JSON.parse(out)
        : parse(out, { customTags: [{ tag: '!Sub', resolve: (text: string) => ({ 'Fn::Sub': text }) }], logLevel: 'error' });
    expect(long.Resources.Machine.Properties.DefinitionString).toEqual({ 'Fn::Sub': definition });
    expect(long.Resources.Fn.Properties).toEqual({
      CodeUri: expect.stringMatching(/^s3:\/\/inputs\//) as string,
      MemorySize: 512,
      Tracing: true,
      Tags: { team: 'shop' },
    });
    if (format === 'yaml') expect(out).toContain('RoleArn: !GetAtt Role.Arn   # kept\n');
  });

  it('names a substitution that fits nowhere, and its line', async () => {
    write('in.template', substituted.yaml);
    const nowhere = await packageCi('in.template', 'x', '-ts', '$.Resources.Gone.Type=a');
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('Error SUBSTITUTION: ') as string });
    const wrong = await packageCi('in.template', 'x', '-ts', '$.Resources.Fn.Properties.MemorySize=much');
    expect(wrong.stderr).toContain('See in.template:9');
  });

  it('packages both branches of a choice, what Globals say, and each round of a loop, and all of it runs', async () => {
    const { out } = await packaged(`Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Which: { Type: String, Default: one }
Conditions: { IsOne: !Equals [!Ref Which, one] }
Globals: { Function: { Runtime: nodejs24.x, Handler: index.handler, CodeUri: two } }
Resources:
  Chosen:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: !If [IsOne, one, two]
      Events: { Any: { Type: HttpApi, Properties: { Path: /chosen, Method: GET } } }
  Global:
    Type: AWS::Serverless::Function
    Properties:
      Events: { Any: { Type: HttpApi, Properties: { Path: /global, Method: GET } } }
  Fn::ForEach::All:
    - Name
    - [one, two]
    - Loop\${Name}:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: ./\${Name}
          Events: { Any: { Type: HttpApi, Properties: { Path: '/loop/\${Name}', Method: GET } } }
Outputs:
  Url: { Value: !Sub 'https://\${ServerlessHttpApi}.execute-api.\${AWS::Region}.amazonaws.com' }
`);
    expect(out.match(/s3:\/\/inputs\/[0-9a-f]{64}\.zip/g)).toHaveLength(5);
    write('values.yaml', 'Which: one\n');
    write('values.json', '[{ "ParameterKey": "Which", "ParameterValue": "one" }]');
    const deploy = (file: string) =>
      workspace.json(['deploy-serverless', '-sn', 'Inputs', '-t', 'out.template', '--parameters-file', file, '-sb', 'inputs', '--local'], {
        cwd: project,
      });
    const { code, document, stderr } = await deploy('values.yaml');
    expect(code, stderr).toBe(0);
    const get = async (path: string): Promise<string> => (await fetch(`${document.result.outputs.Url}${path}`)).text();
    expect(await Promise.all(['/global', '/loop/one', '/loop/two'].map(get))).toEqual(['two', 'one', 'two']);
    expect((await deploy('values.json')).document.result.action).toBe('unchanged');
  });

  it('takes the values of a loop from the parameters of a deployment', async () => {
    write(
      'loop.yaml',
      "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\nParameters: { Names: { Type: CommaDelimitedList, Default: one } }\nResources:\n  Fn::ForEach::All:\n    - Name\n    - !Ref Names\n    - 'Loop${Name}': { Type: AWS::Serverless::Function, Properties: { Runtime: nodejs24.x, Handler: index.handler, CodeUri: '${Name}' } }\n",
    );
    write('names.yaml', 'Names: one,two\n');
    const { document, stderr } = await workspace.json(
      ['deploy-serverless', '-sn', 'Loop', '-t', 'loop.yaml', '--parameters-file', 'names.yaml', '-sb', 'inputs', '--local'],
      { cwd: project },
    );
    expect(document, stderr).toMatchObject({ ok: true, result: { artifacts: [{ kind: 'zip' }, { kind: 'zip' }] } });
    expect(document.warnings.join()).toContain('the parameter Names: it is packaged for one,two');
  });

  it('names a parameters file that cannot be read, before anything is published', async () => {
    write('bad.yaml', '- just\n- words\n');
    const { code, document } = await workspace.json(
      ['deploy-serverless', '-sn', 'Bad', '-t', 'in.template', '--parameters-file', 'bad.yaml', '-sb', 'inputs', '--local'],
      { cwd: project },
    );
    expect(code).toBe(1);
    expect(document.error?.code).toBe('PARAMETERS_FILE_INVALID');
  });
});
