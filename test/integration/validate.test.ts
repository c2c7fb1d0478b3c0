import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';

let workspace: Workspace;
beforeAll(() => {
  workspace = openWorkspace();
});
afterAll(() => workspace.close());

let count = 0;
function project(template: string, files: Readonly<Record<string, string>> = {}): string {
  count += 1;
  const folder = join(workspace.folder, `v${count}`);
  for (const [name, text] of Object.entries({ 'serverless.template': template, 'src/index.js': '', ...files })) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const GOOD = `Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs24.x
      Handler: index.handler
      CodeUri: ./src
`;
const BAD = `${GOOD}      Role: !GetAtt Rol.Arn
  Old:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs16.x, Handler: index.handler, CodeUri: ./gone}
`;

describe('validate', () => {
  it('says so when there is nothing to say, without credentials and without a region', async () => {
    const { code, stdout, stderr } = await workspace.run(['validate'], { cwd: project(GOOD) });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'serverless.template: nothing found\n', stderr: '' });
  });

  it('ends with 1 and a line for each finding, and keeps stdout empty', async () => {
    const { code, stdout, stderr } = await workspace.run(['validate'], { cwd: project(BAD) });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('Error TEMPLATE_INVALID: serverless.template has 2 errors and 1 warning');
    expect(stderr).toMatch(/^ {2}serverless\.template:9:21 {3}error {4}reference-missing {2}Fn::GetAtt of "Rol\.Arn"/m);
    expect(stderr).toMatch(/^ {2}serverless\.template:12:27 {2}warning {2}runtime-ending/m);
    expect(stderr).toMatch(/^ {2}serverless\.template:12:72 {2}error {4}file-missing/m);
  });

  it('gives the findings to programs, also when there are errors', async () => {
    const { code, document } = await workspace.json(['validate'], { cwd: project(BAD) });
    expect(code).toBe(1);
    expect(document).toMatchObject({
      ok: false,
      command: 'validate',
      error: { code: 'TEMPLATE_INVALID' },
      result: { template: 'serverless.template', errors: 2, warnings: 1, awsRules: false },
    });
    expect(document.result.findings[0]).toEqual({
      rule: 'reference-missing',
      severity: 'error',
      message: expect.stringContaining('Rol.Arn'),
      path: 'serverless.template',
      line: 9,
      column: 21,
    });
  });

  it('prints warnings alone on stdout and ends with 0', async () => {
    const cwd = project(GOOD.replace('nodejs24.x', 'nodejs16.x'));
    const { code, stdout } = await workspace.run(['validate', '-t', 'serverless.template'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^serverless\.template:6:16 {2}warning {2}runtime-ending {2}Fn: the runtime nodejs16\.x is deprecated since 2024-06-12/,
    );
  });

  it('looks at the template after its substitutions, with the values of parameters', async () => {
    const text = `Parameters: {Stage: {Type: String, AllowedValues: [dev]}}\n${GOOD}`;
    const cwd = project(text);
    const args = ['validate', '-ts', '$.Resources.Fn.Properties.CodeUri=./gone', '-tp', 'Stage=prod'];
    const { document } = await workspace.json(args, { cwd });
    expect(document.result.findings.map(({ rule }: { rule: string }) => rule)).toEqual(['parameter-value', 'file-missing']);
  });

  it('knows JSON with comments, and names where its syntax is wrong', async () => {
    const json = '{\n  // a comment\n  "Resources": { "A": { "Type": "AWS::SNS::Topic", "DependsOn": "B" } },\n}\n';
    const found = await workspace.json(['validate'], { cwd: project(json) });
    expect(found.document.result.findings).toMatchObject([{ line: 3, rule: 'reference-missing' }]);
    const broken = await workspace.json(['validate'], { cwd: project('{\n  "Resources": {,}\n}') });
    expect(broken.document.error).toMatchObject({ code: 'TEMPLATE_SYNTAX', message: expect.stringContaining('serverless.template:2:') });
  });

  it('uses the rules of AWS when their package is installed in the project', async () => {
    const validator = `exports.CelEngine = class {
      validateStandard(file, config) {
        const said = { ruleId: 'E1', message: file.path + ' ' + file.readBytes().length + ' ' + config.severityLevel, startLine: 2, startColumn: 3 };
        const local = { entity: { resourceType: 'AWS::Serverless::Function' }, propertyPath: 'Properties.CodeUri' };
        return { diagnostics: [{ ...said, severity: 'WARN' }, { ...said, severity: 'INFO' }, { ...said, ruleId: 'F1010', severity: 'FATAL' }, { ...said, ...local, severity: 'FATAL' }] };
      }
      free() {}
    };`;
    const folder = 'node_modules/@aws/cloudformation-validate';
    const cwd = project(GOOD, {
      [`${folder}/index.js`]: validator,
      [`${folder}/package.json`]: '{"name":"@aws/cloudformation-validate","main":"index.js"}',
    });
    const { code, document, stderr } = await workspace.json(['validate'], { cwd });
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ awsRules: true, errors: 0, warnings: 1 });
    expect(document.result.findings).toEqual([
      {
        rule: 'aws/E1',
        severity: 'warning',
        message: `serverless.template ${GOOD.length} WARN`,
        path: 'serverless.template',
        line: 2,
        column: 3,
      },
    ]);
  });
});

describe('validate --online', () => {
  it('asks CloudFormation, and builds and uploads nothing', async () => {
    const { code, document, stderr } = await workspace.json(['validate', '--online', '--local'], { cwd: project(GOOD) });
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('Account 000000000000');
    expect(document.result).toMatchObject({
      findings: [],
      online: { transforms: ['AWS::Serverless-2016-10-31'], capabilities: expect.arrayContaining(['CAPABILITY_AUTO_EXPAND']) },
    });
  });

  it('makes a finding of what CloudFormation refuses', async () => {
    const text = `Parameters: {P: {Type: String, AllowedValues: []}}\n${GOOD}`;
    const { code, stderr } = await workspace.run(['validate', '--online', '--local'], { cwd: project(text) });
    expect(code).toBe(1);
    expect(stderr).toMatch(/serverless\.template:1:1 {2}error {2}cloudformation {2}.*AllowedValues/);
  });

  it('sends a large template through the bucket', async () => {
    const large = `${GOOD}Metadata:\n  Text: ${'x'.repeat(60_000)}\n`;
    const offline = await workspace.run(['validate'], { cwd: project(large) });
    expect(offline.stdout).toContain('template-needs-bucket');
    const cwd = project(large);
    const { code, document, stderr } = await workspace.json(['validate', '--online', '--local', '-sb', 'templates'], { cwd });
    expect(code, stderr).toBe(0);
    expect(document.result.findings).toEqual([]);
    expect(readdirSync(cwd).toSorted()).toEqual(['serverless.template', 'src']);
  });

  it('has it validated as before a deployment, with places, and leaves no stack and no change set behind', async () => {
    await workspace.json(['bucket', 'create', 'taken-bucket', '--local']);
    const text = `Parameters: {Name: {Type: String}}
${GOOD}  Uploads:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Ref Name}
  Topic:
    Type: AWS::SNS::Topic
`;
    const cwd = project(text, { 'p.json': '{"Name": "taken-bucket"}' });
    const left = await workspace.json(['validate', '--online', '--local'], { cwd });
    expect(left.document).toMatchObject({
      result: { findings: [], online: { preDeploymentValidation: false } },
      warnings: [expect.stringContaining('Name has no value')],
    });
    const { code, document } = await workspace.json(['validate', '--online', '--local', '--parameters-file', 'p.json'], { cwd });
    expect(code).toBe(1);
    expect(document.result.findings).toEqual([
      {
        rule: 'cloudformation/NAME_CONFLICT_VALIDATION',
        severity: 'error',
        message: expect.stringMatching(/^Uploads \(AWS::S3::Bucket\): .*'taken-bucket' already exists; choose another name/),
        path: 'serverless.template',
        line: 11,
        column: 5,
      },
    ]);
    const fine = await workspace.json(['validate', '--online', '--local', '-tp', 'Name=free-bucket'], { cwd });
    expect(fine.document.result).toMatchObject({ findings: [], online: { preDeploymentValidation: true } });
    const stacks = await workspace.json(['list-serverless', '--all', '--local']);
    expect(stacks.document.result.stacks).toEqual([]);
  });

  it('validates an update of a stack that is there: its own names are no conflicts', async () => {
    const text = `Resources:
  Uploads:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: own-bucket
`;
    const cwd = project(text);
    expect((await workspace.json(['deploy-serverless', '-sn', 'Owner', '--local'], { cwd })).code).toBe(0);
    const asNew = await workspace.json(['validate', '--online', '--local'], { cwd });
    expect(asNew.document.result.findings).toHaveLength(1);
    const changed = project(text.replace('BucketName: own-bucket', 'BucketName: own-bucket\n      Tagz: []'));
    const { document } = await workspace.json(['validate', '--online', '--local', '-sn', 'Owner'], { cwd: changed });
    expect(document.result.findings).toMatchObject([{ rule: 'cloudformation/PROPERTY_VALIDATION', line: 6, column: 13 }]);
    expect((await workspace.json(['validate', '--online', '--local', '-sn', 'Owner'], { cwd })).document.result.findings).toEqual([]);
  });

  it('uses made-up addresses for what would be built, and says nothing of them', async () => {
    const text = `${GOOD}  Image:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image}
    Metadata: {Dockerfile: Dockerfile, DockerContext: ., DockerTag: shop}
  Layer:
    Type: AWS::Lambda::LayerVersion
    Properties: {Content: ./src}
`;
    const cwd = project(text, { Dockerfile: 'FROM scratch\n' });
    const { code, document, stderr } = await workspace.json(['validate', '--online', '--local'], { cwd });
    expect(code, stderr).toBe(0);
    expect(document).toMatchObject({ result: { findings: [], online: { preDeploymentValidation: true } }, warnings: [] });
  });

  it('needs a region and credentials, and says which', async () => {
    const { code, document } = await workspace.json(['validate', '--online'], {
      cwd: project(GOOD),
      env: { AWS_EC2_METADATA_DISABLED: 'true' },
    });
    expect(code).toBe(1);
    expect(['REGION_MISSING', 'CREDENTIALS']).toContain(document.error?.code);
  });
});
